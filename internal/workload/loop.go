package workload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

// LoopNetwork is a Network whose connections call back from an event loop too. The loop is run by the load.
type LoopNetwork interface {
	Network
	Loop() *reactor.Loop
	DialInLoop(network, address string, h reactor.Handler) (reactor.Conn, error)
	ListenInLoop(network, address string, accept func(reactor.Conn) reactor.Handler) error
}

var errNoLoop = errors.New("workload: this stack is in no event loop")

// runLoopRR is runRR in an event loop: the answer's callback sends the next byte.
func runLoopRR(ctx context.Context, n Network, t *Task) (*Result, error) {
	in, ok := n.(LoopNetwork)
	if !ok {
		return nil, errNoLoop
	}
	c := newCrew(t)
	trips := newTrips(t.Streams)
	for i := range t.Streams {
		_, err := in.DialInLoop(t.network(), t.at(echo), &tripper{crew: c, trips: trips, worker: i})
		if err != nil {
			return nil, err
		}
	}
	c.wg.Go(func() {
		if err := in.Loop().Run(); err != nil {
			c.failed <- err
		}
	})
	r, err := c.afterWarmUp(ctx)
	c.stop.Store(true)
	in.Loop().Close()
	if err == nil {
		err = c.end()
	}
	if err != nil {
		return nil, err
	}
	r.P50, r.P99, r.P999 = trips.quantiles()
	return r, nil
}

// tripper sends a byte and waits for it, again and again.
type tripper struct {
	*crew
	trips  trips
	worker int
	byte   [1]byte
	start  time.Time
}

func (t *tripper) OnConnect(c reactor.Conn) { t.send(c) }

func (t *tripper) send(c reactor.Conn) {
	t.start = time.Now()
	_, _ = c.Write(t.byte[:]) // one byte has room, or else OnClose says why not
}

func (t *tripper) OnReadable(c reactor.Conn) {
	if n, err := c.Read(t.byte[:]); n == 0 {
		if !errors.Is(err, reactor.ErrWouldBlock) {
			_ = c.Abort()
			t.fail(fmt.Errorf("workload: no answer: %w", err))
		}
		return
	}
	if t.counting.Load() {
		t.trips.add(t.worker, time.Since(t.start))
	}
	t.workers[t.worker].count.Add(1)
	t.send(c)
}

func (t *tripper) OnWritable(reactor.Conn) {}

func (t *tripper) OnClose(_ reactor.Conn, err error) {
	if err != nil && !t.stop.Load() {
		t.fail(err)
	}
}

// fail ends the load, if nothing has yet.
func (c *crew) fail(err error) {
	select {
	case c.failed <- err:
	default:
	}
}
