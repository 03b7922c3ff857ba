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

	// Nothing is tried again before an event says so: an event that is missing is a stall.
	canRead, canWrite bool

	written  uint64
	rest     int       // of the write under way
	writeAt  mono.Time // not before
	reserved []byte    // a copy under way, until
	commitAt mono.Time

	read      uint64
	readAt    mono.Time
	views     []buffer.View // a copy under way, until
	consumeAt mono.Time
	room      [8]buffer.View

	ready       bool // options were set
	eof         bool
	writeClosed bool
	closed      bool // nobody looks at the connection any more
	over        bool // and the connection is CLOSED or in TIME-WAIT
	err         error
}

func newApp(e *end, s Script, seed uint64) *app {
	return &app{
		Script: s, end: e, random: rand.New(rand.NewPCG(seed, uint64(e.side))), alarm: mono.Never,
		canRead: true, canWrite: true,
	}
}

// writing reports whether a write is under way, which will go on by itself.
func (a *app) writing() bool { return a.rest > 0 && a.reserved != nil }

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

// finishCopies ends the copies whose time has come.
func (a *app) finishCopies(now mono.Time) {
	if a.reserved != nil && now >= a.commitAt {
		a.commit(now, len(a.reserved))
	}
	if a.views != nil && now >= a.consumeAt {
		a.consume(now)
	}
}

// setAlarm plans the next call, if nothing else is sure to cause it.
func (a *app) setAlarm(now mono.Time) {
	next := mono.Never
	for _, t := range [...]struct {
		at mono.Time
		on bool
	}{
		{a.commitAt, a.reserved != nil}, {a.consumeAt, a.views != nil},
		{a.writeAt, !a.closed && !a.writeClosed}, {a.readAt, !a.closed && !a.eof},
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

// copyTime is how long a slow copy takes.
func (a *app) copyTime() time.Duration { return time.Duration(1 + a.random.IntN(20_000_000)) }

func (a *app) slow() bool { return a.Slow != 0 && a.random.IntN(a.Slow) == 0 }

// readSome reads and checks what has arrived.
func (a *app) readSome(now mono.Time) {
	c := a.end.conn
	for a.canRead && !a.eof && a.views == nil {
		if a.read >= a.StallAt && a.StallFor > 0 {
			a.readAt, a.StallFor = now.Add(a.StallFor), 0
		}
		if now < a.readAt && c.State() != tcp.StateClosed {
			return
		}
		views := c.Peek(a.room[:0], 1+a.random.IntN(a.ReadMax))
		if len(views) == 0 {
			a.eof, a.canRead = c.EOF(), false
			return
		}
		a.views, a.consumeAt = views, now
		if a.slow() {
			a.consumeAt = now.Add(a.copyTime())
			return
		}
		a.consume(now)
	}
}

// consume looks at the bytes of a read, drops them, and plans the next one.
func (a *app) consume(now mono.Time) {
	n := 0
	for _, v := range a.views {
		if !a.end.in().matches(v.B, a.read+uint64(n)) {
			a.end.node.net.fail("%v reads wrong bytes at %d", a.end, a.read+uint64(n))
		}
		n += len(v.B)
	}
	a.end.node.pool.ReleaseAll(a.views)
	a.views = nil
	a.end.conn.Consume(now, n)
	a.read += uint64(n)
	a.readAt = a.pause(now, a.ReadRest, a.ReadPause)
	if p := a.end.peer; p != nil && p.app != nil && a.read > p.app.written+uint64(len(p.app.reserved)) {
		a.end.node.net.fail("%v has read %d bytes of %d written", a.end, a.read, p.app.written)
	}
}

// writeSome writes what there is to write and room for.
func (a *app) writeSome(now mono.Time) {
	c := a.end.conn
	for a.canWrite && a.reserved == nil && !a.writeClosed && c.State() != tcp.StateClosed && now >= a.writeAt {
		if a.rest == 0 {
			a.rest = a.nextWrite()
		}
		if a.rest == 0 {
			return
		}
		b := c.Reserve(a.rest)
		if len(b) == 0 {
			c.Push()
			a.canWrite = false
			return
		}
		a.end.out().fill(b, a.written)
		a.reserved, a.commitAt = b, now
		if a.slow() {
			a.commitAt = now.Add(a.copyTime())
			return
		}
		a.commit(now, len(b))
	}
}

// nextWrite returns how much the next write is to have, 0 if it has to wait.
func (a *app) nextWrite() int {
	left := a.Bytes - a.written
	if !a.eof {
		if a.read < a.After {
			return 0
		}
		if a.Lead != 0 {
			left = min(left, a.read-a.After+a.Lead-min(a.written, a.read-a.After+a.Lead))
		}
	}
	if left == 0 {
		return 0
	}
	return int(min(left, 1+a.random.Uint64N(uint64(a.WriteMax))))
}

// commit ends a copy into the send buffer. Sometimes it gives part of the room back.
func (a *app) commit(now mono.Time, n int) {
	if n > 1 && a.slow() {
		n = 1 + a.random.IntN(n)
	}
	c := a.end.conn
	taken := c.State() != tcp.StateClosed
	c.Commit(now, n, n == a.rest)
	a.reserved = nil
	if a.rest -= n; taken {
		a.written += uint64(n)
	}
	if a.rest > 0 {
		return
	}
	a.writeAt = a.pause(now, a.WriteRest, a.WritePause)
	if a.written >= a.IdleAt && a.IdleFor > 0 {
		a.writeAt, a.IdleFor = now.Add(a.IdleFor), 0
	}
}

// leave closes what is to be closed.
func (a *app) leave(now mono.Time) {
	c := a.end.conn
	if c.State() == tcp.StateClosed {
		if a.views == nil && (a.eof || c.Readable() == 0) {
			a.close(now)
		}
		return
	}
	if !established(c.State()) {
		return
	}
	if a.Exit != ExitOrderly && a.read+a.written >= a.ExitAt {
		if a.Exit == ExitAbort {
			a.closed = true
			c.Abort(now)
			return
		}
		a.close(now)
		return
	}
	if a.written == a.Bytes && a.rest == 0 && a.reserved == nil && !a.writeClosed && now >= a.writeAt {
		a.writeClosed = true
		c.CloseWrite(now)
	}
	if a.eof && a.writeClosed {
		a.close(now)
	}
}

func (a *app) close(now mono.Time) {
	a.closed = true
	a.end.conn.Close(now)
}

// noteEnd notices that nothing is left to do.
func (a *app) noteEnd() {
	if a.over || !a.closed || a.views != nil || a.reserved != nil {
		return
	}
	if s := a.end.conn.State(); s == tcp.StateClosed || s == tcp.StateTimeWait {
		a.over = true
		a.err = a.end.conn.Err()
		a.end.talk.onEnd()
	}
}
