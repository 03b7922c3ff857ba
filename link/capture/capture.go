// Package capture writes the packets of links to files that Wireshark, tshark and tcpdump open (pcapng).
//
//	w, err := capture.Create("trace.pcapng", capture.Config{})
//	...
//	dev = capture.New(dev, w) // everything that crosses dev from now on
//	...
//	err = w.Close() // after dev.Close
//
// A Writer can also be fed by hand, with times of the caller's choice: simulations do that with virtual time.
//
// Partial checksums are completed in the copy that is written, so that readers do not complain of what a device would
// have completed. Super-packets are written as they are, or with Config.Segment as the packets they stand for.
//
// Concurrency: all methods may be called from any goroutine; several devices may share a Writer. Device is as link.Device.
//
// Conformance: draft-ietf-opsawg-pcapng, version 1.0: one section, LINKTYPE_RAW (101), times in nanoseconds.
//
// Limitations: no filter, and no rotation of files. What cannot be written is counted, not reported to those who send
// packets: see Writer.Err.
package capture

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/antedon-net/antedon/link"
)

// Device is a device whose packets are captured.
type Device struct {
	link.Device
	w      *Writer
	id     int
	queues []link.Queue

	mu       sync.Mutex
	attached map[link.Waiter]link.Waiter // the device's queue, and ours around it, since it was first attached
}

var _ link.Attacher = (*Device)(nil)

// New returns a device that carries the packets of d and writes them to w, as an interface of d's name.
func New(d link.Device, w *Writer) *Device {
	c := &Device{Device: d, w: w, id: w.AddInterface(d.Name())}
	for _, q := range d.Queues() {
		c.queues = append(c.queues, newQueue(q, w, c.id))
	}
	return c
}

// Queues implements link.Device.
func (d *Device) Queues() []link.Queue { return d.queues }

// AttachQueue implements link.Attacher: the packets of such a queue are captured too.
func (d *Device) AttachQueue() (link.Waiter, error) {
	a, ok := d.Device.(link.Attacher)
	if !ok {
		return nil, fmt.Errorf("capture: %s has no queues to attach: %w", d.Name(), errors.ErrUnsupported)
	}
	q, err := a.AttachQueue()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.attached[q] == nil {
		if d.attached == nil {
			d.attached = make(map[link.Waiter]link.Waiter)
		}
		d.attached[q] = newWaiter(q, d.w, d.id)
	}
	return d.attached[q], nil
}

// DetachQueue implements link.Attacher.
func (d *Device) DetachQueue(q link.Waiter) error {
	a, ok := d.Device.(link.Attacher)
	if c, captured := q.(interface{ captured() link.Waiter }); ok && captured {
		return a.DetachQueue(c.captured())
	}
	return fmt.Errorf("capture: the queue to detach is not one that %s was given: %w", d.Name(), errors.ErrUnsupported)
}

// QueueLen implements link.Queued.
func (d *Device) QueueLen() int { return link.QueueLen(d.Device) }

// MaxSuper implements link.Stretcher.
func (d *Device) MaxSuper() int { return link.MaxSuper(d.Device) }

// Close closes the inner device and sees to it that everything captured has been written. The Writer stays open.
func (d *Device) Close() error { return errors.Join(d.Device.Close(), d.w.Flush()) }

type queue struct {
	inner link.Queue
	w     *Writer
	id    int
}

// waiter is a queue that can be read in turns.
type waiter struct {
	*queue
	inner link.Waiter
}

func newQueue(inner link.Queue, w *Writer, id int) link.Queue {
	if inner, ok := inner.(link.Waiter); ok {
		return newWaiter(inner, w, id)
	}
	return &queue{inner: inner, w: w, id: id}
}

func newWaiter(inner link.Waiter, w *Writer, id int) link.Waiter {
	q := waiter{&queue{inner: inner, w: w, id: id}, inner}
	if inner, ok := inner.(link.Polled); ok {
		return &polled{q, inner}
	}
	return &q
}

// polled is one that an event loop can watch.
type polled struct {
	waiter
	inner link.Polled
}

func (q *polled) PollFD() int { return q.inner.PollFD() }

// captured returns the queue whose packets are captured.
func (q *waiter) captured() link.Waiter { return q.inner }

func (q *waiter) Arm()                 { q.inner.Arm() }
func (q *waiter) Wait() error          { return q.inner.Wait() }
func (q *waiter) Doze(d time.Duration) { q.inner.Doze(d) }
func (q *waiter) Rouse()               { q.inner.Rouse() }

func (q *queue) Read(pkts []link.Packet) (int, error) {
	n, err := q.inner.Read(pkts)
	q.capture(Inbound, pkts[:n])
	return n, err
}

func (q *queue) TryRead(pkts []link.Packet) (int, error) {
	n, err := q.inner.TryRead(pkts)
	q.capture(Inbound, pkts[:n])
	return n, err
}

// Write captures first: the answer to a packet may be read before Write of the inner queue returns.
func (q *queue) Write(pkts []link.Packet) (int, error) {
	q.capture(Outbound, pkts)
	return q.inner.Write(pkts)
}

// capture writes a batch, and hands it on at once so that a process that is killed leaves a file that lacks nothing.
func (q *queue) capture(dir Direction, pkts []link.Packet) {
	if len(pkts) == 0 {
		return
	}
	q.w.mu.Lock()
	defer q.w.mu.Unlock()
	info := Info{Interface: q.id, Time: time.Now(), Direction: dir}
	for i := range pkts {
		q.w.write(&info, &pkts[i])
	}
	q.w.flush()
}
