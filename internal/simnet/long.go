package simnet

import (
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// Long says what becomes of super-packets longer than an IP packet can be, which a device of mode Cut or Super takes from its host.
type Long uint8

const (
	// LongNone: the device takes none.
	LongNone Long = iota
	// LongAsOthers: they fare as other super-packets do: cut before they leave, or whole all the way.
	LongAsOthers
	// LongCut: they are cut before they leave, although others are not, as a kernel does that forwards them.
	LongCut
	// LongDropped: they are lost, as in a kernel that finds their length wrong.
	LongDropped
)

func (l Long) String() string { return [...]string{"none", "as others", "cut", "dropped"}[l] }

// maxSuper is what link.MaxSuper would say of the device.
func (l Long) maxSuper() int {
	if l == LongNone {
		return link.MaxPacket
	}
	return link.MaxSuperPacket
}

// put sends a packet on, cut if it is to be.
func (c *nic) put(p *link.Packet, e *end) {
	long := p.Len() > link.MaxPacket
	if long {
		c.longs++
	}
	switch {
	case long && c.Long == LongDropped:
		c.nd.net.record(c.nd, capture.Outbound, p, "too long")
		c.account(p, e)
	case c.Cut && (p.SegSize != 0 || p.CsumStart != 0), long && c.Long == LongCut:
		c.transmitCut(p, e)
	default:
		c.leave(p, e)
	}
}

// account looks at a packet that is lost before it reaches the path.
func (c *nic) account(p *link.Packet, e *end) {
	c.nd.net.packets++
	c.nd.net.inspect(c.nd, p, e)
}
