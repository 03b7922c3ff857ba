package reactor

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNoAllocation: a turn with readiness, timers, posted functions and changes of registration allocates nothing.
func TestNoAllocation(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var buf [16]byte
		calls := 0
		for range 100 {
			a, b := pair(t)
			var d *Desc
			d = register(t, l, a, Readable|OneShot, func(Events) {
				calls++
				_ = d.Modify(Readable | OneShot)
			})
			register(t, l, b, Writable, func(Events) {})
			send(t, b)
		}
		var timer *Timer
		timer = l.NewTimer(func() { timer.Reset(0) })
		timer.Reset(0)
		posted := func() { _, _ = unix.Read(-1, buf[:]) }
		if n := testing.AllocsPerRun(100, func() {
			_ = l.Post(posted)
			_ = l.Turn(time.Second)
		}); n != 0 {
			t.Errorf("%v allocations a turn", n)
		}
		if calls < 5000 {
			t.Errorf("%d callbacks in 100 turns: nothing was measured", calls)
		}
	})
}
