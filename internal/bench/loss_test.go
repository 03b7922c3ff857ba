package bench

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp/congestion"
)

// TestLossRun measures a short transfer of every kind on paths that lose packets.
func TestLossRun(t *testing.T) {
	p := LossPlan{
		Cells:    Grid([]float64{0, 5}, []time.Duration{2 * time.Millisecond, 10 * time.Millisecond}, []float64{0}),
		Dirs:     []Dir{Send, Recv},
		Seeds:    []uint64{1},
		CC:       Algorithms{Antedon: congestion.DefaultName, Kernel: congestion.DefaultName},
		Link:     Link{Rate: 20e6},
		AtLeast:  300 * time.Millisecond,
		Parallel: 4,
	}
	rounds := make(map[Cell]LossRound)
	if err := p.Run(t.Context(), func(r LossRound) { rounds[r.Cell] = r }); err != nil {
		t.Fatal(err)
	}
	if len(rounds) != p.Rounds() {
		t.Errorf("%d rounds, want %d", len(rounds), p.Rounds())
	}
	for cell, r := range rounds {
		if len(r.Results) != 3 || len(r.RTT) != 3 {
			t.Errorf("%v: %d results, %d round trips, want 3 of each", cell, len(r.Results), len(r.RTT))
		}
		for dir, res := range r.Results {
			checkResult(t, cell, dir, &res)
			if r.RTT[dir] < cell.RTT {
				t.Errorf("%v, %s: a ping took %v", cell, dir, r.RTT[dir])
			}
		}
		for _, l := range p.Summarise([]LossRound{r}) {
			if l.Ratio <= 0 || l.Cell() != cell || l.Rounds != 1 || l.Error != "" {
				t.Errorf("%v: summary %+v", cell, l)
			}
		}
	}
}

// checkResult checks what must hold whatever the speed.
func checkResult(t *testing.T, cell Cell, name Dir, r *Result) {
	c, l := r.Counts, r.Link
	switch {
	case r.Err != nil:
		t.Errorf("%v, %s: %v", cell, name, r.Err)
	case r.Goodput <= 0 || c.Packets == 0:
		t.Errorf("%v, %s: nothing arrived: %+v", cell, name, r)
	case float64(c.Bytes)*8 < r.Goodput*cell.duration(300*time.Millisecond).Seconds():
		t.Errorf("%v, %s: the application read more than was sent: %v, %+v", cell, name, r.Goodput, c)
	case c.Lost > l.Lost+l.Overflowed || c.Packets > l.Packets || c.Retransmits > c.Packets || c.Spurious > c.Retransmits:
		t.Errorf("%v, %s: the observer saw more than the link: %+v, %+v", cell, name, c, l)
	case cell.Loss == 0 && l.Lost != 0:
		t.Errorf("%v, %s: %d packets lost by chance", cell, name, l.Lost)
	}
}

// TestUnknownAlgorithm: an algorithm that is not to be had is named before anything is measured.
func TestUnknownAlgorithm(t *testing.T) {
	for _, cc := range []Algorithms{{"no-such", "reno"}, {congestion.DefaultName, "no-such"}} {
		p := LossPlan{CC: cc}
		if err := p.Run(t.Context(), nil); err == nil {
			t.Errorf("%+v: no error", cc)
		}
	}
}
