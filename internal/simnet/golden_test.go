package simnet

import (
	"bytes"
	"flag"
	"fmt"
	"os"
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
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Reno, 20 Mbit/s, %v, mean of %d seeds\n", goodputTime, goodputSeeds)
	fmt.Fprintf(&b, "%-6s %-6s %14s %12s %9s\n", "loss", "rtt", "goodput kbit/s", "retransmits", "timeouts")
	for _, loss := range []float64{0, 0.001, 0.01, 0.05} {
		for _, rtt := range []time.Duration{2 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
			measureGoodput(t, &b, loss, rtt)
		}
	}
	if *update {
		if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("goodput has changed; -update accepts it.\ngot:\n%s\nwant:\n%s", &b, want)
	}
}

const (
	goodputTime  = 20 * time.Second
	goodputSeeds = 4
)

func measureGoodput(t *testing.T, b *bytes.Buffer, loss float64, rtt time.Duration) {
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
		read += ends[1].app.read
		retransmits += i.TotalRetrans
		timeouts += i.Timeouts
	}
	fmt.Fprintf(b, "%-6s %-6v %14d %12d %9d\n", fmt.Sprintf("%g%%", 100*loss), rtt,
		read*8/1000/uint64(goodputTime/time.Second)/goodputSeeds, retransmits/goodputSeeds, timeouts/goodputSeeds)
}
