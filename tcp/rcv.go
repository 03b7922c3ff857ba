package tcp

import (
	"syscall"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// recvSpace is the receive sequence space (RFC 9293, Section 3.3.1, Figure 4) and the buffer behind it.
//
// req: RFC9293 REC-1
type recvSpace struct {
	buf buffer.Recv
	irs seq.Number
	nxt seq.Number
	adv seq.Number // RCV.NXT+RCV.WND as the peer was told: it never moves back
	up  seq.Number // RCV.UP

	hasUp   bool
	starved bool // text in order was refused for want of memory: the window is closed until there is some
	fin     bool // the peer's FIN was taken: nothing follows
	hasFin  bool // a FIN was seen, perhaps out of order
	scale   uint8
	turn    uint8  // of Env.RecvQueue, when something came last
	advMSS  uint16 // announced

	size  int // of the receive buffer now; grows to Config.RecvBuffer
	crept int // bytes by which rounding has moved the edge of the window beyond the buffer's end
	mss   int // the peer's segments are this large, as far as seen

	tune rightSizing
}

// rcvOffset returns the stream offset of a sequence number near RCV.NXT.
func (c *Conn) rcvOffset(s seq.Number) uint64 {
	return c.rcv.buf.Next() + uint64(int64(s.Sub(c.rcv.irs.Add(1+int(uint32(c.rcv.buf.Next()))))))
}

// arriveText performs the seventh and eighth step: "process the segment text" and "check the FIN bit".
func (c *Conn) arriveText(now mono.Time, seg *Segment) Drop {
	if len(seg.Payload) == 0 && !seg.Has(wire.FIN) {
		return Accepted
	}
	if !c.state.canReceive() || c.rcv.fin {
		// "This should not occur since a FIN has been received from the remote side. Ignore the segment text." Only in
		// TIME-WAIT it may be a new connection's, which wants to know.
		c.ack.now = c.ack.now || c.state == StateTimeWait
		return DropAfterFIN
	}
	off := c.rcvOffset(seg.seq())
	if len(seg.Payload) > 0 {
		if c.user.closed {
			// RFC 9293, Section 3.6.1: "if new data is received after CLOSE is called, its TCP implementation SHOULD
			// send a RST to show that data was lost (SHLD-3)."
			//
			// req: RFC9293 SHLD-3
			c.toClosed(syscall.ECONNRESET)
			c.pend.refuse, c.wait.refused = true, seg.ack() // which is what the peer awaits, whether it has our FIN or not
			return DropAfterClose
		}
		if d := c.takeText(now, off, seg); d != Accepted {
			return d
		}
	}
	if seg.Has(wire.FIN) {
		c.rcv.hasFin, c.told.finAt = true, off+uint64(len(seg.Payload))
		if c.rcv.buf.Next() < c.told.finAt {
			c.noteOutOfOrder(c.told.finAt)
		}
		c.ack.now = true
	}
	if c.rcv.hasFin && c.rcv.buf.Next() == c.told.finAt {
		c.onFIN(now)
	}
	return Accepted
}

// takeText puts the segment's text into the receive buffer and decides how soon to acknowledge it.
//
// req: RFC9293 SHLD-31, MAY-13, RFC2018 4-4, RFC5681 3.2-1, 3.2-2, 4.2-5, 4.2-7, 4.2-8
func (c *Conn) takeText(now mono.Time, off uint64, seg *Segment) Drop {
	b := &c.rcv.buf
	next := b.Next()
	n := len(seg.Payload)
	if c.rcv.hasFin && off+uint64(n) > c.told.finAt {
		return DropAfterFIN
	}
	if !c.admit(off, seg) {
		c.ack.now = true
		return DropNoMemory
	}
	n = len(seg.Payload)
	hadHoles := b.Holes().Len() > 0
	if held, ok := b.Holes().Overlap(off, off+uint64(n)); ok {
		c.noteDuplicate(held.Lo, held.Len())
	}
	if q := c.env.RecvQueue; q != nil {
		q.note(now, &c.rcv.turn)
	}
	got := len(seg.Payload)
	if seg.Passed = seg.Landed && off == next && b.Pass(got); !seg.Passed {
		got = b.Insert(off, seg.Payload, seg.Owner)
	}
	c.learnPeerMSS(n, seg.SegSize)
	c.rcv.nxt = c.rcv.nxt.Add(got)
	c.measureRecvRTT(now, seg)
	if got > 0 {
		c.event |= EventReadable
	}
	switch {
	case off > next:
		// RFC 5681, Section 4.2: "A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order
		// segment arrives."
		c.noteOutOfOrder(off)
		c.tuneForHole()
		c.ack.now = true
	case hadHoles:
		// "In addition, a TCP receiver SHOULD send an immediate ACK when the incoming segment fills in all or part
		// of a gap in the sequence space."
		c.ack.now = true
	default:
		c.oweForData(now, got, seg)
	}
	return Accepted
}

// learnPeerMSS follows the size of the peer's full segments.
func (c *Conn) learnPeerMSS(n, segSize int) {
	if segSize != 0 {
		n = segSize
	}
	if n > c.rcv.mss {
		c.rcv.mss = min(n, int(c.rcv.advMSS))
	}
}

// onFIN takes the peer's FIN, everything before it having arrived.
//
// RFC 9293, Section 3.10.7.4, eighth step.
//
// req: RFC9293 MUST-12
func (c *Conn) onFIN(now mono.Time) {
	c.rcv.fin = true
	c.rcv.nxt = c.rcv.nxt.Add(1)
	if c.rcv.adv.Less(c.rcv.nxt) {
		c.rcv.adv = c.rcv.nxt
	}
	c.ack.now = true
	c.event |= EventReadable
	switch c.state {
	case StateSynReceived, StateEstablished:
		c.setState(StateCloseWait)
	case StateFinWait1:
		// Our FIN is not acknowledged, or the fifth step would have moved on to FIN-WAIT-2.
		c.setState(StateClosing)
	case StateFinWait2:
		c.toTimeWait(now)
	}
}

// Readable returns how many bytes Peek would find.
func (c *Conn) Readable() int { return c.rcv.buf.Len() }

// EOF reports whether the peer's FIN has come and everything before it was read.
func (c *Conn) EOF() bool { return c.rcv.fin && c.rcv.buf.Len() == 0 }

// Peek appends views of readable bytes to dst, max bytes at most and no more views than dst's capacity allows. They stay
// valid, outside the mutex too, until the caller releases them to the pool.
func (c *Conn) Peek(dst []buffer.View, max int) []buffer.View { return c.rcv.buf.Peek(dst, max) }
