package simnet

import (
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// NIC says how a network interface sends.
type NIC struct {
	// Gap is the time a packet takes. 0: packets leave at once.
	Gap time.Duration
	// Room is how many packets the interface queues, their bytes pinned, if it takes time.
	Room int
	// Cut makes the interface cut super-packets before they leave, as wrappers of devices do.
	Cut bool
	// Long says what it does with those that are longer than an IP packet.
	Long Long
}

// nic is a network interface. Its packets wait for their turn in the host's memory, as those of a writev under way do:
// they are looked at when they leave, and whatever changed meanwhile is seen.
type nic struct {
	NIC
	nd    *Node
	queue []*outgoing
	spare []*outgoing
	cut   link.Segmenter
	longs int // how many long super-packets it was given
}

// outgoing is a packet on its way out, of a connection or of none.
type outgoing struct {
	pkt host.Packet
	end *end
}

func (c *nic) init(nd *Node, p NIC) { c.nd, c.NIC = nd, p }

func (c *nic) hasRoom() bool { return c.Gap == 0 || len(c.queue) < max(c.Room, 1) }

// next returns memory for a packet: to be sent, or given back as unused.
func (c *nic) next() *outgoing {
	if last := len(c.spare) - 1; last >= 0 {
		o := c.spare[last]
		c.spare = c.spare[:last]
		return o
	}
	return new(outgoing)
}

func (c *nic) unused(o *outgoing) { c.spare = append(c.spare, o) }

func (c *nic) send(o *outgoing, e *end) {
	o.end = e
	if c.Gap == 0 {
		c.transmit(o)
		return
	}
	c.queue = append(c.queue, o)
	if len(c.queue) == 1 {
		c.nd.net.after(c.Gap, c)
	}
}

// happen transmits the packet whose time it is.
func (c *nic) happen() {
	o := c.queue[0]
	copy(c.queue, c.queue[1:])
	c.queue = c.queue[:len(c.queue)-1]
	if len(c.queue) > 0 {
		c.nd.net.after(c.Gap, c)
	}
	c.transmit(o)
	c.nd.onRoom()
}

// transmit puts a packet on the wire and unpins it.
func (c *nic) transmit(o *outgoing) {
	n := c.nd.net
	p := o.pkt.Packet
	b := n.getBuffer(p.Len())
	at := copy(b, p.Bytes)
	for _, x := range p.Payload {
		at += copy(b[at:], x)
	}
	p.Bytes, p.Payload = b, nil
	c.put(&p, o.end)
	n.putBuffer(b)
	o.pkt.Release(c.nd.pool)
	o.end = nil
	c.unused(o)
}

func (c *nic) transmitCut(p *link.Packet, e *end) {
	n := c.nd.net
	if err := c.cut.Reset(p); err != nil {
		n.fail("%v: cannot cut a super-packet: %v", c.nd, err)
		return
	}
	b := n.getBuffer(c.cut.Max())
	for x := c.cut.Next(b); x != nil; x = c.cut.Next(b) {
		c.leave(&link.Packet{Bytes: x}, e)
	}
	n.putBuffer(b)
}

// leave looks at a packet on the wire and sends it on its way.
func (c *nic) leave(p *link.Packet, e *end) {
	n := c.nd.net
	n.packets++
	seen := n.inspect(c.nd, p, e)
	n.record(c.nd, capture.Outbound, p, n.route(c.nd, p, seen))
}
