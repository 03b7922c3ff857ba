package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// bbrFull finds that the pipe is full: the bandwidth does not grow though the rate does.
type bbrFull struct {
	bw      int64 // when it last had grown by a quarter
	rounds  int   // since
	reached bool
	held    bool // in this round packet conservation held the rate back
	lost    int  // in this round
}

// checkFull runs once a round. Three rounds, because the receiver's window may have to grow first.
//
// Unlike Linux it does not count rounds of packet conservation in which less than an eighth was lost: there the rate could
// not grow. Otherwise a few losses at the start, on a long path, would leave BBR to find the bandwidth by PROBE_BW, which
// takes a minute.
func (b *bbr) checkFull(a *Ack) {
	f := &b.full
	f.held = f.held || b.loss.conserve
	f.lost += a.Rate.Lost
	if f.reached || !b.round.started {
		return
	}
	held := f.held && f.lost < a.Rate.Delivered/8
	f.held, f.lost = false, 0
	switch {
	case a.Rate.AppLimited:
	case b.bw.max >= f.bw+f.bw/4:
		f.bw, f.rounds = b.bw.max, 0
	case !held:
		f.rounds++
		f.reached = f.rounds >= 3
	}
}

// checkDrained goes from STARTUP to DRAIN and from there to PROBE_BW.
func (b *bbr) checkDrained(a *Ack) {
	if b.mode == bbrStartup && b.full.reached {
		b.mode = bbrDrain
	}
	if b.mode == bbrDrain && int64(a.Left) <= b.inFlightFor(b.bw.max, unity) {
		b.startProbeBW(a.Now)
	}
}

// bbrCycle is the phase of PROBE_BW.
type bbrCycle struct {
	phase int
	began mono.Time
}

// bbrCycleGains probe for more, give back what queue that made, and cruise.
var bbrCycleGains = [8]gain{1250, 750, unity, unity, unity, unity, unity, unity}

// startProbeBW begins in any phase but the one that drains, so that flows do not probe in step. Which one follows from the
// clock and what was delivered, which differ between flows.
func (b *bbr) startProbeBW(now mono.Time) {
	b.mode = bbrProbeBW
	mixed := (uint64(now) ^ b.round.end) * 0x9e3779b97f4a7c15
	b.cycle = bbrCycle{phase: (8 - int(mixed>>32%7)) % 8, began: now}
}

// updateCycle goes to the next phase after a round trip. Probing lasts until it has filled the pipe by its gain, which takes
// longer with a small window, or lost something; draining ends as soon as the queue is gone.
func (b *bbr) updateCycle(a *Ack) {
	if b.mode != bbrProbeBW {
		return
	}
	done := a.Now.Sub(b.cycle.began) > b.rtt.min
	switch g := b.pacingGain(); {
	case g > unity:
		done = done && (a.Rate.Lost > 0 || int64(a.InFlight) >= b.inFlightFor(b.bw.max, g))
	case g < unity:
		done = done || int64(a.InFlight) <= b.inFlightFor(b.bw.max, unity)
	}
	if done {
		b.cycle.phase = (b.cycle.phase + 1) % len(bbrCycleGains)
		b.cycle.began = a.Now
	}
}

// bbrRTT is the lowest round trip of ten seconds, and the visit to PROBE_RTT that is made if no lower one is seen.
type bbrRTT struct {
	min       time.Duration // 0 if none was measured
	at        mono.Time     // when
	first     bool          // the first pacing rate came of a measured round trip
	done      mono.Time     // when PROBE_RTT may end, 0 if the path is not empty yet
	roundDone bool          // and a round trip with an empty path has passed
}

const (
	bbrRTTLasts     = 10 * time.Second
	bbrProbeRTTTime = 200 * time.Millisecond
)

func (b *bbr) updateRTT(a *Ack) {
	r := &b.rtt
	expired := r.at != 0 && a.Now.Sub(r.at) > bbrRTTLasts
	if a.RTT > 0 && (r.min == 0 || a.RTT < r.min || expired) {
		r.min, r.at = a.RTT, a.Now
	}
	if a.RTT > 0 && !r.first {
		r.first = true
		b.startAt(a.RTT)
	}
	if expired && !b.restarted && b.mode != bbrProbeRTT {
		b.loss.keep(b)
		b.mode, r.done = bbrProbeRTT, 0
	}
	if b.mode == bbrProbeRTT {
		b.probeRTT(a)
	}
	if a.Delivered > 0 {
		b.restarted = false
	}
}

// probeRTT stays until the path was empty for 200 ms and a round trip.
func (b *bbr) probeRTT(a *Ack) {
	r := &b.rtt
	b.loss.limitedUntil = a.Rate.Total + uint64(a.Left)
	switch {
	case r.done == 0:
		if a.Left <= bbrMinWindow*b.mss {
			r.done, r.roundDone = a.Now.Add(bbrProbeRTTTime), false
			b.round.end = a.Rate.Total
		}
	default:
		r.roundDone = r.roundDone || b.round.started
		if r.roundDone {
			b.endProbeRTT(a.Now)
		}
	}
}

// endProbeRTT goes back to where PROBE_RTT came from, if it has lasted long enough.
func (b *bbr) endProbeRTT(now mono.Time) {
	r := &b.rtt
	if r.done == 0 || now <= r.done {
		return
	}
	r.at = now // the next visit is ten seconds away
	b.cwnd = max(b.cwnd, b.loss.prior)
	if b.full.reached {
		b.startProbeBW(now)
		return
	}
	b.mode = bbrStartup
}
