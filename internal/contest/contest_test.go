package contest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/workload"
)

func TestParseStacks(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []Stack
	}{
		{"antedon", []Stack{Antedon}},
		{"gvisor, kernel,gvisor-default,gvisor", []Stack{GVisor, Kernel, GVisorDefault}},
	} {
		got, err := ParseStacks(tt.in)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: got %v, %v, want %v", tt.in, got, err, tt.want)
		}
		if again, err := ParseStacks(JoinStacks(got)); err != nil || !slices.Equal(again, got) {
			t.Errorf("%q does not survive being written: %v, %v", tt.in, again, err)
		}
	}
	for _, in := range []string{"", "antedon,", "linux"} {
		if _, err := ParseStacks(in); err == nil || !strings.Contains(err.Error(), "want some of antedon,kernel") {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

func TestCases(t *testing.T) {
	var got []string
	for _, c := range slices.Concat(
		Cases(workload.Bulk, []workload.Dir{workload.Send, workload.Recv}, []int{1, 16}), Cases(workload.RR, nil, []int{1}),
	) {
		got = append(got, c.String()+": "+c.file(Antedon, 2))
	}
	want := []string{
		"bulk send, 1 stream: bulk-send-1-antedon-2.pprof", "bulk send, 16 streams: bulk-send-16-antedon-2.pprof",
		"bulk recv, 1 stream: bulk-recv-1-antedon-2.pprof", "bulk recv, 16 streams: bulk-recv-16-antedon-2.pprof",
		"rr, 1 stream: rr-1-antedon-2.pprof",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTurns: the kernel always takes part, and nobody is always the first.
func TestTurns(t *testing.T) {
	p := Plan{Cases: make([]Case, 3), Stacks: []Stack{Antedon, GVisor}, Rounds: 4}
	var got []string
	for n := 1; n <= p.Rounds; n++ {
		got = append(got, JoinStacks(p.turn(n)))
	}
	want := []string{"kernel,antedon,gvisor", "antedon,gvisor,kernel", "gvisor,kernel,antedon", "kernel,antedon,gvisor"}
	if !slices.Equal(got, want) || p.Steps() != 36 {
		t.Errorf("got %q, %d steps; want %q, 36", got, p.Steps(), want)
	}
}

// TestSummarise: what counts is the median of the ratios, not the ratio of the medians.
func TestSummarise(t *testing.T) {
	p := Plan{Stacks: []Stack{Antedon, Kernel, GVisor}}
	rates := [][2]uint64{{30, 10}, {20, 40}, {50, 25}} // ratios 3, 0.5, 2
	absent := errUnavailable{errors.New("not built")}
	var rounds []Round
	for i, r := range rates {
		bytes := func(n uint64) *workload.Result {
			return &workload.Result{
				Time: 2 * time.Second, Count: n * 1e9, CPU: 3 * time.Second, PeerCPU: time.Second, Switches: int64(2000 * n),
				P50: 40 * time.Microsecond, P99: 80 * time.Microsecond,
			}
		}
		rounds = append(rounds, Round{
			Case{workload.Bulk, workload.Send, 4}, i + 1,
			map[Stack]*workload.Result{Antedon: bytes(r[0]), Kernel: bytes(r[1])}, map[Stack]error{GVisor: absent},
		})
	}
	const want = `{"bench":"bulk","stack":"antedon","streams":4,"ratio":2,"dir":"send","gbps":120,"cpu_s_per_gb":0.1,"both_cpu_s_per_gb":0.1333,"switches_per_mb":2,"echo_p50_us":40,"echo_p99_us":80}
{"bench":"bulk","stack":"kernel","streams":4,"ratio":1,"dir":"send","gbps":100,"cpu_s_per_gb":0.12,"both_cpu_s_per_gb":0.16,"switches_per_mb":2,"echo_p50_us":40,"echo_p99_us":80}
{"bench":"bulk","stack":"gvisor","streams":4,"ratio":0,"dir":"send","gbps":0,"cpu_s_per_gb":0,"both_cpu_s_per_gb":0,"switches_per_mb":0,"echo_p50_us":0,"echo_p99_us":0,"error":"not built"}
`
	checkLines(t, p.Summarise(rounds), want)
	checkLines(t, p.Each(rounds[1])[:1], `{"bench":"bulk","stack":"antedon","streams":4,"round":2,"ratio":0.5,"dir":"send","gbps":80,"cpu_s_per_gb":0.15,"both_cpu_s_per_gb":0.2,"switches_per_mb":2,"echo_p50_us":40,"echo_p99_us":80}
`)
	if err := rounds[0].Failure(); err != nil {
		t.Errorf("who cannot take part has not failed: %v", err)
	}
	rounds[0].Errors[Antedon] = errors.New("no")
	if err := rounds[0].Failure(); err == nil || err.Error() != "bulk send, 4 streams: antedon: no" {
		t.Errorf("got %v", err)
	}
}

// TestFigures: the figures of the other benchmarks.
func TestFigures(t *testing.T) {
	p := Plan{Stacks: []Stack{Antedon}}
	result := func(scale int) *workload.Result {
		d := time.Duration(scale) * time.Microsecond
		return &workload.Result{Time: time.Second, Count: uint64(scale), P50: d, P99: 2 * d, P999: 3 * d}
	}
	results := map[Stack]*workload.Result{Antedon: result(30), Kernel: result(20)}
	checkLines(t, p.Summarise([]Round{{Case: Case{workload.RR, "", 1}, Results: results}}),
		`{"bench":"rr","stack":"antedon","streams":1,"ratio":1.5,"api":"net","p50_us":30,"p99_us":60,"p999_us":90}
`)
	checkLines(t, p.Summarise([]Round{{Case: Case{workload.CRR, "", 16}, Results: results}}),
		`{"bench":"crr","stack":"antedon","streams":16,"ratio":1.5,"conn_s":30}
`)
}

// checkLines compares lines as JSON, there and back.
func checkLines(t *testing.T, lines []Line, want string) {
	t.Helper()
	var got strings.Builder
	for _, l := range lines {
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		var back Line
		if err := json.Unmarshal(b, &back); err != nil || back.Case() != l.Case() {
			t.Errorf("%s: %v, read back as %v", b, err, back.Case())
		}
		got.Write(append(b, '\n'))
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// TestFind: a program is found in the first directory that has it.
func TestFind(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(first, "p"), 0o777); err != nil { // no program
		t.Fatal(err)
	}
	if _, err := find("p", first, second); err == nil {
		t.Error("found what is not there")
	}
	want := filepath.Join(second, "p")
	if err := os.WriteFile(want, nil, 0o777); err != nil {
		t.Fatal(err)
	}
	if got, err := find("p", first, second); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestParseEchoServers(t *testing.T) {
	list := "kernel-epoll, antedon-net,kernel-epoll"
	got, err := ParseEchoServers(list)
	if want := []EchoServer{{Kernel, workload.Epoll}, {Antedon, workload.Net}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q: got %v, %v, want %v", list, got, err, want)
	}
	for _, in := range []string{"", "antedon", "antedon-epoll", "gvisor-net"} {
		if _, err := ParseEchoServers(in); err == nil || !strings.Contains(err.Error(), "want some of antedon-reactor,antedon-net,kernel-reactor,kernel-net,kernel-epoll") {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

// TestEchoSummary: the medians of each figure by itself.
func TestEchoSummary(t *testing.T) {
	p := EchoPlan{Conns: 10, Active: 2}
	var runs []EchoLine
	for i, cpu := range []time.Duration{30, 10, 20} {
		l := p.line(bare, &workload.Result{Time: time.Second, Count: 1000, CPU: time.Millisecond, PeerCPU: cpu * time.Millisecond})
		l.Round, l.Resident, l.Slab, l.Ratio = i+1, float64(100*i), float64(i), 1
		runs = append(runs, l)
	}
	want := EchoLine{
		Bench: "echo", Stack: Kernel, API: workload.Epoll, Streams: 10, Active: 2, Ratio: 1,
		Rate: 1000, CPU: 20, BothCPU: 21, Resident: 100, Slab: 1,
	}
	if got := summariseEcho(runs); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
