package pipe

import (
	"net"

	"github.com/antedon-net/antedon/link"
)

// queue is a device's only queue.
type queue struct{ d *Device }

// Read implements link.Queue.
func (q *queue) Read(pkts []link.Packet) (int, error) { return q.read(pkts, true) }

// TryRead implements link.Queue.
func (q *queue) TryRead(pkts []link.Packet) (int, error) { return q.read(pkts, false) }

func (q *queue) read(pkts []link.Packet, wait bool) (int, error) {
	if len(pkts) == 0 {
		return 0, nil
	}
	got, err := q.d.in.read(len(pkts), wait)
	if err != nil {
		return 0, err
	}
	i := 0
	for s := got.first; s != nil; s = s.next {
		p := &pkts[i]
		buf := p.Buf
		*p = s.packet
		p.Buf, p.Bytes = buf, buf[:copy(buf, s.packet.Bytes)]
		i++
	}
	q.d.in.recycle(&got)
	return i, nil
}

// Write implements link.Queue.
func (q *queue) Write(pkts []link.Packet) (int, error) {
	d := q.d
	if d.out.closed() {
		return 0, net.ErrClosed
	}
	var packets list
	var first error
	taken := 0
	for i := range pkts {
		var err error
		if d.offload.Has(pkts[i].Needs()) {
			err = d.copyWhole(&packets, &pkts[i])
		} else {
			err = d.copyInSoftware(&packets, &pkts[i])
		}
		if err == nil {
			taken++
			continue
		}
		d.refused.Add(1)
		if first == nil {
			first = err
		}
	}
	if packets.n > 0 {
		d.out.write(&packets)
	}
	return taken, first
}

// copyWhole appends a copy of p to packets.
func (d *Device) copyWhole(packets *list, p *link.Packet) error {
	n := p.Len()
	switch {
	case len(p.Bytes) == 0 || int(p.CsumStart)+int(p.CsumOffset)+2 > len(p.Bytes) && p.CsumStart != 0:
		return link.ErrMalformed
	case n > link.MaxPacket || p.SegSize == 0 && n > d.mtu:
		return link.ErrTooLong
	}
	s := d.out.slot(n)
	at := copy(s.b, p.Bytes)
	for _, b := range p.Payload {
		at += copy(s.b[at:], b)
	}
	s.packet = link.Packet{
		Bytes: s.b[:n], SegSize: p.SegSize, HdrLen: p.HdrLen, CsumStart: p.CsumStart, CsumOffset: p.CsumOffset,
		CsumValid: p.CsumStart != 0,
	}
	packets.push(s)
	return nil
}

// copyInSoftware appends the packets that p stands for, with complete checksums.
func (d *Device) copyInSoftware(packets *list, p *link.Packet) error {
	var seg link.Segmenter
	if err := seg.Reset(p); err != nil {
		return err
	}
	if seg.Max() > d.mtu {
		return link.ErrTooLong
	}
	for seg.Left() > 0 {
		s := d.out.slot(seg.Max())
		s.packet = link.Packet{Bytes: seg.Next(s.b)}
		packets.push(s)
	}
	return nil
}
