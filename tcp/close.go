package tcp

import (
	"syscall"

	"github.com/antedon-net/antedon/internal/mono"
)

// CloseWrite ends the stream to the peer after what was written: RFC 9293's CLOSE (Section 3.10.4). Reading goes on.
func (c *Conn) CloseWrite(now mono.Time) {
	if c.snd.finQueued {
		return
	}
	switch c.state {
	case StateSynReceived:
		c.snd.finQueued = true // "queue for processing after entering ESTABLISHED state"
	case StateEstablished:
		c.snd.finQueued = true
		c.setState(StateFinWait1)
	case StateCloseWait:
		c.snd.finQueued = true
		c.setState(StateLastAck)
	case StateSynSent:
		if c.closeEarly(now) {
			return
		}
		c.toClosed(0) // "Delete the TCB and return 'error: closing' responses"
	}
}

// Close says that nobody will read or write any more. What was written is still delivered, unless bytes that arrived
// were not read: then the peer gets a RST.
//
// RFC 9293, Section 3.6.1: "A host MAY implement a 'half-duplex' TCP close sequence, so that an application that has
// called CLOSE cannot continue to read data from the connection … If such a host issues a CLOSE call while received data
// is still pending in the TCP connection, or if new data is received after CLOSE is called, its TCP implementation SHOULD
// send a RST to show that data was lost (SHLD-3)."
//
// req: RFC9293 MAY-1, RFC9293 SHLD-3
func (c *Conn) Close(now mono.Time) {
	if c.user.closed {
		return
	}
	c.wake()
	c.user.closed = true
	if c.rcv.buf.Len() > 0 && c.state != StateClosed && c.state != StateTimeWait {
		c.toClosed(0)
		c.pend.rst = true
		return
	}
	c.rcv.buf.Clear()
	c.CloseWrite(now)
	if c.state == StateFinWait2 {
		c.timers.set(timerClose, now.Add(c.cfg.FinTimeout))
	}
}

// Abort ends the connection at once: RFC 9293's ABORT (Section 3.10.5).
func (c *Conn) Abort(now mono.Time) {
	c.wake()
	c.user.closed = true
	c.reset(syscall.ECONNABORTED)
}

// reset sends a RST if the peer knows of the connection, and forgets everything.
//
// RFC 9293, Section 3.10.5: "SYN-RECEIVED STATE, ESTABLISHED STATE, FIN-WAIT-1 STATE, FIN-WAIT-2 STATE, CLOSE-WAIT STATE:
// Send a reset segment … CLOSING STATE, LAST-ACK STATE, TIME-WAIT STATE: Respond with 'ok' and delete the TCB; enter
// CLOSED state, and return."
func (c *Conn) reset(err syscall.Errno) {
	switch c.state {
	case StateClosed:
		c.release()
		return
	case StateSynReceived, StateEstablished, StateFinWait1, StateFinWait2, StateCloseWait:
		c.pend.rst = true
	}
	c.toClosed(err)
}

// toTimeWait enters TIME-WAIT, which holds no buffer for sending.
//
// RFC 9293, Section 3.6: "When a connection is closed actively, it MUST linger in the TIME-WAIT state for a time 2xMSL
// (Maximum Segment Lifetime) (MUST-13)."
//
// req: RFC9293 MUST-13
func (c *Conn) toTimeWait(now mono.Time) {
	c.setState(StateTimeWait)
	c.release()
	ackNow := c.ack.now
	c.timers = timers{}
	c.ack.now = ackNow
	c.timers.set(timerClose, now.Add(c.cfg.TimeWait))
	c.event |= EventFinished | EventWritable
}

// CanReuse reports whether a SYN that arrived for a connection in TIME-WAIT may begin a new one.
//
// RFC 9293, Section 3.6.1 allows it if the new sequence numbers lie above the old; RFC 6191, Section 2 lets timestamps
// decide where both incarnations use them.
//
// req: RFC9293 MAY-2, SHLD-4
func (c *Conn) CanReuse(syn *Segment) bool {
	if c.state != StateTimeWait || !isOpening(syn) {
		return false
	}
	o := &syn.Header.Options
	stamped := o.HasTimestamps && !c.cfg.NoTimestamps // the new connection would be
	switch {
	case stamped && !c.ts.ok:
		return true
	case stamped && uint32(c.ts.recent) != o.TSVal:
		return !tsBefore(o.TSVal, c.ts.recent)
	}
	return c.rcv.nxt.Less(syn.seq())
}
