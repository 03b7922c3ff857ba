package bench

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp/congestion"
)

// TestFairRun has few and many flows share a bottleneck for a moment.
func TestFairRun(t *testing.T) {
	p := FairPlan{
		Cases:    FairCases([]time.Duration{10 * time.Millisecond}, []float64{0.5}),
		CC:       Algorithms{Antedon: congestion.DefaultName, Kernel: congestion.DefaultName},
		Rate:     20e6,
		Duration: time.Second,
		Rounds:   1,
		Parallel: 2,
	}
	var rounds []FairRound
	if err := p.Run(t.Context(), func(r FairRound) { rounds = append(rounds, r) }); err != nil {
		t.Fatal(err)
	}
	if len(rounds) != 2 {
		t.Fatalf("%d rounds, want 2", len(rounds))
	}
	for _, r := range rounds {
		for _, run := range []FairRun{r.Ours, r.Kernel} {
			switch total := run.total(); {
			case run.Err != nil:
				t.Errorf("%v: %v", r.Case, run.Err)
			case len(run.Goodput) != len(r.Case.Flows) || total <= 0 || total > float64(p.Rate):
				t.Errorf("%v: goodput %v of a link of %d", r.Case, run.Goodput, p.Rate)
			case run.Share() < 0 || run.Share() > 1 || run.Loss() < 0 || run.Loss() > 1:
				t.Errorf("%v: share %v, loss %v", r.Case, run.Share(), run.Loss())
			}
			// The queue holds 8 packets, and 1500 bytes take 0.6 ms.
			if run.Queue <= 0 || run.Queue > 9*600*time.Microsecond {
				t.Errorf("%v: a mean wait of %v", r.Case, run.Queue)
			}
		}
		if r.Kernel.Counts[Antedon] != (Counts{}) || r.Ours.Counts[Antedon].Packets == 0 {
			t.Errorf("%v: counts %+v, kernel %+v", r.Case, r.Ours.Counts, r.Kernel.Counts)
		}
		if l := p.Summarise([]FairRound{r}); l.Ratio <= 0 || l.OwnShares.Jain <= 0 || l.Error != "" {
			t.Errorf("%v: summary %+v", r.Case, l)
		}
	}
}

// TestFairSummary: medians are of what is comparable.
func TestFairSummary(t *testing.T) {
	run := func(who Who, goodput ...float64) FairRun {
		return FairRun{Goodput: goodput, Who: []Who{who, Kernel}, Counts: map[Who]Counts{who: {Retransmits: 3, Spurious: 1}}}
	}
	c := FairCase{20 * time.Millisecond, 0.25, []Who{Antedon, Kernel}}
	p := FairPlan{Rate: 1e6, Duration: time.Second}
	l := p.Summarise([]FairRound{
		{c, 1, run(Antedon, 6e6, 4e6), run(Kernel, 7e6, 3e6)},
		{c, 2, run(Antedon, 5e6, 5e6), run(Kernel, 2e6, 8e6)},
		{c, 3, run(Antedon, 1e6, 3e6), run(Kernel, 4e6, 4e6)},
	})
	own, kernel := l.OwnShares, l.KernelShares
	if own.Goodput[0] != 5 || own.Goodput[1] != 4 || own.Share != 0.5 || own.Retransmits != 9 || own.Spurious != 3 || l.Ratio != 1 {
		t.Errorf("ours: %+v, ratio %v", own, l.Ratio)
	}
	if kernel.Goodput[0] != 3 || kernel.Goodput[1] != 7 || kernel.Retransmits != 9 { // in ascending order
		t.Errorf("kernel: %+v", kernel)
	}
	if got, want := c.String(), "RTT 20 ms, queue 0.25 BDP, 1 antedon, 1 kernel"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFairQueue: the length of the queue follows from the rate.
func TestFairQueue(t *testing.T) {
	p := FairPlan{Rate: 100e6}
	for _, test := range []struct {
		c    FairCase
		want int
	}{
		{FairCase{RTT: 20 * time.Millisecond, Queue: 1}, 167}, {FairCase{RTT: 80 * time.Millisecond, Queue: 0.25}, 167},
		{FairCase{RTT: time.Microsecond, Queue: 1}, 1},
	} {
		if got := p.plan(test.c).Queue; got != test.want {
			t.Errorf("%v: %d packets, want %d", test.c, got, test.want)
		}
	}
}
