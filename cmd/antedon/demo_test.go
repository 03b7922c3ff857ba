package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/demo"
	"github.com/antedon-net/antedon/internal/netlab"
)

// checkDemo looks at what demo --json printed.
func checkDemo(t *testing.T, out, kind string) {
	t.Helper()
	list := slices.Collect(strings.Lines(out))
	if len(list) == 0 {
		t.Fatal("no output")
	}
	seen := make(map[string]bool)
	for _, c := range lines[demo.Check](t, strings.Join(list[:len(list)-1], "")) {
		seen[c.Kind+" "+c.IP+" "+c.From] = true
		if !c.OK || c.Kind == "bulk" && (c.Gbps <= 0 || c.KernelGbps <= 0 || c.Ratio <= 0) || c.Kind == "http" && len(c.SHA256) != 64 {
			t.Errorf("got %+v", c)
		}
	}
	if len(seen) != 12 {
		t.Errorf("got %d different checks, want 12: %v", len(seen), seen)
	}
	var sum demoSummary
	if err := json.Unmarshal([]byte(list[len(list)-1]), &sum); err != nil {
		t.Fatal(err)
	}
	if !sum.Summary || !sum.OK || sum.Passed != 12 || sum.Failed != 0 || sum.Link.Kind != kind {
		t.Errorf("got %+v, want 12 checks passed on a %s", sum, kind)
	}
}

// TestDemo: it leaves nothing behind, whichever way it ends. Nothing else may run.
func TestDemo(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	out := p.ok("demo")
	for _, want := range []string{"HTTP: curl fetches from us", "SHA-256 agrees", "Gbit/s", "12 of 12 checks passed", "IPv4", "IPv6"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	p.expect(before)
	checkDemo(t, p.ok("demo", "--json"), "TUN")
	p.expect(before)
	us := p.antedon("demo").start()
	us.says(us.stdout, "ping").signal(unix.SIGINT)
	us.fails(exitFailure, "antedon: demo: interrupted\n")
	p.expect(before)
	us = p.antedon("demo").start()
	us.says(us.stdout, "HTTP").signal(unix.SIGKILL).wait()
	p.expect(before)
}

// TestDemoUnprivileged: an ordinary user needs nothing but a kernel that allows namespaces, with and without a TUN node.
func TestDemoUnprivileged(t *testing.T) {
	for _, tt := range []struct {
		name string
		node netlab.Node
		kind string
	}{
		{"a node that everybody may open", netlab.NodeOpen, "TUN"},
		{"a node for root only", netlab.NodeForbidden, "packet socket on a veth"},
		{"no node", netlab.NodeAbsent, "packet socket on a veth"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, err := netlab.NewUnprivileged(tt.node)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := u.Close(); err != nil {
					t.Error(err)
				}
			})
			before, err := netlab.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			for _, kill := range []bool{false, true} {
				cmd, err := u.Self(bounded(t), "demo", "--json")
				if err != nil {
					t.Fatal(err)
				}
				cmd.Env = append(cmd.Env, commandEnv...)
				us := newProgram(t, cmd).start()
				if kill {
					us.says(us.stdout, "http").signal(unix.SIGKILL).wait()
				} else {
					checkDemo(t, us.ok(), tt.kind)
				}
				expectHere(t, before)
			}
		})
	}
}

// TestKilled: a device made for a command goes with it, whatever it dies of. Nothing else may run.
func TestKilled(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGKILL} {
		us := p.antedon("httpd", "--tun", "tun0", "--peer-addr", "10.7.0.1/24,fd07::1/64", "--source", "192.0.2.7").start()
		us.says(us.stderr, "listening on")
		if p.snapshot() == before {
			t.Error("no trace of the device")
		}
		us.signal(os.Signal(sig)).wait()
		p.expect(before)
	}
}
