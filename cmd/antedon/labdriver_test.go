package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// TestLabDriver: in private namespaces real programs are carried by our TCP and by SDK programs, and their exit code is ours.
func TestLabDriver(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	file := filepath.Join(t.TempDir(), "lab.pcapng")
	sdk := buildSDK(t)
	for _, who := range [][]string{{"--stack", "builtin"}, {"--sdk", sdk}, {"--sdk", sdk, "--sdk", "exec " + sdk}} {
		args := append([]string{"lab", "driver", "--pcap", file}, who...)
		out := p.ok(append(args, "--", "curl", "-sSg", "-o", "/dev/null", "http://10.7.0.2/bytes/300000", "http://10.7.0.2/", "http://[fd07::2]/")...)
		if strings.Count(out, "Hello from the kernel") != 2 {
			t.Errorf("%q: got %.300q, want the page twice", who, out)
		}
		if b, err := os.ReadFile(file); err != nil || len(b) < 300_000 || !strings.Contains(string(b), "from the application: captured") {
			t.Errorf("%q: got a capture of %d bytes, %v", who, len(b), err)
		}
		if code := p.antedon(append(args, "--", "sh", "-c", "exit 3")...).start().wait(); code != 3 {
			t.Errorf("%q: got exit code %d, want the application's", who, code)
		}
	}
	p.expect(before)
}

// buildSDK builds the teaching kit's smallest SDK program.
func buildSDK(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "byhand")
	if out, err := exec.CommandContext(bounded(t), "go", "build", "-o", path, "../../sdk/go/byhand").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// TestLabDriverIncoming: in private namespaces a server is called over our TCP, and the caller's exit code is ours.
func TestLabDriverIncoming(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "page"), []byte("served here\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	server := []string{"--", "python3", "-m", "http.server", "8080", "--directory", dir}
	args := []string{"lab", "driver", "--incoming", "8080,9090", "--stack", "builtin", "--caller"}
	for _, who := range [][]string{{"--stack", "builtin"}, {"--sdk", buildSDK(t)}} {
		args := append([]string{"lab", "driver", "--incoming", "8080,9090"}, who...)
		args = append(append(args, "--caller", "curl -sS http://10.7.0.1:8080/page"), server...)
		if out := p.ok(args...); out != "served here\n" {
			t.Errorf("%q: got %q", who, out)
		}
	}
	if code := p.antedon(append(append(args, "exit 3"), server...)...).start().wait(); code != 3 {
		t.Errorf("got exit code %d, want the caller's", code)
	}
	p.fails(exitFailure, "antedon: lab driver: true has ended without listening on port 8080", append(args, "true", "--", "true")...)
	p.fails(exitUsage, "antedon: lab driver: --incoming 22: port 22 is never captured", "lab", "driver", "--incoming", "22")
	p.fails(exitUsage, "antedon: lab driver: --caller wants --incoming", "lab", "driver", "--caller", "true")
	p.expect(before)
}

// TestLabDriverFails: an SDK that ends at once, and one that ends later, are told of.
func TestLabDriverFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	us := p.antedon("lab", "driver", "--sdk", "exit 7", "--", "true").start()
	if code := us.wait(); code != exitFailure || !strings.Contains(us.stderr.String(), "no SDK program is left") {
		t.Errorf("got exit code %d and %q", code, us.stderr)
	}
	p.fails(exitFailure, "antedon: lab driver: ", "lab", "driver", "--stack", "builtin", "--", "/no/such/program")
}

// TestLabDriverHost: on a machine itself, which here is a namespace. All ways to end it leave the machine as it was.
func TestLabDriverHost(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	// The SDK's shell has a child, and another one that is in nobody's group or session.
	sdk := "(setsid sleep 1000 &) ; sleep 1000 & " + buildSDK(t) + "; true"
	for _, end := range []string{"interrupt", "clear", "kill"} {
		us := p.antedon("lab", "driver", "all", "--host", "--incoming", "8080", "--dir", t.TempDir(), "--sdk", sdk).start()
		us.says(us.stderr, "capturing (all)")
		p.fails(exitFailure, "antedon: lab driver: a driver is running already", "lab", "driver", "partial", "--host", "--dir", t.TempDir())
		if out := p.ok("lab", "driver", "print"); !strings.Contains(out, "A driver is running (process ") || !strings.Contains(out, "tproxy to :21184") ||
			!strings.Contains(out, "tcp dport 8080 notrack") {
			t.Errorf("got %q", out)
		}
		if out := p.ok("lab", "driver", "print", "--json"); !strings.Contains(out, `"mode":"all"`) || strings.Count(out, "\n") != 1 {
			t.Errorf("got %q", out)
		}
		switch end {
		case "interrupt":
			us.signal(unix.SIGINT).ok()
		case "clear":
			p.ok("lab", "driver", "clear", "--host")
			us.ok()
		case "kill":
			us.signal(unix.SIGKILL).wait()
		}
		p.expect(before)
	}
	p.ok("lab", "driver", "clear", "--host") // there is nothing to clear
	p.fails(exitFailure, "antedon: lab driver: no driver is running", "lab", "driver", "print", "--json")
}

// TestLabDriverUnprivileged: an ordinary user may do all that in private namespaces, and nothing on the machine.
func TestLabDriverUnprivileged(t *testing.T) {
	u, err := netlab.NewUnprivileged(netlab.NodeAbsent)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	sdk, err := u.Install(buildSDK(t))
	if err != nil {
		t.Fatal(err)
	}
	before, err := netlab.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) *program {
		cmd, err := u.Self(bounded(t), args...)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, commandEnv...)
		return newProgram(t, cmd)
	}
	for _, who := range [][]string{{"--stack", "builtin"}, {"--sdk", sdk}} {
		args := append(append([]string{"lab", "driver"}, who...), "--", "curl", "-sS", "http://10.7.0.2/")
		if out := run(args...).ok(); !strings.Contains(out, "Hello from the kernel") {
			t.Errorf("%q: got %q", who, out)
		}
	}
	args := []string{"lab", "driver", "--sdk", sdk, "--incoming", "8080", "--caller", "curl -sS http://10.7.0.1:8080/"}
	if out := run(append(args, "--", "python3", "-m", "http.server", "8080", "--directory", "/usr/share")...).ok(); !strings.Contains(out, "Directory listing") {
		t.Errorf("called: got %q", out)
	}
	run("lab", "driver", "--host").start().fails(exitFailure, "antedon: lab driver: only root may capture connections of this machine")
	for _, app := range []string{
		"echo begun; sleep 1000", // and one whose connection is in use
		"curl -sS http://10.7.0.2/bytes/1000000000 | (head -c 1000000 >/dev/null; echo begun; cat >/dev/null)",
	} {
		killed := run("lab", "driver", "--sdk", "(setsid sleep 1000 &) ; "+sdk+"; true", "--", "sh", "-c", app).start()
		killed.says(killed.stdout, "begun").signal(unix.SIGKILL).wait()
		expectHere(t, before)
	}
}
