package reactor

import (
	"os"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// timeouts are those of one connection, on one timer. Activity only notes the time: the timer fires when it was set to,
// and is set anew if that was too soon.
type timeouts struct {
	timer    Timer
	deadline mono.Time // 0 without
	connect  mono.Time // 0 without, and once connected
	idle     time.Duration
	active   mono.Time // when something was last read or written
}

func (s *Socket) timeouts() *timeouts {
	if s.times == nil {
		s.times = new(timeouts)
		s.Loop().InitTimer(&s.times.timer, s.onTimer)
	}
	return s.times
}

// SetDeadline ends the connection at an instant.
func (s *Socket) SetDeadline(t time.Time) {
	if s.state == ended || t.IsZero() && s.times == nil {
		return
	}
	x := s.timeouts()
	if x.deadline = 0; !t.IsZero() {
		x.deadline = s.Loop().instant(t)
	}
	s.setTimer()
}

// SetIdleTimeout ends the connection when nothing was read or written for d.
func (s *Socket) SetIdleTimeout(d time.Duration) {
	if s.state == ended || d <= 0 && s.times == nil {
		return
	}
	x := s.timeouts()
	x.idle, x.active = max(d, 0), s.Loop().clock()
	s.setTimer()
}

func (s *Socket) setConnectTimeout(d time.Duration) {
	if d > 0 {
		s.timeouts().connect = s.Loop().clock().Add(d)
		s.setTimer()
	}
}

// touch notes activity.
func (s *Socket) touch() {
	if s.times != nil {
		s.times.active = s.Loop().now
	}
}

// next returns when the connection is to end as things are.
func (x *timeouts) next() mono.Time {
	next := mono.Never
	for _, at := range [...]mono.Time{x.deadline, x.connect} {
		if at != 0 {
			next = min(next, at)
		}
	}
	if x.idle != 0 {
		next = min(next, x.active.Add(x.idle))
	}
	return next
}

func (s *Socket) setTimer() {
	if next := s.times.next(); next != mono.Never {
		s.times.timer.set(next)
	} else {
		s.times.timer.Stop()
	}
}

func (s *Socket) onTimer() {
	op := "read"
	if s.state == connecting {
		op = "dial"
	}
	if s.times.next() <= s.Loop().now {
		s.end(s.opError(op, os.ErrDeadlineExceeded))
		return
	}
	s.setTimer()
}
