package bench

import (
	"math"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

func TestStats(t *testing.T) {
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"median of nothing", Median(nil), 0},
		{"median of one", Median([]float64{3}), 3},
		{"median of an odd number", Median([]float64{9, 1, 4}), 4},
		{"median of an even number", Median([]float64{9, 1, 4, 2}), 3},
		{"geometric mean", GeometricMean([]float64{0.5, 2, 8}), 2},
		{"Jain of equals", Jain([]float64{3, 3, 3, 3}), 1},
		{"Jain of one who has all", Jain([]float64{0, 5, 0, 0}), 0.25},
		{"Jain of nothing", Jain([]float64{0, 0}), 0},
		{"ratio", ratio(3e6, 2e6, time.Second), 1.5},
		{"ratio of nothing to nothing", ratio(0, 0, time.Second), 1},
		{"ratio to nothing", ratio(1448*80, 0, time.Second), 10},
	} {
		if math.Abs(test.got-test.want) > 1e-12 {
			t.Errorf("%s: got %v, want %v", test.name, test.got, test.want)
		}
	}
}

func TestLateness(t *testing.T) {
	var l Lateness
	if l.Quantile(0.99) != 0 || l.Max() != 0 {
		t.Errorf("before any packet: %v, %v", l.Quantile(0.99), l.Max())
	}
	for i := range 100 {
		l.add(time.Duration(i+1) * time.Microsecond)
	}
	l.add(time.Second)
	l.add(-1)
	for _, test := range []struct {
		q      float64
		lo, hi time.Duration
	}{{0.5, 50, 57}, {0.98, 98, 113}, {1, 1e6, 1e6}} {
		if got := l.Quantile(test.q); got < test.lo*time.Microsecond || got > test.hi*time.Microsecond {
			t.Errorf("quantile %v: got %v, want %d to %d µs", test.q, got, test.lo, test.hi)
		}
	}
}

// TestQueueMeter: a queue that is filled at once and runs empty is half as long on average.
func TestQueueMeter(t *testing.T) {
	var m queueMeter
	at := func(ms int) mono.Time { return mono.Time(1).Add(time.Duration(ms) * time.Millisecond) }
	m.observe(at(0), 10*time.Millisecond)
	m.observe(at(10), 0)
	if got := m.mean(); got != 5*time.Millisecond {
		t.Errorf("after 10 ms: got %v, want 5ms", got)
	}
	m.observe(at(40), 20*time.Millisecond) // empty for 30 ms
	m.observe(at(50), 20*time.Millisecond) // from 20 to 10
	if got, want := m.mean(), 4*time.Millisecond; got.Round(time.Microsecond) != want {
		t.Errorf("after 50 ms: got %v, want %v", got, want)
	}
	if m.max != 20*time.Millisecond {
		t.Errorf("longest: got %v, want 20ms", m.max)
	}
}
