package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// rttEstimator computes the retransmission timeout (RFC 6298).
type rttEstimator struct {
	srtt, rttvar time.Duration
	min          time.Duration // lowest round trip of this and the last half of minRTTWindow
	minNow       time.Duration // of this half
	minUntil     mono.Time     // when it ends
	rto          time.Duration // without back-off
	backoff      uint8         // doublings since the last new measurement
	fresh        bool          // there was a measurement since the last tail loss probe
}

// minRTTWindow is how long a round trip may count as the lowest, as in Linux.
const minRTTWindow = 5 * time.Minute

// req: RFC6298 2-1
func (r *rttEstimator) init(cfg *Config) { r.rto = cfg.InitialRTO }

// sample takes a measured round trip.
//
// RFC 6298, Section 2.2: "SRTT <- R, RTTVAR <- R/2, RTO <- SRTT + max (G, K*RTTVAR)" and Section 2.3:
// "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|, SRTT <- (1 - alpha) * SRTT + alpha * R'".
//
// The lower bound of 200 ms applies to the variance term, as in Linux, so that a steady path's timeout stays above its
// round trip (deviates from Section 2.4: "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be
// rounded up to 1 second").
//
// req: RFC9293 MUST-18, RFC6298 2-2, 2-3, 2-4, 2-5, 2-6, 2-8, 4-1
func (r *rttEstimator) sample(cfg *Config, now mono.Time, rtt time.Duration) {
	rtt = max(rtt, time.Microsecond)
	r.backoff = 0 // Section 5.7 and Karn: it lasts until the next measurement
	r.fresh = true
	r.track(now, rtt)
	if r.srtt == 0 {
		r.srtt, r.rttvar = rtt, rtt/2
	} else {
		d := r.srtt - rtt
		if d < 0 {
			d = -d
		}
		r.rttvar += (d - r.rttvar) / 4
		r.srtt += (rtt - r.srtt) / 8
	}
	r.rto = min(r.srtt+max(cfg.MinRTO, 4*r.rttvar), cfg.MaxRTO)
}

// track keeps the lowest round trip. One of long ago does not count: the path may be another.
//
// RFC 8985, Section 6.2: "The sender SHOULD track a windowed min-filtered estimate of recent RTT measurements that can adapt
// when migrating to significantly longer paths rather than tracking a simple global minimum of all RTT measurements."
//
// req: RFC8985 6.2-1
func (r *rttEstimator) track(now mono.Time, rtt time.Duration) {
	if now >= r.minUntil {
		r.min = r.minNow
		if r.min == 0 || now >= r.minUntil.Add(minRTTWindow/2) {
			r.min = rtt
		}
		r.minNow, r.minUntil = rtt, now.Add(minRTTWindow/2)
	}
	r.min, r.minNow = min(r.min, rtt), min(r.minNow, rtt)
}

// timeout returns the RTO with back-off.
//
// RFC 6298, Section 5.5: "RTO <- RTO * 2 ("back off the timer")".
//
// req: RFC6298 5-6
func (r *rttEstimator) timeout(cfg *Config) time.Duration {
	d := r.rto
	for i := uint8(0); i < r.backoff && d < cfg.MaxRTO; i++ {
		d *= 2
	}
	return min(d, cfg.MaxRTO)
}
