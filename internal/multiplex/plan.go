package multiplex

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Plan measures what it costs to wait for descriptors. The zero values are the defaults.
type Plan struct {
	FDs     []int         // how many are watched; DefaultFDs, or what the machine allows of it
	Active  []Share       // how many of them are ready at a time; DefaultActive
	Pollers []Poller      // all
	Rounds  int           // of each case; 5
	Time    time.Duration // for which each case is measured in each round; 20 ms
	Profile string        // a directory for CPU profiles; none
}

// The defaults.
var (
	DefaultFDs    = []int{10, 100, 1000, 10_000, 50_000}
	DefaultActive = []Share{{Count: 1}, {Percent: 1}, {Percent: 10}, {Percent: 100}}
)

// DefaultRounds and DefaultTime are defaults too.
const (
	DefaultRounds = 5
	DefaultTime   = 20 * time.Millisecond
)

// withDefaults fills in what is not set. Where the machine does not allow the largest of the default sizes, the largest that it
// does comes before it, in thousands.
func (p Plan) withDefaults() Plan {
	if p.FDs == nil {
		p.FDs = slices.Clone(DefaultFDs)
		last := len(p.FDs) - 1
		if allowed, err := allow(p.FDs[last]); err == nil && allowed < p.FDs[last] && allowed/1000*1000 > p.FDs[last-1] {
			p.FDs = slices.Insert(p.FDs, last, allowed/1000*1000)
		}
	}
	if p.Active == nil {
		p.Active = DefaultActive
	}
	if p.Pollers == nil {
		p.Pollers = Pollers
	}
	p.Rounds, p.Time = cmp.Or(p.Rounds, DefaultRounds), cmp.Or(p.Time, DefaultTime)
	return p
}

// counts returns the different numbers of ready descriptors of n.
func (p *Plan) counts(n int) []int {
	var list []int
	for _, s := range p.Active {
		if k := s.of(n); !slices.Contains(list, k) {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return list
}

// Steps returns how often Run tells of progress.
func (p Plan) Steps() int {
	p = p.withDefaults()
	return len(p.FDs) * p.Rounds * len(p.Pollers)
}

// Run measures. It tells of each case in each round, and of its medians after the last; of those that the machine does not allow
// why it does not. Rounds of a number of descriptors follow one another, the pollers of a round in an order that changes.
func (p Plan) Run(ctx context.Context, step func(), tell func(Line)) error {
	p = p.withDefaults()
	for _, n := range p.FDs {
		err := p.measure(ctx, n, step, tell)
		if !isLimit(err) {
			if err != nil {
				return err
			}
			continue
		}
		for _, k := range p.counts(n) {
			for _, poller := range p.Pollers {
				l := newLine(poller, n, k)
				l.Error = err.Error()
				tell(l)
			}
		}
	}
	return nil
}

// isLimit says whether err is a limit of the machine.
func isLimit(err error) bool {
	_, ok := errors.AsType[*limitError](err)
	for _, e := range []error{unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS, unix.ENOSPC} {
		ok = ok || errors.Is(err, e)
	}
	return ok
}

// measure makes the rounds of n descriptors.
func (p *Plan) measure(ctx context.Context, n int, step func(), tell func(Line)) error {
	c, err := openCrowd(n)
	if err != nil {
		return err
	}
	defer c.close()
	counts := p.counts(n)
	rounds := make([][]Line, p.Rounds)
	for r := range p.Rounds {
		for i := range p.Pollers {
			lines, err := p.turn(ctx, c, p.Pollers[(r+i)%len(p.Pollers)], counts, r+1)
			if err != nil {
				return err
			}
			rounds[r] = append(rounds[r], lines...)
			step()
		}
		compare(rounds[r])
		for _, l := range rounds[r] {
			tell(l)
		}
	}
	for _, k := range counts {
		for _, poller := range p.Pollers {
			tell(summarise(rounds, poller, k))
		}
	}
	return nil
}

// turn is a poller's turn in a round: one loop, for all numbers of ready descriptors.
func (p *Plan) turn(ctx context.Context, c *crowd, poller Poller, counts []int, round int) ([]Line, error) {
	g, err := newGauge(c, poller)
	if err != nil {
		return nil, err
	}
	defer g.loop.Close()
	var lines []Line
	for _, k := range counts {
		l := newLine(poller, c.n, k)
		l.Round, l.Wide = round, poller == Select && c.highest() >= fdSetSize
		err := p.profiled(&l, func() error { return g.measure(ctx, &l, p.Time) })
		if err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}
