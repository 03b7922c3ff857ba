package udp

import (
	"sync"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
)

// queue is the device's only queue.
type queue struct {
	*rawfd.FD
	d       *Device
	in      reader
	notices notices
	writers sync.Pool
}

var _ link.Waiter = (*queue)(nil)

func (q *queue) init(d *Device) {
	q.d = d
	q.in.init(d)
	q.writers.New = func() any { return newWriter(q) }
}

// Read implements link.Queue.
func (q *queue) Read(pkts []link.Packet) (int, error) { return rawfd.Read(q, pkts) }

// TryRead implements link.Queue.
func (q *queue) TryRead(pkts []link.Packet) (int, error) {
	fd, err := q.Enter()
	if err != nil {
		return 0, err
	}
	defer q.Leave()
	b := batch{pkts: pkts, count: &q.d.count}
	q.notices.handOut(&b)
	err = q.in.read(fd, &b)
	if b.n > 0 {
		q.d.count.received.Add(uint64(b.n))
		err = nil // it will be there at the next call
	}
	return b.n, err
}

// Arm implements link.Waiter. A packet that was received but not handed out, or a notice of our own, the kernel knows nothing
// of.
func (q *queue) Arm() {
	q.FD.Arm()
	if q.hasPackets() {
		q.ArmNow()
	}
}

// Doze implements link.Waiter.
func (q *queue) Doze(d time.Duration) {
	if !q.hasPackets() {
		q.FD.Doze(d)
	}
}

// hasPackets reports whether TryRead would return some without the kernel's help.
func (q *queue) hasPackets() bool { return q.notices.waiting.Load() > 0 || q.in.holds.Load() }
