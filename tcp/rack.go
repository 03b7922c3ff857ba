package tcp

import (
	"math"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
)

// rack finds losses by time (RFC 8985): what was sent longer before something that has arrived than a reordering window is
// lost.
type rack struct {
	at   mono.Time     // RACK.xmit_ts: when the newest segment that has arrived was sent
	end  uint64        // RACK.end_seq: where it ends
	rtt  time.Duration // RACK.rtt: its round trip
	fack uint64        // RACK.fack: the highest offset that has arrived

	again     bool   // RACK.segment was a retransmission
	reordered bool   // RACK.reordering_seen
	steps     uint8  // RACK.reo_wnd_mult
	persist   uint8  // RACK.reo_wnd_persist
	round     uint64 // RACK.dsack_round: delivered in all when the window was last widened
	dsack     bool   // a DSACK has come that was not yet taken into account
}

const (
	// maxSteps and persistRecoveries are those of Linux and RFC 8985, Section 6.2, step 4.
	maxSteps          = 255
	persistRecoveries = 16
)

// updateRACK takes the newest of what has arrived.
//
// RFC 8985, Section 6.2, step 2: "If RACK_sent_after(Segment.xmit_ts, Segment.end_seq, RACK.xmit_ts, RACK.end_seq)" then
// it becomes RACK.segment; but "if Segment.retransmitted is TRUE" and ACK.ts_option.echo_reply is older than its
// transmission, or "RACK.rtt < RACK.min_RTT", the acknowledgment is more likely for an earlier one.
//
// Step 3: "If … ACK … Segment.end_seq < RACK.fack and Segment.retransmitted is FALSE, RACK.reordering_seen = TRUE".
//
// req: RFC8985 1-1
func (c *Conn) updateRACK(now mono.Time, a *arrival) {
	r := &c.loss.rack
	if f := &a.fresh; f.at != 0 && f.sentAfter(r.at, r.end) {
		r.at, r.end, r.rtt, r.again = f.at, f.hi, now.Sub(f.at), false
	}
	if f := &a.again; f.at != 0 && !c.isAmbiguous(now, f, a.seg) && f.sentAfter(r.at, r.end) {
		r.at, r.end, r.rtt, r.again = f.at, f.hi, now.Sub(f.at), true
	}
	if a.original > 0 && a.low < a.fack {
		r.reordered = true
		n := (int(a.fack-a.low) + c.payloadMSS() - 1) / c.payloadMSS()
		c.loss.reordering = min(max(c.loss.reordering, n), maxReordering)
	}
	r.fack = max(r.fack, a.una)
	if n := c.loss.board.sacked.Max(); n > r.fack {
		r.fack = n
	}
}

// isAmbiguous reports whether f, which was sent more than once, may have arrived the first time.
func (c *Conn) isAmbiguous(now mono.Time, f *flight, seg *Segment) bool {
	if now.Sub(f.at) < c.rtt.min {
		return true
	}
	o := &seg.Header.Options
	return c.ts.ok && o.HasTimestamps && tsBefore(o.TSEcr, seq.Number(c.ts.now(f.at)))
}

// widen adapts the reordering window to the DSACKs that have come.
//
// RFC 8985, Section 6.2, step 4: "If DSACK option is present on an ACK and RACK.dsack_round … RACK.reo_wnd_mult += 1 …
// RACK.reo_wnd_persist = 16", at most once a round trip; after 16 recoveries without one the window is the initial one.
//
// req: RFC8985 3.3.2-3, 4-4
func (r *rack) widen(prior, total uint64) {
	switch {
	case !r.dsack:
		if r.persist == 0 {
			r.steps = 1
		}
	case prior >= r.round:
		if r.steps < maxSteps {
			r.steps++
		}
		r.persist, r.round = persistRecoveries, total
	}
	r.dsack = false
}

// reorderingWindow returns how long what was sent before may come behind.
//
// RFC 8985, Section 6.2, step 4: "If RACK.reordering_seen is FALSE: If in loss recovery …: return 0; else if RACK.segs_sacked
// >= DupThresh: return 0. Return MIN(RACK.reo_wnd_mult * RACK.min_RTT / 4, SRTT)".
//
// req: RFC8985 3.3.2-1, 3.3.2-2, 3.3.2-4, 3.3.2-5
func (c *Conn) reorderingWindow() time.Duration {
	l := &c.loss
	r := &l.rack
	if !r.reordered && (l.phase >= phaseRecovery || c.manySACKed()) {
		return 0
	}
	return min(time.Duration(max(r.steps, 1))*c.rtt.min/4, c.rtt.srtt)
}

// manySACKed reports whether DupThresh segments have arrived beyond a hole.
func (c *Conn) manySACKed() bool {
	s := &c.loss.board.sacked
	return s.Covered() >= dupThresh*c.payloadMSS() || s.Len() >= dupThresh
}

// detectByTime finds lost what was sent too long before the newest that has arrived, and sets a timer for what may turn
// out to be.
//
// RFC 8985, Section 6.2, step 5.
//
// req: RFC8985 6.2-2, 9.2-1
func (c *Conn) detectByTime(now mono.Time) {
	l := &c.loss
	if l.rack.at == 0 {
		return
	}
	grace := l.rack.rtt + c.reorderingWindow()
	wait := time.Duration(math.MaxInt64)
	for _, log := range [...]*flightLog{&l.board.fresh, &l.board.again} {
		for f := log.front(); f != nil && !f.sentAfter(l.rack.at, l.rack.end); f = log.front() {
			if log == &l.board.again && f.at == l.rack.at && !l.rack.again {
				break // retransmitted at the very instant: after it, whatever the offsets say
			}
			if left := f.at.Add(grace).Sub(now); left > 0 {
				wait = min(wait, left)
				break
			}
			l.board.loseFront(log)
		}
	}
	if wait < math.MaxInt64 {
		c.timers.set(timerProbe, now.Add(wait))
		l.tlp.armed = false
	} else if !l.tlp.armed {
		c.timers.stop(timerProbe)
	}
}

// onReorderTimer looks again at what may have been lost.
func (c *Conn) onReorderTimer(now mono.Time) {
	l := &c.loss
	before := l.board.found
	c.detectByTime(now)
	if l.board.found == before {
		return
	}
	if l.phase <= phaseCWR {
		c.onLossFound(now, c.unaOffset())
	}
	c.reduceRate(0, false)
}
