package impair

import (
	"fmt"
	"net"
	"sync"

	"github.com/antedon-net/antedon/link"
)

// Device is an impaired device. It announces no offload and has one queue.
type Device struct {
	inner   link.Device // without offload
	out, in *direction
	queues  []link.Queue
	running sync.WaitGroup

	close    sync.Once
	closeErr error
}

var _ link.Device = (*Device)(nil)

// inboundSeed tells the two directions apart if they have the same seed.
const inboundSeed = 0x94d049bb133111eb

// New impairs d: out applies to what is written to it, in to what is read from it. The same plan may be given for both,
// chance is different. d belongs to the new device, and is closed with it.
func New(d link.Device, out, in Plan) (*Device, error) {
	for _, p := range []*Plan{&out, &in} {
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("impair: %w", err)
		}
	}
	in.Seed ^= inboundSeed
	clock := startClock()
	dev := &Device{inner: link.WithoutOffload(d), out: newDirection(out, clock), in: newDirection(in, clock)}
	dev.queues = []link.Queue{&queue{dev}}
	for _, q := range dev.inner.Queues() {
		dev.running.Go(func() { dev.readInner(q) })
	}
	dev.running.Go(dev.writeInner)
	return dev, nil
}

// batch is how many packets cross to and from the inner device at once.
const batch = 16

// readInner puts what the inner device hands over on the inbound line.
func (d *Device) readInner(q link.Queue) {
	pkts := make([]link.Packet, batch)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	for {
		n, err := q.Read(pkts)
		d.in.send(pkts[:n])
		if err != nil {
			d.in.fail(err)
			return
		}
	}
}

// writeInner hands the inner device what has arrived on the outbound line.
func (d *Device) writeInner() {
	pkts := make([]link.Packet, batch)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.MaxPacket)
	}
	q := d.inner.Queues()[0]
	for {
		n, err := d.out.receive(pkts, true)
		if err != nil {
			return
		}
		// A packet that is refused is one more that is lost, unless nothing works any more: then Read tells.
		_, _ = q.Write(pkts[:n])
	}
}

// Name implements link.Device.
func (d *Device) Name() string { return d.inner.Name() }

// MTU implements link.Device.
func (d *Device) MTU() int { return d.inner.MTU() }

// Offload implements link.Device: there is none.
func (d *Device) Offload() link.Offload { return link.OffloadNone }

// Queues implements link.Device.
func (d *Device) Queues() []link.Queue { return d.queues }

// Stats returns the counters of what was written and what was read.
func (d *Device) Stats() (out, in Stats) { return d.out.stats(), d.in.stats() }

// Close closes the device and the one inside. Packets under way are lost.
func (d *Device) Close() error {
	d.close.Do(func() {
		d.out.fail(net.ErrClosed)
		d.in.fail(net.ErrClosed)
		d.closeErr = d.inner.Close()
		d.running.Wait()
	})
	return d.closeErr
}

// queue is the device's only queue.
type queue struct{ d *Device }

func (q *queue) Read(pkts []link.Packet) (int, error) { return q.d.in.receive(pkts, true) }

func (q *queue) TryRead(pkts []link.Packet) (int, error) { return q.d.in.receive(pkts, false) }

// Write implements link.Queue. The packets are lost or delayed as the plan has it; all that are no error are taken.
func (q *queue) Write(pkts []link.Packet) (int, error) { return q.d.out.write(pkts, q.d.MTU()) }
