package workload

import (
	"context"
	"os"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"
)

// warmUp is how long a load runs before the time that counts: windows open, buffers grow.
const warmUp = 300 * time.Millisecond

// A crew is workers that repeat a step, each counting what its own came to.
type crew struct {
	task    *Task
	workers []worker
	wg      sync.WaitGroup

	stop     atomic.Bool // no further step
	counting atomic.Bool // the time counts
	counted  atomic.Bool // it does, or did
	unprobed atomic.Bool // the probe, if there is one, has had no exchange that counts
	failed   chan error  // why workers have ended early
}

// worker stands apart from the others by more than a cache line.
type worker struct {
	count atomic.Uint64
	_     [120]byte
}

func newCrew(t *Task) *crew {
	return &crew{task: t, workers: make([]worker, t.Streams), failed: make(chan error, t.Streams)}
}

// observe has every worker repeat step, which returns what it came to, and returns what came together in the time that counts.
// The workers are done with their last step when it returns, unless there is an error.
func (c *crew) observe(ctx context.Context, step func(i int) (int, error)) (*Result, error) {
	defer c.stop.Store(true)
	for i := range c.workers {
		c.wg.Go(func() { c.work(&c.workers[i], func() (int, error) { return step(i) }) })
	}
	return c.afterWarmUp(ctx)
}

// afterWarmUp measures when the load has run for a while.
func (c *crew) afterWarmUp(ctx context.Context) (*Result, error) {
	if err := c.wait(ctx, warmUp); err != nil {
		return nil, err
	}
	return c.measure(ctx)
}

func (c *crew) work(w *worker, step func() (int, error)) {
	for !c.stop.Load() {
		n, err := step()
		w.count.Add(uint64(n))
		if err != nil {
			c.failed <- err
			return
		}
	}
}

// measure measures the time that counts.
func (c *crew) measure(ctx context.Context) (*Result, error) {
	if c.task.Profile != "" {
		f, err := os.Create(c.task.Profile)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return nil, err
		}
		defer pprof.StopCPUProfile()
	}
	first, err := read(c.task.PeerPID)
	if err != nil {
		return nil, err
	}
	c.counting.Store(true)
	c.counted.Store(true)
	before, count := c.total(), uint64(0)
	for count == 0 || c.unprobed.Load() { // nothing has come of it yet on a very busy machine
		if err := c.wait(ctx, c.task.Time); err != nil {
			return nil, err
		}
		count = c.total() - before
	}
	c.counting.Store(false)
	last, err := read(c.task.PeerPID)
	if err != nil {
		return nil, err
	}
	r := last.since(first)
	r.Count = count
	return &r, nil
}

func (c *crew) total() (n uint64) {
	for i := range c.workers {
		n += c.workers[i].count.Load()
	}
	return n
}

// wait lets the workers work. It returns early if one has failed.
func (c *crew) wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case err := <-c.failed:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// end waits for the workers' last steps and returns what went wrong in one.
func (c *crew) end() error {
	c.wg.Wait()
	select {
	case err := <-c.failed:
		return err
	default:
		return nil
	}
}
