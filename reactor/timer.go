package reactor

import (
	"cmp"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/wheel"
)

// Timer calls a function at an instant, once each time it is set. Setting and stopping one takes the same few nanoseconds
// whether there are ten or a million, and allocates nothing.
//
// A timer never fires early. It fires up to 65.5 µs late, the granularity of the wheel behind it, plus what the callbacks
// before it take. Timers that are due in the same turn fire in the order of their instants, and those of one instant in
// the order in which they were set.
type Timer struct {
	w    wheel.Timer[*Timer]
	loop *Loop
	fn   func()
	at   mono.Time // 0 if not set
	seq  uint64
	due  bool // taken from the wheel, not yet fired
}

// timers are the timers of a loop.
type timers struct {
	wheel wheel.Wheel[*Timer]
	seq   uint64
	due   []*Timer // of this turn, in order
	next  int      // the first of them not yet fired
}

// NewTimer makes a timer that calls fn, and does not set it.
func (l *Loop) NewTimer(fn func()) *Timer {
	t := new(Timer)
	l.InitTimer(t, fn)
	return t
}

// AfterFunc makes a timer that calls fn after d.
func (l *Loop) AfterFunc(d time.Duration, fn func()) *Timer {
	t := l.NewTimer(fn)
	t.Reset(d)
	return t
}

// InitTimer is NewTimer for a timer that lies in something else. Such a timer must be stopped before the memory around
// it is used again, and must not be copied.
func (l *Loop) InitTimer(t *Timer, fn func()) {
	*t = Timer{loop: l, fn: fn}
	t.w.Owner = t
}

// Reset sets the timer to fire after d, counted from this very moment and not from the beginning of the turn. It may be
// set already: only the new instant counts then. In its own callback it makes the timer periodic.
func (t *Timer) Reset(d time.Duration) { t.set(t.loop.clock().Add(max(d, 0))) }

// ResetAt sets the timer to fire at an instant, in the next turn if that has passed.
func (t *Timer) ResetAt(at time.Time) { t.set(t.loop.instant(at)) }

// instant puts a time on the loop's clock.
func (l *Loop) instant(at time.Time) mono.Time { return max(1, mono.Time(1).Add(at.Sub(l.epoch))) }

func (t *Timer) set(at mono.Time) {
	s := &t.loop.timers
	s.seq++
	t.at, t.seq, t.due = at, s.seq, false
	s.wheel.Set(&t.w, at)
}

// Stop keeps the timer from firing, and reports whether it was set.
func (t *Timer) Stop() bool {
	was := t.at != 0
	t.at, t.due = 0, false
	t.loop.timers.wheel.Stop(&t.w)
	return was
}

// IsSet reports whether the timer is going to fire.
func (t *Timer) IsSet() bool { return t.at != 0 }

func (s *timers) hasDue() bool { return s.next < len(s.due) }

// keepDue is how large a batch of timers may have been for its memory to be kept.
const keepDue = 1 << 14

// collect takes from the wheel what is due. The wheel tells ticks apart, and no finer.
func (s *timers) collect(now mono.Time) {
	if s.due = s.due[:0]; cap(s.due) > keepDue {
		s.due = nil
	}
	s.next = 0
	for w := s.wheel.Expire(now); w != nil; w = s.wheel.Expire(now) {
		w.Owner.due = true
		s.due = append(s.due, w.Owner)
	}
	if len(s.due) > 1 {
		slices.SortFunc(s.due, (*Timer).compare)
	}
}

func (t *Timer) compare(u *Timer) int {
	return cmp.Or(cmp.Compare(t.at, u.at), cmp.Compare(t.seq, u.seq))
}

// runTimers fires what is due. Timers that callbacks set fire in the next turn at the earliest.
func (l *Loop) runTimers() {
	s := &l.timers
	if !s.hasDue() {
		s.collect(l.now)
	}
	for s.hasDue() && !l.closing.Load() {
		t := s.due[s.next]
		s.due[s.next] = nil
		s.next++
		if !t.due {
			continue // stopped or set anew by a callback before it
		}
		t.at, t.due = 0, false
		l.culprit = nil
		t.fn()
	}
}
