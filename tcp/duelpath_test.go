package tcp_test

import (
	"bytes"
	"slices"
	"syscall"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// stripped is which options a middlebox takes out.
type stripped struct{ mss, sack, ts, scale bool }

// of strips the options of a SYN.
func (s stripped) of(o *wire.TCPOptions) {
	o.HasMSS = o.HasMSS && !s.mss
	o.SACKPermitted = o.SACKPermitted && !s.sack
	o.HasTimestamps = o.HasTimestamps && !s.ts
	o.HasWScale = o.HasWScale && !s.scale
}

// send puts a segment of side i on the path.
func (d *duel) send(i int, seg tcp.Segment) {
	if seg.Has(wire.SYN) {
		d.mild.of(&seg.Header.Options)
	}
	to := d.side[1-i]
	if len(to.in) < 1000 { // else the queue is full
		to.in = append(to.in, seg)
	}
}

// deliver hands side i the k-th segment on its way there.
func (d *duel) deliver(i, k int) {
	f := d.side[i]
	if len(f.in) == 0 {
		return
	}
	k %= len(f.in)
	seg := f.in[k]
	f.in = slices.Delete(f.in, k, k+1)
	switch {
	case f.conn == nil:
		if h, ok := tcp.ResetFor(&seg); seg.Header.Flags&(wire.SYN|wire.ACK|wire.RST) != wire.SYN {
			if ok {
				d.send(i, tcp.Segment{Header: h})
			}
			return
		}
		d.noteDelivered(i, &seg)
		f.conn, _ = tcp.AcceptFast(f.env, &f.cfg, d.now, f.id, 1500, &seg)
	case f.conn.State() == tcp.StateClosed:
		if h, ok := tcp.ResetFor(&seg); ok {
			d.send(i, tcp.Segment{Header: h})
		}
	default:
		d.noteDelivered(i, &seg)
		d.inChunk(f, &seg)
		f.conn.Recv(d.now, &seg)
		if seg.Owner != nil {
			f.env.Pool.Release(seg.Owner)
		}
	}
}

// inChunk puts every other payload into a chunk, as the devices do.
func (d *duel) inChunk(f *fighter, seg *tcp.Segment) {
	if n := len(seg.Payload); n > 0 && seg.Header.Seq&1 == 0 {
		seg.Owner = f.env.Pool.Get(n)
		seg.Payload = seg.Owner.B[:copy(seg.Owner.B, seg.Payload)]
	}
}

// meddle does something to the k-th segment on its way to side i.
func (d *duel) meddle(i int, how byte) {
	f := d.side[i]
	k := d.in.n(256)
	if len(f.in) == 0 {
		return
	}
	k %= len(f.in)
	switch seg := &f.in[k]; how {
	case 7:
		f.in = slices.Delete(f.in, k, k+1)
	case 8:
		again := *seg
		again.Payload = bytes.Clone(seg.Payload)
		f.in = slices.Insert(f.in, d.in.n(len(f.in)), again)
	case 9:
		f.split(k, 1+d.in.n(2000))
	case 10:
		f.merge(k, d.in.byte()&1 == 0)
	case 11:
		if v := d.in.byte(); seg.Header.Flags&wire.SYN == 0 {
			if seg.Header.Options.HasTimestamps = seg.Header.Options.HasTimestamps && v&1 == 0; v&2 != 0 {
				seg.Header.Options.NSACK = 0
			}
		}
	case 12:
		seg.CE = seg.CE || seg.ECT
	}
}

// split cuts the k-th segment after n bytes, as a middlebox may that has its own idea of the MTU.
func (f *fighter) split(k, n int) {
	first := f.in[k]
	if n >= len(first.Payload) || first.Has(wire.SYN) {
		return
	}
	rest := first
	first.Header.Flags &^= wire.FIN | wire.PSH
	first.Payload = bytes.Clone(first.Payload[:n])
	rest.Header.Seq += uint32(n)
	rest.Header.Flags &^= wire.CWR
	rest.Payload = rest.Payload[n:]
	for _, x := range []*tcp.Segment{&first, &rest} {
		if len(x.Payload) <= x.SegSize {
			x.SegSize = 0
		}
	}
	f.in[k] = first
	f.in = slices.Insert(f.in, k+1, rest)
}

// merge joins the k-th segment and the one behind it, as offload does (super) or a middlebox.
func (f *fighter) merge(k int, super bool) {
	if k+1 >= len(f.in) {
		return
	}
	a, b := f.in[k], f.in[k+1]
	const never = wire.SYN | wire.RST
	switch {
	case (a.Header.Flags|b.Header.Flags)&never != 0, a.Has(wire.FIN), len(a.Payload) == 0, len(b.Payload) == 0:
		return
	case a.Header.Seq+uint32(len(a.Payload)) != b.Header.Seq, len(a.Payload)+len(b.Payload) > 60_000:
		return
	}
	m := b
	m.Header.Seq = a.Header.Seq
	m.Header.Flags |= a.Header.Flags & (wire.PSH | wire.CWR | wire.ECE)
	m.Payload = append(bytes.Clone(a.Payload), b.Payload...)
	m.CE, m.ECT = a.CE || b.CE, a.ECT || b.ECT
	if m.SegSize = 0; super {
		m.SegSize = len(a.Payload)
		if a.SegSize != 0 {
			m.SegSize = a.SegSize
		}
	}
	f.in[k] = m
	f.in = slices.Delete(f.in, k+1, k+2)
}

// tooBig tells the sender of the k-th segment on its way to side i that it does not fit.
func (d *duel) tooBig(i int) {
	k, mtu := d.in.n(256), d.in.n(2000)
	if f := d.side[i]; len(f.in) > 0 && d.side[1-i].conn != nil {
		d.side[1-i].conn.OnICMP(d.now, tcp.ICMPTooBig, f.in[k%len(f.in)].Header.Seq, mtu, syscall.EMSGSIZE)
	}
}
