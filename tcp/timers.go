package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// timerKind names one of a connection's timers. At most one instant is set for each.
type timerKind uint8

const (
	timerRetransmit timerKind = iota // also SYN and SYN-ACK
	timerPersist                     // probes a closed window, overrides sender SWS avoidance
	timerProbe                       // tail loss probe, or the end of the reordering window
	timerPace                        // when the next segment may leave
	timerDelayedACK
	timerKeepAlive
	timerClose // end of TIME-WAIT, or of an abandoned FIN-WAIT-2
	numTimers
)

// timers is a table of instants, 0 for those not set.
type timers [numTimers]mono.Time

func (t *timers) set(k timerKind, at mono.Time) { t[k] = at }
func (t *timers) stop(k timerKind)              { t[k] = 0 }
func (t *timers) isSet(k timerKind) bool        { return t[k] != 0 }

// due stops timer k and reports true if its instant has come.
func (t *timers) due(k timerKind, now mono.Time) bool {
	if t[k] == 0 || now < t[k] {
		return false
	}
	t[k] = 0
	return true
}

func (t *timers) earliest() mono.Time {
	e := mono.Never
	for _, at := range t {
		if at != 0 && at < e {
			e = at
		}
	}
	return e
}

// anyBefore reports whether a timer of a kind before k is set.
func (t *timers) anyBefore(k timerKind) bool {
	for _, at := range t[:k] {
		if at != 0 {
			return true
		}
	}
	return false
}

// Deadline returns when Tick is to be called next, mono.Never if nothing is pending.
func (c *Conn) Deadline() mono.Time {
	if c.active == nil {
		t := timers{timerKeepAlive: c.rested.keepAlive, timerClose: c.rested.close}
		return t.earliest()
	}
	return c.timers.earliest()
}

// Tick does what time has brought. Calling it early is harmless.
func (c *Conn) Tick(now mono.Time) {
	c.wake()
	if c.timers.due(timerDelayedACK, now) {
		c.ack.now = true
		c.ack.interactive = false // nothing came along to carry it
	}
	if c.timers.due(timerProbe, now) {
		if c.loss.tlp.armed {
			c.onTailProbeTimer(now)
		} else {
			c.onReorderTimer(now)
		}
	}
	c.timers.due(timerPace, now) // Next looks again
	if c.timers.due(timerRetransmit, now) {
		c.onRetransmitTimer(now)
	}
	if c.timers.due(timerPersist, now) {
		c.onPersistTimer(now)
	}
	if c.timers.due(timerKeepAlive, now) {
		c.onKeepAliveTimer(now)
	}
	if c.timers.due(timerClose, now) {
		c.toClosed(0)
	}
}

// armRetransmit starts the retransmission timer for the data in flight.
//
// req: RFC6298 5-1, 5-7
func (c *Conn) armRetransmit(now mono.Time) {
	c.timers.set(timerRetransmit, now.Add(c.boundByUserTimeout(now, c.rtt.timeout(c.cfg))))
}

// boundByUserTimeout shortens a wait so that the user timeout is noticed when it comes.
func (c *Conn) boundByUserTimeout(now mono.Time, d time.Duration) time.Duration {
	if c.opt.userTimeout == 0 || c.wait.stalledSince == 0 {
		return d
	}
	left := c.wait.stalledSince.Add(c.opt.userTimeout).Sub(now)
	return min(d, max(left, time.Millisecond))
}

// userTimedOut reports whether data has waited longer for an acknowledgment than the user allows.
//
// RFC 9293, Section 3.10.8: "If the user timeout expires, flush all queues, signal the user 'error: connection aborted
// due to user timeout' in general and for any outstanding calls, delete the TCB, enter the CLOSED state, and return."
func (c *Conn) userTimedOut(now mono.Time) bool {
	return c.opt.userTimeout != 0 && c.wait.stalledSince != 0 &&
		now >= c.wait.stalledSince.Add(c.opt.userTimeout)
}
