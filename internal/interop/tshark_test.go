package interop

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/wire"
)

// suspicious is a display filter for packets that should not be, or that tshark wonders about.
const suspicious = "_ws.malformed || _ws.expert.severity >= warning" +
	" || ip.checksum.status == bad || tcp.checksum.status == bad || udp.checksum.status == bad" +
	" || icmp.checksum.status == bad || icmpv6.checksum.status == bad"

// warning and failure are tshark's numbers for severities; what is less is a mere remark.
const (
	warning = 6 << 20
	failure = 8 << 20
)

// harmless are the beginnings of tshark's warnings that mean no harm.
var harmless = []string{
	"Connection reset (RST)",                                 // tests reset connections
	"TCP window specified by the receiver is now completely", // the reader is slower than the link
	"TCP Zero Window segment",                                // likewise
	"D-SACK Sequence",                                        // one end probed for a lost tail when the other got no CPU for a while
	"This frame is a (suspected) out-of-order segment",       // retransmitted: a busy kernel drops what its backlog cannot hold
}

// protocols are those that tshark shall look into. Streams are random bytes, in which it would see all the others.
var protocols = []string{"frame", "pkt_comment", "raw", "ip", "ipv6", "tcp", "udp", "icmp", "icmpv6", "data"}

// disabledProtocols returns the contents of tshark's file of that name: everything but protocols.
var disabledProtocols = sync.OnceValues(func() ([]byte, error) {
	out, err := exec.CommandContext(context.Background(), "tshark", "-G", "protocols").Output()
	var off []byte
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) >= 3 && !slices.Contains(protocols, f[2]) && !strings.HasPrefix(f[2], "_ws.") {
			off = fmt.Appendln(off, f[2])
		}
	}
	return off, err
})

// judge has tshark look at the beginning of a record. Warnings that begin with one of excused mean no harm in this test.
func (r *record) judge(t *testing.T, excused ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.begin) == 0 {
		return
	}
	name := r.save(t, r.begin)
	complaints := complaintsAbout(t, name, excused)
	if len(complaints) == 0 {
		os.Remove(name)
		return
	}
	t.Errorf("tshark complains about %d packets of %s, such as\n%s", len(complaints), name,
		strings.Join(complaints[:min(len(complaints), 20)], "\n"))
}

// complaintsAbout returns what tshark finds wrong with a capture.
func complaintsAbout(t *testing.T, name string, excused []string) (complaints []string) {
	t.Helper()
	find(t, "tshark")
	off, err := disabledProtocols()
	if err != nil {
		t.Fatalf("tshark -G protocols: %v\n%s", err, stderrOf(err))
	}
	config := t.TempDir()
	if err := os.WriteFile(filepath.Join(config, "disabled_protos"), off, 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tshark", "-n", "-r", name,
		"-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
		"-Y", suspicious, "-T", "fields", "-E", "aggregator=|", "-e", "frame.number", "-e", "ip.src", "-e", "ipv6.src",
		"-e", "_ws.expert.severity", "-e", "_ws.expert.message")
	cmd.Env = append(os.Environ(), "WIRESHARK_CONFIG_DIR="+config)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, stderrOf(err))
	}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		if c := complaint(lines.Text(), excused); c != "" {
			complaints = append(complaints, c)
		}
	}
	return complaints
}

// complaint returns what is left of tshark's line about a packet without what is excused.
func complaint(line string, excused []string) string {
	f := append(strings.Split(line, "\t"), make([]string, 5)...)
	severities, messages := strings.Split(f[3], "|"), strings.Split(f[4], "|")
	var left []string
	for i, message := range messages {
		severity := failure
		if len(severities) == len(messages) {
			severity, _ = strconv.Atoi(severities[i])
		}
		if severity < warning || isKernels(f[1]+f[2], message) || severity < failure && (begins(message, harmless) || begins(message, excused)) {
			continue
		}
		left = append(left, message)
	}
	if len(left) == 0 {
		return ""
	}
	return fmt.Sprintf("packet %s from %s%s: %s", f[0], f[1], f[2], strings.Join(left, ", "))
}

// kernels are the beginnings of warnings about the kernel's packets that are its own affair.
var kernels = []string{
	"TCP Checksum 0xffff instead of 0x0000", // which says the same
	"Previous segment(s) not captured",      // its queue towards us was full
}

// isKernels reports whether a message about a packet from src is the kernel's own affair.
func isKernels(src, message string) bool {
	return (src == "10.7.0.1" || src == "fd07::1") && begins(message, kernels)
}

// begins reports whether text begins with one of beginnings.
func begins(text string, beginnings []string) bool {
	return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(text, b) })
}

// TestJudge makes sure that tshark has something against bad packets.
func TestJudge(t *testing.T) {
	t.Parallel()
	ip := func(payload ...byte) []byte {
		h := wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: netip.MustParseAddr("10.7.0.1"), Dst: netip.MustParseAddr("10.7.0.2")}
		return append(h.AppendTo(nil, len(payload)), payload...)
	}
	badHeader := ip()
	badHeader[10]++
	for _, c := range []struct {
		name, want string
		packet     []byte
	}{
		{"IP checksum", "Bad checksum", badHeader},
		{"TCP checksum", "Bad checksum", ip(0, 80, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 1, 2, 0, 0)},
		{"header cut short", "", ip(0, 80, 0, 81, 0, 0, 0, 0, 0, 0)},
		{"header length", "", ip(0, 80, 0, 81, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 2, 0, 0, 0, 0, 0, 0)},
	} {
		name := filepath.Join(t.TempDir(), "bad.pcapng")
		w, err := capture.Create(name, capture.Config{})
		if err != nil {
			t.Fatal(err)
		}
		info := capture.Info{Interface: w.AddInterface("test")}
		check(t, w.WritePacket(info, &link.Packet{Bytes: c.packet}))
		check(t, w.Close())
		got := complaintsAbout(t, name, nil)
		if len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: tshark says %q, want %q in it", c.name, got, c.want)
		}
	}
}
