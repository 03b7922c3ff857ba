package simnet

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp/congestion"
)

var update = flag.Bool("update", false, "write testdata instead of comparing with it")

// goodputTimes says how long the transfers of the table are, by round trip: 50 round trips at least.
var goodputTimes = []struct{ rtt, time time.Duration }{
	{200 * time.Millisecond, 10 * time.Second},
	{80 * time.Millisecond, 5 * time.Second},
	{20 * time.Millisecond, 2 * time.Second},
	{2 * time.Millisecond, 1 * time.Second},
}

// TestGoodput compares what bulk transfers achieve on paths of different loss, reordering and round trip with testdata. The
// figures are exact, being simulated: a change of behaviour shows up in review, good or bad, and is accepted with
//
//	go test ./internal/simnet -run TestGoodput -update
//
// TestCell measures a single line.
func TestGoodput(t *testing.T) {
	losses := []float64{0.05, 0.02, 0.01, 0.001, 0}
	if race {
		losses = losses[:1] // where few packets get through
	}
	for _, cc := range congestion.Names() {
		t.Run(cc, func(t *testing.T) {
			t.Parallel()
			lines := []string{
				"# " + cc + ", 100 Mbit/s, queue of 1 BDP and at least 100 packets, the same both ways; means of 2 seeds",
				fmt.Sprintf("%-5s %-7s %-6s %14s %12s %9s %9s", "loss", "reorder", "rtt", "goodput kbit/s", "retransmits", "spurious", "timeouts"),
			}
			for _, loss := range losses {
				for _, reorder := range []float64{0.05, 0.01, 0} {
					for _, d := range goodputTimes {
						plan := impair.Plan{Loss: loss, Reorder: reorder, Delay: d.rtt / 2, Rate: 100_000_000}
						y := cell{path: plan, cc: cc, time: d.time, seeds: goodputSeeds}.measure(t)
						lines = append(lines, fmt.Sprintf("%-5s %-7s %-6v %14.0f %12.1f %9.1f %9.1f", percent(loss),
							percent(reorder), d.rtt, y.goodput/1000, y.retransmits, y.spurious, y.timeouts))
					}
				}
			}
			checkGolden(t, "goodput-"+cc, lines)
		})
	}
}

const goodputSeeds = 2

func percent(p float64) string { return fmt.Sprintf("%g%%", 100*p) }

// checkGolden compares lines with a file of testdata, or writes it. With the race detector the lines may be the first only.
func checkGolden(t *testing.T, name string, lines []string) {
	t.Helper()
	file := "testdata/" + name + ".txt"
	got := strings.Join(lines, "\n") + "\n"
	if *update && !race {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !race && got != string(want) || !strings.HasPrefix(string(want), got) {
		t.Errorf("%s has changed; -update accepts it.\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

// TestCleanPath transfers as much as a path carries that loses, delays and reorders nothing and queues whatever comes. There
// is nothing to retransmit, so nothing is: not a segment.
func TestCleanPath(t *testing.T) {
	for _, cc := range congestion.Names() {
		for _, d := range goodputTimes {
			if race && d.rtt > 20*time.Millisecond {
				continue
			}
			for _, mode := range []Mode{Plain, Cut, Super} {
				t.Run(fmt.Sprint(cc, " ", d.rtt, " ", mode), func(t *testing.T) {
					plan := impair.Plan{Delay: d.rtt / 2, Rate: 100_000_000, Queue: 20_000}
					y := cell{mode: mode, path: plan, cc: cc, time: d.time, seeds: 1}.measure(t)
					if y.retransmits != 0 || y.spurious != 0 || y.timeouts != 0 {
						t.Errorf("%v: want no retransmits and no timeouts", y)
					}
					if y.goodput < 0.8*100_000_000 && mode == Plain {
						t.Errorf("%v: want 80 Mbit/s at least", y)
					}
				})
			}
		}
	}
}
