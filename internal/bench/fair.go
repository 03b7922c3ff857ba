package bench

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/antedon-net/antedon/link/impair"
)

// FairPlan measures how flows share a bottleneck: ours beside a kernel's, and many of ours, each beside the same number of
// kernel flows in our stead.
type FairPlan struct {
	Cases    []FairCase
	CC       Algorithms
	Rate     int64 // bits per second
	Duration time.Duration
	Rounds   int
	Parallel int // how many rounds run at once; at least one does
}

// FairCase is a bottleneck and who sends through it.
type FairCase struct {
	RTT   time.Duration
	Queue float64 // in bandwidth-delay products
	Flows []Who   // a kernel receives them all
}

// String returns the case in the form "RTT 20 ms, queue 0.25 BDP, 1 antedon, 1 kernel".
func (c FairCase) String() string {
	s := fmt.Sprintf("RTT %g ms, queue %g BDP", milliseconds(c.RTT), c.Queue)
	for _, who := range []Who{Antedon, Kernel} {
		if n := c.count(who); n > 0 {
			s += fmt.Sprintf(", %d %s", n, who)
		}
	}
	return s
}

func (c FairCase) count(who Who) int {
	n := 0
	for _, w := range c.Flows {
		if w == who {
			n++
		}
	}
	return n
}

// The cases measured if none are named.
var (
	FairRTT   = []time.Duration{20 * time.Millisecond, 80 * time.Millisecond}
	FairQueue = []float64{1, 0.25}
)

// manyFlows is how many of ours share a bottleneck among themselves.
const manyFlows = 8

// FairCases returns the cases: on each bottleneck one flow of ours beside a kernel's, and several of ours.
func FairCases(rtt []time.Duration, queue []float64) []FairCase {
	many := make([]Who, manyFlows)
	for i := range many {
		many[i] = Antedon
	}
	var cases []FairCase
	for _, r := range rtt {
		for _, q := range queue {
			cases = append(cases, FairCase{r, q, []Who{Antedon, Kernel}}, FairCase{r, q, many})
		}
	}
	return cases
}

// plan returns the impairment of each direction: nothing is lost but at the queue.
func (p *FairPlan) plan(c FairCase) impair.Plan {
	packets := float64(p.Rate) * c.RTT.Seconds() / 8 / 1500 * c.Queue
	return impair.Plan{Delay: c.RTT / 2, Rate: p.Rate, Queue: max(1, int(math.Round(packets)))}
}

// FairRun is what came of some flows on a bottleneck.
type FairRun struct {
	Goodput []float64 // of each flow, in bits per second
	Who     []Who     // each flow's sender
	Counts  map[Who]Counts
	Link    impair.Stats // of the data
	Queue   time.Duration
	Late    Lateness
	Err     error // what ended a flow early
}

// FairRound is a run of a case, and one of as many kernel flows.
type FairRound struct {
	Case         FairCase
	Number       int // from 1 on
	Ours, Kernel FairRun
}

// Run makes the rounds of all cases and hands each to each, one at a time. It ends early when ctx is done, or a flow cannot
// begin.
func (p *FairPlan) Run(ctx context.Context, each func(FairRound)) error {
	if err := p.CC.Check(); err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(roomFor(max(p.Parallel, 1)))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(p.Parallel, 1))
	var mu sync.Mutex
	for n := range p.Rounds {
		for _, c := range p.Cases {
			group.Go(func() error {
				r, err := p.round(ctx, c, n)
				if err != nil {
					return fmt.Errorf("%v: %w", c, err)
				}
				mu.Lock()
				defer mu.Unlock()
				each(r)
				return nil
			})
		}
	}
	return group.Wait()
}

// round makes the n-th round of a case.
func (p *FairPlan) round(ctx context.Context, c FairCase, n int) (FairRound, error) {
	r := FairRound{Case: c, Number: n + 1}
	runs := []struct {
		c  FairCase
		to *FairRun
	}{{c, &r.Ours}, {FairCase{c.RTT, c.Queue, kernels(len(c.Flows))}, &r.Kernel}}
	for i := range runs {
		run := runs[(i+n)%len(runs)] // in turn the first
		var err error
		if *run.to, err = p.run(ctx, run.c); err != nil {
			return r, err
		}
	}
	return r, nil
}

func kernels(n int) []Who {
	flows := make([]Who, n)
	for i := range flows {
		flows[i] = Kernel
	}
	return flows
}

// run has the flows of a case share its bottleneck. Flows of a sort come from the same host, unless there are only two.
func (p *FairPlan) run(ctx context.Context, c FairCase) (FairRun, error) {
	cfg := sceneConfig{plan: p.plan(c), cc: p.CC, receiver: Kernel}
	flows := make([]int, len(c.Flows))
	for i, who := range c.Flows {
		if len(c.Flows) == 2 || i == 0 || who != c.Flows[i-1] {
			cfg.senders = append(cfg.senders, who)
		}
		flows[i] = len(cfg.senders) - 1
	}
	s, err := newScene(&cfg)
	if err != nil {
		return FairRun{}, err
	}
	defer s.close()
	results, err := s.transfer(ctx, flows, p.Duration)
	if err != nil {
		return FairRun{}, err
	}
	_ = s.path.stop()
	return p.sumUp(s, &cfg, c, results), nil
}

func (p *FairPlan) sumUp(s *scene, cfg *sceneConfig, c FairCase, results []flowResult) FairRun {
	r := FairRun{
		Who: c.Flows, Counts: make(map[Who]Counts),
		Link: s.path.forward.Stats(), Queue: s.path.queue.mean(), Late: s.path.late,
	}
	for i, who := range cfg.senders {
		sum := r.Counts[who]
		sum.Add(s.path.observer.From(addressOf(i)))
		r.Counts[who] = sum
	}
	for i, f := range results {
		r.Goodput = append(r.Goodput, float64(f.bytes)*8/p.Duration.Seconds())
		if f.err != nil && r.Err == nil {
			r.Err = fmt.Errorf("flow %d: %w", i+1, f.err)
		}
	}
	return r
}

// Share returns what part of all the goodput was that of the first flow.
func (r *FairRun) Share() float64 { return r.Goodput[0] / max(r.total(), 1) }

// Loss returns which part of the packets the queue had no room for.
func (r *FairRun) Loss() float64 { return float64(r.Link.Overflowed) / float64(max(r.Link.Packets, 1)) }

func (r *FairRun) total() float64 {
	sum := 0.0
	for _, g := range r.Goodput {
		sum += g
	}
	return sum
}
