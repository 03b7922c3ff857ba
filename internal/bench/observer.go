package bench

import (
	"net/netip"

	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/wire"
)

// Counts are what an Observer has seen of packets that carry TCP payload. Bytes are bytes of payload.
type Counts struct {
	Packets, Bytes uint64

	// Lost packets did not leave the link, whether by chance or for want of room in its queue.
	Lost uint64

	// Retransmits carry payload that was sent before. They are Spurious if all of that had been sent in a packet that was
	// not lost: the receiver has it, or is about to.
	Retransmits, RetransmitBytes uint64
	Spurious, SpuriousBytes      uint64
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Packets += o.Packets
	c.Bytes += o.Bytes
	c.Lost += o.Lost
	c.Retransmits += o.Retransmits
	c.RetransmitBytes += o.RetransmitBytes
	c.Spurious += o.Spurious
	c.SpuriousBytes += o.SpuriousBytes
}

// Observer counts retransmissions. It sees each packet as it enters the link, and knows whether the link will lose it.
type Observer struct {
	flows map[flowID]*flow
}

// NewObserver returns an Observer that has seen nothing.
func NewObserver() *Observer { return &Observer{flows: make(map[flowID]*flow)} }

// flowID names one direction of a connection.
type flowID struct{ src, dst netip.AddrPort }

// flow is what has been seen of one direction of a connection. Offsets count payload from its first byte on.
type flow struct {
	first     uint32 // sequence number of offset 0
	sent      span.Set
	delivered span.Set // what was sent in packets that were not lost
	counts    Counts
}

// Observe counts an IPv4 packet that is lost, or not.
func (o *Observer) Observe(packet []byte, lost bool) {
	ip, segment, err := wire.ParseIPv4(packet)
	if err != nil || ip.Proto != wire.ProtoTCP || ip.IsFragment() {
		return
	}
	h, payload, err := wire.ParseTCP(segment)
	if err != nil {
		return
	}
	id := flowID{netip.AddrPortFrom(ip.Src, h.SrcPort), netip.AddrPortFrom(ip.Dst, h.DstPort)}
	f := o.flows[id]
	if f == nil || h.Flags.Has(wire.SYN) {
		f = &flow{first: h.Seq}
		if h.Flags.Has(wire.SYN) {
			f.first++
		}
		o.flows[id] = f
	}
	if len(payload) > 0 {
		f.observe(h.Seq, len(payload), lost)
	}
}

// observe counts a packet with n bytes of payload.
func (f *flow) observe(seq uint32, n int, lost bool) {
	lo, ok := f.offset(seq)
	if !ok {
		return // a probe from before the stream
	}
	hi := lo + uint64(n)
	c := &f.counts
	c.Packets++
	c.Bytes += uint64(n)
	again := overlap(&f.sent, lo, hi)
	needless := overlap(&f.delivered, lo, hi)
	if again > 0 {
		c.Retransmits++
		c.RetransmitBytes += again
		c.SpuriousBytes += needless
		if again == needless {
			c.Spurious++
		}
	}
	f.sent.Add(lo, hi)
	if lost {
		c.Lost++
	} else {
		f.delivered.Add(lo, hi)
	}
}

// offset returns the offset of a sequence number, given that it is within 2 GiB of what was sent last. It returns false if
// that lies before the stream.
func (f *flow) offset(seq uint32) (uint64, bool) {
	top := f.sent.Max()
	off := int64(top) + int64(int32(seq-f.first-uint32(top)))
	return uint64(off), off >= 0
}

// overlap returns how many offsets of [lo, hi) are in s.
func overlap(s *span.Set, lo, hi uint64) uint64 {
	n := hi - lo
	for {
		gap, ok := s.NextGap(lo, hi)
		if !ok {
			return n
		}
		n -= uint64(gap.Len())
		lo = gap.Hi
	}
}

// Total returns the counts of all flows together.
func (o *Observer) Total() Counts {
	var c Counts
	for _, f := range o.flows {
		c.Add(f.counts)
	}
	return c
}

// From returns the counts of the flows from an address.
func (o *Observer) From(src netip.Addr) Counts {
	var c Counts
	for id, f := range o.flows {
		if id.src.Addr() == src {
			c.Add(f.counts)
		}
	}
	return c
}
