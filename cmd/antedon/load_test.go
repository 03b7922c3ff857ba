package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/load"
	"github.com/antedon-net/antedon/internal/netlab"
)

// serverVar is set for copies of the test binary that are to be a web server on the kernel's sockets, to its port.
const serverVar = "ANTEDON_TEST_SERVER"

// serveKernel is that server.
func serveKernel(port string) {
	fmt.Fprintln(os.Stderr, "the server begins")
	ln, err := net.Listen("tcp", ":"+port)
	if err == nil {
		err = http.Serve(ln, http.NotFoundHandler())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// loadSummary returns the last line of load --json.
func loadSummary(t *testing.T, out string) *load.Report {
	t.Helper()
	list := lines[loadLine](t, out)
	if len(list) == 0 || list[len(list)-1].Event != "summary" {
		t.Fatalf("no summary in\n%s", out)
	}
	for _, l := range list[:len(list)-1] {
		if l.Event != "progress" {
			t.Errorf("got an event %q", l.Event)
		}
	}
	return list[len(list)-1].Report
}

// loadCommand is the end of a command line: a server of our own, started by the command.
func loadCommand(self string) []string {
	return []string{"8080", "--", "env", serverVar + "=8080", self}
}

// TestLoad: the command starts a server, loads it, tells of it and leaves nothing behind, whichever way it ends. Nothing else may run.
func TestLoad(t *testing.T) {
	p := newPlace(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	before := p.snapshot()
	args := func(flags ...string) []string {
		return append(append([]string{"load"}, flags...), loadCommand(self)...)
	}

	out := p.ok(args("--mode", "request", "--conns", "500", "--rate", "2000", "--seconds", "100")...)
	for _, want := range []string{
		"request 10.7.0.1:8080 for ", "from 198.18.0.0/15", "in a private network namespace", "tried        500\n", "opened ",
		"answered ", " handshakes: median ", " answers", "#",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	p.expect(before)
	r := loadSummary(t, p.ok(args("--json", "--mode", "synflood", "--rate", "5000", "--seconds", "1.5", "--ipv6", "--from", "2001:db8::/64")...))
	if r.Opened == 0 || !r.Private || r.Target != "[fd07::1]:8080" || r.From != "2001:db8::/64" || r.Honest == nil || r.Handshake.Count == 0 {
		t.Errorf("got %+v", r)
	}
	p.expect(before)

	us := p.antedon(args("--json", "-v", "--mode", "hold", "--conns", "100", "--seconds", "600")...).start()
	us.says(us.stderr, "the server begins").says(us.stdout, `"open":100`).signal(unix.SIGINT)
	if code := us.wait(); code != exitFailure || !strings.HasSuffix(us.stderr.String(), "antedon: load: interrupted\n") {
		t.Errorf("after SIGINT: exit code %d and %q", code, us.stderr)
	}
	if r := loadSummary(t, us.stdout.String()); !r.Interrupted || r.Open != 100 {
		t.Errorf("after SIGINT: got %+v", r)
	}
	p.expect(before)
	us = p.antedon(args("-v", "--mode", "churn", "--seconds", "600")...).start()
	us.says(us.stderr, "the server begins").signal(unix.SIGKILL).wait()
	p.expect(before)
	p.fails(exitFailure, "antedon: load: sh has ended (exit status 3): no licence\n", "load", "80", "--", "sh", "-c", "echo no licence; exit 3")
	p.fails(exitFailure, `antedon: load: exec: "no-such-server": executable file not found in $PATH`+"\n", "load", "80", "--", "no-such-server")
	p.fails(exitFailure, "antedon: load: sleep does not listen on 10.7.0.1:80, or on all addresses, after 100ms\n",
		"load", "--start", "0.1", "80", "--", "sleep", "1000")
	p.expect(before)
}

// TestLoadPlain: a server that is there is loaded over the kernel's sockets, and one that is not is an error.
func TestLoadPlain(t *testing.T) {
	p := newPlace(t)
	ln, err := p.Listen(bounded(t), "tcp", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go srv.Serve(ln)
	r := loadSummary(t, p.ok("load", "--json", "--mode", "request", "--conns", "100", "--seconds", "100", "--from", "127.5.0.0/16", "8080"))
	if r.Answered != 100 || r.Private || r.Target != "127.0.0.1:8080" || r.Answer.Count != 100 {
		t.Errorf("got %+v", r)
	}
	srv.Close()
	us := p.antedon("load", "--conns", "2", "8080").start()
	us.fails(exitFailure, "antedon: load: dial 127.0.0.1:8080: connection refused\n")
}

// TestLoadUnprivileged: an ordinary user may load and flood a server of his own, with and without a TUN node.
func TestLoadUnprivileged(t *testing.T) {
	for _, node := range []netlab.Node{netlab.NodeOpen, netlab.NodeAbsent} {
		u, err := netlab.NewUnprivileged(node)
		if err != nil {
			t.Fatal(err)
		}
		before, err := netlab.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		cmd, err := u.Self(bounded(t), "load", "--json", "--mode", "synflood", "--rate", "5000", "--seconds", "1")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Args = append(cmd.Args, loadCommand(cmd.Path)...)
		cmd.Env = append(cmd.Env, commandEnv...)
		if r := loadSummary(t, newProgram(t, cmd).start().ok()); r.Opened == 0 || !r.Private {
			t.Errorf("got %+v", r)
		}
		expectHere(t, before)
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	}
}
