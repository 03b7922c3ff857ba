package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Dir is what the stack does.
type Dir string

// We send to a kernel, or receive from one; or both ends are kernels, and once more to see how far apart that lies.
const (
	Send    Dir = "send"
	Recv    Dir = "recv"
	Without Dir = "kernel"
	Again   Dir = "again"
)

// ends returns who the ends of a transfer are.
func (d Dir) ends() (sender, receiver Who) {
	switch d {
	case Send:
		return Antedon, Kernel
	case Recv:
		return Kernel, Antedon
	}
	return Kernel, Kernel
}

// LossPlan measures goodput on bad paths: kernel to kernel, and ours to and from a kernel, on the same path.
type LossPlan struct {
	Cells   []Cell
	Dirs    []Dir    // of Send and Recv
	Seeds   []uint64 // a round for each
	CC      Algorithms
	Link    Link
	AtLeast time.Duration // of each transfer
	Once    bool          // not Again

	// Parallel bounds how many rounds run at once. Fewer do if they are busy ones.
	Parallel int

	// Capture is a directory for a capture of each transfer, as it looks to the sender; "" is none.
	Capture string
}

// Rounds returns how many rounds there will be.
func (p *LossPlan) Rounds() int { return len(p.Cells) * len(p.Seeds) }

// dirs returns what is transferred in each round.
func (p *LossPlan) dirs() []Dir {
	dirs := append([]Dir{Without}, p.Dirs...)
	if !p.Once {
		dirs = append(dirs, Again)
	}
	return dirs
}

// Run makes the rounds and hands each to each when it is done, one at a time. It ends early when ctx is done, or when a
// transfer cannot begin.
func (p *LossPlan) Run(ctx context.Context, each func(LossRound)) error {
	if err := p.CC.Check(); err != nil {
		return err
	}
	defer runtime.GOMAXPROCS(roomFor(p.Parallel))
	rtts, err := p.measureRTTs(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	budget := semaphore.NewWeighted(budgetShares)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, j := range p.schedule() {
		shares := p.shares(j.cell)
		if budget.Acquire(ctx, shares) != nil {
			break
		}
		wg.Go(func() {
			defer budget.Release(shares)
			r, err := p.round(ctx, j)
			if err != nil {
				cancel(fmt.Errorf("%v, seed %d: %w", j.cell, j.seed, err))
				return
			}
			r.RTT = rtts[j.cell.RTT]
			mu.Lock()
			defer mu.Unlock()
			each(r)
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// roomFor lets that many paths run Go code without having to wait until another goroutine pauses, which may take
// milliseconds. It returns the setting from before.
func roomFor(paths int) int { return runtime.GOMAXPROCS(runtime.NumCPU() + paths) }

// job is a round to be made.
type job struct {
	cell  Cell
	seed  uint64
	order int // turns the transfers of a round round, so that none is always the first
}

// schedule returns the rounds: those that can run beside others before those that cannot, and the long ones first.
func (p *LossPlan) schedule() []job {
	var jobs []job
	for i, seed := range p.Seeds {
		for _, c := range p.Cells {
			jobs = append(jobs, job{c, seed, i})
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return int(b.cell.RTT - a.cell.RTT) })
	return jobs
}

// budgetShares is all the machine has to give to rounds that run at once.
const budgetShares = 1 << 20

// fullRates is how many senders that fill the link the machine bears without making the paths late.
const fullRates = 2.2

// shares returns how much of the budget a round takes. One on a path that spins takes all.
func (p *LossPlan) shares(c Cell) int64 {
	if c.spin() > 0 || p.Parallel <= 1 {
		return budgetShares
	}
	busy := float64(c.load(p.Link, p.CC)) / float64(p.Link.Rate) / fullRates
	return int64(budgetShares * min(1, max(busy, 1/float64(p.Parallel))))
}
