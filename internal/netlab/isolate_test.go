package netlab

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func newUnprivileged(t *testing.T, node Node) *Unprivileged {
	t.Helper()
	u, err := NewUnprivileged(node)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
	})
	return u
}

// self returns a command that runs this binary as an ordinary user, to play a part unless that is "".
func self(t *testing.T, u *Unprivileged, part string, args ...string) *Cmd {
	t.Helper()
	cmd, err := u.Self(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, partVar+"="+part)
	return cmd
}

var nodes = []struct {
	name string
	node Node
	want string // what opening it says
}{
	{"open", NodeOpen, "opened"},
	{"forbidden", NodeForbidden, "Permission denied"},
	{"absent", NodeAbsent, "No such file"},
}

func TestUnprivileged(t *testing.T) {
	var before, after unix.Stat_t
	errBefore := unix.Stat("/dev/net/tun", &before)
	for _, n := range nodes {
		t.Run(n.name, func(t *testing.T) {
			u := newUnprivileged(t, n.node)
			out := output(t, u.Command(t.Context(), "sh", "-c", "id -u; id -g; id -G; pwd; (exec 3</dev/net/tun && echo opened) 2>&1 || true"))
			if !strings.HasPrefix(out, "65534\n65534\n65534\n"+u.dir+"\n") || !strings.Contains(out, n.want) {
				t.Errorf("got\n%s", out)
			}
		})
	}
	errAfter := unix.Stat("/dev/net/tun", &after)
	if !errors.Is(errAfter, errBefore) || before.Ino != after.Ino || before.Mode != after.Mode || before.Ctim != after.Ctim {
		t.Errorf("the machine's own node was touched: %+v %v, before %+v %v", after, errAfter, before, errBefore)
	}
}

// TestRootless runs tests of this binary as an ordinary user.
func TestRootless(t *testing.T) {
	for _, n := range nodes {
		t.Run(n.name, func(t *testing.T) {
			run := "^Test(Namespace|Attach|Lab|Pair|Command|Guard|Undo|Snapshot)"
			if n.node != NodeOpen {
				run = "^Test(Attach|Lab|Pair)/^packet"
			}
			u := newUnprivileged(t, n.node)
			out := output(t, self(t, u, "", "-test.v", "-test.timeout", "60s", "-test.run", run))
			if !strings.Contains(out, "--- PASS: TestLabPing/packet") || strings.Contains(out, "--- SKIP") {
				t.Errorf("not what was to be run:\n%s", out)
			}
		})
	}
}

func TestRootlessKilled(t *testing.T) {
	cmd := self(t, newUnprivileged(t, NodeOpen), "victim")
	testKill(t, cmd.Cmd, cmd.Start)
}

func TestIsolateExitCode(t *testing.T) {
	u := newUnprivileged(t, NodeOpen)
	for part, want := range map[string]int{"exit": 7, "suicide": 128 + int(unix.SIGKILL)} {
		err := self(t, u, part).Run()
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok || exit.ExitCode() != want {
			t.Errorf("%s: got %v, want exit status %d", part, err, want)
		}
	}
}

func TestIsolateForwardsSignals(t *testing.T) {
	cmd := self(t, newUnprivileged(t, NodeOpen), "signal")
	cmd.SysProcAttr.Setsid = true // no terminal
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"ready", unix.SIGTERM.String(), unix.SIGINT.String()} {
		lines := bufio.NewReader(stdout)
		if got, err := lines.ReadString('\n'); strings.TrimSpace(got) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
		if i < 2 {
			cmd.Process.Signal([]os.Signal{unix.SIGTERM, unix.SIGINT}[i])
		}
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 9 {
		t.Errorf("got %v, want exit status 9", err)
	}
}

// TestIsolateOnTerminal: what is typed reaches both processes, and is not passed on once more.
func TestIsolateOnTerminal(t *testing.T) {
	master, slave := openTerminal(t)
	cmd := self(t, newUnprivileged(t, NodeOpen), "signal")
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(master)
	expect := func(want string) {
		t.Helper()
		if got, err := lines.ReadString('\n'); strings.TrimSpace(strings.TrimPrefix(got, "^C")) != want {
			t.Fatalf("got %q, %v, want %q", got, err, want)
		}
	}
	expect("ready")
	master.WriteString("\x03")
	expect(unix.SIGINT.String())
	cmd.Process.Signal(unix.SIGTERM)
	expect(unix.SIGTERM.String())
	cmd.Wait()
}

// openTerminal returns both ends of a new pseudo-terminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// TestIsolateRefused starts this binary where no user namespace may be made.
func TestIsolateRefused(t *testing.T) {
	out, err := self(t, newUnprivileged(t, NodeOpen), "refused").CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), "sysctl -w user.max_user_namespaces=") ||
		strings.Count(string(out), "\n") != 1 {
		t.Errorf("got %v and:\n%s", err, out)
	}
}

func TestAdvice(t *testing.T) {
	for _, tt := range []struct {
		name, value string
		err         error
		want        string
	}{
		{"user/max_user_namespaces", "0", unix.EPERM, "sysctl -w user.max_user_namespaces="},
		{"user/max_net_namespaces", "0", unix.EPERM, "sysctl -w user.max_net_namespaces="},
		{"kernel/unprivileged_userns_clone", "0", unix.EPERM, "sysctl -w kernel.unprivileged_userns_clone=1"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", unix.EPERM, "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
		{"", "", unix.ENOSPC, "too many"},
		{"", "", unix.EINVAL, "CONFIG_USER_NS"},
		{"", "", unix.EPERM, "container"},
	} {
		got := advice(tt.err, func(name string) string {
			if name == tt.name {
				return tt.value
			}
			return ""
		})
		if !strings.Contains(got, tt.want) || strings.Contains(got, "\n") {
			t.Errorf("%s=%s: got %q, want something with %q", tt.name, tt.value, got, tt.want)
		}
	}
	if err := explain(unix.EPERM); !errors.Is(err, unix.EPERM) {
		t.Errorf("%v is not EPERM", err)
	}
}
