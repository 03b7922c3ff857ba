package tcp

import (
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// arriveSynSent is RFC 9293, Section 3.10.7.3.
//
// req: RFC9293 MUST-10, RFC5961 3.2-6
func (c *Conn) arriveSynSent(now mono.Time, seg *Segment) Drop {
	// "First, check the ACK bit": "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset".
	if seg.Has(wire.ACK) && (seg.ack().LessEq(c.snd.iss) || c.snd.nxt.Less(seg.ack())) {
		if !seg.Has(wire.RST) {
			c.pend.refuse, c.wait.refused = true, seg.ack()
			c.retrySoon(now)
		}
		return DropBadAckInHandshake
	}
	// "Second, check the RST bit": "If the ACK was acceptable, then signal to the user 'error: connection reset'".
	if seg.Has(wire.RST) {
		if !seg.Has(wire.ACK) {
			return DropRSTInHandshake
		}
		c.toClosed(syscall.ECONNREFUSED)
		return Accepted
	}
	// "Fourth, check the SYN bit".
	if !seg.Has(wire.SYN) {
		return DropNotSYN
	}
	c.onSYN(now, seg)
	if !seg.Has(wire.ACK) {
		// "Otherwise, enter SYN-RECEIVED, form a SYN,ACK segment <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>":
		// simultaneous open.
		//
		// req: RFC9293 MUST-10
		c.Connect(now) // a SYN that waits for text waits no longer
		c.setState(StateSynReceived)
		c.pend.syn = true
		c.timers.stop(timerRetransmit)
		return Accepted
	}
	c.sampleHandshake(now, seg)
	c.snd.una = seg.ack()
	if c.fast != nil {
		c.onFastOpenAnswer(seg)
	}
	c.toEstablished(now)
	if c.snd.finQueued {
		c.setState(StateFinWait1) // closed before the handshake was done
	}
	c.ack.now = true
	c.trim(seg)
	c.arriveText(now, seg)
	return Accepted
}

// afterRefusal is how long the RST that refuses a segment has to arrive before the SYN is repeated, as in Linux.
const afterRefusal = 2 * time.Millisecond

// retrySoon repeats the SYN at once, for the first time. The peer is there but still knows an old connection between the
// two ports, in TIME-WAIT or from before we crashed (RFC 9293, Section 3.5.1, Figure 9): our RST is about to end it.
func (c *Conn) retrySoon(now mono.Time) {
	if c.loss.rexmitAt == 0 {
		c.pend.early = true
		c.timers.set(timerRetransmit, now.Add(afterRefusal))
	}
}

// sampleHandshake measures the round trip of a SYN that was sent once.
//
// RFC 6298, Section 3: "RTT samples MUST NOT be made using segments that were retransmitted".
//
// req: RFC6298 5-8
func (c *Conn) sampleHandshake(now mono.Time, seg *Segment) {
	if c.loss.rexmitAt == 0 {
		c.rtt.sample(c.cfg, now, now.Sub(c.wait.synAt))
		return
	}
	if c.loss.retries > 0 {
		// RFC 6298, Section 5.7: "If the timer expires awaiting the ACK of a SYN segment and the TCP implementation is
		// using an RTO less than 3 seconds, the RTO MUST be re-initialized to 3 seconds when data transmission begins".
		c.rtt.rto = max(c.rtt.rto, 3*time.Second)
	}
	if seg.Header.Options.HasTimestamps && c.ts.ok && c.echoIsFresh(seg) {
		c.sampleTimestamp(now, seg)
	}
}

// completeHandshake checks the ACK of our SYN in SYN-RECEIVED.
//
// RFC 9293, Section 3.10.7.4: "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state … If the segment
// acknowledgment is not acceptable, form a reset segment <SEQ=SEG.ACK><CTL=RST> and send it."
func (c *Conn) completeHandshake(now mono.Time, seg *Segment) (Drop, bool) {
	if seg.ack().LessEq(c.snd.iss) || c.snd.nxt.Less(seg.ack()) {
		c.pend.refuse, c.wait.refused = true, seg.ack()
		return DropBadAckInHandshake, false
	}
	c.sampleHandshake(now, seg)
	c.snd.una = c.snd.iss.Add(1)
	c.snd.setWindow(c.windowOf(seg))
	c.snd.wl1, c.snd.wl2 = seg.seq(), seg.ack()
	c.toEstablished(now)
	if c.fast != nil {
		c.settleEarly(now, seg)
	}
	if c.snd.finQueued {
		c.setState(StateFinWait1) // closed before the handshake was done
	}
	return 0, true
}

// retryHandshake repeats the SYN or SYN-ACK.
//
// req: RFC9293 MUST-23, MUST-22
func (c *Conn) retryHandshake(now mono.Time) {
	limit := c.cfg.SYNRetries
	if c.state == StateSynReceived {
		limit = c.cfg.SYNACKRetries
	}
	if c.loss.retries > limit {
		c.giveUp(now)
		return
	}
	if c.state == StateSynSent {
		c.stopAskingECN()
	}
	c.pend.syn = true
}

// linearSYNs is how many SYNs are repeated without back-off, as in Linux.
const linearSYNs = 4

// handshakeTimeout is the wait after a SYN or SYN-ACK.
func (c *Conn) handshakeTimeout() time.Duration {
	n := c.loss.retries
	if c.state == StateSynSent {
		n = max(0, n-linearSYNs)
	}
	d := c.cfg.InitialRTO
	for ; n > 0 && d < c.cfg.MaxRTO; n-- {
		d *= 2
	}
	return min(d, c.cfg.MaxRTO)
}
