package wheel

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

const start = mono.Time(3 * time.Second)

// drain fires everything due at now and returns the owners in order.
func drain(w *Wheel[int], now mono.Time) (fired []int) {
	for t := w.Expire(now); t != nil; t = w.Expire(now) {
		fired = append(fired, t.Owner)
	}
	return fired
}

func TestFiresAtDeadlineNotBefore(t *testing.T) {
	for _, d := range []time.Duration{
		1, Granularity - 1, Granularity, Granularity + 1, time.Millisecond, 40 * time.Millisecond, 200 * time.Millisecond,
		time.Second, time.Minute, 2 * time.Hour, 1000 * time.Hour, 100_000 * time.Hour,
	} {
		var w Wheel[int]
		drain(&w, start)
		timer := Timer[int]{Owner: 7}
		at := start.Add(d)
		w.Set(&timer, at)
		if got := timer.Deadline(); got != at {
			t.Errorf("%v: Deadline() = %d, want %d", d, got, at)
		}
		if fired := drain(&w, at-1); len(fired) != 0 && d > 1 {
			t.Errorf("%v: fired early", d)
		}
		for now := start; ; {
			next := w.Deadline()
			if next == mono.Never || next <= now {
				t.Fatalf("%v: Deadline() = %d at %d, before it fired", d, next, now)
			}
			now = next
			if len(drain(&w, now)) == 0 {
				continue
			}
			if now < at || now >= at+Granularity {
				t.Errorf("%v: fired %d ns after its deadline", d, now-at)
			}
			break
		}
		if w.Deadline() != mono.Never {
			t.Errorf("%v: wheel not empty after the timer fired", d)
		}
	}
}

func TestMovingLaterStaysLinked(t *testing.T) {
	var w Wheel[int]
	drain(&w, start)
	var timer Timer[int]
	w.Set(&timer, start.Add(time.Millisecond))
	linked := timer.tick
	for i := range 1000 {
		w.Set(&timer, start.Add(time.Duration(i+2)*time.Millisecond))
	}
	if timer.tick != linked {
		t.Errorf("linked at tick %d, want %d: relinked though it only moved later", timer.tick, linked)
	}
	if fired := drain(&w, start.Add(1000*time.Millisecond)); len(fired) != 0 {
		t.Error("fired at an instant it had moved on from")
	}
	if fired := drain(&w, start.Add(1002*time.Millisecond)); len(fired) != 1 {
		t.Errorf("fired %d times at its last deadline, want 1", len(fired))
	}
}

func TestSetStopAndNever(t *testing.T) {
	var w Wheel[int]
	drain(&w, start)
	var a, b, c Timer[int]
	a.Owner, b.Owner, c.Owner = 1, 2, 3
	if (&Timer[int]{}).Deadline() != mono.Never {
		t.Error("the zero Timer has a deadline")
	}
	w.Set(&a, start.Add(time.Second))
	w.Set(&b, start.Add(time.Second))
	w.Set(&c, start.Add(time.Hour))
	w.Set(&a, mono.Never)
	w.Stop(&b)
	w.Stop(&b)
	w.Set(&c, start.Add(time.Minute)) // earlier
	if got, want := drain(&w, start.Add(2*time.Minute)), []int{3}; !slices.Equal(got, want) {
		t.Errorf("fired %v, want %v", got, want)
	}
	if w.Deadline() != mono.Never {
		t.Error("something is still linked")
	}
	w.Set(&b, start) // in the past
	if got := drain(&w, start.Add(2*time.Minute+Granularity)); !slices.Equal(got, []int{2}) {
		t.Errorf("fired %v, want the timer set in the past", got)
	}
}

// A timer set again in the past by what it woke must not keep Expire from ending.
func TestExpireEnds(t *testing.T) {
	var w Wheel[int]
	var timer Timer[int]
	w.Set(&timer, start)
	fired := 0
	for now, i := start.Add(time.Hour), 0; i < 10; i++ {
		for x := w.Expire(now); x != nil; x = w.Expire(now) {
			fired++
			w.Set(x, start)
		}
		now += Granularity
	}
	if fired != 10 {
		t.Errorf("fired %d times in 10 rounds, want once a round", fired)
	}
}

func TestOrderWithinAndAcrossTicks(t *testing.T) {
	var w Wheel[int]
	timers := make([]Timer[int], 6)
	at := []time.Duration{3, 1, 2, 1, 3, 2} // ms
	for i := range timers {
		timers[i].Owner = i
		w.Set(&timers[i], start.Add(at[i]*time.Millisecond))
	}
	if got, want := drain(&w, start.Add(time.Second)), []int{1, 3, 2, 5, 0, 4}; !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

// TestAgainstModel drives the wheel at random beside a plain table of deadlines.
func TestAgainstModel(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var w Wheel[int]
		timers := make([]Timer[int], 40)
		deadline := make([]mono.Time, len(timers))
		for i := range timers {
			timers[i].Owner, deadline[i] = i, mono.Never
		}
		now := start
		for step := range 2000 {
			i := rnd.IntN(len(timers))
			switch rnd.IntN(6) {
			case 0:
				w.Stop(&timers[i])
				deadline[i] = mono.Never
			case 1:
				w.Set(&timers[i], mono.Never)
				deadline[i] = mono.Never
			case 2:
				now = now.Add(time.Duration(rnd.Int64N(1 << (10 + rnd.IntN(30)))))
				for _, k := range drain(&w, now) {
					if deadline[k] > now {
						t.Fatalf("seed %d, step %d: timer %d fired %d ns early", seed, step, k, deadline[k]-now)
					}
					deadline[k] = mono.Never
				}
				for k, d := range deadline {
					if d <= now-Granularity {
						t.Fatalf("seed %d, step %d: timer %d is %d ns late", seed, step, k, now-d)
					}
				}
			default:
				deadline[i] = now.Add(time.Duration(1 + rnd.Int64N(1<<(10+rnd.IntN(36)))))
				w.Set(&timers[i], deadline[i])
			}
			if next := w.Deadline(); next-Granularity >= slices.Min(deadline) && next > now+Granularity {
				t.Fatalf("seed %d, step %d: Deadline() = %d, after the earliest timer at %d", seed, step, next, slices.Min(deadline))
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var w Wheel[int]
	timers := make([]Timer[int], 1000)
	now := start
	if n := testing.AllocsPerRun(100, func() {
		for i := range timers {
			w.Set(&timers[i], now.Add(time.Duration(i)*time.Millisecond))
		}
		now = now.Add(500 * time.Millisecond)
		for w.Expire(now) != nil {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMoveLater(b *testing.B) {
	var w Wheel[int]
	timers := make([]Timer[int], 1024)
	now := start
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Set(&timers[i&1023], now.Add(200*time.Millisecond))
		if now += 100; i&1023 == 0 {
			for w.Expire(now) != nil {
			}
		}
	}
}
