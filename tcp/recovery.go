package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// phase says what loss recovery is doing.
type phase uint8

const (
	phaseOpen     phase = iota // nothing is known to be lost
	phaseCWR                   // the window is being reduced, but nothing has to be sent again: ECN, or a tail loss repaired
	phaseRecovery              // fast recovery (RFC 6675, RFC 6582)
	phaseLoss                  // slow start after a retransmission timeout
)

func (p phase) String() string { return [...]string{"open", "cwr", "recovery", "loss"}[p] }

// recovery finds and repairs losses. Offsets are stream offsets.
//
// req: RFC6582 3.2-1
type recovery struct {
	phase phase
	board scoreboard
	point uint64 // RecoveryPoint: recovery ends when everything before it is acknowledged
	force bool   // the next retransmission does not ask the window

	// Without SACK:
	dupAcks     int
	limitedFrom uint64 // where SND.NXT stood at the first of them: what was sent since is limited transmit

	reordering int // segments by which one was seen to be late; without SACK so many duplicates tell a loss

	rexmitAt mono.Time // when something was last retransmitted, or a SYN
	retries  int       // timeouts in a row

	rack rack
	tlp  tailProbe
	prr  rateReduction
	undo undoState
}

// dupThresh is DupThresh (RFC 6675, Section 2; RFC 8985, Section 6.2).
const dupThresh = 3

// maxReordering bounds what is learnt of reordering, as in Linux.
const maxReordering = 300

// arrival is what an acknowledgment brought, for those who react to it.
type arrival struct {
	delivery
	seg    *Segment
	una    uint64 // SND.UNA now
	acked  int    // by how much it moved
	flight int    // pipe before
	fack   uint64 // the highest offset delivered before
	dsack  dsack
	dup    bool // a duplicate that stands for a segment that has arrived
	lost   int  // bytes found lost
	held   bool // it does not open the window: it came in a reduction, perhaps the last, or tells of a mark
	rtt    time.Duration
}

// react begins, continues or ends a recovery after an acknowledgment.
//
// req: RFC6582 3.2-4, RFC6675 5-3, 5-4, 5-6, RFC6675 5-10
func (c *Conn) react(now mono.Time, a *arrival) {
	l := &c.loss
	c.updateRACK(now, a)
	if l.phase == phaseOpen && l.dupAcks == 0 && l.board.sacked.Len() == 0 && a.dsack == 0 && l.tlp.end == 0 {
		l.board.forget(a.una)
		return
	}
	l.board.forget(a.una)
	c.ackTailProbe(now, a)
	c.checkReneging(now, a)
	c.tryUndo(now, a)
	switch {
	case l.phase == phaseLoss:
		c.continueLoss(now, a)
	case l.phase != phaseOpen && a.una >= l.point:
		c.endRecovery(now)
	}
	before := l.board.found
	c.detectLoss(now, a)
	a.lost = l.board.found - before
	if l.phase <= phaseCWR && a.lost > 0 {
		c.onLossFound(now, a.una)
	}
	if c.snd.una == c.snd.nxt {
		l.board = scoreboard{fresh: l.board.fresh, found: l.board.found}
	}
}

// detectLoss moves what is lost from the logs to the scoreboard's lost set.
//
// req: RFC8985 4-1
func (c *Conn) detectLoss(now mono.Time, a *arrival) {
	l := &c.loss
	switch {
	case c.snd.sackOK:
		c.detectByTime(now)
	case l.phase == phaseRecovery && a.acked > 0:
		// RFC 6582, Section 3.2, step 3: partial acknowledgment: "retransmit the first unacknowledged segment".
		l.board.lose(a.una, c.firstSegmentEnd())
		l.force = true
	case c.duplicatesTellLoss(a.una):
		l.board.lose(a.una, c.firstSegmentEnd())
	}
}

func (c *Conn) firstSegmentEnd() uint64 {
	return min(c.unaOffset()+uint64(c.payloadMSS()), c.nxtOffset())
}

// duplicatesTellLoss reports whether there were enough duplicate acknowledgments, on a connection without SACK.
//
// RFC 6582, Section 3.2, step 2: "the TCP sender first checks the value of recover to see if the Cumulative Acknowledgment
// field covers more than recover." If not, they may answer what a timeout repeated needlessly.
//
// req: RFC6582 3.2-1, 3.2-2
func (c *Conn) duplicatesTellLoss(una uint64) bool {
	l := &c.loss
	return l.phase <= phaseCWR && l.dupAcks >= l.reordering && (una > l.point || l.point == 0)
}

// maxDuplicates is how many duplicates what was in flight when the first came, and limited transmit, can have caused.
//
// RFC 5681, Section 3.2, of an attack "whereby many bogus duplicate ACKs are sent to the data sender": "A TCP MAY therefore
// limit the number of times cwnd is artificially inflated during loss recovery to the number of outstanding segments".
func (c *Conn) maxDuplicates(una uint64) int {
	l := &c.loss
	return max(l.prr.flight, int(int64(l.limitedFrom-una)))/c.payloadMSS() + dupThresh - 1
}

// creditPartialACK settles duplicate acknowledgments with an acknowledgment of new data: one of its segments filled the
// hole, the others had told of their arrival before.
//
// RFC 6582, Section 3.2, step 3, partial acknowledgment: "Deflate the congestion window by the amount of new data
// acknowledged by the Cumulative Acknowledgment field. If the partial ACK acknowledges at least one SMSS of new data, then
// add back SMSS bytes to the congestion window." RFC 6675 resets the count.
//
// req: RFC6582 3.2-4, RFC6675 5-2
func (c *Conn) creditPartialACK(acked int) {
	l := &c.loss
	if l.phase != phaseRecovery || c.snd.sackOK {
		l.dupAcks = 0
		return
	}
	mss := c.payloadMSS()
	l.dupAcks = max(0, l.dupAcks+1-(acked+mss-1)/mss)
}

// beginRecovery enters fast recovery.
//
// RFC 6675, Section 5, step 4: "RecoveryPoint = HighData … ssthresh = cwnd = (FlightSize / 2) … Retransmit the first data
// segment presumed dropped".
//
// FlightSize is what is sent and not acknowledged, less what limited transmit added: RFC 5681, Section 3.2, step 2:
// "additional data sent in limited transmit MUST NOT be included in this calculation."
//
// req: RFC2018 5.1-1, RFC5681 3.2-3, 3.2-7, 3.2-9, 4.3-1, RFC6582 3.2-2
func (c *Conn) beginRecovery(now mono.Time, una uint64) {
	c.loseLong(now)
	l := &c.loss
	c.count.note().recoveries++
	if l.phase == phaseOpen {
		flight := c.inFlight()
		if l.dupAcks > 0 {
			flight = int(l.limitedFrom - una)
		}
		c.reduce(now, flight, congestion.CauseLoss)
		l.undo.begin(una, l.board.underWayAgain())
	}
	// In phaseCWR the window was reduced for this window of data, and goes on being reduced.
	l.phase = phaseRecovery
	l.point = c.nxtOffset()
	l.force = true
}

// reduce tells congestion control of congestion and starts the proportional reduction of its window.
//
// req: RFC9937 6-1
func (c *Conn) reduce(now mono.Time, flight int, why congestion.Cause) {
	c.loss.prr = rateReduction{on: c.cc.Reduces(), flight: max(c.window(), 1), window: c.window()}
	c.loss.tlp.end = 0
	c.cc.OnLoss(now, flight, why)
	c.onReduced()
}

// enterCWR reduces the window although nothing was lost that has to be sent again. flight is how much was
// in the network before the news came. It reports whether it did.
func (c *Conn) enterCWR(now mono.Time, flight int, why congestion.Cause) bool {
	if c.loss.phase != phaseOpen {
		return false // reduced for this window of data already
	}
	c.reduce(now, flight, why)
	c.loss.phase = phaseCWR
	c.loss.point = c.nxtOffset()
	c.loss.undo.end()
	return true
}

// req: RFC5681 3.2-12, 4.3-3, RFC6582 3.2-3, RFC6675 5-4, 5-5, RFC9937 6-9
func (c *Conn) endRecovery(now mono.Time) {
	l := &c.loss
	if l.phase == phaseRecovery && l.rack.persist > 0 {
		l.rack.persist--
	}
	l.phase, l.dupAcks, l.force = phaseOpen, 0, false
	l.prr = rateReduction{}
	l.undo.frto = false // but a DSACK may still tell that it was spurious
	c.cc.OnRecovered(now)
}

// checkReneging notices that the peer has given up what it had SACKed: SND.UNA stands where it said it had more. It may
// still be on its way to saying so; if not, the timer asks again soon, and starts from nothing.
//
// RFC 2018, Section 8: "The SACK option is advisory … the data receiver is permitted to later discard data which have been
// reported in a SACK option."
func (c *Conn) checkReneging(now mono.Time, a *arrival) {
	if _, reneged := c.loss.board.sacked.Containing(a.una); reneged {
		c.timers.set(timerRetransmit, now.Add(max(c.rtt.srtt/2, renegingDelay)))
	}
}

// pipe estimates how many bytes are in the network.
//
// RFC 6675, Section 4, "SetPipe ()". Without SACK each duplicate acknowledgment stands for a segment that left the
// network, which gives RFC 6582's window inflation and RFC 3042's limited transmit.
//
// req: RFC5681 3.2-4, 3.2-5, 3.2-8, 3.2-10, 3.2-11, 4.3-2, RFC6675 4-3, RFC3042 2-1, 2-2
func (c *Conn) pipe() int {
	l := &c.loss
	if c.snd.sackOK || l.dupAcks == 0 {
		return l.board.out
	}
	dup := l.dupAcks
	if l.phase == phaseOpen {
		dup = min(dup, dupThresh-1)
	}
	return max(0, l.board.out-dup*c.payloadMSS())
}

// window returns what may be in the network now.
func (c *Conn) window() int {
	if c.loss.prr.on {
		return c.loss.prr.window
	}
	return c.cc.Window()
}
