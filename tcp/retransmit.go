package tcp

import "github.com/antedon-net/antedon/internal/mono"

// nextRetransmit sends again what is lost, the lowest first.
//
// RFC 6675, Section 4, "NextSeg ()", rule 1. Its rules 3 and 4, which repeat what may not be lost when there is nothing
// else to send, have given way to tail loss probes (RFC 8985, Section 7).
//
// req: RFC9293 SHLD-16, MAY-7, RFC6675 4-4, 4-5, 4-10, 5-7, 5-8, 5-9, RFC6675 5.1-6, RFC8985 9.3-1
func (c *Conn) nextRetransmit(now mono.Time, out *Out) bool {
	l := &c.loss
	if l.board.lost.Len() == 0 {
		return false
	}
	if l.holdsBack() && c.canSendNew() {
		return false
	}
	r := l.board.lost.At(0)
	room := c.window() - c.pipe()
	if l.force {
		room = max(room, c.payloadMSS())
	}
	if room < min(r.Len(), c.payloadMSS()) {
		return false
	}
	n := min(r.Len(), room)
	if !l.force {
		if n = c.paced(now, n); n == 0 {
			return false
		}
	}
	l.force = false
	if n > c.payloadMSS() {
		n -= n % c.payloadMSS()
	}
	c.sendAgain(now, out, r.Lo, r.Lo+uint64(n))
	return true
}

// canSendNew reports whether there is data that was never sent, and a window for it.
func (c *Conn) canSendNew() bool { return c.nxtOffset() < c.endOffset() && c.usableWindow() > 0 }

// sendAgain retransmits [lo, hi), or as much of it as a segment holds.
//
// req: RFC9937 6-8
func (c *Conn) sendAgain(now mono.Time, out *Out, lo, hi uint64) {
	l := &c.loss
	small := c.wait.small
	c.emit(now, out, lo, hi)
	c.wait.small = small
	n := out.consumed()
	l.board.resend(flight{lo, lo + uint64(n), now, c.rate.onSend(now, c.pipe())})
	l.undo.onResend(now, n)
	l.prr.out += n
	l.rexmitAt = now
	c.onPaced(now, n)
	c.count.note().retransmits++
	c.count.note().bytesRetx += uint64(out.Len)
	if lo == c.unaOffset() || !c.timers.isSet(timerRetransmit) {
		c.armRetransmit(now)
	}
}
