package host

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/span"
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

// partial is a datagram some fragments of which have arrived. Its bytes lie in a chunk where the datagram will stand,
// maxFragmentHead bytes in; the headers of the first fragment directly before.
type partial struct {
	key      fragmentKey
	chunk    *buffer.Chunk // nil once the datagram is known to be bad: what else comes of it is dropped
	have     span.Set      // which bytes have arrived (RFC 815, the other way round)
	total    int           // length of the payload, -1 before the last fragment has come
	headLen  int           // 0 before the first fragment has come
	ecn      uint8         // set of the congestion marks seen, a bit each
	deadline mono.Time
	to       destination

	next       wire.Proto
	nextOffset int

	newer, older *partial // in order of arrival, those of one IP version
}

// partials is a list by arrival, and so by deadline.
type partials struct{ oldest, newest *partial }

// reassembler holds the partial datagrams.
type reassembler struct {
	pool     *buffer.Pool
	byKey    map[fragmentKey]*partial
	lists    [2]partials // IPv4, IPv6
	bytes    int         // of their chunks
	count    int
	maxBytes int
	maxCount int
}

func (r *reassembler) init(pool *buffer.Pool, l Limits) {
	*r = reassembler{
		pool: pool, byKey: map[fragmentKey]*partial{}, maxBytes: l.ReassemblyBytes, maxCount: l.ReassemblyCount,
	}
}

func (r *reassembler) list(key *fragmentKey) *partials {
	if key.src.Is4() {
		return &r.lists[0]
	}
	return &r.lists[1]
}

// deadline returns when the oldest datagram is given up.
func (r *reassembler) deadline() mono.Time {
	at := mono.Never
	for _, l := range r.lists {
		if l.oldest != nil {
			at = mono.Earliest(at, l.oldest.deadline)
		}
	}
	return at
}

// open returns the datagram f belongs to, a new one if f is its first to arrive.
//
// req: RFC1122 3.3.2-6
func (r *reassembler) open(now mono.Time, f *fragment) *partial {
	if p := r.byKey[f.key]; p != nil {
		return p
	}
	p := &partial{key: f.key, total: -1, deadline: now.Add(reassemblyTimeV4)}
	if f.key.src.Is6() {
		p.deadline = now.Add(reassemblyTimeV6)
	}
	r.byKey[f.key] = p
	r.count++
	l := r.list(&f.key)
	if p.older = l.newest; p.older != nil {
		p.older.newer = p
	} else {
		l.oldest = p
	}
	l.newest = p
	return p
}

// close forgets p.
func (r *reassembler) close(p *partial) {
	r.release(p)
	delete(r.byKey, p.key)
	r.count--
	l := r.list(&p.key)
	if p.older != nil {
		p.older.newer = p.newer
	} else {
		l.oldest = p.newer
	}
	if p.newer != nil {
		p.newer.older = p.older
	} else {
		l.newest = p.older
	}
}

// release gives up p's memory.
func (r *reassembler) release(p *partial) {
	if p.chunk != nil {
		r.bytes -= len(p.chunk.B)
		r.pool.Release(p.chunk)
		p.chunk = nil
	}
	p.have.Clear()
}

// grow makes room for n bytes of payload.
func (r *reassembler) grow(p *partial, n int) {
	if p.chunk != nil && maxFragmentHead+n <= len(p.chunk.B) {
		return
	}
	c := r.pool.Get(maxFragmentHead + n)
	r.bytes += len(c.B)
	if old := p.chunk; old != nil {
		copy(c.B, old.B)
		r.bytes -= len(old.B)
		r.pool.Release(old)
	}
	p.chunk = c
}

// evict gives up the oldest datagrams but keep until the rest is within the bounds.
func (r *reassembler) evict(keep *partial) (evicted int) {
	for r.bytes > r.maxBytes || r.count > r.maxCount {
		var victim *partial
		for _, l := range r.lists {
			p := l.oldest
			if p == keep && p != nil {
				p = p.newer
			}
			if p != nil && (victim == nil || p.deadline < victim.deadline) {
				victim = p
			}
		}
		if victim == nil {
			break
		}
		r.close(victim)
		evicted++
	}
	return evicted
}

// check applies the rules that f can break together with the fragments before it, and reports whether its bytes are new.
func (p *partial) check(f *fragment) (Drop, bool) {
	end := f.offset + len(f.payload)
	switch {
	case p.total >= 0 && (end > p.total || !f.more && end != p.total):
		return DropFragmentBad, false
	case !f.more && uint64(end) < p.have.Max():
		return DropFragmentBad, false
	}
	gap, ok := p.have.NextGap(uint64(f.offset), uint64(end))
	switch {
	case ok && gap.Len() == len(f.payload):
		return accepted, true
	case !ok && bytes.Equal(p.bytes(f.offset, end), f.payload):
		return DropFragmentDuplicate, false
	}
	return DropFragmentOverlap, false
}

// possible reports whether f can be part of any datagram.
func (f *fragment) possible() bool {
	longest := link.MaxPacket
	if f.key.src.Is6() {
		longest += wire.IPv6HeaderLen
	}
	return len(f.payload) > 0 && len(f.head) <= maxFragmentHead && len(f.head)+f.offset+len(f.payload) <= longest
}

func (p *partial) bytes(from, to int) []byte {
	return p.chunk.B[maxFragmentHead+from : maxFragmentHead+to]
}

// add stores f, whose bytes are new.
func (r *reassembler) add(p *partial, f *fragment) {
	end := f.offset + len(f.payload)
	r.grow(p, end)
	copy(p.bytes(f.offset, end), f.payload)
	p.have.Add(uint64(f.offset), uint64(end))
	if !f.more {
		p.total = end
	}
	if f.offset == 0 {
		p.headLen, p.next, p.nextOffset = len(f.head), f.next, f.nextOffset
		copy(p.chunk.B[maxFragmentHead-p.headLen:], f.head)
	}
}

func (p *partial) complete() bool { return p.total >= 0 && p.have.Covered() == p.total }

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

// poisoned is the total of a datagram that will never be whole.
const poisoned = -2

// poison gives up p's memory but remembers it, so that fragments still under way do not begin it anew.
func (r *reassembler) poison(p *partial) {
	r.release(p)
	p.total = poisoned
}

// finish delivers a complete datagram as if it had arrived whole.
func (h *Host) finish(in *inbound, p *partial) Drop {
	tos, ok := p.mark(in.tos)
	if !ok {
		h.frags.close(p)
		return DropFragmentECN
	}
	b := p.packet(tos)
	c := p.chunk
	h.pool.Hold(c)
	h.frags.close(p)
	whole := inbound{owner: c, self: in.self, sumOK: in.self, reassembled: true}
	d := h.recvIP(&whole, b)
	h.pool.Release(c)
	return d
}

// mark returns tos with the congestion mark of the whole datagram.
//
// RFC 3168, Section 5.3: "Reassembly of a fragmented packet MUST NOT lose indications of congestion." One CE makes the
// datagram CE, but together with fragments that are Not-ECT it may not be reassembled.
func (p *partial) mark(tos uint8) (uint8, bool) {
	if p.ecn&(1<<wire.CE) == 0 {
		return tos, true
	}
	return tos | uint8(wire.CE), p.ecn&(1<<wire.NotECT) == 0
}

// packet writes the headers of the whole datagram before its payload and returns it.
func (p *partial) packet(tos uint8) []byte {
	b := p.chunk.B[maxFragmentHead-p.headLen : maxFragmentHead+p.total]
	if b[0]>>4 == 4 {
		b[1] = tos
		putUint16(b[2:], uint16(len(b)))
		putUint16(b[6:], 0)
		putUint16(b[10:], 0)
		putUint16(b[10:], wire.Checksum(b[:p.headLen]))
		return b
	}
	b[0], b[1] = b[0]&0xf0|tos>>4, b[1]&0x0f|tos<<4
	putUint16(b[4:], uint16(len(b)-wire.IPv6HeaderLen))
	b[p.nextOffset] = byte(p.next)
	return b
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
