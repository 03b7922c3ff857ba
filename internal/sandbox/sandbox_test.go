package sandbox

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
)

// TestProgram: it runs where it is told to, says how it ended, and meets us in its /tmp.
func TestProgram(t *testing.T) {
	dir := publicDir(t)
	if err := os.WriteFile(filepath.Join(dir, "here"), []byte("found"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := shell("cat here; echo; cat /tmp/greeting; pwd; hostname; echo $HOME; echo lost >/dev/null; exit 3")
	cfg.Dir = dir
	box, out := newBox(t, cfg)
	if err := os.WriteFile(filepath.Join(box.Tmp(), "greeting"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, box, out)
	if want := "found\nhello\n" + dir + "\nlab\n/tmp\n"; out.String() != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if err := box.Err(); err == nil || err.Error() != "exit status 3" {
		t.Errorf("got %v, want exit status 3", err)
	}
}

// TestSocket: a datagram goes in and another out.
func TestSocket(t *testing.T) {
	box, out := newBox(t, playing(t, "dial unixgram=/tmp/ours"))
	ours, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(box.Tmp(), "ours"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	if err := os.Chmod(filepath.Join(box.Tmp(), "ours"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, box, out)
	if !strings.HasPrefix(out.String(), "unixgram true") {
		t.Errorf("got %s, want a connection", out)
	}
}

func TestPrivileges(t *testing.T) {
	out, err := finish(t, shell("id -u; grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)' /proc/self/status | sort; ls /dev /run"))
	want := "65534\nCapAmb:\t0000000000000000\nCapEff:\t0000000000000000\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n" +
		"NoNewPrivs:\t1\n/dev:\nfull\nnull\nrandom\nshm\ntty\nurandom\n\n/run:\n"
	if err != nil || out != want {
		t.Errorf("got %v and\n%swant\n%s", err, out, want)
	}
}

// TestForkBomb: there are never more processes than it may have, and all of them go.
func TestForkBomb(t *testing.T) {
	cfg := shell("bomb() { bomb | bomb & sleep 1000.125; }; bomb; bomb; while :; do bomb; done")
	cfg.Limits = Limits{Processes: 60, Wall: 2 * time.Second}
	box, out := start(t, cfg)
	most := 0
	for done := false; !done; {
		select {
		case <-box.Done():
			done = true
		default:
			most = max(most, len(alive(t, "1000.125")))
		}
	}
	if most > 60 {
		t.Errorf("there were %d processes, want 60 at most", most)
	}
	if !errors.Is(box.Err(), ErrLimit) && !strings.Contains(out.String(), "fork") { // a shell may give up by itself
		t.Errorf("got %v and %s, want a limit", box.Err(), out)
	}
	if left := alive(t, "1000.125"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestFullDisk: what a program fills is its own.
func TestFullDisk(t *testing.T) {
	cfg := shell("for i in 1 2 3 4 5 6 7 8; do head -c 100000000 /dev/full >/tmp/$i; done; du -sk /tmp; touch /tmp/x; for i in $(seq 5000); do : >/tmp/f$i || exit 4; done")
	cfg.Limits = Limits{Disk: 8 << 20, FileSize: 2 << 20}
	out, err := finish(t, cfg)
	var kib int
	for _, line := range strings.Split(out, "\n") {
		if strings.HasSuffix(line, "/tmp") {
			_, _ = fmt.Sscan(line, &kib)
		}
	}
	if kib < 7<<10 || kib > 8<<10+8 { // and the directory itself
		t.Errorf("%d KiB in /tmp, want 8 MiB at most; it printed\n%s", kib, out)
	}
	if !strings.Contains(out, "No space left") && err == nil {
		t.Errorf("got %v and\n%swant a full disk", err, out)
	}
}

// TestDeaf: a program that ignores signals ends nevertheless.
func TestDeaf(t *testing.T) {
	box, out := start(t, shell("trap '' TERM INT HUP QUIT; sleep 1000.25; sleep 1000.25"))
	for begun := time.Now(); len(alive(t, "1000.25")) < 2; { // the shell, and its child
		if time.Since(begun) > limit {
			t.Fatalf("it does not start: %s", out)
		}
	}
	if err := box.Close(); err != nil {
		t.Error(err)
	}
	if left := alive(t, "1000.25"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestDaemon: what a program leaves behind ends with it.
func TestDaemon(t *testing.T) {
	out, err := finish(t, shell("(setsid sh -c 'trap \"\" TERM HUP; exec sleep 1000.5' >/dev/null 2>&1 &) ; until pgrep -f 1000.5 >/dev/null; do :; done; echo left"))
	if err != nil || out != "left\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if left := alive(t, "1000.5"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}

// TestNetwork: neither the host's sockets nor its interfaces are there.
func TestNetwork(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	abstract, err := net.Listen("unix", "@antedon-sandbox-"+t.Name())
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	out, err := finish(t, playing(t, "dial tcp="+ln.Addr().String()+" unix="+abstract.Addr().String()+" udp=10.7.0.1:9"))
	if err != nil || strings.Contains(out, "true") || !strings.HasSuffix(out, "1 <nil>\n") {
		t.Errorf("got %v and\n%swant no connection and one interface", err, out)
	}
}

// TestReadOnly: nothing can be written but in /tmp.
func TestReadOnly(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/root"
	}
	dir := publicDir(t)
	cfg := shell(fmt.Sprintf("for d in . %s %s / /etc /var/tmp /dev /run /proc/sys/kernel /usr; do if (: >$d/antedon-was-here) 2>/dev/null; then echo $d; fi; done; : >/tmp/mine && echo fine", home, dir))
	cfg.Dir = dir
	out, err := finish(t, cfg)
	if err != nil || out != "fine\n" {
		t.Errorf("got %v and\n%swant nothing but fine", err, out)
	}
	if _, err := os.Stat("/tmp/mine"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it wrote to our /tmp: %v", err)
	}
}

// TestMemory: a program, or many together, cannot take all memory.
func TestMemory(t *testing.T) {
	for script, says := range map[string]string{
		"tail /dev/full": "exhausted", // it looks for a line's end
		"for i in 1 2 3 4; do cat /dev/full | tail -c 30000000 & done; wait": "",
	} {
		cfg := shell(script)
		cfg.Limits = Limits{Memory: 80 << 20}
		out, err := finish(t, cfg)
		if !errors.Is(err, ErrLimit) && (says == "" || !strings.Contains(out, says)) {
			t.Errorf("%s: got %v and %s, want a limit", script, err, out)
		}
	}
}

func TestCPU(t *testing.T) {
	cfg := shell("while :; do :; done")
	cfg.Limits = Limits{CPU: time.Second}
	if _, err := finish(t, cfg); !errors.Is(err, ErrLimit) && (err == nil || err.Error() != "killed by signal killed") {
		t.Errorf("got %v, want a limit", err)
	}
}

// TestHidden: what others may not enter stays hidden, but for what is shown.
func TestHidden(t *testing.T) {
	if !canDrop() {
		return // an ordinary user's programs see what the user sees
	}
	closed := t.TempDir()
	if err := os.MkdirAll(filepath.Join(closed, "a", "shown"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	cfg := shell("ls -R " + closed)
	cfg.Dir = filepath.Join(closed, "a", "shown")
	if err := os.MkdirAll(filepath.Join(closed, "a", "secret"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := finish(t, cfg)
	if err != nil || !strings.Contains(out, "shown") || strings.Contains(out, "secret") {
		t.Errorf("got %v and\n%s", err, out)
	}
}

func TestRefused(t *testing.T) {
	for _, cfg := range []Config{{}, {Argv: []string{"no-such-program"}}} {
		if box, err := New(t.Context(), cfg); err == nil {
			box.Close()
			t.Errorf("%v: got a box", cfg.Argv)
		}
	}
	if out, err := finish(t, Config{Argv: []string{"/no/such/program"}}); err == nil || !strings.Contains(out, "no such file") {
		t.Errorf("got %q, %v", out, err)
	}
}

// TestRootless runs the other tests as an ordinary user.
func TestRootless(t *testing.T) {
	u, err := netlab.NewUnprivileged(netlab.NodeAbsent)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	cmd, err := u.Self(t.Context(), "-test.v", "-test.timeout", "120s", "-test.run",
		"^Test(Program|Socket|Privileges|ForkBomb|FullDisk|Deaf|Daemon|Network|ReadOnly|Memory|CPU|Refused|Hostile|Threads|Output|Neighbours|LinkedProgram)$")
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 17 {
		t.Errorf("got %v and\n%s", err, out)
	}
}
