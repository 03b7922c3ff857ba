package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// rateState estimates the delivery rate (draft-ietf-ccwg-bbr, Section 4.1): how much arrived over the longer of the times
// in which it was sent and in which it was acknowledged.
type rateState struct {
	delivered  uint64    // C.delivered: bytes, SACKed ones included
	at         mono.Time // C.delivered_time: when the last of them was acknowledged
	firstSent  mono.Time // C.first_send_time: when the newest segment that has arrived was sent
	lost       int       // bytes found lost up to the last sample
	appLimited uint64    // C.app_limited: until so much is delivered, samples are limited by the application
	latest     rateSample
}

// rateSample is a rate of delivery: so many bytes in that time.
type rateSample struct {
	bytes int64
	in    time.Duration
}

// rateMark is what a segment remembers of the state when it was sent.
type rateMark struct {
	delivered  uint64
	at         mono.Time
	firstSent  mono.Time
	appLimited bool
}

// onSend returns the mark for a segment that leaves now.
func (r *rateState) onSend(now mono.Time, pipe int) rateMark {
	if pipe == 0 {
		r.firstSent, r.at = now, now
	}
	return r.mark()
}

func (r *rateState) mark() rateMark {
	return rateMark{r.delivered, r.at, r.firstSent, r.appLimited != 0}
}

// onIdle notes that the application, and nothing else, holds the sender back.
func (r *rateState) onIdle(pipe int) { r.appLimited = max(r.delivered+uint64(pipe), 1) }

// sample takes a delivery and returns the rate it tells. found is how many bytes were found lost so far.
func (r *rateState) sample(now mono.Time, d *delivery, found int, minRTT time.Duration) congestion.Rate {
	r.delivered += uint64(d.bytes)
	r.at = now
	s := congestion.Rate{Total: r.delivered, Prior: r.delivered, Lost: found - r.lost}
	r.lost = found
	if f := d.newest(); f.at != 0 {
		r.firstSent = f.at
		s.Prior, s.AppLimited = f.mark.delivered, f.mark.appLimited
		s.Delivered = int(r.delivered - s.Prior)
		s.Interval = max(f.at.Sub(f.mark.firstSent), now.Sub(f.mark.at))
		if s.Interval < minRTT {
			s.Interval = 0 // no sample can be faster than the path
		}
	}
	if r.delivered > r.appLimited {
		r.appLimited = 0
	}
	if s.Interval > 0 {
		r.latest = rateSample{int64(s.Delivered), s.Interval}
	}
	return s
}

// perSecond returns the latest sample in bytes a second.
func (r *rateState) perSecond() int64 {
	switch s := r.latest; s.in {
	case 0:
		return 0
	case time.Second:
		return s.bytes
	default:
		return s.bytes * int64(time.Second) / int64(s.in)
	}
}
