package simnet

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/wire"
)

// Path leads from one node to another.
type Path struct {
	net  *Net
	to   *Node
	fate *impair.Path
	dead mono.Time // from then on it carries nothing
	down mono.Time // until then it carries nothing
}

// Connect makes a path from a to b. There is none back unless it is made too.
func (n *Net) Connect(a, b *Node, plan impair.Plan) *Path {
	p := &Path{net: n, to: b, fate: impair.NewPath(plan), dead: mono.Never}
	n.paths[[2]*Node{a, b}] = p
	return p
}

// DieAt ends the path for good when it has carried packets for d.
func (p *Path) DieAt(d time.Duration) { p.dead = start.Add(d) }

// PauseAt makes the path lose everything for a while, once it has carried packets for d.
func (p *Path) PauseAt(d, length time.Duration) {
	p.net.plan(start.Add(d), pause{p, length})
}

// pause is the beginning of an outage.
type pause struct {
	path *Path
	d    time.Duration
}

func (o pause) happen() { o.path.down = o.path.net.now.Add(o.d) }

// route sends a packet to where it wants to go. The packet's bytes remain the caller's.
func (n *Net) route(from *Node, p *link.Packet, seen sighting) {
	path := n.paths[[2]*Node{from, n.byAddr[destination(p.Bytes)]}]
	switch {
	case path == nil:
		n.fail("%v sends a packet that leads nowhere: %s", from, wire.Format(p.Bytes))
	case n.now >= path.down && n.now < path.dead:
		path.carry(p, seen)
	}
}

// carry puts a packet on the path.
func (p *Path) carry(pkt *link.Packet, seen sighting) {
	var room [2]impair.Delivery
	for _, d := range p.fate.Send(p.net.now, len(pkt.Bytes), room[:0]) {
		c := *pkt
		c.Bytes = p.net.getBuffer(len(pkt.Bytes))
		copy(c.Bytes, pkt.Bytes)
		seen := seen
		if d.Flip >= 0 {
			if d.Flip < 8*unprotected(c.Bytes) {
				p.net.putBuffer(c.Bytes)
				continue
			}
			c.Bytes[d.Flip/8] ^= 0x80 >> (d.Flip % 8)
			seen = sighting{}
		}
		p.net.plan(d.At, &delivery{p, c, seen})
	}
}

// unprotected returns how many bytes at the start of a packet no checksum covers. IPv6 leaves its header to the link's
// own, which would not have let a broken one pass.
func unprotected(b []byte) int {
	if b[0]>>4 == 6 {
		return wire.IPv6HeaderLen
	}
	return 0
}

// delivery is a packet on its way. It owns the bytes.
type delivery struct {
	path *Path
	pkt  link.Packet
	seen sighting
}

func (d *delivery) happen() {
	n := d.path.net
	b := d.pkt.Bytes
	d.seen.arrive()
	d.path.to.receive(&d.pkt)
	n.putBuffer(b)
}
