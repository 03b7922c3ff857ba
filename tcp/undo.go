package tcp

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
)

// undoState tells whether the reaction to a loss has to be taken back, because nothing was lost.
type undoState struct {
	on      bool
	from    uint64    // SND.UNA when the recovery began
	timeout bool      // a timeout is among what is to be taken back
	resent  bool      // something was retransmitted
	left    int       // bytes retransmitted since, less those that a DSACK has told were not needed
	first   mono.Time // when the first retransmission left
	frto    bool      // F-RTO (RFC 5682) is looking at a timeout
}

// begin forgets former recoveries. Retransmissions of theirs still under way count as this one's: a DSACK does not say
// which copy was the second.
func (u *undoState) begin(una uint64, underWay int) {
	*u = undoState{on: true, from: una, left: underWay}
}

func (u *undoState) end() { *u = undoState{} }

func (u *undoState) onResend(now mono.Time, n int) {
	if !u.resent {
		u.first = now
	}
	u.resent = true
	u.left += n
}

func (u *undoState) onDSACK(n int) { u.left = max(0, u.left-n) }

// isSpurious reports whether every retransmission since the recovery began was needless: each was told of by a DSACK (RFC
// 3708), or the acknowledgment echoes a timestamp from before the first of them (Eifel, RFC 3522): it answers the
// original.
func (c *Conn) isSpurious(a *arrival) bool {
	l := &c.loss
	switch {
	case !l.undo.on || !l.undo.resent:
		return false
	case a.dsack != dsackNone && l.undo.left == 0:
		return true
	case l.phase <= phaseCWR || a.acked == 0 || !c.answersOriginal(a.seg):
		return false
	}
	// One hole was none. While others are being filled there is no telling of them.
	return l.phase != phaseRecovery || a.una >= l.point || l.board.again.front() == nil
}

func (c *Conn) answersOriginal(seg *Segment) bool {
	o := &seg.Header.Options
	return c.ts.ok && o.HasTimestamps && o.TSEcr != 0 && tsBefore(o.TSEcr, seq.Number(c.ts.now(c.loss.undo.first)))
}

// tryUndo takes a recovery back if it was spurious.
//
// A single needless retransmission already tells of reordering (as in Linux): without that a path which only reorders
// would have each late segment repeated before it could be seen to arrive.
func (c *Conn) tryUndo(now mono.Time, a *arrival) {
	l := &c.loss
	if l.undo.resent && !l.undo.timeout && (a.dsack == dsackSeen || a.acked > 0 && c.answersOriginal(a.seg)) {
		l.rack.reordered = true
	}
	if c.isSpurious(a) {
		if !c.snd.sackOK {
			l.reordering = min(2*l.reordering, maxReordering) // and wait for more duplicates
		}
		c.undoReduction(now)
	}
}

// undoReduction goes back to where we were before the recovery: the window, and what was thought lost is in the network
// again.
func (c *Conn) undoReduction(now mono.Time) {
	l := &c.loss
	c.count.note().undone++
	over := l.phase <= phaseCWR
	l.undo.end()
	c.cc.Undo(now)
	if over {
		return // what is being done now is for another reason
	}
	c.onReductionUndone()
	l.board.unlose(now, c.rate.mark())
	l.phase, l.dupAcks, l.force = phaseOpen, 0, false
	l.prr = rateReduction{}
	l.retries = 0
	c.cc.OnRecovered(now)
}

// continueLoss goes on after a timeout, and finds out whether it was spurious.
//
// RFC 5682, Section 3.1, SACK-enhanced F-RTO: step 3b: "If the acknowledgment … acknowledges or SACKs data that was not
// retransmitted, the timeout was spurious"; step 2b: after a first acknowledgment that moves SND.UNA but does not cover
// everything, "the TCP sender transmits up to two new (previously unsent) segments" instead of retransmissions; step 3a:
// if then only duplicates come, the loss was real.
//
// req: RFC6582 3.2-6, RFC5682 3.1-1
func (c *Conn) continueLoss(now mono.Time, a *arrival) {
	l := &c.loss
	recovered := a.una >= l.point
	if l.undo.frto {
		switch {
		case a.early:
			c.undoReduction(now)
			return
		case c.nxtOffset() > l.point:
			if a.bytes > a.acked || a.acked == 0 {
				l.undo.frto = false
			}
		case a.acked > 0 && !recovered:
			l.point = c.nxtOffset()
			l.undo.frto = c.endOffset() > c.nxtOffset() && c.usableWindow() > 0
		}
	}
	if recovered {
		c.endRecovery(now)
	}
}

// holdsBack reports whether F-RTO wants new data to be sent rather than what is thought lost.
func (l *recovery) holdsBack() bool {
	return l.phase == phaseLoss && l.undo.frto && !l.force
}
