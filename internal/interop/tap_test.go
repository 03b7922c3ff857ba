package interop

import (
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
)

// A tap sits between a stack and its device. It tells of traffic, so that a test can wait for what traffic brings, and
// holds back what arrives, so that a test can decide what crosses what.
type tap struct {
	link.Device

	mu     sync.Mutex
	moved  chan struct{} // closed at the next traffic; nil if nobody waits
	held   chan struct{} // closed when what arrives is to pass; nil if it passes
	closed bool

	arrived, left int // packets since hold
	longs         int // super-packets longer than an IP packet
}

func newTap(d link.Device) *tap { return &tap{Device: d} }

// Queues implements link.Device.
func (p *tap) Queues() []link.Queue {
	var queues []link.Queue
	for _, q := range p.Device.Queues() {
		queues = append(queues, tapQueue{q, p})
	}
	return queues
}

// MaxSuper implements link.Stretcher.
func (p *tap) MaxSuper() int { return link.MaxSuper(p.Device) }

// Close implements link.Device.
func (p *tap) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.release()
	return p.Device.Close()
}

type tapQueue struct {
	link.Queue
	p *tap
}

// Read implements link.Queue. The packets of the call before have been dealt with.
func (q tapQueue) Read(pkts []link.Packet) (int, error) {
	q.p.tell()
	n, err := q.Queue.Read(pkts)
	if err == nil {
		err = q.p.wait(n)
	}
	return n, err
}

// Write implements link.Queue.
func (q tapQueue) Write(pkts []link.Packet) (int, error) {
	n, err := q.Queue.Write(pkts)
	q.p.mu.Lock()
	q.p.left += n
	for i := range pkts {
		if pkts[i].Len() > link.MaxPacket {
			q.p.longs++
		}
	}
	q.p.mu.Unlock()
	q.p.tell()
	return n, err
}

// tell wakes who waits for traffic.
func (p *tap) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved != nil {
		close(p.moved)
		p.moved = nil
	}
}

// traffic returns a channel that is closed at the next traffic.
func (p *tap) traffic() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.moved == nil {
		p.moved = make(chan struct{})
	}
	return p.moved
}

// wait waits while what arrives, n packets, is held back.
func (p *tap) wait(n int) error {
	p.mu.Lock()
	p.arrived += n
	held := p.held
	p.mu.Unlock()
	if held != nil {
		p.tell()
		<-held
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	return nil
}

// hold holds back what arrives from now on, until release.
func (p *tap) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.arrived, p.left = 0, 0
	if p.held == nil {
		p.held = make(chan struct{})
	}
}

// crossed returns how many packets have arrived, to be held back, and have left since hold.
func (p *tap) crossed() (arrived, left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrived, p.left
}

// release lets everything that was held back arrive.
func (p *tap) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

// until waits until traffic has made cond true.
func (p *tap) until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	if err := p.await(what, cond); err != nil {
		t.Fatal(err)
	}
}

// await is until for goroutines, which must not end a test.
func (p *tap) await(what string, cond func() bool) error {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		traffic := p.traffic() // before the look, or what comes in between is missed
		if cond() {
			return nil
		}
		select {
		case <-traffic:
		case <-timeout.C:
			return fmt.Errorf("it did not happen: %s", what)
		}
	}
}
