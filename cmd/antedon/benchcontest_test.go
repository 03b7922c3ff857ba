package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/contest"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
)

// TestBenchContest runs each benchmark for a moment. With --json there is one line for each stack and case, with every
// figure; --each adds the rounds, and --profile files. Nothing is left behind.
func TestBenchContest(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	profiles := t.TempDir()
	for _, tt := range []struct {
		args    string
		lines   int
		figures []string
	}{
		{"bulk", 16, []string{"both_cpu_s_per_gb", "cpu_s_per_gb", "dir", "echo_p50_us", "echo_p99_us", "gbps", "switches_per_mb"}},
		{"rr", 4, []string{"api", "p50_us", "p999_us", "p99_us"}},
		{"crr", 8, []string{"conn_s"}},
	} {
		out := p.ok("bench", tt.args, "--stack", "antedon,kernel", "--seconds", "0.1", "--rounds", "1", "--each", "--json", "--profile", profiles)
		if n := strings.Count(out, "\n"); n != tt.lines {
			t.Errorf("%s: %d lines, want %d:\n%s", tt.args, n, tt.lines, out)
		}
		for line := range strings.Lines(out) {
			checkContestLine(t, line, tt.figures)
		}
	}
	files, err := os.ReadDir(profiles)
	if err != nil || len(files) != 14 {
		t.Errorf("%d profiles, %v, want one for each of the 14 runs", len(files), err)
	}
	p.expect(before)
}

// checkContestLine checks that a line has the figures, none more, and that they can be true.
func checkContestLine(t *testing.T, line string, figures []string) {
	t.Helper()
	var fields map[string]any
	var l contest.Line
	if err := errors.Join(json.Unmarshal([]byte(line), &fields), json.Unmarshal([]byte(line), &l)); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	want := append([]string{"bench", "ratio", "stack", "streams"}, figures...)
	if l.Round != 0 {
		want = append(want, "round")
	}
	if got := slices.Sorted(maps.Keys(fields)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("%s: fields %q, want %q", line, got, want)
	}
	for name, v := range fields {
		if x, ok := v.(float64); ok && x <= 0 {
			t.Errorf("%s: %s is %v", line, name, x)
		}
	}
	switch {
	case l.Stack == contest.Kernel && l.Ratio != 1:
		t.Errorf("%s: want ratio 1", line)
	case l.BulkFigures != nil && l.BothCPU <= l.CPU:
		t.Errorf("%s: the other side took no CPU time", line)
	case l.RRFigures != nil && (l.P50 > l.P99 || l.P99 > l.P999):
		t.Errorf("%s: want p50 <= p99 <= p99.9", line)
	}
}

// TestBenchContestUnprivileged: an ordinary user can measure too, with and without a TUN node.
func TestBenchContestUnprivileged(t *testing.T) {
	asOrdinaryUsers(t, func(t *testing.T, u *netlab.Unprivileged) {
		cmd, err := u.Self(bounded(t), "bench", "rr", "--stack", "antedon,kernel", "--rounds", "1", "--seconds", "0.1", "--json", "--ipv6")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, commandEnv...)
		if out := newProgram(t, cmd).start().ok(); strings.Count(out, "\n") != 2 || strings.Contains(out, `"error"`) {
			t.Errorf("got %q, want two lines", out)
		}
	})
}

// TestContestTable: a stack that did not take part has dashes, and the reason once.
func TestContestTable(t *testing.T) {
	t.Parallel()
	const reason = "not built"
	bulk := func(s contest.Stack, ratio float64, dir workload.Dir, failed string) contest.Line {
		return contest.Line{Bench: workload.Bulk, Stack: s, Streams: 16, Ratio: ratio, Error: failed,
			BulkFigures: &contest.BulkFigures{Dir: dir, Gbps: 40 * ratio, CPU: 0.1234, BothCPU: 0.25, Switches: 2, EchoP50: 120.4, EchoP99: 1500}}
	}
	for _, tt := range []struct {
		bench    workload.Bench
		lines    []contest.Line
		markdown bool
		want     string
	}{
		{workload.Bulk, []contest.Line{
			bulk(contest.Antedon, 1.25, workload.Send, ""), bulk(contest.GVisor, 0, workload.Send, reason),
			bulk(contest.GVisor, 0, workload.Recv, reason),
		}, true, `| dir | streams | stack | ratio | Gbit/s | CPU s/GB | both | switches/MB | echo µs | 99 % |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| send | 16 | antedon | 1.25 | 50.00 | 0.123 | 0.250 | 2.00 | 120 | 1500 |
| send | 16 | gvisor | - | - | - | - | - | - | - |
| recv | 16 | gvisor | - | - | - | - | - | - | - |

gvisor: not built
`},
		{workload.RR, []contest.Line{
			{Bench: workload.RR, Stack: contest.Kernel, Streams: 1, Ratio: 1, RRFigures: &contest.RRFigures{P50: 22.04, P99: 60, P999: 100}},
		}, false, `  streams   stack  ratio  p50 µs  p99 µs  p99.9 µs
        1  kernel   1.00    22.0    60.0     100.0
`},
		{workload.CRR, []contest.Line{
			{Bench: workload.CRR, Stack: contest.Antedon, Streams: 1, Ratio: 1.5, CRRFigures: &contest.CRRFigures{Rate: 12345.6}},
		}, false, `  streams    stack  ratio  conn/s
        1  antedon   1.50   12346
`},
	} {
		var out strings.Builder
		if err := printContestTable(&out, tt.bench, tt.lines, tt.markdown); err != nil || out.String() != tt.want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", tt.bench, err, out.String(), tt.want)
		}
	}
}

// TestBenchAccept: a line for each stack, with every figure.
func TestBenchAccept(t *testing.T) {
	p := newPlace(t)
	out := p.ok("bench", "accept", "--seconds", "0.05", "--rounds", "1", "--flood", "1000", "--stack", "antedon,kernel,gvisor", "--json")
	var lines []bench.AcceptLine
	for line := range strings.Lines(out) {
		var l bench.AcceptLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, l)
	}
	if len(lines) != 3 || lines[2].Error == "" {
		t.Fatalf("got\n%s\nwant three lines, of which gVisor's says that it was not measured", out)
	}
	for _, l := range lines[:2] {
		if l.Rate <= 0 || l.Flooded <= 0 || l.Kept <= 0 || l.Flood <= 0 || l.Ratio <= 0 || l.Error != "" {
			t.Errorf("got %+v", l)
		}
	}
	p.fails(exitUsage, "antedon: bench accept: --flood 0: want 1 to", "bench", "accept", "--flood", "0")
}
