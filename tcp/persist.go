package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// corkLimit is how long a corked connection holds back a partial segment, as in Linux.
const corkLimit = 200 * time.Millisecond

// persistTimeout is the wait before the next look at a closed window.
//
// RFC 9293, Section 3.8.6.1: "The transmitting host SHOULD send the first zero-window probe when a zero window has
// existed for the retransmission timeout period (SHLD-29) … and SHOULD increase exponentially the interval between
// successive probes (SHLD-30)."
//
// req: RFC9293 SHLD-29, RFC9293 SHLD-30
func (c *Conn) persistTimeout() time.Duration {
	d := c.rtt.rto
	for i := uint8(0); i < c.wait.probes && d < c.cfg.MaxRTO; i++ {
		d *= 2
	}
	return min(d, c.cfg.MaxRTO)
}

// onPersistTimer sends what a small window allows, or probes a closed one.
//
// RFC 9293, Section 3.8.6.1: "As long as the receiving TCP peer continues to send acknowledgments in response to the
// probe segments, the sending TCP peer MUST allow the connection to stay open (MUST-37)."
//
// req: RFC9293 MUST-37
func (c *Conn) onPersistTimer(now mono.Time) {
	if c.inFlight() > 0 || c.nxtOffset() >= c.endOffset() {
		return
	}
	if c.usableWindow() > 0 {
		c.pend.force = true
		return
	}
	if c.wait.stalledSince == 0 {
		c.wait.stalledSince = now
	}
	// MUST-37 speaks for a user who waits. A peer that answers but never reads does not hold an orphan for ever.
	orphaned := c.user.closed && int(c.wait.probes) >= c.cfg.OrphanRetries
	if orphaned || c.userTimedOut(now) || c.wait.probesOut >= c.maxRetries() {
		c.giveUp(now)
		return
	}
	if c.wait.probes < 16 {
		c.wait.probes++
	}
	c.wait.probesOut++
	c.pend.probe = true
	c.timers.set(timerPersist, now.Add(c.boundByUserTimeout(now, c.persistTimeout())))
}

// isDeaf reports whether keep-alive probes have gone unanswered for long enough. A user timeout says how long that is, if one
// is set, and not the number of probes, as in Linux.
func (c *Conn) isDeaf(now mono.Time) bool {
	if c.opt.userTimeout != 0 {
		return c.user.keepProbes > 0 && now.Sub(c.user.lastHeard) >= c.opt.userTimeout
	}
	return int(c.user.keepProbes) >= c.opt.keepCount
}

// armKeepAlive starts the keep-alive timer if the connection wants one.
func (c *Conn) armKeepAlive(now mono.Time) {
	if !c.opt.keepAlive || !c.state.synchronized() || c.state == StateTimeWait {
		c.timers.stop(timerKeepAlive)
		return
	}
	c.timers.set(timerKeepAlive, now.Add(c.opt.keepIdle))
}

// onKeepAliveTimer probes a connection from which nothing was heard.
//
// RFC 9293, Section 3.8.4: "Keep-alive packets MUST only be sent when no sent data is outstanding, and no data or
// acknowledgment packets have been received for the connection within an interval (MUST-26)."
//
// req: RFC9293 MUST-26, MUST-29, MAY-5
func (c *Conn) onKeepAliveTimer(now mono.Time) {
	if !c.opt.keepAlive || !c.state.synchronized() || c.state == StateTimeWait {
		return
	}
	quiet := c.user.lastHeard.Add(c.opt.keepIdle)
	switch {
	case c.inFlight() > 0 || c.nxtOffset() < c.endOffset():
		c.timers.set(timerKeepAlive, now.Add(c.opt.keepIdle)) // other timers watch over data
		return
	case now < quiet && c.user.keepProbes == 0:
		c.timers.set(timerKeepAlive, quiet)
		return
	}
	if c.isDeaf(now) {
		c.giveUp(now)
		return
	}
	c.user.keepProbes++
	c.pend.probe = true
	c.timers.set(timerKeepAlive, now.Add(c.opt.keepIntvl))
}
