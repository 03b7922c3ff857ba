package workload

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// Run puts a load on the server at t.Peer and measures it.
func Run(ctx context.Context, n Network, t *Task) (*Result, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	switch {
	case t.Bench == Bulk && t.Dir == Send:
		return runSend(ctx, n, t)
	case t.Bench == Bulk && t.Dir == Recv:
		return runRecv(ctx, n, t)
	case t.Bench == RR && t.API == Reactor:
		return runLoopRR(ctx, n, t)
	case t.Bench == RR:
		return runRR(ctx, n, t)
	case t.Bench == CRR:
		return runCRR(ctx, n, t)
	}
	return nil, fmt.Errorf("workload: no load %q %q", t.Bench, t.Dir)
}

// conns are the connections of a load.
type conns []net.Conn

// dialAll opens as many connections to a service as the task has streams.
func dialAll(ctx context.Context, n Network, t *Task, s service) (conns, error) {
	return dialSome(ctx, n, t, s, t.Streams)
}

func dialSome(ctx context.Context, n Network, t *Task, s service, count int) (conns, error) {
	var cs conns
	for range count {
		c, err := n.Dial(ctx, t.network(), t.at(s))
		if err != nil {
			cs.close()
			return nil, err
		}
		cs = append(cs, c)
	}
	return cs, nil
}

func (cs conns) close() {
	for _, c := range cs {
		c.Close()
	}
}

// runSend sends on all connections, and has the server confirm every byte.
func runSend(ctx context.Context, n Network, t *Task) (*Result, error) {
	cs, err := dialAll(ctx, n, t, sink)
	if err != nil {
		return nil, err
	}
	defer cs.close()
	w := newCrew(t)
	r, err := w.observeBulk(ctx, n, func(i int) (int, error) { return cs[i].Write(noise[:]) }, func() {})
	if err != nil {
		return nil, err
	}
	for i, c := range cs {
		if err := confirm(c, w.workers[i].count.Load()); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// confirmLimit is how long the server may take to read what is under way.
const confirmLimit = 20 * time.Second

// confirm ends a stream of n bytes and waits until the server says that so many have arrived.
func confirm(c net.Conn, n uint64) error {
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return err
	}
	if err := c.SetReadDeadline(time.Now().Add(confirmLimit)); err != nil {
		return err
	}
	var answer [8]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return fmt.Errorf("workload: the server does not say what arrived: %w", err)
	}
	if got := binary.BigEndian.Uint64(answer[:]); got != n {
		return fmt.Errorf("workload: %d of %d bytes arrived", got, n)
	}
	return nil
}

// runRecv receives on all connections.
func runRecv(ctx context.Context, n Network, t *Task) (*Result, error) {
	cs, err := dialAll(ctx, n, t, source)
	if err != nil {
		return nil, err
	}
	defer cs.close()
	buffers := make([][]byte, t.Streams)
	for i := range buffers {
		buffers[i] = make([]byte, bufferFor(t.Streams))
	}
	w := newCrew(t)
	read := func(i int) (int, error) {
		n, err := cs[i].Read(buffers[i])
		if w.stop.Load() {
			err = nil // closed
		}
		return n, err
	}
	return w.observeBulk(ctx, n, read, cs.close) // a server that has lost much may take minutes to send more
}

// observeBulk is observe with a probe beside the load. When the time is over it calls cut, which may end the workers' last steps.
// They are done with them when it returns.
func (c *crew) observeBulk(ctx context.Context, n Network, step func(i int) (int, error), cut func()) (*Result, error) {
	p, err := startProbe(ctx, n, c)
	if err != nil {
		return nil, err
	}
	defer p.conns.close()
	r, err := c.observe(ctx, step)
	cut()
	if err == nil {
		err = c.end()
	}
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, err
	}
	r.P50, r.P99, r.P999 = p.trips.quantiles()
	return r, nil
}

// runRR sends a byte and waits for it, again and again.
func runRR(ctx context.Context, n Network, t *Task) (*Result, error) {
	cs, err := dialAll(ctx, n, t, echo)
	if err != nil {
		return nil, err
	}
	defer cs.close()
	trips := newTrips(t.Streams)
	buffers := make([][1]byte, t.Streams)
	w := newCrew(t)
	r, err := w.observe(ctx, func(i int) (int, error) {
		start := time.Now()
		if err := exchange(cs[i], buffers[i][:]); err != nil {
			return 0, err
		}
		if w.counting.Load() {
			trips.add(i, time.Since(start))
		}
		return 1, nil
	})
	if err == nil {
		err = w.end()
	}
	if err != nil {
		return nil, err
	}
	r.P50, r.P99, r.P999 = trips.quantiles()
	return r, nil
}

func exchange(c net.Conn, b []byte) error {
	if _, err := c.Write(b); err != nil {
		return err
	}
	_, err := io.ReadFull(c, b)
	return err
}

// runCRR connects, waits for the server to close, and closes, again and again.
func runCRR(ctx context.Context, n Network, t *Task) (*Result, error) {
	w := newCrew(t)
	r, err := w.observe(ctx, func(int) (int, error) {
		c, err := n.Dial(ctx, t.network(), t.at(hangUp))
		if err != nil {
			return 0, err
		}
		defer c.Close()
		var b [1]byte
		if k, err := c.Read(b[:]); err != io.EOF {
			return 0, fmt.Errorf("workload: a connection that the server closes gives %d, %w", k, err)
		}
		return 1, nil
	})
	if err == nil {
		err = w.end()
	}
	return r, err
}
