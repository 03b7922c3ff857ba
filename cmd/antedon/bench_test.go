package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/bench"
	"github.com/antedon-net/antedon/internal/netlab"
)

// TestBenchLoss measures two cells for a moment: with --json there is one line for each case, and --each adds its rounds.
func TestBenchLoss(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out := p.ok("bench", "loss", "--loss", "0,2%", "--rtt", "10ms", "--reorder", "0", "--seeds", "2", "--seconds", "0.1", "--rate", "10mbit",
		"--each", "--json")
	count := make(map[string]int)
	for line := range strings.Lines(out) {
		var l bench.LossLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		kind := "round"
		if l.Round == 0 {
			kind = "summary"
			if l.OwnFigures.Packets == 0 || l.KernelFigures.Packets == 0 {
				t.Errorf("no packets: %s", line)
			}
		}
		count[l.Cell().String()+", "+string(l.Dir)+", "+kind]++
		if l.Bench != "loss" || l.Stack != bench.Antedon || l.Ratio <= 0 {
			t.Errorf("%s", line)
		}
	}
	for _, loss := range []string{"0", "2"} {
		for _, dir := range []string{"send", "recv"} {
			of := "loss " + loss + " %, RTT 10 ms, reordering 0 %, " + dir
			if count[of+", summary"] != 1 || count[of+", round"] != 2 {
				t.Errorf("%s: %d summaries and %d rounds, want 1 and 2", of, count[of+", summary"], count[of+", round"])
			}
		}
	}
	if len(count) != 8 {
		t.Errorf("%v: want 4 cases", count)
	}
	file := filepath.Join(p.stateDir, "loss.jsonl")
	if err := os.WriteFile(file, []byte(out), 0o666); err != nil {
		t.Fatal(err)
	}
	if table := p.ok("bench", "loss", "--from", file, "--markdown"); strings.Count(table, "\n| 10 | ") != 4 {
		t.Errorf("want 4 rows:\n%s", table)
	}
}

// TestBenchFair shares a bottleneck for a moment.
func TestBenchFair(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out := p.ok("bench", "fair", "--rtt", "5", "--queue", "1", "--seconds", "0.2", "--rate", "10mbit", "--json")
	var flows []int
	for line := range strings.Lines(out) {
		var l bench.FairLine
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Bench != "fair" || l.OwnShares.Jain <= 0 {
			t.Errorf("%v: %s", err, line)
		}
		flows = append(flows, len(l.OwnShares.Goodput))
	}
	slices.Sort(flows) // cases that run side by side end in any order
	if !slices.Equal(flows, []int{2, 8}) {
		t.Errorf("cases with %v flows, want 2 and 8", flows)
	}
}

// TestLossTable: the table is in order, and its end says what matters.
func TestLossTable(t *testing.T) {
	t.Parallel()
	line := func(rtt, loss float64, dir bench.Dir, ratio float64) string {
		l := bench.LossLine{Bench: "loss", Ratio: ratio, Spread: 0.25, LossCase: bench.LossCase{Loss: loss, RTT: rtt, Dir: dir}}
		l.OwnFigures = bench.OwnFigures{Goodput: 12.34, Packets: 1000, Retransmits: 25, Spurious: 5}
		l.KernelFigures = bench.KernelFigures{Goodput: 10, Packets: 800, Retransmits: 16}
		l.Late = loss / 10
		b, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		return string(b) + "\n"
	}
	file := filepath.Join(t.TempDir(), "lines")
	text := line(20, 1, bench.Recv, 0.8) + line(20, 1, bench.Send, 2) + line(1, 5, bench.Send, 0.95) + line(1, 0, bench.Send, 1)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	lines, err := readLossLines(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := printLossTable(&out, lines, true); err != nil {
		t.Fatal(err)
	}
	const want = `| RTT ms | loss % | reorder % | dir | ratio | from | to | spread | Mbit/s | kernel | retx % | kernel | spurious % | kernel |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
| 1 | 0 | 0 | send | 1.00 | 0.00 | 0.00 | 0.25 | 12.3 | 10 | 2.50 | 2.00 | 0.50 | 0.00 |
| 1 | 5 | 0 | send | 0.95 | 0.00 | 0.00 | 0.25 | 12.3 | 10 | 2.50 | 2.00 | 0.50 | 0.00 |
| 20 | 1 | 0 | send | 2.00 | 0.00 | 0.00 | 0.25 | 12.3 | 10 | 2.50 | 2.00 | 0.50 | 0.00 |
| 20 | 1 | 0 | recv | 0.80 | 0.00 | 0.00 | 0.25 | 12.3 | 10 | 2.50 | 2.00 | 0.50 | 0.00 |

4 cases: geometric mean of the ratios 1.110, lowest 0.800 (loss 1 %, RTT 20 ms, reordering 0 %, recv), 2 below 1.0, 1 below 0.9.
Retransmitted 2.50 % of the packets, the kernel 2.00 %; spurious 0.50 %, the kernel 0.00 %.
The paths delivered 99 % of the packets within 0.50 ms of the time planned, the worst (loss 5 %, RTT 1 ms, reordering 0 %, send) included.
Below 1.0:
  x0.8000  loss 1 %, RTT 20 ms, reordering 0 %, recv; kernel's spread 0.25
  x0.9500  loss 5 %, RTT 1 ms, reordering 0 %, send; kernel's spread 0.25
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// TestLossTableErrors: a file that is none of ours is named with the line.
func TestLossTableErrors(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for text, want := range map[string]string{
		"": " has no summary of a case", `{"bench":"fair"}`: ":1: not a line of bench loss --json", "\n": ":1: not a line",
	} {
		file := filepath.Join(p.stateDir, "wrong")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		p.fails(exitFailure, "antedon: bench loss: "+file+want, "bench", "loss", "--from", file)
	}
}

// TestBenchUnprivileged: an ordinary user can measure too, with and without a TUN node.
func TestBenchUnprivileged(t *testing.T) {
	asOrdinaryUsers(t, func(t *testing.T, u *netlab.Unprivileged) {
		cmd, err := u.Self(bounded(t), "bench", "loss", "--loss", "1", "--rtt", "5", "--reorder", "0", "--seeds", "1",
			"--seconds", "0.1", "--rate", "10mbit", "--json")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, commandEnv...)
		if out := newProgram(t, cmd).start().ok(); strings.Count(out, "\n") != 2 || strings.Contains(out, `"error"`) {
			t.Errorf("got %q, want two lines", out)
		}
	})
}

// asOrdinaryUsers runs f for a user who may open a TUN node, and for one who has none.
func asOrdinaryUsers(t *testing.T, f func(t *testing.T, u *netlab.Unprivileged)) {
	for name, node := range map[string]netlab.Node{"a node that everybody may open": netlab.NodeOpen, "no node": netlab.NodeAbsent} {
		t.Run(name, func(t *testing.T) {
			u, err := netlab.NewUnprivileged(node)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := u.Close(); err != nil {
					t.Error(err)
				}
			})
			f(t, u)
		})
	}
}
