package bench

import (
	"slices"
	"strings"
)

// FairLine is what is told of a case: the medians of its rounds, or if Round is set one of them.
type FairLine struct {
	Bench string `json:"bench"` // "fair"
	Stack Who    `json:"stack"` // "antedon"
	Round int    `json:"round,omitempty"`
	FairKey

	Ratio float64 `json:"ratio"` // goodput of all flows together, to that of the kernel flows
	OwnShares
	KernelShares

	Rounds  int     `json:"rounds"`
	Seconds float64 `json:"seconds"`
	Late    float64 `json:"late_ms"` // as in PathFigures
	Error   string  `json:"error,omitempty"`
}

// FairKey names a case.
type FairKey struct {
	RTT      float64 `json:"rtt_ms"` // without queues
	Queue    float64 `json:"queue_bdp"`
	Flows    []Who   `json:"flows"`
	CC       string  `json:"cc"`
	KernelCC string  `json:"kernel_cc"`
	Rate     float64 `json:"rate_mbps"`
}

// OwnShares are about the run with flows of ours.
type OwnShares struct {
	Goodput []float64 `json:"goodput_mbps"` // of each flow, the lowest first if all are of the same sort
	Share   float64   `json:"share"`        // of the first flow
	Jain    float64   `json:"jain"`
	Wait    float64   `json:"queue_ms"` // mean wait in the queue
	Loss    float64   `json:"loss"`     // per cent of the packets, for which the queue had no room

	Retransmits uint64 `json:"retransmits"` // of our flows, over all rounds
	Spurious    uint64 `json:"spurious"`
}

// KernelShares are about as many kernel flows on the same bottleneck.
type KernelShares struct {
	Goodput []float64 `json:"kernel_goodput_mbps"`
	Share   float64   `json:"kernel_share"`
	Jain    float64   `json:"kernel_jain"`
	Wait    float64   `json:"kernel_queue_ms"`
	Loss    float64   `json:"kernel_loss"`

	Retransmits uint64 `json:"kernel_retransmits"`
	Spurious    uint64 `json:"kernel_spurious"`
}

// Each returns the line of a single round.
func (p *FairPlan) Each(r FairRound) FairLine {
	l := p.Summarise([]FairRound{r})
	l.Round = r.Number
	return l
}

// Summarise returns the line of a case, given its rounds.
func (p *FairPlan) Summarise(rounds []FairRound) FairLine {
	c := rounds[0].Case
	l := FairLine{
		Bench: "fair", Stack: Antedon, Rounds: len(rounds), Seconds: p.Duration.Seconds(),
		FairKey: FairKey{
			RTT: milliseconds(c.RTT), Queue: c.Queue, Flows: c.Flows,
			CC: p.CC.Antedon, KernelCC: p.CC.Kernel, Rate: megabits(float64(p.Rate)),
		},
	}
	var ours, kernel []FairRun
	var ratios []float64
	var errs []string
	for _, r := range rounds {
		ours, kernel = append(ours, r.Ours), append(kernel, r.Kernel)
		ratios = append(ratios, ratio(r.Ours.total(), r.Kernel.total(), p.Duration))
		for _, run := range []*FairRun{&r.Ours, &r.Kernel} {
			l.Late = max(l.Late, rounded(milliseconds(run.Late.Quantile(0.99))))
			if run.Err != nil {
				errs = append(errs, run.Err.Error())
			}
		}
	}
	l.Ratio = rounded(Median(ratios))
	l.OwnShares = shares(ours, Antedon)
	l.KernelShares = KernelShares(shares(kernel, Kernel))
	l.Error = strings.Join(errs, "; ")
	return l
}

// shares returns the medians of some runs of a case, and the sum of what a contestant retransmitted.
func shares(runs []FairRun, who Who) OwnShares {
	var s OwnShares
	median := func(of func(*FairRun) float64) float64 {
		var v []float64
		for i := range runs {
			v = append(v, of(&runs[i]))
		}
		return rounded(Median(v))
	}
	for i := range runs[0].Goodput {
		s.Goodput = append(s.Goodput, median(func(r *FairRun) float64 { return megabits(r.ordered()[i]) }))
	}
	s.Share = median((*FairRun).Share)
	s.Jain = median(func(r *FairRun) float64 { return Jain(r.Goodput) })
	s.Wait = median(func(r *FairRun) float64 { return milliseconds(r.Queue) })
	s.Loss = median(func(r *FairRun) float64 { return 100 * r.Loss() })
	for _, r := range runs {
		s.Retransmits += r.Counts[who].Retransmits
		s.Spurious += r.Counts[who].Spurious
	}
	return s
}

// ordered returns the goodputs: flows that are alike in ascending order, so that medians over runs mean something.
func (r *FairRun) ordered() []float64 {
	g := slices.Clone(r.Goodput)
	if r.Who[0] == r.Who[len(r.Who)-1] {
		slices.Sort(g)
	}
	return g
}
