package multiplex

import (
	"context"
	"fmt"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

// gauge is a loop that watches a crowd, and counts.
type gauge struct {
	crowd    *crowd
	loop     *reactor.Loop
	seen     []uint32 // by descriptor: the occasion of its last callback
	occasion uint32
	events   int // callbacks of the occasion
	told     int // descriptors with a callback in it
}

func newGauge(c *crowd, p Poller) (*gauge, error) {
	loop, err := reactor.New(p.config())
	if err != nil {
		return nil, err
	}
	g := &gauge{crowd: c, loop: loop, seen: make([]uint32, c.n)}
	for i, fd := range c.fds[:c.n] {
		if _, err := loop.Register(fd, p.want(), func(reactor.Events) { g.count(i) }); err != nil {
			loop.Close()
			return nil, err
		}
	}
	return g, nil
}

func (g *gauge) count(i int) {
	g.events++
	if g.seen[i] != g.occasion {
		g.seen[i] = g.occasion
		g.told++
	}
}

// lost is how long a turn waits for what is there already.
const lost = 5 * time.Second

// run makes some of the crowd ready and takes turns until the loop has told of each. It returns how many that took, and how long.
func (g *gauge) run(active int) (turns int, took time.Duration, err error) {
	chosen := g.crowd.choose(active)
	if err := each(chosen, g.crowd.rouse); err != nil {
		return 0, 0, err
	}
	g.occasion++
	g.events, g.told = 0, 0
	start := time.Now()
	for g.told < active {
		told := g.told
		if err := g.loop.Turn(lost); err != nil {
			return 0, 0, err
		}
		if g.told > told {
			turns++
		} else if time.Since(start) >= lost { // else a signal has ended the wait
			return 0, 0, fmt.Errorf("the loop told of %d of %d descriptors that were ready", told, active)
		}
	}
	took = time.Since(start)
	return turns, took, each(chosen, g.crowd.calm)
}

// leastRuns is how often a case is run at least, and patience how much longer than it is measured, with all that is not.
const (
	leastRuns = 3
	patience  = 10
)

// measure runs for some time and puts the means into the line. The first run, which grows memory, does not count.
func (g *gauge) measure(ctx context.Context, l *Line, limit time.Duration) error {
	if _, _, err := g.run(l.Active); err != nil {
		return err
	}
	var sum time.Duration
	var runs, turns, events int
	for start := time.Now(); runs < leastRuns || sum < limit && time.Since(start) < patience*limit; runs++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, took, err := g.run(l.Active)
		if err != nil {
			return err
		}
		sum, turns, events = sum+took, turns+n, events+g.events
	}
	l.TurnUS = float64(sum.Nanoseconds()) / 1e3 / float64(turns)
	l.EventNS = float64(sum.Nanoseconds()) / float64(events)
	l.Turns = float64(turns) / float64(runs)
	return nil
}
