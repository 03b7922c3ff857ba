package runner

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// TestWayRests ends giving way for a while where it takes long and nobody sends meanwhile.
func TestWayRests(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		lent uint64 // by others meanwhile
		rest time.Duration
	}{
		{d: longTurn},
		{d: 4 * time.Millisecond, rest: restTurns * 4 * time.Millisecond},
		{d: 4 * time.Millisecond, lent: 100 << 10, rest: restTurns * 4 * time.Millisecond},
		{d: 4 * time.Millisecond, lent: 8 << 20},
	} {
		var w way
		w.init()
		w.total = 1<<20 + c.lent
		now := mono.Time(1e9)
		w.took(now, now.Add(c.d), 1<<20)
		rest := time.Duration(0)
		if w.rest != 0 {
			rest = w.rest.Sub(now.Add(c.d))
		}
		if rest != c.rest {
			t.Errorf("%v, and %d bytes lent: rests for %v, not %v", c.d, c.lent, rest, c.rest)
		}
	}
}

// TestWayMoves holds when a writer moves to the other CPU.
func TestWayMoves(t *testing.T) {
	const n = 128 << 10
	start := func() *way {
		w := &way{writers: 1, in: 40 * time.Microsecond, out: time.Microsecond}
		w.init()
		return w
	}
	inVain := func(w *way, times int) (moves int) {
		for range times {
			if w.note(false); w.shouldMove(n) {
				moves++
			}
		}
		return moves
	}

	w := start()
	if inVain(w, leastPatience-1) != 0 || inVain(w, 1) != 1 {
		t.Error("has not moved when its patience ended")
	}
	if inVain(w, 2*leastPatience-1) != 0 || inVain(w, 1) != 1 {
		t.Error("its patience has not doubled")
	}
	if moves := inVain(w, 100*mostPatience); moves > 120 {
		t.Errorf("moved %d times, and it never helped", moves)
	}
	for range settledAfter {
		w.note(true)
	}
	if inVain(w, leastPatience) != 1 {
		t.Error("has moved where it helped, and is as patient as before")
	}

	for name, set := range map[string]func(w *way){
		"two write":       func(w *way) { w.writers = 2 },
		"busy with more":  func(w *way) { w.out = w.in },
		"nowhere to move": func(w *way) { w.stays = true },
	} {
		w := start()
		set(w)
		for range settledAfter {
			w.note(true)
		}
		if inVain(w, 100) != 0 {
			t.Errorf("%s: moved", name)
		}
	}
	w = start()
	for range 100 {
		inVain(w, leastPatience-1)
		w.slept()
	}
	if inVain(w, leastPatience-1) != 0 {
		t.Error("moved, though it waits for the peer")
	}
	w.note(false)
	if w.shouldMove(moveMost + 1) {
		t.Error("moved, with long writes")
	}
}

// TestWayTimes holds what is known of a writer's time.
func TestWayTimes(t *testing.T) {
	var w way
	now := mono.Time(1e9)
	for range 100 {
		w.begin(now, 1000)
		now = now.Add(30 * time.Microsecond)
		w.end(now)
		now = now.Add(10 * time.Microsecond)
	}
	if w.in.Round(time.Microsecond) != 30*time.Microsecond || w.out < 9*time.Microsecond || w.out > 11*time.Microsecond {
		t.Errorf("%v, and %v between", w.in, w.out)
	}
	if w.writers != 0 || w.total != 100*1000 || w.sent != 100*1000 {
		t.Errorf("%d writers, %d bytes, %d of them since it has yielded", w.writers, w.total, w.sent)
	}
}
