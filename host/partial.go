package host

import (
	"bytes"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/wire"
)

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

// poisoned is the total of a datagram that will never be whole.
const poisoned = -2

// poison gives up p's memory but remembers it, so that fragments still under way do not begin it anew.
func (r *reassembler) poison(p *partial) {
	r.release(p)
	p.total = poisoned
}

// congested reports whether the datagram met congestion, and false for ok if its fragments contradict each other.
//
// RFC 3168, Section 5.3: "Reassembly of a fragmented packet MUST NOT lose indications of congestion." One CE makes the
// datagram CE, but together with fragments that are Not-ECT it may not be reassembled.
//
// req: RFC3168 5.3-1, 5.3-2, 5.3-3
func (p *partial) congested() (ce, ok bool) {
	ce = p.ecn&(1<<wire.CE) != 0
	return ce, !ce || p.ecn&(1<<wire.NotECT) == 0
}

// packet makes the headers of the first fragment those of the whole datagram and returns it.
//
// req: RFC3168 5.3-1, 5.3-2, 5.3-4
func (p *partial) packet(ce bool) []byte {
	b := p.chunk.B[maxFragmentHead-p.headLen : maxFragmentHead+p.total]
	if b[0]>>4 == 4 {
		if ce {
			b[1] |= byte(wire.CE)
		}
		putUint16(b[2:], uint16(len(b)))
		putUint16(b[6:], 0)
		putUint16(b[10:], 0)
		putUint16(b[10:], wire.Checksum(b[:p.headLen]))
		return b
	}
	if ce {
		b[1] |= byte(wire.CE) << 4
	}
	putUint16(b[4:], uint16(len(b)-wire.IPv6HeaderLen))
	b[p.nextOffset] = byte(p.next)
	return b
}
