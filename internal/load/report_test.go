package load

import (
	"math"
	"testing"
	"time"
)

// TestLatency: the figures are those of the times that were recorded, to three digits.
func TestLatency(t *testing.T) {
	h := newHistogram()
	if l := latency(h, true); l.Count != 0 || l.Max != 0 || len(l.Buckets) != 0 {
		t.Errorf("of nothing: %+v", l)
	}
	for i := range 1000 {
		record(h, time.Duration(i+1)*time.Millisecond)
	}
	l := latency(h, true)
	for _, f := range []struct {
		name      string
		got, want float64
	}{
		{"min", l.Min, 1000}, {"50 %", l.P50, 500_000}, {"90 %", l.P90, 900_000}, {"99 %", l.P99, 990_000},
		{"99.9 %", l.P999, 999_000}, {"max", l.Max, 1_000_000},
	} {
		if math.Abs(f.got-f.want) > f.want/500 {
			t.Errorf("%s: got %v µs, want %v", f.name, f.got, f.want)
		}
	}
	total, last := int64(0), 0.0
	for _, b := range l.Buckets {
		if b.Most <= last || b.Most != math.Exp2(math.Round(math.Log2(b.Most))) {
			t.Errorf("the bucket after %v is %v", last, b.Most)
		}
		// Of n to the next power of two there are as many milliseconds, but for the three digits.
		if low := max(0, b.Most/2000); b.Most < 1e6 && math.Abs(float64(b.Count)-math.Floor(b.Most/1000)+math.Floor(low)) > 2 {
			t.Errorf("%d times of at most %v µs", b.Count, b.Most)
		}
		total, last = total+b.Count, b.Most
	}
	if total != 1000 || l.Count != 1000 {
		t.Errorf("%d times in buckets and %d in all, want 1000", total, l.Count)
	}
	record(h, 0)
	record(h, 100*time.Hour)
	if h.TotalCount() != 1002 {
		t.Error("a time out of range was lost")
	}
}

func TestParseNetstat(t *testing.T) {
	got := parseNetstat("TcpExt: A ListenDrops SyncookiesSent\nTcpExt: 1 20 300\nIpExt: ListenOverflows B\nIpExt: 4\n")
	if len(got) != 3 || got["ListenDrops"] != 20 || got["SyncookiesSent"] != 300 || got["ListenOverflows"] != 4 {
		t.Errorf("got %v", got)
	}
	if d := grown(map[string]uint64{"a": 1, "b": 2}, map[string]uint64{"a": 1, "b": 5, "c": 1}); len(d) != 2 || d["b"] != 3 || d["c"] != 1 {
		t.Errorf("got %v", d)
	}
}
