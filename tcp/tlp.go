package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// tailProbe is the state of tail loss probes (RFC 8985, Section 7): when the last segments of a flight, or their
// acknowledgments, are lost, a probe brings an acknowledgment that tells, long before the retransmission timeout.
type tailProbe struct {
	end   uint64 // TLP.end_seq: SND.NXT when a probe was sent; 0 if none is unanswered
	again bool   // TLP.is_retrans: the probe was a retransmission
	armed bool   // the probe timer waits to send one, not to detect losses
	due   bool   // one is to be sent
}

const (
	// minProbeTimeout keeps scheduling delays from looking like losses, as in Linux.
	minProbeTimeout = 2 * time.Millisecond
)

// armTailProbe sets the timer for a probe if there may be one.
//
// RFC 8985, Section 7.2: "If an SRTT estimate is available: PTO = 2 * SRTT; if FlightSize is one segment: PTO += the
// worst case delayed ACK timer …; if the RTO timer would expire earlier: PTO = the time until then". "A sender SHOULD
// start or restart a loss probe PTO timer after transmitting new data … or upon receiving an ACK that cumulatively
// acknowledges new data", unless in loss recovery, or with SACKed segments, or if the last probe is unanswered.
//
// req: RFC8985 7.2-1, 7.2-3
func (c *Conn) armTailProbe(now mono.Time) {
	l := &c.loss
	if !c.mayProbeTail() {
		return
	}
	d := 2 * c.rtt.srtt
	if c.inFlight() <= c.payloadMSS() {
		d += c.cfg.MinRTO
	} else {
		d += minProbeTimeout
	}
	at := now.Add(d)
	if rto := c.timers[timerRetransmit]; rto != 0 {
		at = min(at, rto)
	}
	l.tlp.armed = true
	c.timers.set(timerProbe, at)
}

// mayProbeTail reports whether a probe could tell anything and is permitted.
//
// RFC 8985, Section 7.3: "the sender MUST check whether both of the following conditions are met before sending a loss
// probe: First, there is no other previous loss probe still in flight. … Second, the sender has obtained an RTT measurement
// since the last loss probe transmission or the start of the connection".
//
// req: RFC8985 7.3-1, 7.3-2
func (c *Conn) mayProbeTail() bool {
	l := &c.loss
	return c.snd.sackOK && l.phase <= phaseCWR && l.tlp.end == 0 && c.rtt.fresh && l.board.sacked.Len() == 0 && l.board.out > 0
}

// onTailProbeTimer asks for a probe.
//
// RFC 8985, Section 7.3: "After attempting to send a loss probe, regardless of whether a loss probe was sent, the sender
// MUST re-arm the RTO timer, not the PTO timer, if FlightSize is not zero."
//
// req: RFC8985 7.3-3, 7.3-7
func (c *Conn) onTailProbeTimer(now mono.Time) {
	l := &c.loss
	l.tlp.armed = false
	if !c.mayProbeTail() {
		return
	}
	l.tlp.due = true
	c.armRetransmit(now)
}

// nextTailProbe sends the probe that is due.
//
// RFC 8985, Section 7.3: "If a previously unsent segment exists AND the receive window allows new data to be sent: Transmit
// the lowest-sequence unsent segment of up to SMSS; Increment FlightSize by the size of the newly-sent segment; else:
// retransmit the highest-sequence segment sent so far". "TLP.end_seq = SND.NXT".
//
// req: RFC8985 7.3-4, 7.3-5, 7.3-6
func (c *Conn) nextTailProbe(now mono.Time, out *Out) bool {
	l := &c.loss
	if !l.tlp.due {
		return false
	}
	l.tlp.due = false
	una, nxt := c.unaOffset(), c.nxtOffset()
	if !c.mayProbeTail() {
		return false
	}
	c.count.note().probes++
	c.rtt.fresh = false
	mss := uint64(c.payloadMSS())
	if n := min(uint64(max(c.usableWindow(), 0)), c.endOffset()-min(nxt, c.endOffset()), mss); n > 0 {
		c.sendNew(now, out, nxt, nxt+n)
		l.tlp.end, l.tlp.again = c.nxtOffset(), false
		return true
	}
	lo := max(una, nxt-min(mss, nxt))
	l.board.found -= l.board.lose(lo, nxt) // it is not known to be
	c.sendAgain(now, out, lo, nxt)
	l.tlp.end, l.tlp.again = nxt, true
	return true
}

// ackTailProbe looks for the answer to a probe.
//
// RFC 8985, Section 7.4.2: "if TLP.end_seq is … acknowledged: if not TLP.is_retrans: TLP.end_seq = None, all good; else if
// ACK carries a DSACK option matching the TLP retransmission: the original arrived; else if SEG.ACK > TLP.end_seq: …
// congestion control reacts to a loss that the probe repaired; else if the ACK is a duplicate without SACK blocks: the
// original arrived too".
//
// req: RFC8985 7.4.2-1, 7.4.2-2
func (c *Conn) ackTailProbe(now mono.Time, a *arrival) {
	t := &c.loss.tlp
	if t.end == 0 || a.una < t.end {
		return
	}
	switch {
	case !t.again, a.dsack == dsackProbe:
		t.end = 0
	case a.una > t.end:
		t.end = 0
		if c.enterCWR(now, a.flight, congestion.CauseLoss) {
			c.endRecovery(now) // at once, as in Linux: the network is empty
		}
	case a.acked == 0 && a.bytes == 0 && len(a.seg.Payload) == 0:
		t.end = 0
	}
}
