package host

import (
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// headroom before the body of a datagram takes any IP header we send.
const headroom = wire.IPv6HeaderLen + wire.FragmentHeaderLen

// datagram is a transport header with what follows, of no connection, waiting to leave.
type datagram struct {
	ip    ipHeader
	chunk *buffer.Chunk
	body  []byte // headroom bytes into chunk

	sumOffset int // if not 0: the checksum field in body is partial

	// For those that leave in fragments:
	room int // bytes per fragment, 0 if it leaves whole
	sent int
	id   uint32
}

// compose begins a datagram whose body will be n bytes, appended to body by the caller.
func (h *Host) compose(ip ipHeader, n int) datagram {
	c := h.pool.Get(headroom + n)
	return datagram{ip: ip, chunk: c, body: c.B[headroom:headroom]}
}

// outQueue holds the datagrams that wait for NextPacket.
type outQueue struct {
	q     fifo[datagram]
	bytes int // of their chunks
	limit int
}

// send puts d on its way, in fragments if it is larger than the path's MTU, and reports whether there was room.
func (h *Host) send(d datagram) bool {
	if h.isSelf(d.ip.dst) {
		return h.sendSelf(d)
	}
	size := len(d.chunk.B)
	if h.out.bytes+size > h.out.limit {
		h.pool.Release(d.chunk)
		h.count.drop(DropOutputQueueFull)
		return false
	}
	if mtu := h.mtu(d.ip.dst); d.ip.len()+len(d.body) > mtu {
		h.completeChecksum(&d)
		d.id = h.fragmentID(&d.ip)
		d.room = fragmentRoom(&d.ip, mtu)
	}
	h.out.bytes += size
	h.out.q.push(d)
	return true
}

// completeChecksum finishes a partial checksum: nobody else can in fragments.
func (h *Host) completeChecksum(d *datagram) {
	if d.sumOffset != 0 {
		sum := ^wire.FoldSum(wire.SumBytes(wire.Sum{}, d.body))
		if sum == 0 && d.ip.proto == wire.ProtoUDP {
			sum = 0xffff
		}
		putUint16(d.body[d.sumOffset:], sum)
		d.sumOffset = 0
	}
}

// fragmentRoom returns how many bytes of payload a fragment has room for.
//
// req: RFC791 3.2-2, RFC8200 4.5-2
func fragmentRoom(ip *ipHeader, mtu int) int {
	head := wire.IPv4HeaderLen
	if ip.dst.Is6() {
		head = wire.IPv6HeaderLen + wire.FragmentHeaderLen
	}
	return (mtu - head) &^ 7
}

// HasPackets reports whether NextPacket would return true.
func (h *Host) HasPackets() bool { return h.out.q.len() > 0 }

// NextPacket fills p with the next packet that belongs to no connection, and returns false if there is none.
func (h *Host) NextPacket(p *Packet) bool {
	if h.out.q.len() == 0 {
		return false
	}
	d := h.out.q.front()
	p.Packet = link.Packet{}
	p.pins[0], p.npins = buffer.View{B: d.body, Chunk: d.chunk}, 1
	switch {
	case d.room == 0:
		p.Bytes = d.packet()
		if d.sumOffset != 0 {
			p.CsumStart, p.CsumOffset = uint16(d.ip.len()), uint16(d.sumOffset)
		}
	default:
		if p.putFragment(d) {
			h.pool.Hold(d.chunk) // one reference for each fragment
			h.count.Out.add(p.Len())
			return true
		}
	}
	h.count.Out.add(p.Len())
	h.out.bytes -= len(d.chunk.B)
	h.out.q.pop()
	return true
}

// packet returns the datagram as a whole packet, in its chunk.
func (d *datagram) packet() []byte {
	n := d.ip.len()
	d.ip.appendTo(d.chunk.B[headroom-n:headroom-n], len(d.body))
	return d.chunk.B[headroom-n : headroom+len(d.body)]
}

// putFragment makes p the next fragment of d and reports whether more will follow.
//
// RFC 6864, Section 4: DF is clear in what is fragmented, and the ID is not arbitrary.
//
// req: RFC5722 4-1, RFC6864 4.3-2, RFC8200 4.5-3, 4.5-4
func (p *Packet) putFragment(d *datagram) (more bool) {
	n := min(d.room, len(d.body)-d.sent)
	more = d.sent+n < len(d.body)
	if d.ip.dst.Is4() {
		ip := wire.IPv4{
			TOS: d.ip.tos, ID: uint16(d.id), MF: more, FragOffset: d.sent, TTL: d.ip.ttl, Proto: d.ip.proto,
			Src: d.ip.src, Dst: d.ip.dst,
		}
		p.Bytes = ip.AppendTo(p.head[:0], n)
	} else {
		ip, f := d.ip, wire.Fragment{More: more, Offset: d.sent, ID: d.id, Next: d.ip.proto}
		ip.proto = wire.ProtoFragment
		p.Bytes = f.AppendTo(ip.appendTo(p.head[:0], wire.FragmentHeaderLen+n))
	}
	p.parts[0] = d.body[d.sent : d.sent+n]
	p.Payload = p.parts[:1]
	d.sent += n
	return more
}
