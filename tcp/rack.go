package tcp

import (
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
// RFC 8985, Section 6.2, step 5: "timeout = max(remaining, timeout) … Arm a timer to call RACK_detect_loss_and_arm_timer()
// after timeout": when it runs everything that was overtaken so far is due, and is repaired together (decision 0017).
//
// req: RFC8985 6.2-2, 9.2-1
func (c *Conn) detectByTime(now mono.Time) {
	l := &c.loss
	if l.rack.at == 0 {
		return
	}
	window := c.reorderingWindow()
	grace, company := l.rack.rtt+window, c.companyTime(window)
	logs := [...]*flightLog{&l.board.fresh, &l.board.again}
	due := false
	for _, log := range logs {
		f := c.overtaken(log)
		due = due || f != nil && f.at.Add(grace+company) <= now
	}
	var wait time.Duration
	for _, log := range logs {
		f := c.overtaken(log)
		for due && f != nil && f.at.Add(grace) <= now {
			l.board.loseFront(log)
			f = c.overtaken(log)
		}
		if f != nil {
			wait = max(wait, log.lastBefore(l.rack.at, l.rack.end).Add(grace+company).Sub(now))
		}
	}
	if wait > 0 {
		c.timers.set(timerProbe, now.Add(wait))
		l.tlp.armed = false
	} else if !l.tlp.armed {
		c.timers.stop(timerProbe)
	}
}

// overtaken returns the oldest flight of a log if what was sent after it has arrived, else nil.
func (c *Conn) overtaken(log *flightLog) *flight {
	r, f := &c.loss.rack, log.front()
	switch {
	case f == nil || f.sentAfter(r.at, r.end):
		return nil
	case log == &c.loss.board.again && f.at == r.at && !r.again:
		return nil // retransmitted at the very instant: after it, whatever the offsets say
	}
	return f
}

// companyTime returns how long a hole that is due waits for others, on a path that reorders. Each retransmission that fills
// the peer's first hole brings its TS.Recent forward, and PAWS drops the originals that the path held back at that moment: if
// holes were repaired one by one, among new data, the repair of each would make others. Together with the reordering window
// it is bounded as that is. BBR, which loses little by a loss, would lose more by waiting.
func (c *Conn) companyTime(window time.Duration) time.Duration {
	const tick = time.Millisecond // of timestamps: what is late by no more is not dropped
	if !c.loss.rack.reordered || !c.ts.ok || !c.cc.Reduces() {
		return 0
	}
	if d := min(c.rtt.min/4, c.rtt.srtt-window); d > tick {
		return d
	}
	return 0
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
