package tcp

import (
	"syscall"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// Recv takes one segment that belongs to this connection and returns why it, or its text, was not used. It may change seg,
// which is of no more use to the caller.
//
// It reads like RFC 9293, Section 3.10.7.
func (c *Conn) Recv(now mono.Time, seg *Segment) Drop {
	c.wake()
	c.count.segsIn++
	switch c.state {
	case StateClosed:
		return DropClosed
	case StateSynSent:
		return c.arriveSynSent(now, seg)
	}
	return c.arriveOtherwise(now, seg)
}

// arriveOtherwise is RFC 9293, Section 3.10.7.4: every state but CLOSED, LISTEN and SYN-SENT.
func (c *Conn) arriveOtherwise(now mono.Time, seg *Segment) Drop {
	if d, ok := c.checkTimestamp(now, seg); !ok {
		return d
	}
	if d, ok := c.checkSeq(now, seg); !ok {
		return d
	}
	if d, ok := c.checkRST(now, seg); !ok {
		return d
	}
	if d, ok := c.checkSYN(now, seg); !ok {
		return d
	}
	c.onHeard(now)
	if d, ok := c.checkACK(now, seg); !ok {
		return d
	}
	c.updateRecentTimestamp(now, seg)
	c.noteUrgent(seg)
	c.takeCE(seg)
	c.trim(seg)
	return c.arriveText(now, seg)
}

// onHeard notes that the peer is alive.
func (c *Conn) onHeard(now mono.Time) {
	c.user.lastHeard = now
	c.user.keepProbes = 0
}

// checkTimestamp performs PAWS, "protection against wrapped sequences".
//
// RFC 7323, Section 5.3, R1: "If there is a Timestamps option in the arriving segment, SEG.TSval < TS.Recent, TS.Recent
// is valid (see later discussion), and if the RST bit is not set, then treat the arriving segment as not acceptable:
// Send an acknowledgment in reply … and drop the segment."
//
// req: RFC7323 5.2-5, 5.3-1, 5.3-2, 5.3-3, 3.2-8, 3.2-9
func (c *Conn) checkTimestamp(now mono.Time, seg *Segment) (Drop, bool) {
	if !c.ts.ok || seg.Has(wire.RST) {
		return 0, true
	}
	o := &seg.Header.Options
	if !o.HasTimestamps {
		// RFC 7323, Section 3.2 says SHOULD drop; peers and middleboxes that lose the option do exist, and Linux
		// takes the segment (deviates).
		return 0, true
	}
	if tsBefore(o.TSVal, c.ts.recent) && !c.tsExpired(now) && !c.isLate(seg) {
		if at := seg.seq().Sub(c.rcv.nxt); at < 0 && len(seg.Payload) > 0 && !seg.Has(wire.SYN) {
			// An original that its retransmission has overtaken: the sender wants to know that the latter was spurious.
			c.noteDuplicate(c.rcvOffset(seg.seq()), min(-at, len(seg.Payload)))
			c.ack.quickStart()
		}
		c.owe(now, ackOutOfWindow, seg)
		return DropOldTimestamp, false
	}
	return 0, true
}

// isLate reports whether seg is an original that the path held back and not an old duplicate: its timestamp is not much older
// than TS.Recent, and it is text behind a hole, or an acknowledgment. A retransmission that fills the first hole brings
// TS.Recent forward, and whatever was sent before it and arrives after it, to fill another hole, would be dropped; so would
// an acknowledgment that another has overtaken, with what its SACK blocks tell (decision 0012).
func (c *Conn) isLate(seg *Segment) bool {
	const ticks = 200 // of 1 ms, mostly: sequence numbers take longer to wrap, up to 170 Gbit/s
	switch {
	case uint32(c.ts.recent)-seg.Header.Options.TSVal > ticks || seg.Has(wire.SYN):
		return false
	case len(seg.Payload) > 0:
		return c.rcv.nxt.LessEq(seg.seq()) && c.rcv.buf.Holes().Len() > 0
	}
	return c.rcv.nxt == seg.seq() && !seg.Has(wire.FIN)
}

// checkSeq performs the first check of segment arrival, "check sequence number".
//
// RFC 9293, Section 3.10.7.4: "If an incoming segment is not acceptable, an acknowledgment should be sent in reply
// (unless the RST bit is set, if so drop the segment and return)".
//
// req: RFC9293 MUST-66
func (c *Conn) checkSeq(now mono.Time, seg *Segment) (Drop, bool) {
	if c.state == StateSynReceived && seg.Has(wire.SYN) && seg.seq() == c.rcv.irs {
		if !seg.Has(wire.ACK) || seg.ack().LessEq(c.snd.iss) || c.snd.nxt.Less(seg.ack()) {
			// The SYN again: it wants the SYN-ACK again, and to measure by it. Not as often as it likes: a flood of one
			// SYN would be a flood of answers, to whoever it names as its sender (as in Linux).
			c.pend.syn = c.pend.syn || c.mayChallenge(now)
			c.onECNSetup(seg)
			c.updateRecentTimestamp(now, seg)
			return DropDuplicate, false
		}
		c.onECNSetup(seg)
		c.clearSYN(seg) // simultaneous open: the SYN-ACK that acknowledges our SYN
	}
	first, n := seg.seq(), seg.length()
	wnd := c.rcv.adv.Sub(c.rcv.nxt)
	start := first.Sub(c.rcv.nxt) // negative: begins with what is already here
	end := start + n
	var ok bool
	switch {
	case n == 0:
		// The right edge itself is taken too, as in Linux: the pure ACK of a peer whose last full window was lost
		// stands there.
		ok = start >= 0 && start <= wnd
	case wnd == 0:
		// "if the RCV.WND is zero, no segments will be acceptable, but special allowance should be made to accept
		// valid ACKs, URGs, and RSTs."
		ok = start <= 0 && end > 0
	default:
		ok = start < wnd && end > 0
	}
	if !ok {
		return c.refuse(now, seg, end)
	}
	return 0, true
}

// refuse answers an unacceptable segment.
//
// req: RFC5961 3.2-2
func (c *Conn) refuse(now mono.Time, seg *Segment, end int) (Drop, bool) {
	if seg.Has(wire.RST) {
		return DropRSTOutOfWindow, false
	}
	if c.state == StateTimeWait && seg.Has(wire.FIN) {
		// "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and
		// restart the 2 MSL timeout."
		c.timers.set(timerClose, now.Add(c.cfg.TimeWait))
	}
	if len(seg.Payload) > 0 && end <= 0 {
		c.noteDuplicate(c.rcvOffset(seg.seq()), len(seg.Payload))
		c.ack.quickStart() // after a timeout, most likely
		c.owe(now, ackNow, seg)
		return DropDuplicate, false
	}
	c.owe(now, ackOutOfWindow, seg)
	return DropOutOfWindow, false
}

// clearSYN makes a segment whose SYN was dealt with look as if it had none.
func (c *Conn) clearSYN(seg *Segment) {
	seg.Header.Flags &^= wire.SYN
	seg.Header.Seq++
	seg.synDone = true
}

// trim cuts an acceptable segment to the window. The checks before it want to see the segment as it came: a RST that
// begins before RCV.NXT does not match it exactly, and a segment whose text is refused is no duplicate ACK.
//
// RFC 9293, Section 3.10.7.4: "it is assumed that the segment is the idealized segment that begins at RCV.NXT and does
// not exceed the window. One could tailor actual segments to fit this assumption by trimming off any portions that lie
// outside the window (including SYN and FIN)".
func (c *Conn) trim(seg *Segment) {
	start, wnd := seg.seq().Sub(c.rcv.nxt), c.rcv.adv.Sub(c.rcv.nxt)
	if start < 0 {
		cut := -start
		if seg.Has(wire.SYN) {
			c.clearSYN(seg)
			cut--
		}
		if cut = min(cut, len(seg.Payload)); cut > 0 {
			c.noteDuplicate(c.rcvOffset(seg.seq()), cut)
			seg.Payload, seg.Landed = seg.Payload[cut:], false
			seg.Header.Seq += uint32(cut)
			c.ack.now = true
		}
		start = 0
	}
	if over := start + len(seg.Payload) - wnd; over > 0 {
		seg.Payload = seg.Payload[:max(0, len(seg.Payload)-over)]
		seg.Header.Flags &^= wire.FIN
		c.ack.now = true
	}
}

// checkRST performs the second check.
//
// RFC 5961, Section 3.2: "If the RST bit is set and the sequence number exactly matches the next expected sequence
// number (RCV.NXT), then TCP MUST reset the connection. … If the RST bit is set and the sequence number does not exactly
// match the next expected sequence value, yet is within the current receive window (RCV.NXT < SEG.SEQ <
// RCV.NXT+RCV.WND), TCP MUST send an acknowledgment (challenge ACK)".
//
// req: RFC9293 SHLD-2, 3.10.7.4-1, 3.10.7.4-2, 3.10.7.4-3, RFC5961 1.1-1, 3.2-1, 3.2-3, 3.2-4, 3.2-5, 4.2-4
func (c *Conn) checkRST(now mono.Time, seg *Segment) (Drop, bool) {
	if !seg.Has(wire.RST) {
		return 0, true
	}
	if c.state == StateTimeWait {
		return DropRSTInTimeWait, false // RFC 1337, Section 3, fix F1
	}
	if seg.seq() != c.rcv.nxt {
		c.owe(now, ackChallenge, seg)
		return DropRSTInexact, false
	}
	switch {
	case c.state == StateSynReceived && !c.user.passive:
		// "If this connection was initiated with an active OPEN … the connection was refused"
		c.toClosed(syscall.ECONNREFUSED)
	case c.state == StateCloseWait:
		c.toClosed(syscall.EPIPE)
	default:
		// In CLOSING and LAST-ACK too: our FIN at least was not acknowledged.
		c.toClosed(syscall.ECONNRESET)
	}
	return Accepted, false
}

// checkSYN performs the fourth check: "check the SYN bit".
//
// RFC 5961, Section 4.2: "If the SYN bit is set, irrespective of the sequence number, TCP MUST send an ACK (also
// referred to as challenge ACK) to the remote peer".
//
// req: RFC9293 3.10.7.4-4, 3.10.7.4-5, RFC5961 1.1-1, 4.2-1, 4.2-2, 4.2-3
func (c *Conn) checkSYN(now mono.Time, seg *Segment) (Drop, bool) {
	if !seg.Has(wire.SYN) {
		return 0, true
	}
	if seg.seq().Less(c.rcv.nxt) {
		return 0, true // the SYN itself is old and will be trimmed: a SYN-ACK with data, say, whose ACK was lost
	}
	c.owe(now, ackChallenge, seg)
	return DropSYNInWindow, false
}

// checkACK performs the fifth check and reports whether processing of seg continues.
//
// RFC 9293, Section 3.10.7.4: "If SND.UNA < SEG.ACK =< SND.NXT, then set SND.UNA <- SEG.ACK."
//
// req: RFC9293 3.10.7.4-6, 3.10.7.4-7, RFC5961 1.1-1, 5.2-1, 5.2-2
func (c *Conn) checkACK(now mono.Time, seg *Segment) (Drop, bool) {
	if !seg.Has(wire.ACK) {
		return DropNoACK, false
	}
	if c.state == StateSynReceived {
		if d, ok := c.completeHandshake(now, seg); !ok {
			return d, false
		}
	}
	switch {
	case c.snd.nxt.Less(seg.ack()):
		c.owe(now, ackChallenge, seg)
		return DropACKOfUnsent, false
	case seg.ack().Less(c.snd.una):
		return c.checkOldACK(now, seg)
	}
	c.arriveAck(now, seg)
	return 0, c.state != StateClosed
}

// checkOldACK deals with an acknowledgment below SND.UNA.
//
// RFC 5961, Section 5.2: "The ACK value is considered acceptable only if it is in the range of ((SND.UNA -
// MAX.SND.WND) <= SEG.ACK <= SND.NXT). All incoming segments whose ACK value doesn't satisfy the above condition MUST be
// discarded and an ACK sent back."
//
// req: RFC9293 MAY-12, 3.10.7.4-6, 3.10.7.4-7, RFC5961 5.2-1, 5.2-2
func (c *Conn) checkOldACK(now mono.Time, seg *Segment) (Drop, bool) {
	if seg.ack().Less(c.snd.una.Add(-int(c.snd.maxWnd))) {
		c.owe(now, ackChallenge, seg)
		return DropACKTooOld, false
	}
	if seg.Header.Options.NSACK > 0 {
		c.arriveOldAck(now, seg)
	}
	return 0, true // its text may still be new
}

// noteUrgent parses the urgent pointer. Urgent data stays in line.
//
// RFC 9293, Section 3.10.7.4: "If the URG bit is set, RCV.UP <- max(RCV.UP,SEG.UP)".
//
// req: RFC9293 MUST-30, MUST-31
func (c *Conn) noteUrgent(seg *Segment) {
	if seg.Has(wire.URG) && c.state.canReceive() {
		if up := seg.seq().Add(int(seg.Header.Urgent)); !c.rcv.hasUp || c.rcv.up.Less(up) {
			c.rcv.up, c.rcv.hasUp = up, true
		}
	}
}
