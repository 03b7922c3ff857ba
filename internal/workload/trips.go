package workload

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Round trips are kept with three digits, from a nanosecond to a minute. Such a histogram takes 200 KiB.
const (
	longestTrip   = time.Minute
	tripDigits    = 3
	mostHistories = 16
)

// trips are the round trips of a load. Many workers share a few histograms.
type trips []history

type history struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
	_  [64]byte
}

func newTrips(workers int) trips {
	t := make(trips, min(workers, mostHistories))
	for i := range t {
		t[i].h = hdrhistogram.New(1, int64(longestTrip), tripDigits)
	}
	return t
}

// add records a worker's round trip.
func (t trips) add(worker int, d time.Duration) {
	s := &t[worker%len(t)]
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.h.RecordValue(int64(min(d, longestTrip))) // fails for what is longer
}

// quantiles returns the median, and what 99 and 99.9 % of the round trips do not exceed.
func (t trips) quantiles() (p50, p99, p999 time.Duration) {
	all := hdrhistogram.New(1, int64(longestTrip), tripDigits)
	for i := range t {
		t[i].mu.Lock()
		all.Merge(t[i].h)
		t[i].mu.Unlock()
	}
	at := func(q float64) time.Duration { return time.Duration(all.ValueAtQuantile(q)) }
	return at(50), at(99), at(99.9)
}
