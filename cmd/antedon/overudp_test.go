package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

// A udpPlace is where two ordinary users, who may open no TUN device and know no namespace, run commands over UDP.
type udpPlace struct {
	t    *testing.T
	u    *netlab.Unprivileged
	self string
	host netip.Addr // of the loopback interface, for nobody but this process
}

func newUDPPlace(t *testing.T) *udpPlace {
	t.Helper()
	u, err := netlab.NewUnprivileged(netlab.NodeAbsent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if self, err = u.Install(self); err != nil {
		t.Fatal(err)
	}
	pid := os.Getpid()
	return &udpPlace{t, u, self, netip.AddrFrom4([4]byte{127, byte(1 + pid>>16), byte(pid >> 8), byte(pid)})}
}

// antedon returns the program with an address, and a link from one port to another, which may be any.
func (p *udpPlace) antedon(addr, from, to string, args ...string) *program {
	p.t.Helper()
	remote := to
	if to != anybody {
		remote = fmt.Sprintf("%v:%s", p.host, to)
	}
	args = append(args, "--addr", addr, "--over-udp", fmt.Sprintf("%v:%s,%s", p.host, from, remote))
	cmd := p.u.Command(bounded(p.t), p.self, args...)
	cmd.Env = append(cmd.Env, commandEnv...)
	return newProgram(p.t, cmd)
}

// TestOverUDP: two ordinary users reach each other with all the commands, over IPv4 and IPv6.
func TestOverUDP(t *testing.T) {
	p := newUDPPlace(t)
	const there, here = "10.9.0.1/24,fd09::1/64", "10.9.0.2/24,fd09::2/64"
	httpd := p.antedon(there, "7001", anybody, "httpd", "-v").start()
	httpd.says(httpd.stderr, "listening on http://10.9.0.1:80 http://[fd09::1]:80\n")
	httpd.says(httpd.stderr, fmt.Sprintf("httpd: over udp %v:7001\n", p.host))
	for _, host := range []string{"10.9.0.1", "[fd09::1]"} {
		if got := p.antedon(here, "7002", "7001", "webget", "http://"+host+"/hello").ok(); got != "hello\n" {
			t.Errorf("webget %s: got %q", host, got)
		}
		out := p.antedon(here, "7002", "7001", "ping", "-c", "1", "-s", "3000", strings.Trim(host, "[]")).ok()
		if !strings.Contains(out, "3000 bytes from") {
			t.Errorf("ping %s: got %q", host, out)
		}
	}
	httpd.signal(os.Kill).wait() // it would wait until its FINs are acknowledged, by processes that have ended

	discard := p.antedon(there, "7003", "7004", "discard", "9", "--count", "1", "--json", "--mtu", "1472").start()
	discard.says(discard.stderr, "listening on")
	p.antedon(here, "7004", "7003", "chargen", "--bytes", "20M", "10.9.0.1", "9", "--mtu", "1472").ok()
	discard.wait()
	if got := discard.stdout.String(); !strings.Contains(got, `"bytes":20971520,`) && !strings.Contains(got, `"bytes":20000000,`) {
		t.Errorf("discard: got %s", got)
	}

	listener := p.antedon(there, "7005", "7006", "netcat", "-l", "8000", "-v").feed(strings.NewReader("answer\n")).start()
	listener.says(listener.stderr, "listening on")
	asker := p.antedon(here, "7006", "7005", "netcat", "10.9.0.1", "8000").feed(strings.NewReader("question\n"))
	asker.start().wait() // who ends last may miss the acknowledgment of its FIN, as the other has ended
	listener.wait()
	compare(t, asker.stdout.String(), "answer\n")
	compare(t, listener.stdout.String(), "question\n")
}

// TestOverUDPErrors: what cannot be is told in a line.
func TestOverUDPErrors(t *testing.T) {
	p := newUDPPlace(t)
	busy := p.antedon("10.9.0.1/24", "7001", anybody, "httpd").start()
	busy.says(busy.stderr, "listening on")
	p.antedon("10.9.0.2/24", "7001", "7002", "ping", "10.9.0.1").start().
		fails(exitFailure, fmt.Sprintf("antedon: ping: udp: another program uses %v:7001: ", p.host))
	p.antedon("10.9.0.2/24", "7", "7002", "ping", "10.9.0.1").start().
		fails(exitFailure, fmt.Sprintf("antedon: ping: udp: this user may not use %v:7 (ports below 1024 take privilege): ", p.host))
	lonely := p.antedon("10.9.0.2/24", "7003", "7004", "netcat", "-v", "10.9.0.1", "80").start()
	lonely.says(lonely.stderr, "over udp").signal(os.Interrupt).wait()
	if !strings.HasSuffix(lonely.stderr.String(), "antedon: netcat: interrupted\n") {
		t.Errorf("nobody there: got %q", lonely.stderr)
	}
}
