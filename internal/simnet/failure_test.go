package simnet

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// sabotage makes a run fail at a certain time.
type sabotage struct{ n *Net }

func (s sabotage) happen() { s.n.fail("sabotage") }

// TestFailure checks what a failure leaves behind: the seed's command, and packets that Wireshark opens and finds whole.
func TestFailure(t *testing.T) {
	for seed, mode := uint64(0), Plain; mode <= Super; seed++ {
		if Draw(FromSeed(seed), MaxBytes).Mode != mode {
			continue
		}
		mode++
		build := func() *Net {
			s := Draw(FromSeed(seed), MaxBytes)
			for i := range s.Paths {
				s.Paths[i].Corrupt = 0
			}
			n := s.Build()
			n.after(10*time.Second, sabotage{n})
			return n
		}
		err := build().Finish()
		if err == nil {
			t.Fatal("the sabotage went unnoticed")
		}
		const command = "go test ./internal/simnet -run '^TestSeeds$' -seed 1"
		text := explain("failure-test", build, err, command)
		for _, want := range []string{"10s: sabotage", "reproduce: " + command} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in:\n%s", want, text)
			}
		}
		_, file, ok := strings.Cut(text, "capture:   ")
		if !ok || strings.Contains(file, "not the same") {
			t.Fatalf("no capture:\n%s", text)
		}
		checkCapture(t, file)
		os.Remove(file)
	}
}

// checkCapture has tshark read a capture and look for malformed packets and wrong checksums. That of a packet quoted in an
// ICMP error covers more than is there.
func checkCapture(t *testing.T, file string) {
	t.Helper()
	packets := tshark(t, file, "frame")
	if packets == 0 {
		t.Error("no packets in the capture")
	}
	bad := "_ws.malformed || ip.checksum.status == Bad || (tcp.checksum.status == Bad && !icmp && !icmpv6) || " +
		"icmp.checksum.status == Bad || icmpv6.checksum.status == Bad"
	if n := tshark(t, file, bad); n > 0 {
		t.Errorf("Wireshark finds %d of %d packets malformed", n, packets)
	}
}

// tshark returns how many packets of a capture match a display filter.
func tshark(t *testing.T, file, filter string) int {
	t.Helper()
	cmd := exec.Command("tshark", "-n", "-r", file, "-Y", filter, "-T", "fields", "-e", "frame.number",
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-d", "tcp.port==1-65535,data") // whatever a port usually stands for
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark (Debian package tshark): %v\n%s", err, &stderr)
	}
	return strings.Count(string(out), "\n")
}
