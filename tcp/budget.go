package tcp

import "github.com/antedon-net/antedon/wire"

// All connections share the memory of Env.Pool. Each may use as much as is left for the others, in either direction: one
// alone gets half of it, n get an n+1st part each, and whoever is new always finds some. See
// docs/decisions/0015-buffer-budget.md.

// minDue is what a connection may hold in each direction, however little memory is left: two segments at least.
const minDue = 4 << 10

func (c *Conn) recvDue() int { return max(minDue, 2*c.rcv.mss) }
func (c *Conn) sendDue() int { return max(minDue, 2*c.payloadMSS()) }

// share cuts the size of a buffer to the connection's share of the memory.
func (c *Conn) share(size, due int) int { return min(size, max(c.env.Pool.Room(), due)) }

// maxHoles bounds the ranges kept beyond the first hole, and with them the work to find and move them. No path loses every
// second segment of so many; a peer who sends every second byte may.
const maxHoles = 8192

// admit reports whether the receive buffer takes the segment's text, of which it may cut off the end.
//
// Out of order it is a favour: it is limited to twice the buffer's size, true size, and to the connection's share of the
// memory. In order it was promised room, perhaps when others had not yet taken theirs: it is refused only to a
// connection that holds its share, whose application reads too slowly. Before that, what lies beyond the first hole is
// dropped, although it may have been SACKed. RFC 2018, Section 8: "The receiver is permitted to discard data in its queue
// that has not been acknowledged to the data sender, even if the data has already been reported in a SACK option. Such
// discarding of SACKed packets is discouraged, but may be used if the receiver runs out of buffer space."
func (c *Conn) admit(off uint64, seg *Segment) bool {
	b, n := &c.rcv.buf, len(seg.Payload)
	if off > b.Next() {
		return c.admitBeyond(off, n)
	}
	room := c.recvShare() - b.Len()
	if n > room && b.Holes().Len() > 0 {
		b.Shed(n)
		room = c.recvShare() - b.Len()
	}
	if n > room {
		c.rcv.starved, c.ack.now = true, true
		seg.Payload = seg.Payload[:max(room, 0)]
		seg.Header.Flags &^= wire.FIN
	}
	return room > 0
}

// admitBeyond is admit for n bytes beyond the first hole.
func (c *Conn) admitBeyond(off uint64, n int) bool {
	b := &c.rcv.buf
	limit := min(2*c.rcv.size+creepLimit, c.env.Pool.Room())
	if b.Held()+n > limit {
		if b.Tighten(); b.Held()+n > limit {
			return false
		}
	}
	return b.Holes().Len() < maxHoles || b.Holes().Touches(off, off+uint64(n))
}

// recvShare is how much may wait to be read now.
func (c *Conn) recvShare() int { return max(c.env.Pool.Room(), c.recvDue()) }

// isStarved reports whether text in order was refused and would be again.
//
// The peer is told a window of 0 then, as by Linux, and asks again instead of giving the connection up, though RFC 9293
// would not have the window shrink (SHLD-14): what is sent within the old one is taken as soon as there is memory.
func (c *Conn) isStarved() bool {
	c.rcv.starved = c.rcv.starved && c.recvShare()-c.rcv.buf.Len() < c.rcv.mss
	return c.rcv.starved
}
