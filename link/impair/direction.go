package impair

import (
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
)

// clock is real time since a start.
type clock struct{ start time.Time }

func startClock() clock { return clock{time.Now()} }

func (c clock) now() mono.Time { return mono.Time(time.Since(c.start)) + 1 }

// direction drives a Line in real time: send and write put packets on it, receive waits until they arrive.
type direction struct {
	clock clock

	mu      sync.Mutex
	arrived sync.Cond
	line    *Line
	err     error // fatal
	waiting int   // receivers
	waiter  bell  // of who waits without receiving
	dozer   bell
	timer   *time.Timer // wakes them
	armed   mono.Time   // for when it is set; mono.Never if it is not

	scratch []byte // memory of a packet cut from a super-packet
	seg     link.Segmenter
}

func newDirection(p Plan, c clock) *direction {
	d := &direction{clock: c, line: NewLine(p), armed: mono.Never, scratch: make([]byte, link.MaxPacket),
		waiter: newBell(), dozer: newBell()}
	d.arrived.L = &d.mu
	return d
}

// send puts packets that are whole and complete on the line.
func (d *direction) send(pkts []link.Packet) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.clock.now()
	for i := range pkts {
		d.line.Send(now, pkts[i].Bytes)
	}
	d.wake()
}

// write puts any packets on the line, cut to the MTU and with complete checksums.
func (d *direction) write(pkts []link.Packet, mtu int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return 0, d.err
	}
	var first error
	taken := 0
	now := d.clock.now()
	for i := range pkts {
		err := d.cut(now, &pkts[i], mtu)
		if err == nil {
			taken++
		} else if first == nil {
			first = err
		}
	}
	d.wake()
	return taken, first
}

func (d *direction) cut(now mono.Time, p *link.Packet, mtu int) error {
	if len(p.Bytes) == 0 {
		return link.ErrMalformed
	}
	if err := d.seg.Reset(p); err != nil {
		return err
	}
	if d.seg.Max() > mtu {
		return link.ErrTooLong
	}
	for b := d.seg.Next(d.scratch); b != nil; b = d.seg.Next(d.scratch) {
		d.line.Send(now, b)
	}
	return nil
}

// receive fills in as many packets as have arrived. If wait is set it waits for the first.
func (d *direction) receive(pkts []link.Packet, wait bool) (int, error) {
	if len(pkts) == 0 {
		return 0, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.err == nil {
		n, now := 0, d.clock.now()
		for n < len(pkts) {
			p := &pkts[n]
			k := d.line.Next(now, p.Buf)
			if k == 0 {
				break
			}
			*p = link.Packet{Buf: p.Buf, Bytes: p.Buf[:k]}
			n++
		}
		if n > 0 || !wait {
			d.wake() // there may be more, and another receiver
			return n, nil
		}
		d.waiting++
		d.arm()
		d.arrived.Wait()
		d.waiting--
	}
	return 0, d.err
}

// wake sees to it that a waiting receiver, and who has armed a bell, wakes when the next packet arrives, or now if one has.
func (d *direction) wake() {
	if d.waiting == 0 && !d.hasArmed() {
		return
	}
	if d.line.Deadline() <= d.clock.now() || d.err != nil {
		d.arrived.Signal()
		d.ringBells()
		return
	}
	d.arm()
}

// arm sets the timer to the next arrival, unless it is set to that or an earlier one.
func (d *direction) arm() {
	next := d.line.Deadline()
	if next >= d.armed {
		return
	}
	d.armed = next
	wait := next.Sub(d.clock.now())
	if d.timer == nil {
		d.timer = time.AfterFunc(wait, d.expire)
	} else {
		d.timer.Reset(wait)
	}
}

func (d *direction) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = mono.Never
	d.arrived.Broadcast() // each arms the timer again
	d.wake()
}

// fail makes every call return err from now on.
func (d *direction) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
	if d.timer != nil {
		d.timer.Stop()
	}
	d.arrived.Broadcast()
	d.ringBells()
}

func (d *direction) stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.line.Stats()
}
