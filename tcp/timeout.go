package tcp

import (
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// onRetransmitTimer is RFC 6298, Section 5.4 to 5.7, and for the handshake RFC 9293, Section 3.8.3.
//
// req: RFC9293 MUST-20, SHLD-11, RFC2018 5-3, RFC5681 4.3-4, RFC6298 5-5, 5-6, 5-7, RFC6582 3.2-6, RFC6675 5.1-1
// req: RFC6675 5.1-2, 5.1-3, 5.1-4
func (c *Conn) onRetransmitTimer(now mono.Time) {
	if c.userTimedOut(now) {
		c.giveUp(now)
		return
	}
	if c.WaitsForText() {
		c.Connect(now)
		return
	}
	if c.pend.early && c.state == StateSynSent {
		c.pend.early, c.pend.syn = false, true
		return
	}
	l := &c.loss
	if !c.probesShrunkWindow() {
		l.retries++
	}
	c.count.note().timeouts++
	switch c.state {
	case StateSynSent, StateSynReceived:
		c.retryHandshake(now)
		return
	}
	if c.snd.una == c.snd.nxt {
		return
	}
	if l.retries > c.maxRetries() {
		c.giveUp(now)
		return
	}
	c.checkBlackHole()
	c.enterLoss(now)
	if c.rtt.backoff < 16 {
		c.rtt.backoff++
	}
	c.timers.set(timerRetransmit, now.Add(c.boundByUserTimeout(now, c.rtt.timeout(c.cfg))))
}

// renegingDelay is the least time a peer that seems to have given up SACKed data has to tell otherwise, as in Linux.
const renegingDelay = 10 * time.Millisecond

// enterLoss begins slow start: what was sent a round trip ago is lost.
//
// RFC 8985, Section 6.3, on a timeout: a segment is lost if "SEG.seq == SND.UNA OR SEG.xmit_ts + RACK.rtt + RACK.reo_wnd - now
// <= 0": what was sent since may well arrive.
//
// Its window is reduced once for the data in flight (RFC 5681, Section 3.1), in the recovery that this timeout ends or now.
// RFC 2018, Section 8 would have us forget what was SACKed; like Linux we do if the peer shows that it has.
//
// req: RFC2018 5-3, RFC5682 3.1-2, 3.1-3
func (c *Conn) enterLoss(now mono.Time) {
	l := &c.loss
	una := c.unaOffset()
	reduced := l.phase != phaseOpen && una < l.point && !(l.phase == phaseLoss && l.retries == 1)
	calm := l.phase <= phaseCWR
	c.onMTUTimeout(now)
	c.loseLong(now)
	if !reduced {
		l.undo.begin(una, l.board.underWayAgain())
	}
	l.undo.timeout = true
	c.cc.OnTimeout(now, c.inFlight(), reduced)
	c.onReduced()
	l.undo.frto = c.snd.sackOK && (calm || l.retries > 1)
	if _, reneged := l.board.sacked.Containing(una); reneged {
		l.board.renounce()
	}
	l.board.lose(una, c.firstSegmentEnd())
	grace := l.rack.rtt + c.reorderingWindow()
	for _, log := range [...]*flightLog{&l.board.fresh, &l.board.again} {
		for f := log.front(); f != nil && (f.at.Add(grace) <= now || !c.snd.sackOK); f = log.front() {
			l.board.loseFront(log)
		}
	}
	l.phase, l.point = phaseLoss, c.nxtOffset()
	l.dupAcks, l.force = 0, true
	l.prr, l.tlp = rateReduction{}, tailProbe{}
	c.timers.stop(timerProbe)
}

// probesShrunkWindow reports whether the last retransmission was answered by a peer that took its window back before it
// took the data: the retransmissions are zero-window probes then.
//
// RFC 9293, Section 3.8.6: the sender "SHOULD NOT time out the connection if data beyond the right window edge is not
// acknowledged (SHLD-17). If the window shrinks to zero, the TCP implementation MUST probe it in the standard way
// (MUST-35)."
//
// req: RFC9293 SHLD-17, MUST-35
func (c *Conn) probesShrunkWindow() bool {
	return c.state.synchronized() && c.snd.wnd == 0 && c.user.lastHeard >= c.loss.rexmitAt && !c.user.closed
}

// onShrunkWindowOpened goes on at once with what a peer threw away when it took its window back. The retransmissions that
// probed it have backed off, and the next may be minutes away.
//
// RFC 9293, Section 3.8.6: the sender "SHOULD retransmit normally the old unacknowledged data between SND.UNA and
// SND.UNA+SND.WND (SHLD-16)."
//
// req: RFC9293 SHLD-16
func (c *Conn) onShrunkWindowOpened() {
	if c.inFlight() > 0 && c.loss.phase == phaseLoss {
		c.loss.board.lose(c.unaOffset(), c.nxtOffset())
		c.loss.force = true
		c.rtt.backoff = 0
	}
}

func (c *Conn) maxRetries() int {
	if c.user.closed {
		return c.cfg.OrphanRetries
	}
	return c.cfg.DataRetries
}

// giveUp ends a connection whose peer does not answer.
//
// req: RFC9293 MUST-20, MUST-22
func (c *Conn) giveUp(now mono.Time) {
	err := syscall.ETIMEDOUT
	if c.soft != 0 {
		err = syscall.Errno(c.soft) // an ICMP error said why
	}
	if c.state.synchronized() {
		c.reset(err)
		return
	}
	c.toClosed(err)
}
