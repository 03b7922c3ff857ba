package host

import (
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

const (
	// How long a datagram waits for its fragments. IPv4 as in Linux (RFC 1122, Section 3.3.2: "It is recommended that
	// the value lie between 60 seconds and 120 seconds"); RFC 8200, Section 4.5 for IPv6: "within 60 seconds of the
	// reception of the first-arriving fragment".
	reassemblyTimeV4 = 30 * time.Second
	reassemblyTimeV6 = 60 * time.Second

	// maxFragmentHead bounds the headers before the fragments of a datagram.
	maxFragmentHead = 256
	// maxHoles bounds the holes in a datagram: an honest one of 64 KiB, in fragments of 576 bytes, cannot have more.
	maxHoles = 64
)

// fragmentKey tells which datagram a fragment belongs to.
//
// req: RFC791 3.2-5
type fragmentKey struct {
	src, dst netip.Addr
	id       uint32
	proto    wire.Proto // 0 for IPv6
}

// fragment is one that arrived.
type fragment struct {
	key     fragmentKey
	head    []byte // the headers before the payload, of IPv6 without the fragment header
	payload []byte
	offset  int
	more    bool

	next       wire.Proto // IPv6: what the payload begins with, and where in head that is to be announced
	nextOffset int
}

// possible reports whether f can be part of any datagram.
func (f *fragment) possible() bool {
	longest := link.MaxPacket
	if f.key.src.Is6() {
		longest += wire.IPv6HeaderLen
	}
	return len(f.payload) > 0 && len(f.head) <= maxFragmentHead && len(f.head)+f.offset+len(f.payload) <= longest
}

// recvFragment takes a fragment, and the datagram that it completes.
//
// RFC 5722, Section 4: "When reassembling an IPv6 datagram, if one or more its constituent fragments is determined to be
// an overlapping fragment, the entire datagram (and any constituent fragments, including those not yet received) MUST be
// silently discarded." We do so for IPv4 too. Exact copies are let pass, as RFC 8200, Section 4.5 allows.
//
// req: RFC791 3.1-1, 3.2-3, RFC1122 3.2.1.4-1, 3.3.2-1, 3.3.2-2, 3.3.2-3, RFC5722 4-2, RFC8200 4.5-11, 5-3
func (h *Host) recvFragment(in *inbound, f *fragment) Drop {
	h.count.Fragments++
	switch {
	case in.to == toOtherGroup:
		return DropNotMember
	case in.reassembled || !f.possible():
		return DropFragmentBad
	}
	r := &h.frags
	p := r.open(h.now, f)
	if p.total == poisoned {
		return DropFragmentOverlap
	}
	d, fresh := p.check(f)
	switch {
	case d == DropFragmentDuplicate:
		return d
	case !fresh:
		r.poison(p)
		return d
	}
	r.add(p, f)
	p.to = in.to
	p.ecn |= 1 << in.ecn()
	if p.have.Len() > maxHoles {
		r.poison(p)
		return DropFragmentTooMany
	}
	if n := r.evict(p); n > 0 {
		h.count.Drops[DropReassemblyEvicted] += uint64(n)
	}
	if !p.complete() {
		return accepted
	}
	h.count.Reassembled++
	return h.finish(in, p)
}

// finish delivers a complete datagram as if it had arrived whole.
func (h *Host) finish(in *inbound, p *partial) Drop {
	ce, ok := p.congested()
	if !ok {
		h.frags.close(p)
		return DropFragmentECN
	}
	b := p.packet(ce)
	c := p.chunk
	h.pool.Hold(c)
	h.frags.close(p)
	whole := inbound{owner: c, self: in.self, sumOK: in.self, reassembled: true}
	d := h.recvIP(&whole, b)
	h.pool.Release(c)
	return d
}

// expireFragments gives up the datagrams whose time has passed, and says so to the sender of those whose first fragment
// has come.
//
// RFC 1122, Section 3.3.2: "If this timeout expires, the partially-reassembled datagram MUST be discarded and an ICMP Time
// Exceeded message sent to the source host (if fragment zero has been received)." RFC 8200, Section 4.5 likewise.
//
// req: RFC1122 3.3.2-5, 3.3.2-8, RFC8200 4.5-6, 4.5-7
func (h *Host) expireFragments(now mono.Time) {
	for i := range h.frags.lists {
		for p := h.frags.lists[i].oldest; p != nil && p.deadline <= now; p = h.frags.lists[i].oldest {
			if p.total != poisoned {
				h.count.drop(DropReassemblyTimeout)
				h.reportTimeout(p)
			}
			h.frags.close(p)
		}
	}
}

// req: RFC792 2-3, 2-5
func (h *Host) reportTimeout(p *partial) {
	if p.headLen == 0 {
		return
	}
	first := p.have.At(0).Len()
	in := inbound{
		src: p.key.src, dst: p.key.dst, proto: p.key.proto, to: p.to,
		whole:   p.chunk.B[maxFragmentHead-p.headLen : maxFragmentHead+first],
		payload: p.bytes(0, first),
	}
	if in.src.Is6() {
		in.proto = p.next
		in.whole[p.nextOffset] = byte(p.next) // there is no fragment header in between any more
	}
	h.sendReassemblyTimeout(&in)
}
