package contest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/workload"
)

// Line is what is told of a stack in a case: in one round, or of all. The figures are those of its benchmark.
type Line struct {
	Bench   workload.Bench `json:"bench"`
	Stack   Stack          `json:"stack"`
	Streams int            `json:"streams"`
	Round   int            `json:"round,omitempty"` // 0 in a summary
	Ratio   float64        `json:"ratio"`           // to the kernel in the same rounds; 0 if there is none

	*BulkFigures
	*RRFigures
	*CRRFigures

	Error string `json:"error,omitempty"`
}

// BulkFigures are those of workload.Bulk.
type BulkFigures struct {
	Dir      workload.Dir `json:"dir"`
	Gbps     float64      `json:"gbps"`
	CPU      float64      `json:"cpu_s_per_gb"`      // of the contestant's process
	BothCPU  float64      `json:"both_cpu_s_per_gb"` // and of the other side's
	Switches float64      `json:"switches_per_mb"`   // of context, in the contestant's process

	// Of a byte there and back in another connection, in microseconds.
	EchoP50 float64 `json:"echo_p50_us"`
	EchoP99 float64 `json:"echo_p99_us"`
}

// RRFigures are those of workload.RR, in microseconds.
type RRFigures struct {
	API  workload.API `json:"api"`
	P50  float64      `json:"p50_us"`
	P99  float64      `json:"p99_us"`
	P999 float64      `json:"p999_us"`
}

// CRRFigures are those of workload.CRR.
type CRRFigures struct {
	Rate float64 `json:"conn_s"`
}

// Case returns what the line is about.
func (l *Line) Case() Case {
	c := Case{Bench: l.Bench, Streams: l.Streams}
	if l.BulkFigures != nil {
		c.Dir = l.Dir
	}
	return c
}

// Each returns the lines of one round.
func (p *Plan) Each(r Round) []Line {
	lines := p.Summarise([]Round{r})
	for i := range lines {
		lines[i].Round = r.Number
	}
	return lines
}

// Summarise returns the lines of a case, given its rounds: the medians of what the rounds came to.
func (p *Plan) Summarise(rounds []Round) []Line {
	var lines []Line
	for _, s := range p.Stacks {
		lines = append(lines, p.summarise(s, rounds))
	}
	return lines
}

func (p *Plan) summarise(s Stack, rounds []Round) Line {
	c := rounds[0].Case
	l := Line{Bench: c.Bench, Stack: s, Streams: c.Streams}
	var results []*workload.Result
	var ratios []float64
	for _, r := range rounds {
		if err := r.Errors[s]; err != nil {
			l.Error = cmp.Or(l.Error, err.Error())
			continue
		}
		results = append(results, r.Results[s])
		ratios = append(ratios, measure(c.Bench, r.Results[s])/measure(c.Bench, r.Results[Kernel]))
	}
	l.Ratio = rounded(bench.Median(ratios))
	l.fill(c, results)
	if l.RRFigures != nil {
		l.API = p.api(s)
	}
	return l
}

// fill sets the figures of a benchmark.
func (l *Line) fill(c Case, results []*workload.Result) {
	median := func(of func(r *workload.Result) float64) float64 {
		var v []float64
		for _, r := range results {
			v = append(v, of(r))
		}
		return rounded(bench.Median(v))
	}
	switch c.Bench {
	case workload.Bulk:
		l.BulkFigures = &BulkFigures{
			Dir:      c.Dir,
			Gbps:     median(gbps),
			CPU:      median(func(r *workload.Result) float64 { return r.CPU.Seconds() / (float64(r.Count) / 1e9) }),
			BothCPU:  median(func(r *workload.Result) float64 { return (r.CPU + r.PeerCPU).Seconds() / (float64(r.Count) / 1e9) }),
			Switches: median(func(r *workload.Result) float64 { return float64(r.Switches) / (float64(r.Count) / 1e6) }),
			EchoP50:  median(func(r *workload.Result) float64 { return micros(r.P50) }),
			EchoP99:  median(func(r *workload.Result) float64 { return micros(r.P99) }),
		}
	case workload.RR:
		l.RRFigures = &RRFigures{
			P50:  median(func(r *workload.Result) float64 { return micros(r.P50) }),
			P99:  median(func(r *workload.Result) float64 { return micros(r.P99) }),
			P999: median(func(r *workload.Result) float64 { return micros(r.P999) }),
		}
	case workload.CRR:
		l.CRRFigures = &CRRFigures{Rate: median((*workload.Result).PerSecond)}
	}
}

// measure is what the ratio of a benchmark compares. Of the round trip, less is better.
func measure(b workload.Bench, r *workload.Result) float64 {
	switch b {
	case workload.Bulk:
		return gbps(r)
	case workload.RR:
		return micros(r.P50)
	}
	return r.PerSecond()
}

func gbps(r *workload.Result) float64 { return r.PerSecond() * 8 / 1e9 }

func micros(d time.Duration) float64 { return d.Seconds() * 1e6 }

func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// Failure returns what went wrong with a contestant that could take part.
func (r *Round) Failure() error {
	for s, err := range r.Errors {
		if _, ok := errors.AsType[errUnavailable](err); !ok {
			return fmt.Errorf("%v: %s: %w", r.Case, s, err)
		}
	}
	return nil
}
