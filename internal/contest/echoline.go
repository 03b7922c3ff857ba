package contest

import (
	"fmt"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/workload"
)

// EchoLine is what is told of an echo server: of one run, or the medians of all.
type EchoLine struct {
	Bench   string       `json:"bench"`
	Stack   Stack        `json:"stack"`
	API     workload.API `json:"api"`
	Streams int          `json:"streams"` // connections
	Active  int          `json:"active"`  // requests under way
	Round   int          `json:"round,omitempty"`
	Ratio   float64      `json:"ratio"` // of CPU to the bare loop's in the same round; 0 if there is none

	Rate     float64 `json:"request_s"`
	CPU      float64 `json:"cpu_us"`      // of the server's process, for each request
	BothCPU  float64 `json:"both_cpu_us"` // and of the load's
	Resident float64 `json:"resident_per_conn"`
	Slab     float64 `json:"slab_per_conn"` // of the kernel, for what ends of the connection are its own
}

// line returns the line of one run, but for the memory.
func (p *EchoPlan) line(s EchoServer, r *workload.Result) EchoLine {
	per := func(seconds float64) float64 { return rounded(seconds * 1e6 / float64(r.Count)) }
	return EchoLine{
		Bench: "echo", Stack: s.Stack, API: s.API, Streams: p.Conns, Active: p.Active,
		Rate: rounded(r.PerSecond()), CPU: per(r.PeerCPU.Seconds()), BothCPU: per((r.PeerCPU + r.CPU).Seconds()),
	}
}

// Server returns what the line is about.
func (l *EchoLine) Server() EchoServer { return EchoServer{l.Stack, l.API} }

// summariseEcho returns the medians of a server's runs.
func summariseEcho(runs []EchoLine) EchoLine {
	l := runs[0]
	l.Round = 0
	for _, field := range []func(*EchoLine) *float64{
		func(l *EchoLine) *float64 { return &l.Ratio },
		func(l *EchoLine) *float64 { return &l.Rate },
		func(l *EchoLine) *float64 { return &l.CPU },
		func(l *EchoLine) *float64 { return &l.BothCPU },
		func(l *EchoLine) *float64 { return &l.Resident },
		func(l *EchoLine) *float64 { return &l.Slab },
	} {
		var values []float64
		for i := range runs {
			values = append(values, *field(&runs[i]))
		}
		*field(&l) = rounded(bench.Median(values))
	}
	return l
}

// Describe returns the line for people.
func (l EchoLine) Describe() string {
	return fmt.Sprintf("%v, round %d: %.0f requests a second, CPU %.2f µs each (x%.2f), both %.2f; %.0f bytes a connection, %.0f of the kernel's",
		l.Server(), l.Round, l.Rate, l.CPU, l.Ratio, l.BothCPU, l.Resident, l.Slab)
}
