package tcp

import "github.com/antedon-net/antedon/internal/mono"

// Consume drops n bytes that were read and tells the peer of the room if that is worth a segment.
func (c *Conn) Consume(now mono.Time, n int) {
	c.rcv.buf.Consume(n)
	c.rcv.crept = max(0, c.rcv.crept-n)
	c.tuneRecvBuffer(now, n)
	if !c.state.canReceive() || c.rcv.fin {
		return
	}
	// RFC 9293, Section 3.8.6.2.2: "The suggested SWS avoidance algorithm for the receiver is to keep RCV.NXT+RCV.WND
	// fixed until the reduction satisfies: RCV.BUFF - RCV.USER - RCV.WND >= min(Fr * RCV.BUFF, Eff.snd.MSS)". A
	// segment only to say so is worth its cost when the window the peer knows doubles, as in Linux.
	known := c.rcv.adv.Sub(c.rcv.nxt)
	if c.rcv.starved && !c.isStarved() {
		known = 0 // as far as the peer knows
	}
	if free := c.freeWindow(); free >= 2*known && free-known >= min(c.rcv.size/2, 2*c.rcv.mss) {
		c.ack.now = true
	}
	if c.rcv.buf.Len() == 0 {
		c.onAllRead()
	}
}

// PeerWindow returns how many bytes more the peer may send without hearing of us.
func (c *Conn) PeerWindow() int { return max(0, c.rcv.adv.Sub(c.rcv.nxt)) }

// freeWindow is the window that the buffer, the connection's share of the memory, and the device's queue have room for.
func (c *Conn) freeWindow() int {
	room := c.share(c.rcv.size, c.recvDue()) - c.rcv.buf.Len()
	return max(0, c.fitToQueue(min(room, 65535<<c.rcv.scale)))
}

// knownWindowField returns the header's field for the window that the peer was told of, rounded down.
func (c *Conn) knownWindowField() uint16 {
	return uint16(min(max(0, c.rcv.adv.Sub(c.rcv.nxt))>>c.rcv.scale, 65535))
}

// creepLimit is how far rounding may at least carry the right edge of the window beyond what there was room for; a quarter of
// the buffer, if that is more, so that a buffer can be filled by segments of any usual size.
const creepLimit = 64 << 10

// windowField moves the right edge of the window, never to the left, and returns the header's field.
//
// RFC 9293, Section 3.8.6: "a TCP receiver SHOULD NOT shrink the window, i.e., move the right window edge to the left
// (SHLD-14)"; Section 3.8.6.2.2: "A TCP implementation MUST include a SWS avoidance algorithm in the receiver
// (MUST-39)".
//
// req: RFC9293 SHLD-14, MUST-39, MAY-8, RFC7323 2.3-5, 2.4-2, 2.4-3
func (c *Conn) windowField() uint16 {
	if c.isStarved() {
		return 0
	}
	known := max(0, c.rcv.adv.Sub(c.rcv.nxt))
	c.rcv.crept = min(c.rcv.crept, max(0, c.rcv.buf.Len()+known-c.rcv.size)) // the buffer may have grown
	wnd := c.freeWindow() >> c.rcv.scale << c.rcv.scale
	if wnd-known < min(c.rcv.size/2, c.rcv.mss) && known > 0 || wnd < known {
		wnd = known
	} else if known == 0 && wnd < min(c.rcv.size/2, c.rcv.mss) {
		wnd = 0
	}
	// An edge between two values of the scaled field is told as the next: a few bytes more, never fewer. Not without
	// end: tiny segments, never read, would move the edge with each acknowledgment. Beyond the limit the field is
	// rounded down, and what was offered is still taken. RFC 7323, Section 2.4: "When a non-zero scale factor is in
	// use, there are instances when a retracted window can be offered".
	field := min(wnd>>c.rcv.scale, 65535)
	if rest := wnd - field<<c.rcv.scale; rest > 0 && field < 65535 && c.rcv.crept < max(creepLimit, c.rcv.size/4) {
		field++
		c.rcv.crept += 1<<c.rcv.scale - rest
	}
	if edge := c.rcv.nxt.Add(field << c.rcv.scale); c.rcv.adv.Less(edge) {
		c.rcv.adv = edge
	}
	return uint16(field)
}
