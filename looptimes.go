package antedon

import (
	"os"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

// loopTimes are the timeouts of one connection, on one timer. Activity only notes the time.
type loopTimes struct {
	timer    *reactor.Timer
	deadline time.Time
	connect  time.Time
	idle     time.Duration
	active   time.Time
}

// SetDeadline ends the connection at an instant; the zero time means none.
func (c *LoopConn) SetDeadline(t time.Time) {
	if c.state < loopEnded && (c.times != nil || !t.IsZero()) {
		c.timeouts().deadline = t
		c.setTimer()
	}
}

// SetIdleTimeout ends the connection when nothing was read or written for d; 0 means never.
func (c *LoopConn) SetIdleTimeout(d time.Duration) {
	if c.state < loopEnded && (c.times != nil || d > 0) {
		x := c.timeouts()
		x.idle, x.active = max(d, 0), time.Now()
		c.setTimer()
	}
}

func (c *LoopConn) setConnectTimeout(d time.Duration) {
	if d > 0 {
		c.timeouts().connect = time.Now().Add(d)
		c.setTimer()
	}
}

func (c *LoopConn) timeouts() *loopTimes {
	if c.times == nil {
		c.times = &loopTimes{timer: c.stack.loop.NewTimer(c.onTimer)}
	}
	return c.times
}

func (c *LoopConn) touch() {
	if c.times != nil {
		c.times.active = c.stack.loop.Now()
	}
}

// next returns when the connection is to end as things are, the zero time for never.
func (c *LoopConn) next() time.Time {
	x, next := c.times, time.Time{}
	earlier := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	earlier(x.deadline)
	if c.state == loopConnecting {
		earlier(x.connect)
	}
	if x.idle > 0 {
		earlier(x.active.Add(x.idle))
	}
	return next
}

func (c *LoopConn) setTimer() {
	if c.times == nil {
		return
	}
	if next := c.next(); next.IsZero() {
		c.times.timer.Stop()
	} else {
		c.times.timer.ResetAt(next)
	}
}

func (c *LoopConn) stopTimer() {
	if c.times != nil {
		c.times.timer.Stop()
	}
}

func (c *LoopConn) onTimer() {
	if next := c.next(); next.IsZero() || next.After(time.Now()) {
		c.setTimer()
		return
	}
	op := "read"
	if c.state == loopConnecting {
		op = "dial"
		_ = c.conn.c.SetLinger(0)
	}
	c.end(c.conn.wrap(op, os.ErrDeadlineExceeded))
}
