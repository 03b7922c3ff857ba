package tcp

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

const (
	ms  = time.Millisecond
	now = mono.Time(1000 * time.Second)
)

// RFC 6298, Section 2: "SRTT <- R, RTTVAR <- R/2, RTO <- SRTT + max (G, K*RTTVAR)" for the first measurement, and
// "RTTVAR <- (1 - beta) * RTTVAR + beta * |SRTT - R'|, SRTT <- (1 - alpha) * SRTT + alpha * R'" for those that follow,
// "using alpha=1/8 and beta=1/4", in this order. The least of the variance term is MinRTO here.
//
// req: RFC6298 2-1, 2-2, 2-3, 2-4, 2-5, 2-6, 2-8, 4-1
func TestRTTEstimator(t *testing.T) {
	type want struct{ srtt, rttvar, rto time.Duration }
	for _, c := range []struct {
		name    string
		cfg     Config
		samples []time.Duration
		want    []want
	}{
		{"before any", Config{}, nil, []want{{0, 0, time.Second}}},
		{"first", Config{}, []time.Duration{400 * ms}, []want{{}, {400 * ms, 200 * ms, 1200 * ms}}},
		{"later", Config{}, []time.Duration{400 * ms, 480 * ms}, []want{{}, {}, {410 * ms, 170 * ms, 1090 * ms}}},
		{"shorter", Config{}, []time.Duration{400 * ms, 320 * ms}, []want{{}, {}, {390 * ms, 170 * ms, 1070 * ms}}},
		{"steady", Config{}, []time.Duration{8 * ms, 8 * ms, 8 * ms}, []want{{}, {}, {}, {8 * ms, 2250 * time.Microsecond, 208 * ms}}},
		{"minimum set", Config{MinRTO: ms}, []time.Duration{8 * ms}, []want{{}, {8 * ms, 4 * ms, 24 * ms}}},
		{"maximum", Config{MaxRTO: 60 * time.Second}, []time.Duration{30 * time.Second}, []want{{}, {30 * time.Second, 15 * time.Second, 60 * time.Second}}},
		{"nothing measurable", Config{}, []time.Duration{0}, []want{{}, {time.Microsecond, 500, 200*ms + time.Microsecond}}},
	} {
		cfg := c.cfg.WithDefaults()
		var r rttEstimator
		r.init(&cfg)
		for _, s := range c.samples {
			r.sample(&cfg, now, s)
		}
		got, want := want{r.srtt, r.rttvar, r.timeout(&cfg)}, c.want[len(c.want)-1]
		if got != want {
			t.Errorf("%s: got %v, want %v", c.name, got, want)
		}
	}
}

// "RTO <- RTO * 2 ('back off the timer')", up to the maximum, and until the next measurement.
//
// req: RFC6298 5-6, 2-8
func TestBackoff(t *testing.T) {
	cfg := Config{}.WithDefaults()
	var r rttEstimator
	r.init(&cfg)
	r.sample(&cfg, now, 100*ms)
	for want := 300 * ms; r.backoff < 20; want = min(2*want, 120*time.Second) {
		if got := r.timeout(&cfg); got != want {
			t.Fatalf("backed off %d times: got %v, want %v", r.backoff, got, want)
		}
		r.backoff++
	}
	r.sample(&cfg, now, 100*ms)
	if r.backoff != 0 {
		t.Error("still backed off after a measurement")
	}
}

// RFC 8985, Section 6.2: the lowest of recent round trips, "that can adapt when migrating to significantly longer paths".
//
// req: RFC8985 6.2-1
func TestMinRTT(t *testing.T) {
	cfg := Config{}.WithDefaults()
	var r rttEstimator
	for _, c := range []struct {
		at   time.Duration // since the start
		rtt  time.Duration
		want time.Duration
	}{
		{0, 5 * ms, 5 * ms},
		{time.Second, 3 * ms, 3 * ms},
		{2 * time.Second, 90 * ms, 3 * ms}, // another path
		{2 * time.Minute, 80 * ms, 3 * ms},
		{4 * time.Minute, 85 * ms, 3 * ms},
		{6*time.Minute + 40*time.Second, 90 * ms, 85 * ms},
		{7 * time.Minute, 10 * ms, 10 * ms},
		{7*time.Minute + 1, 20 * ms, 10 * ms},
		{time.Hour, 40 * ms, 40 * ms}, // after a pause
		{time.Hour + 1, 50 * ms, 40 * ms},
	} {
		if r.sample(&cfg, now.Add(c.at), c.rtt); r.min != c.want {
			t.Errorf("after %v: min %v, want %v", c.at, r.min, c.want)
		}
	}
}
