package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/antedon-net/antedon/link/impair"
)

// Dir is what the stack does.
type Dir string

// We send to a kernel, or receive from one.
const (
	Send Dir = "send"
	Recv Dir = "recv"
)

// LossPlan measures goodput on bad paths: kernel to kernel, and ours to and from a kernel, on the same path.
type LossPlan struct {
	Cells   []Cell
	Dirs    []Dir
	Seeds   []uint64 // a round for each
	CC      Algorithms
	Link    Link
	AtLeast time.Duration // of each transfer

	// Parallel bounds how many rounds run at once. Fewer do if they are busy ones.
	Parallel int
}

// Result is what one transfer came to.
type Result struct {
	Goodput float64 // bits per second
	Counts  Counts
	Link    impair.Stats // in the direction of the data
	Queue   time.Duration
	Late    Lateness
	Err     error // the transfer ended early
}

// LossRound is the transfers of one cell with one seed, made one after the other.
type LossRound struct {
	Cell   Cell
	Seed   uint64
	Kernel Result
	Ours   map[Dir]Result
}

// Rounds returns how many rounds there will be.
func (p *LossPlan) Rounds() int { return len(p.Cells) * len(p.Seeds) }

// Run makes the rounds and hands each to each when it is done, one at a time. It ends early when ctx is done, or when a
// transfer cannot even begin for another reason than that its packets are lost.
func (p *LossPlan) Run(ctx context.Context, each func(LossRound)) error {
	if err := p.CC.Check(); err != nil {
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
			mu.Lock()
			defer mu.Unlock()
			each(r)
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// job is a round to be made.
type job struct {
	cell  Cell
	seed  uint64
	order int // turns the transfers of a round round, so that none is always the first
}

// schedule returns the rounds, first those that can run beside others, the long ones before the short.
func (p *LossPlan) schedule() []job {
	var jobs []job
	for _, c := range p.Cells {
		for i, seed := range p.Seeds {
			jobs = append(jobs, job{c, seed, i})
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return int(b.cell.RTT - a.cell.RTT) })
	return jobs
}

// budgetShares is all the machine has to give to rounds that run at once.
const budgetShares = 1 << 20

// fullRates is how many senders the machine bears that fill the link, without making the path late.
const fullRates = 1.25

// shares returns how much of the budget a round takes. One on a path that spins takes all.
func (p *LossPlan) shares(c Cell) int64 {
	if c.spin() > 0 || p.Parallel <= 1 {
		return budgetShares
	}
	busy := float64(c.load(p.Link, p.CC)) / float64(p.Link.Rate) / fullRates
	return int64(budgetShares * min(1, max(busy, 1/float64(p.Parallel))))
}

// round makes one round.
func (p *LossPlan) round(ctx context.Context, j job) (LossRound, error) {
	r := LossRound{Cell: j.cell, Seed: j.seed, Ours: make(map[Dir]Result)}
	dirs := append([]Dir{""}, p.Dirs...)
	for i := range dirs {
		dir := dirs[(i+j.order)%len(dirs)]
		sender, receiver := Kernel, Kernel
		switch dir {
		case Send:
			sender = Antedon
		case Recv:
			receiver = Antedon
		}
		res, err := p.transfer(ctx, j, sender, receiver)
		if err != nil {
			return r, err
		}
		if dir == "" {
			r.Kernel = res
		} else {
			r.Ours[dir] = res
		}
	}
	return r, nil
}

// transfer makes one transfer on a path of its own.
func (p *LossPlan) transfer(ctx context.Context, j job, sender, receiver Who) (Result, error) {
	s, err := newScene(j.cell.plan(p.Link, j.seed), j.cell.spin(), p.CC, receiver, sender)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	d := j.cell.duration(p.AtLeast)
	flows, err := s.transfer(ctx, []int{0}, d)
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	s.path.stop()
	r := Result{
		Counts: s.path.observer.Total(), Link: s.path.forward.Stats(), Queue: s.path.queue.mean(), Late: s.path.late, Err: err,
	}
	if err == nil {
		r.Goodput = float64(flows[0].bytes) * 8 / d.Seconds()
		r.Err = flows[0].err
	}
	return r, nil
}

// errOf joins the errors of a round's transfers.
func (r *LossRound) Err() error {
	errs := []error{wrapErr("kernel to kernel", r.Kernel.Err)}
	for dir, res := range r.Ours {
		errs = append(errs, wrapErr(string(dir), res.Err))
	}
	return errors.Join(errs...)
}

func wrapErr(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
