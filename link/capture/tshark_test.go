package capture_test

import (
	"bytes"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/wire"
)

// Wireshark opens the files, finds every checksum good and nothing malformed.
func TestTshark(t *testing.T) {
	for _, segment := range []bool{false, true} {
		name := filepath.Join(t.TempDir(), "trace.pcapng")
		w, err := capture.Create(name, capture.Config{Segment: segment})
		if err != nil {
			t.Fatal(err)
		}
		in, out := w.AddInterface("tun7"), w.AddInterface("eth7")
		for _, p := range []link.Packet{tcp(0), tcp(2500), linktest.Echo(ours, kernels, 30)} {
			info := capture.Info{Interface: in, Time: start, Direction: capture.Inbound}
			if err := w.WritePacket(info, &p); err != nil {
				t.Fatal(err)
			}
			info = capture.Info{Interface: out, Time: start, Direction: capture.Outbound, Comment: "a comment, größer"}
			if err := w.WritePacket(info, &p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		checkTshark(t, name, segment)
	}
}

// checkTshark checks what tshark makes of the file: the fields of each packet, in the order of fields.
func checkTshark(t *testing.T, name string, segment bool) {
	t.Helper()
	fields := []string{
		"frame.time_epoch", "frame.interface_name", "frame.packet_flags_direction", "ip.len", "ip.checksum.status",
		"tcp.checksum.status", "icmp.checksum.status", "_ws.malformed", "frame.comment",
	}
	args := []string{"-n", "-r", name, "-T", "fields", "-E", "separator=|", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command("tshark", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark (Debian package tshark): %v\n%s", err, &stderr)
	}
	const when = "1700000000.123456789"
	var want []string
	add := func(length, status string) {
		want = append(want, when+"|tun7|0x00000001|"+length+"|1|"+status+"||", when+"|eth7|0x00000002|"+length+"|1|"+status+"||a comment, größer")
	}
	add("40", "1|")
	if segment {
		// Each direction's segments follow each other.
		for _, d := range []string{"|tun7|0x00000001|%|1|1|||", "|eth7|0x00000002|%|1|1|||a comment, größer"} {
			for _, length := range []string{"1040", "1040", "540"} {
				want = append(want, when+strings.Replace(d, "%", length, 1))
			}
		}
	} else {
		add("2540", "1|")
	}
	add("58", "|1")
	if got := strings.TrimSpace(string(b)); got != strings.Join(want, "\n") {
		t.Errorf("segment=%v: tshark says\n%s\nwant\n%s", segment, got, strings.Join(want, "\n"))
	}
}

// Wireshark takes the length of a super-packet that is longer than its IP header can say from the file, or from the jumbo payload
// option.
func TestTsharkLong(t *testing.T) {
	name := filepath.Join(t.TempDir(), "long.pcapng")
	w, err := capture.Create(name, capture.Config{})
	if err != nil {
		t.Fatal(err)
	}
	id := w.AddInterface("tun7")
	for _, at := range []string{"192.0.2.1:1000", "[2001:db8::1]:1000"} {
		end := netip.MustParseAddrPort(at)
		c := linktest.Conn{Local: end, Remote: end, MSS: 1000}
		p := c.Packet(&wire.TCP{Flags: wire.ACK}, make([]byte, 150_000), true)
		if err := w.WritePacket(capture.Info{Interface: id, Time: start}, &p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := exec.Command("tshark", "-n", "-r", name, "-T", "fields", "-E", "separator=|", "-o", "ip.check_checksum:TRUE",
		"-o", "tcp.check_checksum:TRUE", "-e", "frame.cap_len", "-e", "tcp.len", "-e", "tcp.checksum.status", "-e", "_ws.malformed").Output()
	if err != nil {
		t.Fatalf("tshark (Debian package tshark): %v", err)
	}
	if got, want := strings.TrimSpace(string(b)), "150040|150000|1|\n150068|150000|1|"; got != want {
		t.Errorf("tshark says\n%s\nwant\n%s", got, want)
	}
}
