package reactor

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestTimerOrder: by instant, then in the order of setting, whatever the order in which the timers were made or moved.
func TestTimerOrder(t *testing.T) {
	l := newLoop(t, Config{})
	var got []int
	timers := make([]*Timer, 8)
	for i := range timers {
		timers[i] = l.NewTimer(func() { got = append(got, i) })
	}
	base := l.Now().Add(2 * time.Millisecond)
	for _, c := range []struct {
		i  int
		at time.Duration
	}{
		{0, 900}, {1, 500}, {2, 500}, {3, 100}, {4, 700}, {5, 300}, // nanoseconds: finer than the wheel
		{6, 500}, {1, 500}, // set again, so behind 6
		{7, 1},
		{0, 200}, // earlier
		{3, 950}, // later
	} {
		timers[c.i].ResetAt(base.Add(c.at))
	}
	if !timers[4].Stop() || timers[4].Stop() || timers[4].IsSet() || !timers[0].IsSet() {
		t.Error("Stop and IsSet do not agree on what is set")
	}
	for len(got) < 7 {
		turn(t, l)
	}
	if want := []int{7, 0, 5, 2, 6, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// TestTimersOfOneTurn: a callback may stop, move and set timers that are due in the same turn.
func TestTimersOfOneTurn(t *testing.T) {
	l := newLoop(t, Config{})
	var got []string
	call := func(name string) *Timer { return l.NewTimer(func() { got = append(got, name) }) }
	stopped, moved, other := call("stopped"), call("moved"), call("other")
	var first *Timer
	periods := 0
	first = l.NewTimer(func() {
		got = append(got, "first")
		stopped.Stop()
		moved.ResetAt(l.Now())
		if periods++; periods < 3 {
			first.Reset(0)
		}
	})
	at := l.Now()
	for _, x := range []*Timer{first, stopped, moved, other} {
		x.ResetAt(at)
	}
	for len(got) < 5 {
		turn(t, l)
	}
	if want := []string{"first", "other", "moved", "first", "first"}; !slices.Equal(got[:2], want[:2]) || slices.Contains(got, "stopped") {
		t.Errorf("got %v, want first those of the turn, %v, and never the stopped one", got, want[:2])
	}
}

// TestTimerNotEarly sets timers from within callbacks that take their time.
func TestTimerNotEarly(t *testing.T) {
	l := newLoop(t, Config{})
	fired := 0
	for i := range 20 {
		d := time.Duration(i) * 300 * time.Microsecond
		l.AfterFunc(0, func() {
			block(100 * time.Microsecond)
			from := time.Now()
			l.AfterFunc(d, func() {
				fired++
				if got := time.Since(from); got < d {
					t.Errorf("fired after %v, want %v at least", got, d)
				}
			})
		})
	}
	for fired < 20 {
		turn(t, l)
	}
}

// block keeps its caller busy, as a callback should not.
func block(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}

// TestMillionTimers sets a million timers, stops some, moves some, and checks that exactly the others fire, in order.
func TestMillionTimers(t *testing.T) {
	const n, seed = 1_000_000, 5
	l := newLoop(t, Config{})
	rnd := rand.New(rand.NewPCG(seed, 0))
	base := l.Now()
	timers := make([]Timer, n)
	at := make([]time.Duration, n)
	fired, left := 0, n
	var last time.Duration
	for i := range timers {
		l.InitTimer(&timers[i], func() {
			fired++
			if at[i] < last {
				t.Fatalf("seed %d: timer %d of %v fired after one of %v", seed, i, at[i], last)
			}
			last, at[i] = at[i], -1
		})
		at[i] = time.Duration(rnd.Int64N(int64(4 * time.Second)))
		timers[i].ResetAt(base.Add(at[i]))
	}
	for i := range timers {
		switch rnd.IntN(3) {
		case 0:
			if at[i] = -1; timers[i].Stop() {
				left--
			}
		case 1:
			at[i] = 4*time.Second + time.Duration(rnd.Int64N(int64(time.Second)))
			timers[i].ResetAt(base.Add(at[i]))
		}
	}
	for fired < left {
		l.epoch = l.epoch.Add(-100 * time.Millisecond) // time flies
		turn(t, l)
	}
	for i, d := range at {
		if d >= 0 {
			t.Fatalf("seed %d: timer %d of %v did not fire", seed, i, d)
		}
	}
}

func BenchmarkTimerReset(b *testing.B) {
	for _, n := range []int{1_000, 1_000_000} {
		b.Run(map[int]string{1_000: "1k", 1_000_000: "1M"}[n], func(b *testing.B) {
			l := newLoop(b, Config{})
			timers := make([]Timer, n)
			for i := range timers {
				l.InitTimer(&timers[i], func() {})
				timers[i].Reset(time.Hour + time.Duration(i)*time.Microsecond)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				t := &timers[i]
				if i += 7919; i >= n {
					i %= n
				}
				t.Stop()
				t.Reset(time.Hour)
			}
		})
	}
}
