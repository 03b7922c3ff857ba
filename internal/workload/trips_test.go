package workload

import (
	"testing"
	"time"
)

// TestTrips: the quantiles of a thousand round trips, whoever made them.
func TestTrips(t *testing.T) {
	for _, workers := range []int{1, 3, 100} {
		trips := newTrips(workers)
		for i := range 1000 {
			trips.add(i%workers, time.Duration(i+1)*time.Microsecond)
		}
		p50, p99, p999 := trips.quantiles()
		for i, got := range []time.Duration{p50, p99, p999} {
			want := []time.Duration{500, 990, 999}[i] * time.Microsecond
			if got < want-want/1000 || got > want+want/1000 {
				t.Errorf("%d workers: got %v, want %v to three digits", workers, got, want)
			}
		}
	}
	trips := newTrips(1)
	trips.add(0, time.Hour)
	if p50, _, _ := trips.quantiles(); p50 < longestTrip || p50 > longestTrip+longestTrip/1000 {
		t.Errorf("an hour counts as %v, want %v", p50, longestTrip)
	}
}
