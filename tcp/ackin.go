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
	una := c.unaOffset()
	flight, recovering := c.pipe(), c.loss.phase == phaseRecovery
	sacked := c.takeSACK(seg)
	acked := seg.ack().Sub(c.snd.una)
	if acked > 0 {
		c.ackNewData(now, seg, una, acked)
		if c.state == StateClosed || c.state == StateTimeWait {
			return
		}
	} else if c.isDuplicateACK(seg, sacked) {
		if c.loss.dupAcks == 0 {
			c.loss.limitedFrom = c.nxtOffset()
		}
		c.loss.dupAcks++
		c.count.dupAcks++
	}
	c.updateSendWindow(now, seg)
	c.snd.probesOut = 0
	c.detectLoss(now, acked, sacked)
	if ece := c.takeECE(now, seg, flight); acked > 0 && !ece && !recovering && c.loss.phase != phaseRecovery {
		c.onProgress(now, acked, flight)
	}
}

// ackNewData moves SND.UNA: measures the round trip, frees the bytes, and lets an acknowledged FIN change the state.
//
// req: RFC2018 8-3, RFC6298 5-3, 5-4, RFC6582 3.2-5, RFC6675 5-2, 4-2
func (c *Conn) ackNewData(now mono.Time, seg *Segment, una uint64, acked int) {
	c.snd.una = seg.ack()
	off := una + uint64(acked)
	end := c.snd.buf.End()
	c.sampleRTT(now, seg, off)
	c.snd.buf.Discard(min(off, end))
	c.loss.sacked.RemoveBelow(off)
	c.creditPartialACK(acked)
	c.loss.retries = 0
	c.soft = nil // the path works
	c.count.bytesAcked += min(off, end) - una
	if c.snd.una == c.snd.nxt {
		c.timers.stop(timerRetransmit)
		c.snd.stalledSince = 0
	} else {
		// RFC 6298, Section 5.3: "When an ACK is received that acknowledges new data, restart the retransmission
		// timer so that it will expire after RTO seconds".
		c.armRetransmit(now)
		c.snd.stalledSince = now
	}
	if off == c.endOffset() {
		c.event |= EventFinished
	}
	if c.user.wantsRoom && 3*c.snd.buf.Len() <= 2*c.sendBufferSize() {
		c.user.wantsRoom = false
		c.event |= EventWritable
	}
	if c.snd.finQueued && off > end {
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
		c.toClosed(nil)
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
	c.snd.wnd = c.windowOf(seg)
	c.snd.maxWnd = max(c.snd.maxWnd, c.snd.wnd)
	c.snd.wl1, c.snd.wl2 = seg.seq(), seg.ack()
	if closed && c.snd.wnd > 0 {
		c.onShrunkWindowOpened()
	}
	if c.usableWindow() > 0 {
		c.snd.probes = 0
		if c.timers.isSet(timerPersist) {
			// The window may still be too small to be worth a segment. The timer goes on, without the back-off of
			// a closed window, and Next stops it when it sends: arrivals do not put it off.
			c.timers.set(timerPersist, min(c.timers[timerPersist], now.Add(c.persistTimeout())))
			if c.inFlight() == 0 {
				c.snd.stalledSince = 0
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
func (c *Conn) sampleRTT(now mono.Time, seg *Segment, off uint64) {
	sent, ok := c.loss.sent.acked(off)
	switch {
	case ok && off > c.loss.ambiguous:
		c.rtt.sample(c.cfg, now.Sub(sent))
	case ok && c.ts.ok && seg.Header.Options.HasTimestamps && c.echoIsFresh(seg):
		c.sampleTimestamp(now, seg)
	}
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
			c.rtt.sample(c.cfg, max(time.Duration(d)*time.Millisecond, time.Millisecond))
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
// req: RFC5681 3.2-6, RFC6675 5-3
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

// onProgress lets the congestion window grow.
func (c *Conn) onProgress(now mono.Time, acked, flight int) {
	// RFC 7661 and Linux: a window that was not used says nothing about the path.
	limited := c.snd.cwndLimited || c.loss.phase == phaseLoss
	if c.cc.Window() < c.cc.Threshold() {
		limited = limited || 2*flight >= c.cc.Window()
	}
	c.cc.OnAck(congestion.Ack{
		Now: now, Acked: acked, Delivered: acked, InFlight: flight, Left: c.pipe(), RTT: c.rtt.latest,
		SRTT: c.rtt.srtt, MinRTT: c.rtt.min, Una: c.unaOffset(), Nxt: c.nxtOffset(), Limited: limited,
	})
}
