package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// bbr is BBR, version 1 (N. Cardwell and others, "BBR: Congestion-Based Congestion Control", 2016), as Linux has it. It
// models the path by two numbers, the bandwidth of its bottleneck and its round trip without queues, sends at that
// bandwidth, and probes now and then whether they are still true. Losses say little to it:
//
//   - STARTUP doubles the rate every round trip until three rounds bring less than a quarter more;
//   - DRAIN lets the queue that this has built run off;
//   - PROBE_BW goes round eight phases of a round trip each: one a quarter faster, one a quarter slower, six as fast;
//   - PROBE_RTT, every ten seconds in which no lower round trip was seen, lets the path run empty for 200 ms.
//
// It needs Ack.Rate, and a sender that paces by PacingRate and Quantum. It does not react to marks (CauseECN).
type bbr struct {
	mss, initial int // bytes
	cwnd         int
	rate         int64 // bytes per second: PacingRate
	mode         bbrMode
	round        bbrRound
	bw           maxFilter // bandwidth, bytes per second
	rtt          bbrRTT
	full         bbrFull
	cycle        bbrCycle
	loss         bbrLoss
	aggregation  aggregation
	policer      policer
	restarted    bool // sends again after having been idle, and nothing of that was delivered yet
}

type bbrMode uint8

const (
	bbrStartup bbrMode = iota
	bbrDrain
	bbrProbeBW
	bbrProbeRTT
)

// bbrRound counts round trips by what is delivered: one is over when a segment sent after it began is.
type bbrRound struct {
	started bool   // by the last acknowledgment
	end     uint64 // Rate.Prior of the segments that are sent after the round
	count   uint64
}

const (
	bbrHighGain  gain = 2885 // 2/ln 2: the least that doubles the rate every round trip
	bbrDrainGain gain = 347  // its inverse
	bbrWindow    gain = 2000 // in PROBE_BW: room for acknowledgments that are late or come in lumps

	bbrMinWindow = 4 // segments
)

func newBBR(o Options) Control {
	b := &bbr{mss: o.MSS, initial: o.Initial * o.MSS, cwnd: max(o.Initial*o.MSS, o.Window)}
	b.startAt(time.Millisecond)
	return b
}

func (b *bbr) Name() string      { return "bbr" }
func (b *bbr) Window() int       { return b.cwnd }
func (b *bbr) Threshold() int    { return maxWindow }
func (b *bbr) PacingRate() int64 { return b.rate }
func (b *bbr) Reduces() bool     { return false }

// SetMSS scales the window with the segment.
func (b *bbr) SetMSS(mss int) {
	scale := func(n int) int { return int(int64(n) * int64(mss) / int64(b.mss)) }
	b.initial = scale(b.initial)
	b.cwnd = min(max(scale(b.cwnd), mss), maxWindow)
	b.loss.prior = scale(b.loss.prior)
	b.mss = mss
}

// OnEstablished paces the first flight by the round trip of the handshake.
func (b *bbr) OnEstablished(_ mono.Time, rtt time.Duration, lost bool) {
	if lost {
		b.cwnd = b.mss
	}
	if rtt > 0 {
		b.rtt.first = true
		b.startAt(rtt)
	}
}

// startAt sets the pacing rate while nothing is known but perhaps the round trip.
func (b *bbr) startAt(rtt time.Duration) { b.rate = bbrHighGain.of(rateOf(b.cwnd, rtt)) }

// OnAck updates the model of the path, and from it rate and window.
func (b *bbr) OnAck(a Ack) {
	if b.loss.limitedUntil != 0 && a.Rate.Prior <= b.loss.limitedUntil {
		a.Rate.AppLimited = true // what was sent in PROBE_RTT says nothing about the bandwidth
	}
	b.policer.lost += uint64(a.Rate.Lost)
	b.round.started = false
	if a.Rate.Interval > 0 {
		b.updateRound(&a)
		b.policer.onAck(b, &a)
		b.updateBandwidth(&a)
		b.aggregation.onAck(b, &a)
	}
	b.updateCycle(&a)
	b.checkFull(&a)
	b.checkDrained(&a)
	b.updateRTT(&a)
	b.setRate()
	b.setWindow(&a)
}

func (b *bbr) updateRound(a *Ack) {
	if a.Rate.Prior < b.round.end {
		return
	}
	b.round.end = a.Rate.Total
	b.round.count++
	b.round.started = true
	b.loss.conserve = false
}

// bandwidth returns the bandwidth to send at.
func (b *bbr) bandwidth() int64 {
	if b.policer.active {
		return b.policer.rate
	}
	return b.bw.max
}

func (b *bbr) updateBandwidth(a *Ack) {
	bw := rateOf(a.Rate.Delivered, a.Rate.Interval)
	if !a.Rate.AppLimited || bw >= b.bw.max {
		b.bw.add(b.round.count, bw)
	}
}

// setRate sets the pacing rate: a hundredth below the bandwidth, so that a queue does not build up by rounding.
func (b *bbr) setRate() {
	rate := b.pacingGain().of(b.bandwidth()) / 100 * 99
	if b.full.reached || rate > b.rate {
		b.rate = max(rate, 1)
	}
}

func (b *bbr) pacingGain() gain {
	switch b.mode {
	case bbrStartup:
		return bbrHighGain
	case bbrDrain:
		return bbrDrainGain
	case bbrProbeBW:
		if !b.policer.active {
			return bbrCycleGains[b.cycle.phase]
		}
	}
	return unity
}

func (b *bbr) windowGain() gain {
	switch b.mode {
	case bbrStartup, bbrDrain:
		return bbrHighGain
	case bbrProbeBW:
		return bbrWindow
	}
	return unity
}

// OnIdle begins again at the bandwidth of before: bursts after idle times build queues, and slow starts waste time.
func (b *bbr) OnIdle(now mono.Time, _ time.Duration, _ bool) {
	b.restarted = true
	b.aggregation.restart(now)
	switch b.mode {
	case bbrProbeBW:
		b.rate = max(b.bandwidth()/100*99, 1)
	case bbrProbeRTT:
		b.endProbeRTT(now)
	}
}
