package simnet

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

var update = flag.Bool("update", false, "write testdata instead of comparing with it")

// TestGoodput compares what a bulk transfer achieves on paths of different loss and round trip with testdata. The figures
// are exact, being simulated: a change of behaviour shows up in review, good or bad, and is accepted with
//
//	go test ./internal/simnet -run TestGoodput -update
func TestGoodput(t *testing.T) {
	const name = "testdata/goodput.txt"
	losses := []float64{0.05, 0.01, 0.001, 0}
	if race {
		losses = losses[:1] // where few packets get through
	}
	lines := []string{
		fmt.Sprintf("# Reno, 20 Mbit/s, %v, mean of %d seeds", goodputTime, goodputSeeds),
		fmt.Sprintf("%-6s %-6s %14s %12s %9s", "loss", "rtt", "goodput kbit/s", "retransmits", "timeouts"),
	}
	for _, loss := range losses {
		for _, rtt := range []time.Duration{100 * time.Millisecond, 20 * time.Millisecond, 2 * time.Millisecond} {
			lines = append(lines, measureGoodput(t, loss, rtt))
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !race && got != string(want) || !strings.HasPrefix(string(want), got) {
		t.Errorf("goodput has changed; -update accepts it.\ngot:\n%s\nwant:\n%s", got, want)
	}
}

const (
	goodputTime  = 20 * time.Second
	goodputSeeds = 4
)

// measureGoodput returns a line of the table.
func measureGoodput(t *testing.T, loss float64, rtt time.Duration) string {
	var read, retransmits, timeouts uint64
	for seed := range uint64(goodputSeeds) {
		s := pair(Plain, impair.Plan{Loss: loss, Delay: rtt / 2, Rate: 20_000_000, Seed: 2 * seed}, bulk(1<<40))
		for i := range s.Hosts {
			s.Hosts[i].TCP = tcp.Config{Congestion: "reno"}
		}
		n := s.Build()
		runFor(t, n, goodputTime)
		ends := n.talks[0].ends
		i := ends[0].conn.Info(n.now)
		read += ends[1].app.in.read
		retransmits += i.TotalRetrans
		timeouts += i.Timeouts
	}
	return fmt.Sprintf("%-6s %-6v %14d %12d %9d", fmt.Sprintf("%g%%", 100*loss), rtt,
		read*8/1000/uint64(goodputTime/time.Second)/goodputSeeds, retransmits/goodputSeeds, timeouts/goodputSeeds)
}
