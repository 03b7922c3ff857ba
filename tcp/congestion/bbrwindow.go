package congestion

import "github.com/antedon-net/antedon/internal/mono"

// bbrLoss is what BBR remembers while its window is smaller than the model says.
type bbrLoss struct {
	prior        int    // the window to go back to
	recovering   bool   // between OnLoss or OnTimeout and OnRecovered
	entered      bool   // by OnLoss, and no acknowledgment came since
	conserve     bool   // in the first round of fast recovery: send as much as was delivered
	limitedUntil uint64 // what was sent up to here was held back by PROBE_RTT
}

// keep remembers the window.
func (l *bbrLoss) keep(b *bbr) {
	if l.recovering || b.mode == bbrProbeRTT {
		l.prior = max(l.prior, b.cwnd)
	} else {
		l.prior = b.cwnd
	}
}

// inFlightFor returns how much has to be in flight for bandwidth bw times g: the product of bandwidth and round trip, and
// room for three quanta, at the sender, on the way, and at a receiver that delays acknowledgments or joins segments.
func (b *bbr) inFlightFor(bw int64, g gain) int64 {
	product := int64(b.initial)
	if b.rtt.min > 0 {
		product = min(g.of(bytesIn(bw, b.rtt.min)), maxWindow)
	}
	return b.roomFor(product)
}

func (b *bbr) roomFor(n int64) int64 {
	n += 3 * int64(Quantum(b.rate, b.mss))
	pair := 2 * int64(b.mss)
	n = (n + pair - 1) / pair * pair // an odd segment's acknowledgment would be delayed
	if b.mode == bbrProbeBW && b.cycle.phase == 0 {
		n += pair // or a small window could not probe
	}
	return n
}

// setWindow moves the window towards what the model asks for. It grows by what is delivered, as in slow start.
func (b *bbr) setWindow(a *Ack) {
	if a.Delivered > 0 && !b.holdBack(a) {
		target := b.aggregation.room(b)
		if b.rtt.min > 0 {
			target += min(b.windowGain().of(bytesIn(b.bandwidth(), b.rtt.min)), maxWindow)
		} else {
			target += int64(b.initial)
		}
		target = min(b.roomFor(target), maxWindow)
		grown := min(b.cwnd+a.Delivered, maxWindow)
		switch {
		case b.full.reached:
			b.cwnd = min(grown, int(target))
		case int64(b.cwnd) < target || a.Rate.Total < uint64(b.initial):
			b.cwnd = grown
		}
		b.cwnd = max(b.cwnd, bbrMinWindow*b.mss)
	}
	if b.mode == bbrProbeRTT {
		b.cwnd = min(b.cwnd, bbrMinWindow*b.mss)
	}
}

// holdBack keeps to what losses ask for, and reports whether that is all.
//
// What was lost is not in the network any more. In the first round of a recovery as much is sent as is delivered, which
// is what a policer or a full queue lets through; later the window returns to what it was.
func (b *bbr) holdBack(a *Ack) bool {
	l := &b.loss
	if a.Rate.Lost > 0 {
		b.cwnd = max(b.cwnd-a.Rate.Lost, b.mss)
	}
	if l.entered {
		l.entered, l.conserve = false, true
		b.round.end = a.Rate.Total
		b.cwnd = a.Left + a.Delivered
	}
	if l.conserve {
		b.cwnd = min(max(b.cwnd, a.Left+a.Delivered), maxWindow)
	}
	return l.conserve
}

// OnLoss begins a recovery.
func (b *bbr) OnLoss(_ mono.Time, _ int, why Cause) {
	if why != CauseLoss {
		return
	}
	l := &b.loss
	l.keep(b)
	l.recovering, l.entered = true, true
}

// OnTimeout begins again with one segment: nothing is in flight.
func (b *bbr) OnTimeout(_ mono.Time, _ int, _ bool) {
	l := &b.loss
	l.keep(b)
	l.recovering, l.entered, l.conserve = true, false, false
	b.cwnd = b.mss
	b.full.bw = 0
	b.policer.timedOut = true
}

// OnRecovered restores the window.
func (b *bbr) OnRecovered(mono.Time) {
	l := &b.loss
	if l.recovering {
		b.cwnd = max(b.cwnd, l.prior)
	}
	l.recovering, l.entered, l.conserve = false, false, false
}

// Undo forgets what the losses that were none have told.
func (b *bbr) Undo(now mono.Time) {
	b.full.bw, b.full.rounds = 0, 0
	b.policer.reset()
	b.OnRecovered(now)
}
