package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// policer finds that a token bucket drops what exceeds a rate. It lets bursts through, which the bandwidth filter takes for
// the bandwidth, and then drops much. Two intervals in a row, each from one loss to another at least four rounds later, in
// which a fifth was lost and the rates of delivery are about the same, tell that rate; BBR then sends at it, without
// probing, for 48 rounds.
type policer struct {
	lost     uint64 // bytes in all
	timedOut bool   // since the last acknowledgment
	sampling bool   // an interval has begun
	active   bool   // rate is the bandwidth
	rate     int64  // of the last interval, 0 if there was none
	rounds   int    // of the interval, or since active is set
	began    struct {
		at              mono.Time
		delivered, lost uint64
	}
}

const (
	policerRounds    = 4
	policerMaxRounds = 4 * policerRounds
	policerLoss      = 50 // of 256 delivered
	policerSimilar   = 8  // rates differ by an eighth at most
	policerSlack     = 4000 / 8
	policerLasts     = 48 // rounds
)

// reset forgets everything.
func (p *policer) reset() { *p = policer{lost: p.lost} }

func (p *policer) beginInterval(a *Ack) {
	p.began.at, p.began.delivered, p.began.lost = a.Now, a.Rate.Total, p.lost
	p.rounds = 0
}

// onAck takes an acknowledgment with a sample of the rate.
func (p *policer) onAck(b *bbr, a *Ack) {
	newRound := b.round.started || p.timedOut
	lost := a.Rate.Lost > 0 || p.timedOut
	p.timedOut = false
	if p.active {
		if b.mode == bbrProbeBW && newRound {
			if p.rounds++; p.rounds >= policerLasts {
				p.reset()
				b.startProbeBW(a.Now)
			}
		}
		return
	}
	if !p.sampling {
		if !lost {
			return
		}
		p.sampling = true
		p.beginInterval(a)
	}
	if a.Rate.AppLimited {
		p.reset()
		return
	}
	if newRound {
		p.rounds++
	}
	switch {
	case p.rounds < policerRounds:
	case p.rounds > policerMaxRounds:
		p.reset() // losses too far apart
	case lost:
		p.tryEnd(a, b.mss)
	}
}

// tryEnd ends the interval if enough was lost in it. Less than a segment a second is an outage and no policer: to send at
// that rate when it is over would make the outage last.
func (p *policer) tryEnd(a *Ack, mss int) {
	lost, delivered := p.lost-p.began.lost, a.Rate.Total-p.began.delivered
	d := a.Now.Sub(p.began.at)
	if delivered == 0 || lost*256 < policerLoss*delivered || d < time.Millisecond {
		return
	}
	rate := rateOf(int(delivered), d)
	if rate < int64(mss) {
		p.reset()
		return
	}
	diff := max(rate, p.rate) - min(rate, p.rate)
	if p.rate > 0 && (diff*policerSimilar <= p.rate || diff <= policerSlack) {
		p.rate = (rate + p.rate) / 2
		p.active, p.rounds = true, 0
		return
	}
	p.rate = rate
	p.beginInterval(a)
}
