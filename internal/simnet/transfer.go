package simnet

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// readSome reads and checks what has arrived.
func (a *app) readSome(now mono.Time) {
	c := a.end.conn
	for a.in.may && !a.in.eof && a.in.views == nil {
		if a.in.read >= a.StallAt && a.StallFor > 0 {
			a.in.at, a.StallFor = now.Add(a.StallFor), 0
		}
		if now < a.in.at && c.State() != tcp.StateClosed {
			return
		}
		views := c.Peek(a.in.room[:0], 1+a.random.IntN(a.ReadMax))
		if len(views) == 0 {
			a.in.eof, a.in.may = c.EOF(), false
			return
		}
		a.in.views, a.in.until = views, now
		if a.slow() {
			a.in.until = now.Add(a.copyTime())
			return
		}
		a.consume(now)
	}
}

// consume looks at the bytes of a read, drops them, and plans the next one.
func (a *app) consume(now mono.Time) {
	n := 0
	for _, v := range a.in.views {
		if !a.end.in().matches(v.B, a.in.read+uint64(n)) {
			a.end.node.net.fail("%v reads wrong bytes at %d", a.end, a.in.read+uint64(n))
		}
		n += len(v.B)
	}
	a.end.node.pool.ReleaseAll(a.in.views)
	a.in.views = nil
	a.end.conn.Consume(now, n)
	a.in.read += uint64(n)
	a.in.at = a.pause(now, a.ReadRest, a.ReadPause)
	if p := a.end.peer; p != nil && p.app != nil && a.in.read > p.app.out.written {
		a.end.node.net.fail("%v has read %d bytes of %d written", a.end, a.in.read, p.app.out.written)
	}
}

// writeSome writes what there is to write and room for.
func (a *app) writeSome(now mono.Time) {
	c := a.end.conn
	for a.out.may && a.out.reserved == nil && !a.out.closed && c.State() != tcp.StateClosed && now >= a.out.at {
		if a.out.rest == 0 {
			a.out.rest = a.nextWrite()
		}
		if a.out.rest == 0 {
			return
		}
		b := c.Reserve(a.out.rest)
		if len(b) == 0 {
			c.Push()
			a.out.may = false
			return
		}
		a.end.out().fill(b, a.out.written)
		a.out.reserved, a.out.until = b, now
		if a.slow() {
			a.out.until = now.Add(a.copyTime())
			return
		}
		a.commit(now, len(b))
	}
}

// nextWrite returns how much the next write is to have, 0 if it has to wait.
func (a *app) nextWrite() int {
	left := a.Bytes - a.out.written
	switch most := a.in.read - a.After + a.Lead; {
	case left == 0 || !a.in.eof && a.in.read < a.After:
		return 0
	case a.in.eof || a.Lead == 0:
	case a.out.written >= most:
		return 0
	default:
		left = min(left, most-a.out.written)
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
	c.Commit(now, n, n == a.out.rest)
	a.out.reserved = nil
	if a.out.rest -= n; taken {
		a.out.written += uint64(n)
	}
	if a.out.rest > 0 {
		return
	}
	a.out.at = a.pause(now, a.WriteRest, a.WritePause)
	if a.out.written >= a.IdleAt && a.IdleFor > 0 {
		a.out.at, a.IdleFor = now.Add(a.IdleFor), 0
	}
}

// finishCopies ends the copies whose time has come.
func (a *app) finishCopies(now mono.Time) {
	if a.out.reserved != nil && now >= a.out.until {
		a.commit(now, len(a.out.reserved))
	}
	if a.in.views != nil && now >= a.in.until {
		a.consume(now)
	}
}

// copyTime is how long a slow copy takes.
func (a *app) copyTime() time.Duration { return time.Duration(1 + a.random.IntN(20_000_000)) }

func (a *app) slow() bool { return a.Slow != 0 && a.random.IntN(a.Slow) == 0 }
