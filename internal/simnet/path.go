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
	from *Node
	to   *Node
	link *Link // that it shares with others and that comes first, nil if none
	fate *impair.Path
	mtu  int       // of a link in the middle, 0 if all take what the nodes send
	dead mono.Time // from then on it carries nothing
	down mono.Time // until then it carries nothing
	held []*held   // wait for the next packet
}

// Connect makes a path from a to b. There is none back unless it is made too.
func (n *Net) Connect(a, b *Node, plan impair.Plan) *Path {
	p := &Path{net: n, from: a, to: b, fate: impair.NewPath(plan), dead: mono.Never}
	n.paths[[2]*Node{a, b}] = p
	return p
}

// DieAt ends the path for good at a time after the start.
func (p *Path) DieAt(d time.Duration) {
	p.dead = start.Add(d)
	p.net.doomed = true
}

// PauseAt makes the path lose everything for a while.
func (p *Path) PauseAt(d, length time.Duration) {
	p.net.plan(start.Add(d), pause{p, length})
}

// NarrowAt puts a link with a smaller MTU into the path. A router tells senders of packets that do not fit.
func (p *Path) NarrowAt(d time.Duration, mtu int) {
	p.net.plan(start.Add(d), narrow{p, mtu})
}

// pause is the beginning of an outage.
type pause struct {
	path *Path
	d    time.Duration
}

func (o pause) happen() { o.path.down = o.path.net.now.Add(o.d) }

// narrow is a change of route.
type narrow struct {
	path *Path
	mtu  int
}

func (o narrow) happen() { o.path.mtu = o.mtu }

// route sends a packet to where it wants to go and returns what becomes of it, "" if it simply arrives. The packet's
// bytes remain the caller's.
func (n *Net) route(from *Node, p *link.Packet, seen sighting) string {
	_, dst := addresses(p.Bytes)
	path := n.paths[[2]*Node{from, n.byAddr[dst]}]
	switch {
	case path == nil:
		n.fail("%v sends a packet that leads nowhere: %s", from, wire.Format(p.Bytes))
		return "leads nowhere"
	case n.now < path.down || n.now >= path.dead:
		n.sights[sightOutage]++
		return "path down"
	case path.mtu != 0 && len(p.Bytes) > path.mtu:
		n.sights[sightTooBig]++
		path.tooBig(p)
		return "too big"
	}
	return path.carry(p, seen)
}

// carry puts a packet on the path.
func (p *Path) carry(pkt *link.Packet, seen sighting) string {
	var room [2]impair.Delivery
	at := p.net.now
	if p.link != nil {
		var ok bool
		if at, ok = p.link.pass(at, len(pkt.Bytes)); !ok {
			p.net.sights[sightLinkFull]++
			return "queue of the shared link full"
		}
	}
	before := p.fate.Stats()
	arrivals := p.fate.Send(at, len(pkt.Bytes), room[:0])
	what := outcome(before, p.fate.Stats())
	fate := p.net.fate(pkt)
	for _, d := range arrivals {
		c := *pkt
		c.Bytes = p.net.getBuffer(len(pkt.Bytes))
		copy(c.Bytes, pkt.Bytes)
		if d.Mark {
			wire.MarkCE(c.Bytes)
		}
		seen := seen
		if d.Flip >= 0 {
			if d.Flip < 8*unprotected(c.Bytes) {
				p.net.putBuffer(c.Bytes)
				continue
			}
			c.Bytes[d.Flip/8] ^= 0x80 >> (d.Flip % 8)
			seen = sighting{}
		}
		if x := (&delivery{p, c, seen}).suffer(d.At, fate); x != "" {
			what = x
		}
	}
	return what
}

// outcome names what the impairment has done to a packet, by the change of its counters.
func outcome(a, b impair.Stats) string {
	switch {
	case a.Lost != b.Lost:
		return "lost"
	case a.Overflowed != b.Overflowed:
		return "queue full"
	case a.Corrupted != b.Corrupted:
		return "corrupted"
	case a.Late != b.Late:
		return "late"
	case a.Duplicated != b.Duplicated:
		return "duplicated"
	}
	return ""
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
