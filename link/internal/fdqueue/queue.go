// Package fdqueue is a link.Waiter over a file descriptor of which each read takes and each write gives one packet: a
// TUN device or a packet socket. It puts the headers before each packet that its Framing asks for, and does in software
// what the kernel refuses to do. How goroutines wait for the descriptor is the business of package rawfd.
//
// Concurrency: as link.Queue and link.Waiter, and TryRead may also be called while another goroutine waits. Writers do not
// wait for each other.
package fdqueue

import (
	"sync"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
)

// Queue is a link.Waiter.
type Queue struct {
	*rawfd.FD
	state   *State
	framing Framing
	writers sync.Pool
}

var _ link.Polled = (*Queue)(nil)

// New returns a queue over fd, which is non-blocking and belongs to the queue from now on, even if New fails.
func New(fd int, name string, f Framing, s *State) (*Queue, error) {
	raw, err := rawfd.New(fd, name)
	if err != nil {
		return nil, err
	}
	q := &Queue{FD: raw, state: s, framing: f}
	q.writers.New = func() any { return newWriter(q) }
	return q, nil
}

// Read implements link.Queue.
func (q *Queue) Read(pkts []link.Packet) (int, error) { return rawfd.Read(q, pkts) }

// Write implements link.Queue.
func (q *Queue) Write(pkts []link.Packet) (int, error) {
	w := q.writers.Get().(*writer)
	defer q.writers.Put(w)
	w.start(pkts)
	for {
		fd, err := q.Enter()
		if err != nil {
			return w.finish(err)
		}
		done := w.drain(fd)
		if !done {
			rawfd.AwaitRoom(fd)
		}
		q.Leave()
		if done {
			return w.finish(nil)
		}
	}
}
