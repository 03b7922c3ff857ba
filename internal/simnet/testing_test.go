package simnet

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
)

// explain returns what there is to say about a failed run: what went wrong, the command that repeats it, and where the
// packets of a second, equal run were written to.
func explain(name string, build func() *Net, err error, command string) string {
	file := filepath.Join(os.TempDir(), "antedon-simnet-"+name+".pcapng")
	if again := record(file, build); again == nil || again.Error() != err.Error() {
		file += fmt.Sprintf(" (not the same again: %v)", again)
	}
	return fmt.Sprintf("%v\n\treproduce: %s\n\tcapture:   %s", err, command, file)
}

// record runs a network and captures its packets.
func record(file string, build func() *Net) error {
	w, err := capture.Create(file, capture.Config{Segment: true})
	if err != nil {
		return err
	}
	n := build()
	n.Capture(w)
	err = n.Finish()
	if e := w.Close(); e != nil {
		return e
	}
	return err
}

// digest runs a network and returns a hash of all of its packets with their times.
func digest(n *Net) (string, error) {
	n.digest = sha256.New()
	err := n.Finish()
	return fmt.Sprintf("%x", n.digest.Sum(nil)), err
}

// pair returns the scenario of two hosts with equal paths between them.
func pair(mode Mode, plan impair.Plan, talks ...Talk) *Scenario {
	s := &Scenario{Mode: mode, MTU: 1500, Hosts: make([]HostPlan, 2), Talks: talks}
	for i := range s.Hosts {
		s.Hosts[i].Secret = uint64(i + 1)
	}
	back := plan
	back.Seed++
	s.Paths = []PathPlan{{From: 0, To: 1, Plan: plan}, {From: 1, To: 0, Plan: back}}
	return s
}

// bulk is a conversation in which the dialler writes so many bytes.
func bulk(bytes uint64) Talk {
	return Talk{
		From: 0, To: 1, Port: servicePort,
		Dialler:  Script{Bytes: bytes, WriteMax: 1 << 20, ReadMax: 1},
		Listener: Script{WriteMax: 1, ReadMax: 1 << 20},
	}
}

// finish runs the network to its end.
func finish(t *testing.T, build func() *Net) *Net {
	t.Helper()
	n := build()
	if err := n.Finish(); err != nil {
		t.Fatal(explain(filepath.Base(t.Name()), build, err, fmt.Sprintf("go test ./internal/simnet -run '^%s$'", t.Name())))
	}
	return n
}

// runFor lets time pass and fails if a check does.
func runFor(t *testing.T, n *Net, d time.Duration) {
	t.Helper()
	if err := n.Run(n.now.Add(d)); err != nil {
		t.Fatal(err)
	}
}

func connections(h *host.Host) (n int) {
	for range h.Conns() {
		n++
	}
	return n
}
