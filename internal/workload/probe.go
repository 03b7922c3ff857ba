package workload

import (
	"context"
	"sync"
	"time"
)

// A probe exchanges a byte from time to time beside a load. Its connections take turns, so that one that waits for long does not
// keep the others from finding the same: waiting counts as often as it happens.
type probe struct {
	crew  *crew // whose load it is
	conns conns
	trips trips
	wg    sync.WaitGroup

	failed chan error
}

const (
	// probes is how many connections a probe has.
	probes = 8
	// probePause is how long each waits between two exchanges: all together load the machine by less than a hundredth.
	probePause = 40 * time.Millisecond
)

// startProbe begins to probe, until the crew stops.
func startProbe(ctx context.Context, n Network, c *crew) (*probe, error) {
	cs, err := dialSome(ctx, n, c.task, echo, probes)
	if err != nil {
		return nil, err
	}
	p := &probe{crew: c, conns: cs, trips: newTrips(probes), failed: make(chan error, probes)}
	c.unprobed.Store(true)
	for i := range cs {
		p.wg.Go(func() {
			if err := p.run(i); err != nil {
				c.unprobed.Store(false) // end tells
				p.failed <- err
			}
		})
	}
	return p, nil
}

// run makes one connection's exchanges. One that had not ended when the time that counts began, nor begun when that ended, counts: it
// may have taken longer than that.
func (p *probe) run(i int) error {
	var b [1]byte
	time.Sleep(probePause * time.Duration(i) / probes)
	for !p.crew.stop.Load() {
		isLate := p.crew.counted.Load() && !p.crew.counting.Load()
		start := time.Now()
		if err := exchange(p.conns[i], b[:]); err != nil {
			return err
		}
		if !isLate && p.crew.counted.Load() {
			p.trips.add(i, time.Since(start))
			p.crew.unprobed.Store(false)
		}
		time.Sleep(probePause)
	}
	return nil
}

// end waits for the last exchanges and returns what went wrong in one.
func (p *probe) end() error {
	for _, c := range p.conns {
		if err := c.SetReadDeadline(time.Now().Add(confirmLimit)); err != nil {
			return err
		}
	}
	p.wg.Wait()
	select {
	case err := <-p.failed:
		return err
	default:
		return nil
	}
}
