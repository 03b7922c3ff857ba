package simnet

import (
	"math/rand/v2"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// app carries out a Script. It is driven by the connection's events and by the alarms it sets itself.
type app struct {
	Script
	end    *end
	random *rand.Rand
	alarm  mono.Time // the next time it wants to be called

	out writer
	in  reader

	ready  bool // options were set
	closed bool // nobody looks at the connection any more
	over   bool // and the connection is CLOSED or in TIME-WAIT
	err    error
}

// writer and reader are the two directions of an app. Neither tries again before an event says that it may: an event that
// is missing is a stall.
type writer struct {
	may      bool
	written  uint64
	rest     int       // of the write under way
	at       mono.Time // not before
	reserved []byte    // a copy under way
	until    mono.Time // until then
	closed   bool
}

type reader struct {
	may   bool
	read  uint64
	at    mono.Time     // not before
	views []buffer.View // a copy under way
	until mono.Time     // until then
	room  [8]buffer.View
	eof   bool
}

func newApp(e *end, s Script, seed uint64) *app {
	return &app{
		Script: s, end: e, random: rand.New(rand.NewPCG(seed, uint64(e.side))), alarm: mono.Never,
		in: reader{may: true}, out: writer{may: true},
	}
}

// writing reports whether a write is under way, which goes on by itself.
func (a *app) writing() bool { return a.out.reserved != nil }

// happen is an alarm.
func (a *app) happen() {
	if a.alarm <= a.end.node.net.now {
		a.alarm = mono.Never
	}
	a.act()
	a.end.node.drain()
}

// act does what can be done now.
func (a *app) act() {
	c, now := a.end.conn, a.end.node.net.now
	if a.over || c.State() == tcp.StateSynSent && !a.Early {
		return
	}
	if !a.ready {
		a.ready = true
		c.SetNoDelay(a.NoDelay)
		c.SetCork(a.Cork)
		c.SetQuickACK(a.QuickACK)
		if a.KeepAlive {
			c.SetKeepAliveTimes(now, 10*time.Second, 5*time.Second, 20)
			c.SetKeepAlive(now, true)
		}
	}
	a.finishCopies(now)
	if !a.closed {
		a.readSome(now)
		a.writeSome(now)
		a.leave(now)
	}
	a.end.node.host.MarkDirty(c)
	a.noteEnd()
	a.setAlarm(now)
}

// setAlarm plans the next call, if nothing else is sure to cause it.
func (a *app) setAlarm(now mono.Time) {
	next := mono.Never
	for _, t := range [...]struct {
		at mono.Time
		on bool
	}{
		{a.out.until, a.out.reserved != nil}, {a.in.until, a.in.views != nil},
		{a.out.at, !a.closed && !a.out.closed}, {a.in.at, !a.closed && !a.in.eof},
	} {
		if t.on && t.at > now {
			next = min(next, t.at)
		}
	}
	if next < a.alarm {
		a.alarm = next
		a.end.node.net.plan(next, a)
	}
}

// pause returns the end of a pause of d on average, or now.
func (a *app) pause(now mono.Time, oneIn int, d time.Duration) mono.Time {
	if oneIn == 0 || a.random.IntN(oneIn) != 0 {
		return now
	}
	return now.Add(time.Duration(a.random.ExpFloat64() * float64(d)))
}

// leave closes what is to be closed.
func (a *app) leave(now mono.Time) {
	c := a.end.conn
	if c.State() == tcp.StateClosed {
		if a.in.views == nil && (a.in.eof || c.Readable() == 0) {
			a.close(now)
		}
		return
	}
	if !established(c.State()) {
		return
	}
	if a.Exit != ExitOrderly && a.in.read+a.out.written >= a.ExitAt {
		if a.Exit == ExitAbort {
			a.closed = true
			c.Abort(now)
			return
		}
		a.close(now)
		return
	}
	if a.out.written == a.Bytes && a.out.rest == 0 && a.out.reserved == nil && !a.out.closed && now >= a.out.at {
		a.out.closed = true
		c.CloseWrite(now)
	}
	if a.in.eof && a.out.closed {
		a.close(now)
	}
}

func (a *app) close(now mono.Time) {
	a.closed = true
	a.end.conn.Close(now)
}

// noteEnd notices that nothing is left to do.
func (a *app) noteEnd() {
	if a.over || !a.closed || a.in.views != nil || a.out.reserved != nil {
		return
	}
	if s := a.end.conn.State(); s == tcp.StateClosed || s == tcp.StateTimeWait {
		a.over = true
		a.err = a.end.conn.Err()
		a.end.talk.onEnd()
	}
}
