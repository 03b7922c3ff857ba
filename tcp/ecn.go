package tcp

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
	"github.com/antedon-net/antedon/wire"
)

// ECN says whether connections use Explicit Congestion Notification (RFC 3168).
type ECN uint8

const (
	ECNAccept  ECN = iota // if the peer asks for it, as in Linux
	ECNRequest            // ask the peer for it too
	ECNOff                // never
)

// ecnState is the state of ECN. The two directions are apart: after one SYN that asked and one that did not, the peer may
// count on us to tell of marks, and we must not send what can be marked.
type ecnState struct {
	asks   bool // our SYN asks
	sends  bool // new data may be marked
	echoes bool // marks on the peer's data are told

	echo    bool // a mark came, and no CWR since: every ACK has ECE
	reduced bool // the next new data has CWR

	answered bool // the window was reduced for the marks of what was sent before ecnNews.point

	late *ecnNews // nil as long as there was nothing
}

// ecnNews is what connections that use ECN learn later, if ever.
type ecnNews struct {
	point    uint64
	pause    mono.Time // no new data before: the window cannot be made smaller
	unmarked uint64    // text before here is no new data: a SYN carried it

	marks      uint64 // segments that came marked
	reductions uint64 // of the window, for marks
}

// known returns the news, to be read.
func (e *ecnState) known() ecnNews {
	if e.late == nil {
		return ecnNews{}
	}
	return *e.late
}

// news returns the news, to be changed.
func (e *ecnState) news() *ecnNews {
	if e.late == nil {
		e.late = new(ecnNews)
	}
	return e.late
}

const ecnFlags = wire.ECE | wire.CWR

// initECN begins the negotiation. What either side says later can only end it.
//
// req: RFC3168 6.1.1-2, 6.1.1-6
func (c *Conn) initECN() {
	e := &c.ecn
	e.asks = c.cfg.ECN == ECNRequest && !c.user.passive
	e.sends = e.asks || c.cfg.ECN != ECNOff && c.user.passive
	e.echoes = e.sends
}

// asksECN reports whether a SYN asks for ECN.
//
// RFC 3168, Section 6.1.1: "We call a SYN packet with the ECE and CWR flags set an 'ECN-setup SYN packet'". With AE it
// asks for AccECN (RFC 9768), whose sender is content with this as well.
//
// "A host MUST NOT set ECT on SYN or SYN-ACK packets": without AE, it was set by something on the path that does not know
// what the field is for, and marks would mean nothing (as in Linux).
//
// req: RFC3168 6.1.1-1, 6.1.1-7
func asksECN(syn *Segment) bool {
	return syn.Has(ecnFlags) && (!syn.ECT || syn.Has(wire.AE))
}

// onECNSetup takes the ECN flags of a SYN or SYN-ACK, each that arrives.
//
// RFC 3168, Section 6.1.1: "we call a SYN-ACK packet with only the ECE flag set but the CWR flag not set an 'ECN-setup
// SYN-ACK packet'"; with both it reflects a SYN that its sender did not understand (Section 6.1.1.2). "If a host has
// received at least one non-ECN-setup SYN or non-ECN-setup SYN-ACK packet, then it SHOULD NOT set ECT on data packets."
//
// req: RFC9293 SHLD-8, RFC3168 6.1.1-2, 6.1.1-3, 6.1.1-7
func (c *Conn) onECNSetup(seg *Segment) {
	agreed := asksECN(seg)
	if seg.Has(wire.ACK) {
		agreed = seg.Header.Flags&ecnFlags == wire.ECE
	}
	c.ecn.sends = c.ecn.sends && agreed
	c.ecn.echoes = c.ecn.echoes && agreed
}

// stopAskingECN sends the next SYN without the flags: something on the path may drop the ones with them.
//
// RFC 3168, Section 6.1.1.1: "A host that receives no reply to an ECN-setup SYN within the normal SYN retransmission
// timeout interval MAY resend the SYN and any subsequent SYN retransmissions with CWR and ECE cleared." From then on it
// "MUST NOT set ECT on data packets" (Section 6.1.1), but the peer may have heard the first SYN.
//
// req: RFC3168 6.1.1-2, 6.1.1-5
func (c *Conn) stopAskingECN() { c.ecn.asks, c.ecn.sends = false, false }

// ecnFlagsFor returns the ECN flags of a segment that has flags.
//
// RFC 3168, Section 6.1.3: "After a TCP receiver sends an ACK packet with the ECN-Echo bit set, that TCP receiver
// continues to set the ECN-Echo flag in all the ACK packets it sends (whether they acknowledge CE data packets or non-CE
// data packets) until it receives a CWR packet".
//
// req: RFC3168 6.1.1-1, 6.1.1-5, 6.1.1-6
func (c *Conn) ecnFlagsFor(flags wire.Flags) wire.Flags {
	e := &c.ecn
	switch {
	case flags == wire.SYN && e.asks:
		return ecnFlags
	case flags.Has(wire.SYN|wire.ACK) && e.echoes, flags&(wire.SYN|wire.ACK) == wire.ACK && e.echo:
		return wire.ECE
	}
	return 0
}

// markNew makes a segment that was never sent before one that can be marked, and tells of a reduction. No other segment
// is marked: RFC 3168, Section 6.1.4: pure acknowledgments "MUST be sent with the not-ECT codepoint"; Section 6.1.5:
// "MUST NOT set either ECT codepoint … for retransmitted data packets"; Section 6.1.6: "MUST NOT set either an ECT
// codepoint or the CWR bit on window probe packets".
//
// Section 6.1.2: "it SHOULD set the CWR bit only on the first new data packet that it transmits." Of a super-segment,
// whoever cuts it leaves the bit on the first segment only.
//
// req: RFC3168 5-1, 5.2-1, 5.2-2, 6.1.1-8, 6.1.2-1, 6.1.2-4, 6.1.2-5, 6.1.4-1, 6.1.5-1, 6.1.6-1
func (c *Conn) markNew(out *Out) {
	e := &c.ecn
	if !e.sends || out.Len == 0 || e.late != nil && c.nxtOffset() < e.late.unmarked {
		return
	}
	out.TOS |= uint8(wire.ECT0)
	if e.reduced {
		out.Header.Flags |= wire.CWR
		e.reduced = false
	}
}

// takeCE takes the mark and the CWR of an acceptable segment with text. Out of the window they are ignored (RFC 3168,
// Section 6.1.5): anybody could have sent them.
//
// RFC 3168, Section 6.1.3: "When TCP receives a CE data packet at the destination end-system, the TCP data receiver sets
// the ECN-Echo flag in the TCP header of the subsequent ACK packet." The first is told at once, and so is that a CWR was
// heard: the sender's window may be too small to wait for a delayed acknowledgment (as in Linux).
//
// req: RFC3168 6.1.1-5, 6.1.5-2, 6.1.6-2
func (c *Conn) takeCE(seg *Segment) {
	e := &c.ecn
	if !e.echoes || len(seg.Payload) == 0 {
		return
	}
	if seg.Has(wire.CWR) {
		e.echo = false
		c.ack.now = true
	}
	if seg.CE {
		c.ack.now = c.ack.now || !e.echo
		e.echo = true
		e.news().marks++
	}
}

// takeECE answers an acknowledgment that tells of a mark, and reports whether it does: then the window does not grow.
// flight is how much was in the network before it came.
//
// RFC 3168, Section 6.1.2: "The indication of congestion should be treated just as a congestion loss in non-ECN-Capable
// TCP. … The sending TCP SHOULD NOT increase the congestion window in response to the receipt of an ECN-Echo ACK packet.
// TCP should not react to congestion indications more than once every window of data". The window is over when the data
// that had CWR is acknowledged: up to then the peer may tell of the same mark.
//
// req: RFC3168 5-2, 6.1.2-2
func (c *Conn) takeECE(now mono.Time, seg *Segment, flight int) bool {
	e := &c.ecn
	if !e.sends || !seg.Has(wire.ECE) || seg.synDone {
		return false
	}
	if e.answered && c.unaOffset() <= e.known().point {
		return true
	}
	if c.cc.Window() <= c.payloadMSS() {
		e.news().pause = now.Add(c.rtt.timeout(c.cfg))
	}
	if c.enterCWR(now, flight, congestion.CauseECN) {
		e.news().reductions++
	}
	return true
}

// ecnRoom returns how much of room, which the congestion window has, new data may use.
//
// RFC 3168, Section 6.1.2: "the sending TCP MUST reset the retransmit timer on receiving the ECN-Echo packet when the
// congestion window is one. The sending TCP will then be able to send a new packet only when the retransmit timer
// expires." With nothing in flight it is the persist timer that waits as long.
//
// req: RFC3168 6.1.2-3, RFC9438 4.6-6
func (c *Conn) ecnRoom(now mono.Time, room int) int {
	if e := c.ecn.late; e != nil && now < e.pause {
		return 0
	}
	return room
}

// onReduced notes that the window was reduced, for whatever reason.
//
// RFC 3168, Section 6.1.2: "When an ECN-Capable TCP sender reduces its congestion window for any reason (because of a
// retransmit timeout, a Fast Retransmit, or in response to an ECN Notification), the TCP sender sets the CWR flag in the
// TCP header of the first new data packet sent after the window reduction."
//
// req: RFC3168 6.1.1-4, 6.1.2-5
func (c *Conn) onReduced() {
	if e := &c.ecn; e.sends {
		e.answered, e.reduced = true, true
		e.news().point = c.nxtOffset()
	}
}

// onReductionUndone takes back what onReduced noted, as Linux does: there is no reduction to tell of, and if the peer tells
// of a mark it was not answered.
func (c *Conn) onReductionUndone() { c.ecn.answered, c.ecn.reduced = false, false }
