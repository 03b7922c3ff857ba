package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/antedon-net/antedon/internal/stateless"
)

// Report says what has happened, so far or in all.
type Report struct {
	Mode    Mode          `json:"mode"`
	Target  string        `json:"target"`
	Private bool          `json:"private"`
	From    string        `json:"from,omitempty"`
	Command []string      `json:"command,omitempty"`
	Elapsed time.Duration `json:"-"`
	Seconds float64       `json:"seconds"`

	Tried      uint64  `json:"tried"`      // SYNs sent
	Opened     uint64  `json:"opened"`     // or, in a flood, SYN-ACKs received
	Refused    uint64  `json:"refused"`    // by a RST
	Unanswered uint64  `json:"unanswered"` // neither
	Repeated   uint64  `json:"repeated"`   // SYN-ACKs that the server sent again
	Answered   uint64  `json:"answered"`   // requests whose answer was read to its end
	Resets     uint64  `json:"resets"`     // connections that the server reset
	Closed     uint64  `json:"closed"`     // connections that the server closed, or closed too
	Open       uint64  `json:"open"`       // connections that are open now
	Probes     uint64  `json:"probes"`     // of the server, answered
	Bytes      uint64  `json:"bytes"`      // received
	Rate       float64 `json:"conn_s"`     // connections opened a second, until the last one

	// Files says that connections failed since this process had too many files open.
	Files uint64 `json:"no_files,omitempty"`

	Handshake Latency `json:"handshake"`
	Answer    Latency `json:"answer"`

	// Honest is what an ordinary client met with meanwhile; nil if there was none.
	Honest *Honest `json:"honest,omitempty"`
	// Kernel is what the server's kernel counted meanwhile, of listening and of SYN cookies; not what is 0.
	Kernel map[string]uint64 `json:"kernel,omitempty"`

	Interrupted bool `json:"interrupted,omitempty"`
}

// Honest is an ordinary client, of the kernel's, that opens a connection ten times a second.
type Honest struct {
	Tried  uint64  `json:"tried"`
	Opened uint64  `json:"opened"`
	Took   Latency `json:"handshake"`
}

// Latency is how long something took, in microseconds.
type Latency struct {
	Count   int64    `json:"count"`
	Min     float64  `json:"min_us"`
	P50     float64  `json:"p50_us"`
	P90     float64  `json:"p90_us"`
	P99     float64  `json:"p99_us"`
	P999    float64  `json:"p999_us"`
	Max     float64  `json:"max_us"`
	Buckets []Bucket `json:"histogram,omitempty"`
}

// Bucket counts what took at most so long, and longer than the Bucket before says.
type Bucket struct {
	Most  float64 `json:"most_us"`
	Count int64   `json:"count"`
}

// longest is the longest time that a histogram holds, and digits its precision.
const (
	longest = stateless.MaxLifetime
	digits  = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, int64(longest), digits) }

// record adds a time.
func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(int64(min(max(d, 1), longest))) // in range, and so it cannot fail
}

func micros(ns int64) float64 { return float64(ns) / 1000 }

// latency returns the figures of a histogram, with its buckets if asked for: powers of two of a microsecond.
func latency(h *hdrhistogram.Histogram, buckets bool) Latency {
	l := Latency{Count: h.TotalCount()}
	if l.Count == 0 {
		return l
	}
	at := func(q float64) float64 { return micros(h.ValueAtQuantile(q)) }
	l.Min, l.P50, l.P90, l.P99, l.P999, l.Max = micros(h.Min()), at(50), at(90), at(99), at(99.9), micros(h.Max())
	if !buckets {
		return l
	}
	most := 1.0
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		for micros(bar.To) > most {
			most *= 2
		}
		if n := len(l.Buckets); n > 0 && l.Buckets[n-1].Most == most {
			l.Buckets[n-1].Count += bar.Count
		} else {
			l.Buckets = append(l.Buckets, Bucket{most, bar.Count})
		}
	}
	return l
}

// add takes over what an engine has counted.
func (r *Report) add(k *stateless.Counters) {
	r.Tried, r.Opened, r.Refused, r.Answered = k.SYNs, k.Opened, k.Refused, k.Answered
	r.Repeated = k.Repeated
	r.Resets, r.Closed, r.Probes, r.Bytes = k.Resets, k.Closed, k.Probes, k.Bytes
	r.Unanswered = less(k.SYNs, k.Opened+k.Refused)
	if r.Mode == Hold || r.Mode == SlowRead {
		r.Open = less(k.Opened, k.Closed+k.Resets+k.NoTimestamps)
	}
}

// less returns a-b, and 0 if that is negative: some segments are counted twice.
func less(a, b uint64) uint64 { return a - min(a, b) }
