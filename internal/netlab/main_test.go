package netlab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limit is how long a test waits for something that ought to happen at once.
const limit = 30 * time.Second

// partVar names the part that a copy of this binary, started by a test, has to play.
const partVar = "NETLAB_TEST_PART"

func TestMain(m *testing.M) {
	part := os.Getenv(partVar)
	if part == "" || os.Args[0] == guardName {
		os.Exit(Main(m))
	}
	Init()
	if code, done, err := Isolate(); done {
		fmt.Fprint(os.Stderr, err)
		os.Exit(code)
	}
	os.Exit(parts[part]())
}

// partCommand returns a command that plays a part.
func partCommand(ctx context.Context, part string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/proc/self/exe")
	cmd.Env = append(os.Environ(), partVar+"="+part)
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: 0}
	return cmd
}

func newNamespace(t *testing.T) *Namespace {
	t.Helper()
	ns, err := NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ns.Close(); err != nil {
			t.Error(err)
		}
	})
	return ns
}

// snapshot takes a snapshot inside ns, or outside if that is nil.
func snapshot(t *testing.T, ns *Namespace) string {
	t.Helper()
	var s string
	take := func() (err error) { s, err = Snapshot(); return err }
	do := take
	if ns != nil {
		do = func() error { return ns.Do(take) }
	}
	if err := do(); err != nil {
		t.Fatal(err)
	}
	return s
}

// openProcess returns a pidfd for the process whose id is in b.
func openProcess(t *testing.T, b string) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(b))
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatalf("pidfd_open %d: %v", pid, err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

// waitEnd waits until the process of a pidfd has ended.
func waitEnd(t *testing.T, fd int) {
	t.Helper()
	if !ended(fd, limit) {
		t.Fatal("the process is still there")
	}
}

func ended(pidfd int, limit time.Duration) bool {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, int(limit.Milliseconds()))
		if err != unix.EINTR {
			return n == 1
		}
	}
}

// output runs cmd and returns what it printed; it must succeed.
func output(t *testing.T, cmd interface{ CombinedOutput() ([]byte, error) }) string {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(bytes.TrimSpace(out))
}
