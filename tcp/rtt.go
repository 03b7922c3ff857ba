package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// rttEstimator computes the retransmission timeout (RFC 6298).
type rttEstimator struct {
	srtt, rttvar time.Duration
	min          time.Duration // lowest round trip seen
	latest       time.Duration
	rto          time.Duration // without back-off
	backoff      uint8         // doublings since the last new measurement
}

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
func (r *rttEstimator) sample(cfg *Config, rtt time.Duration) {
	rtt = max(rtt, time.Microsecond)
	r.latest = rtt
	r.backoff = 0 // Section 5.7 and Karn: it lasts until the next measurement
	if r.min == 0 || rtt < r.min {
		r.min = rtt
	}
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

// sentRecord remembers when the bytes up to end, and behind those of the record before, were first sent.
type sentRecord struct {
	end uint64
	at  mono.Time
}

// sentLog holds the records of what is in flight, oldest first: one for all that is sent at the same time.
type sentLog struct {
	r     []sentRecord
	head  int
	begin uint64 // offset of the first byte of the first record
}

func (l *sentLog) add(begin, end uint64, now mono.Time) {
	n := len(l.r)
	switch {
	case l.head == n:
		l.begin = begin
	case l.r[n-1].at == now:
		l.r[n-1].end = end
		return
	case n == cap(l.r) && l.head > n/2:
		n = copy(l.r, l.r[l.head:])
		l.r, l.head = l.r[:n], 0
	}
	l.r = append(l.r, sentRecord{end, now})
}

// acked drops the records of bytes before off, and returns when the last of those bytes was sent.
func (l *sentLog) acked(off uint64) (at mono.Time, ok bool) {
	for l.head < len(l.r) && l.begin < off {
		r := l.r[l.head]
		at, ok = r.at, true
		if off < r.end {
			l.begin = off
			return at, ok
		}
		l.begin = r.end
		l.head++
	}
	if l.head == len(l.r) {
		l.r, l.head = l.r[:0], 0
		if cap(l.r) > 64 {
			l.r = nil
		}
	}
	return at, ok
}
