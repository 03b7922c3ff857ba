package main

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// lines returns what was printed as JSON lines.
func lines[T any](t *testing.T, out string) []T {
	t.Helper()
	var list []T
	for line := range strings.Lines(out) {
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		var v T
		if err := d.Decode(&v); err != nil {
			t.Fatalf("%q is no line of JSON: %v", line, err)
		}
		list = append(list, v)
	}
	return list
}

// TestChargenDiscard sends streams from us to the kernel and back, and between the kernel's sockets.
func TestChargenDiscard(t *testing.T) {
	t.Parallel()
	const size = 50_000_000
	p := newPlaceWithTUN(t)
	ours, native := []string{"--tun", "tun0"}, []string{"--native"}
	for _, tt := range []struct {
		name, host string
		sink, send []string
	}{
		{"IPv4, we send", "10.7.0.1", native, ours},
		{"IPv6, we send", "fd07::1", native, ours},
		{"IPv4, we receive", "10.7.0.2", ours, native},
		{"IPv6, we receive", "fd07::2", ours, native},
		{"the kernel with itself", "127.0.0.1", native, native},
	} {
		t.Run(tt.name, func(t *testing.T) {
			discard := p.antedon(append([]string{"discard", "9", "--count", "1", "--json"}, tt.sink...)...).start()
			discard.says(discard.stderr, "listening on")
			sent := lines[transfer](t, p.ok(append([]string{"chargen", tt.host, "9", "--bytes", "50M", "--json"}, tt.send...)...))
			received := lines[transfer](t, discard.ok())
			for _, list := range [][]transfer{sent, received} {
				if len(list) != 1 || list[0].Bytes != size || list[0].Gbps <= 0 || list[0].Error != "" {
					t.Errorf("got %+v, want one line with %d bytes", list, size)
				}
			}
		})
	}
	discard := p.antedon("discard", "9", "--tun", "tun0").start()
	discard.says(discard.stderr, "discard: listening on 10.7.0.2:9 [fd07::2]:9\n")
	p.antedon("chargen", "10.7.0.2", "9", "--native", "--seconds", "0.1").start().ok()
	discard.says(discard.stderr, "discard: received ").signal(unix.SIGINT).ok()
}

// TestChargenText: what arrives at a real nc are the characters of RFC 864, all of them.
func TestChargenText(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	nc := p.other("nc", "-N", "-v", "-n", "-l", "10.7.0.1", "9").start()
	nc.says(nc.stderr, "Listening")
	p.ok("chargen", "--tun", "tun0", "--bytes", "3000000", "10.7.0.1", "9")
	got := nc.ok()
	if len(got) != 3000000 {
		t.Fatalf("got %d bytes, want 3000000", len(got))
	}
	for i := range 2 * period {
		line, column := i/(columns+2), i%(columns+2)
		want := byte(' ' + (line+column)%glyphs)
		switch column {
		case columns:
			want = '\r'
		case columns + 1:
			want = '\n'
		}
		if got[i] != want || got[len(got)/period*period-period+i%period] != want {
			t.Fatalf("byte %d is %q, want %q", i, got[i], want)
		}
	}
}

// TestLastBytes: what a command has sent when a signal ends it arrives, and its FIN after it, though the peer reads late.
func TestLastBytes(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			ln := p.listen(net.JoinHostPort(f.kernel, "7020"))
			defer ln.Close()
			us := p.antedon("chargen", f.kernel, "7020", "--tun", "tun0", "--json").start()
			c, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(limit))
			if _, err := io.ReadFull(c, make([]byte, 1_000_000)); err != nil {
				t.Fatal(err)
			}
			us.signal(unix.SIGINT)
			n, err := io.Copy(io.Discard, c)
			if err != nil {
				t.Fatalf("no orderly end: %v", err)
			}
			c.Close()
			sent := lines[transfer](t, us.ok())
			if len(sent) != 1 || sent[0].Bytes != n+1_000_000 {
				t.Errorf("%d bytes arrived, chargen says %+v", n+1_000_000, sent)
			}
		})
	}
}

// TestSecondSignal: a peer that takes nothing holds us up no longer than the user wants.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	ln := p.listen("10.7.0.1:7021")
	us := p.antedon("chargen", "10.7.0.1", "7021", "--tun", "tun0").start()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	us.signal(unix.SIGINT)
	for {
		us.Process.Signal(unix.SIGINT) // one that comes before the first is handled is lost
		select {
		case <-us.ended:
		case <-time.After(10 * time.Millisecond):
			continue
		}
		break
	}
	if code := us.wait(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	for _, f := range families {
		out := p.ok("ping", "--tun", "tun0", "-c", "3", "-i", "0.001", "-s", "1000", f.kernel)
		if !strings.HasPrefix(out, "PING "+f.kernel+", 1000 bytes of payload\n1000 bytes from "+f.kernel+": seq=1 ttl=64 time=") ||
			!strings.Contains(out, "\n3 sent, 3 received, min/avg/max ") {
			t.Errorf("got %s", out)
		}
	}
	out := p.ok("ping", "--tun", "tun0", "-c", "2", "-i", "0", "--json", "10.7.0.1")
	first, last, _ := strings.Cut(strings.TrimSuffix(out, "\n"), "\n{\"host\"")
	if replies := lines[pingReply](t, first); len(replies) != 2 || replies[1].Seq != 2 || replies[1].Bytes != 56 || replies[1].Error != "" {
		t.Errorf("got %+v", replies)
	}
	if sum := lines[pingSummary](t, `{"host"`+last); len(sum) != 1 || sum[0].Sent != 2 || sum[0].Received != 2 || sum[0].MaxMS <= 0 {
		t.Errorf("got %+v", sum)
	}
	p.fails(exitFailure, "antedon: ping: 10.7.0.99 does not answer\n", "ping", "--tun", "tun0", "-c", "1", "-W", "0.05", "10.7.0.99")
	us := p.antedon("ping", "--tun", "tun0", "-i", "0.001", "10.7.0.1").start()
	us.says(us.stdout, "seq=3").signal(unix.SIGINT).ok()
	us.says(us.stdout, "received, min/avg/max")
	// The kernel asks, we answer, whatever else we do.
	srv := p.antedon("httpd", "--tun", "tun0").start()
	srv.says(srv.stderr, "listening on")
	for _, f := range families {
		p.other("ping", "-c", "1", f.ours).ok()
	}
}

func TestDump(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	for _, tt := range []struct {
		args, want string
	}{
		{"dump --tun tun0", " IP 10.7.0.1."},
		{"dump --tun tun0 --pi", " pi flags 0x0000 proto 0x0800 IP 10.7.0.1."},
		{"dump --tun tun0 --pi", " pi flags 0x0000 proto 0x86dd IP6 fd07::1."},
		{"dump --tun tun0 -x", "|is anybody there|"},
	} {
		us := p.antedon(append(strings.Fields(tt.args), "-v")...).start()
		us.says(us.stderr, "dump: listening on tun0\n")
		for _, f := range families {
			c, err := p.Dial(bounded(t), "udp", net.JoinHostPort(f.ours, "9"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			// In the hex dump 28 bytes of headers of IPv4 come first, or 48 of IPv6.
			if _, err := c.Write([]byte(strings.Repeat(".", 4) + "is anybody there")); err != nil {
				t.Fatal(err)
			}
		}
		us.says(us.stdout, tt.want).says(us.stdout, "UDP").signal(unix.SIGINT).ok()
	}
	if out := p.ok("dump", "--tun", "tun1", "--peer-addr", "10.8.0.1/24", "-c", "1"); !strings.Contains(out, " IP6 fe80::") {
		t.Errorf("got %s, want what a kernel sends of its own accord on a new link", out)
	}
}
