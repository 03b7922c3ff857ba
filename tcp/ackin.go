package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/tcp/congestion"
	"github.com/antedon-net/antedon/wire"
)

// arriveAck deals with SND.UNA =< SEG.ACK =< SND.NXT.
func (c *Conn) arriveAck(now mono.Time, seg *Segment) {
	if c.isForText(seg) {
		c.updateSendWindow(now, seg)
		c.wait.probesOut = 0
		c.offerRoom()
		return
	}
	l := &c.loss
	una, acked := c.unaOffset(), seg.ack().Sub(c.snd.una)
	a := c.arrivalOf(seg, acked)
	c.takeSACK(seg, &a)
	if acked > 0 {
		c.ackNewData(now, una, &a)
		if c.state == StateClosed || c.state == StateTimeWait {
			return
		}
	} else if c.isDuplicateACK(seg, a.bytes) {
		if l.dupAcks == 0 {
			l.limitedFrom = c.nxtOffset()
		}
		if a.dup = l.dupAcks < c.maxDuplicates(una); a.dup {
			l.dupAcks++
		}
	}
	if acked == 0 && a.isMeasurable() {
		c.takeRTT(now, &a, now.Sub(a.fresh.at))
	}
	c.updateSendWindow(now, seg)
	c.wait.probesOut = 0
	c.react(now, &a)
	a.held = c.takeECE(now, seg, a.flight) || a.held
	c.onDelivered(now, &a)
	if acked > 0 {
		c.armTailProbe(now)
	}
	c.offerRoom()
}

// isForText reports whether seg acknowledges nothing new, and nothing was under way that it could tell of: so it is with all
// segments of a stream that goes one way only.
func (c *Conn) isForText(seg *Segment) bool {
	return seg.ack() == c.snd.una && c.snd.una == c.snd.nxt && seg.Header.Options.NSACK == 0 && !seg.Has(wire.ECE) && c.loss.isQuiet()
}

// arriveOldAck takes what an acknowledgment below SND.UNA tells besides. It was overtaken, but its SACK blocks may be news.
func (c *Conn) arriveOldAck(now mono.Time, seg *Segment) {
	a := c.arrivalOf(seg, 0)
	c.takeSACK(seg, &a)
	if a.bytes > 0 || a.dsack != dsackNone {
		c.react(now, &a)
		c.onDelivered(now, &a)
	}
}

// arrivalOf begins the account of an acknowledgment that moves SND.UNA by acked, with how things stand before it.
func (c *Conn) arrivalOf(seg *Segment, acked int) arrival {
	l := &c.loss
	a := arrival{seg: seg, una: c.unaOffset() + uint64(acked), acked: acked, flight: c.pipe(), fack: l.rack.fack}
	a.held = l.phase == phaseCWR || l.phase == phaseRecovery
	if l.phase == phaseLoss {
		a.point = l.point
	}
	return a
}

// onDelivered lets the window follow what has arrived.
//
// req: RFC9937 6-2, 6-3
func (c *Conn) onDelivered(now mono.Time, a *arrival) {
	l := &c.loss
	if l.prr.on {
		n := a.bytes
		if !c.snd.sackOK && l.phase == phaseRecovery {
			n = 0
			if a.acked > 0 || a.dup {
				n = c.payloadMSS() // what a cumulative acknowledgment covers beyond that, duplicates had told
			}
		}
		c.reduceRate(n, a.acked > 0 && a.lost == 0)
	}
	if a.bytes == 0 {
		return
	}
	rate := c.rate.sample(now, &a.delivery, l.board.found, c.rtt.min)
	l.rack.widen(rate.Prior, rate.Total)
	c.cc.OnAck(congestion.Ack{
		Now: now, Acked: min(a.acked, a.bytes), Delivered: a.bytes, InFlight: a.flight, Left: c.pipe(),
		RTT: a.rtt, SRTT: c.rtt.srtt, MinRTT: c.rtt.min, Una: a.una, Nxt: c.nxtOffset(), Limited: c.wasLimited(a.flight),
		Reordered: l.rack.reordered,
		Reducing:  a.held || l.phase == phaseCWR || l.phase == phaseRecovery || l.phase == phaseLoss && a.acked == 0,
		Rate:      rate,
	})
}

// reduceRate moves the window of a reduction.
func (c *Conn) reduceRate(delivered int, safe bool) {
	c.loss.prr.update(delivered, c.pipe(), c.cc.Window(), c.payloadMSS(), safe)
}

// wasLimited reports whether the congestion window held us back. RFC 7661 and Linux: a window that was not used says
// nothing about the path.
func (c *Conn) wasLimited(flight int) bool {
	limited := c.snd.cwndLimited || c.loss.phase == phaseLoss
	if c.cc.Window() < c.cc.Threshold() {
		limited = limited || 2*flight >= c.cc.Window()
	}
	return limited
}

// ackNewData moves SND.UNA: measures the round trip, frees the bytes, and lets an acknowledged FIN change the state.
//
// req: RFC2018 8-3, RFC6298 5-3, 5-4, RFC6582 3.2-5, RFC6675 5-2, 4-2
func (c *Conn) ackNewData(now mono.Time, una uint64, a *arrival) {
	b := &c.loss.board
	for g, ok := b.sacked.NextGap(una, a.una); ok; g, ok = b.sacked.NextGap(g.Hi, a.una) {
		b.deliver(g.Lo, g.Hi, &a.delivery)
	}
	c.snd.una = a.seg.ack()
	end := c.snd.buf.End()
	c.sampleRTT(now, a)
	c.snd.buf.Discard(min(a.una, end))
	c.creditPartialACK(a.acked)
	c.ackMTUProbe(a.una)
	c.ackLong(now, a.una)
	c.loss.retries = 0
	c.soft = 0 // the path works
	if c.snd.una == c.snd.nxt {
		c.timers.stop(timerRetransmit)
		c.timers.stop(timerProbe)
		c.loss.tlp.armed = false
		c.wait.stalledSince = 0
	} else {
		// RFC 6298, Section 5.3: "When an ACK is received that acknowledges new data, restart the retransmission
		// timer so that it will expire after RTO seconds".
		c.armRetransmit(now)
		c.wait.stalledSince = now
	}
	if a.una == c.endOffset() {
		c.event |= EventFinished
	}
	if c.snd.finQueued && a.una > end {
		c.onFINAcked(now)
	}
}

// onFINAcked is what the fifth step of segment arrival does "if the FIN segment is now acknowledged".
func (c *Conn) onFINAcked(now mono.Time) {
	switch c.state {
	case StateFinWait1:
		c.setState(StateFinWait2)
		if c.user.closed {
			c.timers.set(timerClose, now.Add(c.cfg.FinTimeout))
		}
	case StateClosing:
		c.toTimeWait(now)
	case StateLastAck:
		c.toClosed(0)
	}
}

// windowOf returns the window that a segment offers.
//
// RFC 7323, Section 2.2: "The window field in a segment where the SYN bit is set (i.e., a <SYN> or <SYN,ACK>) MUST NOT be
// scaled."
func (c *Conn) windowOf(seg *Segment) int {
	if seg.synDone || seg.Has(wire.SYN) {
		return int(seg.Header.Window)
	}
	return int(seg.Header.Window) << c.snd.scale
}

// updateSendWindow takes the window of an acceptable acknowledgment.
//
// RFC 9293, Section 3.10.7.4: "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)), set SND.WND <-
// SEG.WND, set SND.WL1 <- SEG.SEQ, and set SND.WL2 <- SEG.ACK. … The check here prevents using old segments to update
// the window." A segment that acknowledges more than any before is not old either, though it fills a hole: its window
// counts, or SND.UNA would carry the right edge beyond what was offered (as in Linux).
//
// req: RFC7323 2.3-4
func (c *Conn) updateSendWindow(now mono.Time, seg *Segment) {
	newer := c.snd.wl1.Less(seg.seq()) || c.snd.wl1 == seg.seq() && c.snd.wl2.LessEq(seg.ack())
	if !newer && !c.snd.wl2.Less(seg.ack()) {
		return
	}
	closed := c.snd.wnd == 0
	c.snd.setWindow(c.windowOf(seg))
	c.snd.wl1, c.snd.wl2 = seg.seq(), seg.ack()
	if closed && c.snd.wnd > 0 {
		c.onShrunkWindowOpened()
	}
	if c.usableWindow() > 0 {
		c.wait.probes = 0
		if c.timers.isSet(timerPersist) {
			// The window may still be too small to be worth a segment. The timer goes on, without the back-off of
			// a closed window, and Next stops it when it sends: arrivals do not put it off.
			c.timers.set(timerPersist, min(c.timers[timerPersist], now.Add(c.persistTimeout())))
			if c.inFlight() == 0 {
				c.wait.stalledSince = 0
			}
		}
	}
}

// sampleRTT measures the round trip of the newest data acknowledged.
//
// RFC 6298, Section 3: "RTT samples MUST NOT be made using segments that were retransmitted (and thus for which it is
// ambiguous whether the reply was for the first instance of the packet or a later instance)", unless timestamps tell.
//
// req: RFC9293 MUST-18, RFC6298 3-1, 3-2, 3-3, RFC7323 3.2-3, 4.2-1
func (c *Conn) sampleRTT(now mono.Time, a *arrival) {
	switch {
	case a.isMeasurable():
		c.takeRTT(now, a, now.Sub(a.fresh.at))
	case c.ts.ok && a.seg.Header.Options.HasTimestamps && c.echoIsFresh(a.seg):
		c.sampleTimestamp(now, a.seg)
	}
}

// isMeasurable reports whether the acknowledgment tells the round trip of the newest segment it acknowledges. If it answers
// a retransmission too, that may be what brought it, and the others had arrived long before.
func (a *arrival) isMeasurable() bool { return a.fresh.at != 0 && a.again.at == 0 }

// takeRTT takes a measured round trip.
func (c *Conn) takeRTT(now mono.Time, a *arrival, rtt time.Duration) {
	a.rtt = max(rtt, 1)
	c.rtt.sample(c.cfg, now, rtt)
}

// echoIsFresh reports whether the timestamp echoed after a retransmission tells a round trip. If the acknowledgment of
// the original was lost, the peer answers the retransmission with the original's timestamp (it takes none from a
// duplicate), and the difference would contain our own timeout.
func (c *Conn) echoIsFresh(seg *Segment) bool {
	return !tsBefore(seg.Header.Options.TSEcr, seq.Number(c.ts.now(c.loss.rexmitAt)))
}

// sampleTimestamp measures the round trip by the timestamp the peer echoed.
func (c *Conn) sampleTimestamp(now mono.Time, seg *Segment) {
	if e := seg.Header.Options.TSEcr; e != 0 {
		if d := int32(c.ts.now(now) - e); d >= 0 {
			c.rtt.sample(c.cfg, now, max(time.Duration(d)*time.Millisecond, time.Millisecond))
		}
	}
}

// isDuplicateACK reports whether seg says that a segment arrived out of order.
//
// RFC 5681, Section 2: "An acknowledgment is considered a 'duplicate' … when (a) the receiver of the ACK has outstanding
// data, (b) the incoming acknowledgment carries no data, (c) the SYN and FIN bits are both off, (d) the acknowledgment
// number is equal to the greatest acknowledgment received on the given connection … and (e) the advertised window in the
// incoming acknowledgment equals the advertised window in the last incoming acknowledgment." With SACK, RFC 6675, Section
// 2 asks for new information instead.
//
// req: RFC5681 3.2-6, RFC6675 5-3, RFC3042 2-3
func (c *Conn) isDuplicateACK(seg *Segment, sacked int) bool {
	if c.inFlight() == 0 || c.loss.phase == phaseLoss {
		return false // after a timeout they tell of segments that are not counted as in the network any more
	}
	if c.snd.sackOK {
		return sacked > 0
	}
	return len(seg.Payload) == 0 && !seg.Has(wire.FIN) &&
		c.windowOf(seg) == c.snd.wnd
}
