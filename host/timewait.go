package host

import "github.com/antedon-net/antedon/tcp"

// noteTimeWait counts c, which may have come to TIME-WAIT. Each connection that this host closes first stays there for a minute,
// and peers that come back at once are no reason to hold a million: beyond the limit the oldest is forgotten, as if its time
// were over.
func (h *Host) noteTimeWait(c *Conn) {
	if c.waits || c.State() != tcp.StateTimeWait {
		return
	}
	c.waits = true
	q := &h.tcp.timeWaits
	q.push(c)
	for q.len() > h.cfg.Limits.TimeWaits {
		if old := q.pop(); !old.forgotten {
			h.count.TimeWaitsCut++
			h.forget(old)
		}
	}
}

// leaveTimeWait takes those that were forgotten from the front of the queue. Others follow when they have come there, which takes
// no longer than one lasts.
func (h *Host) leaveTimeWait() {
	for q := &h.tcp.timeWaits; q.len() > 0 && (*q.front()).forgotten; {
		q.pop()
	}
}
