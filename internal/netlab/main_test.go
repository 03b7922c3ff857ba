package netlab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
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
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(code)
	}
	os.Exit(parts[part]())
}

// parts are what copies of this binary do instead of testing.
var parts = map[string]func() int{
	"victim":  playVictim,
	"exit":    func() int { return 7 },
	"signal":  playSignal,
	"refused": playRefused,
	"suicide": func() int { unix.Kill(os.Getpid(), unix.SIGKILL); select {} },
}

// playVictim starts all sorts of children, prints their ids and the path of a file, and waits for its end.
func playVictim() int {
	if err := victim(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	select {}
}

func victim() error {
	ns, err := NewNamespace()
	if err != nil {
		return err
	}
	guard, err := NewGuard()
	if err != nil {
		return err
	}
	inside := ns.Command(context.Background(), "sleep", "1000")
	if err := inside.Start(); err != nil {
		return err
	}
	daemon, err := ns.Command(context.Background(), "sh", "-c", daemonise).Output()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "netlab-victim-")
	if err != nil {
		return err
	}
	tmp, err := NewPrivateTmp(nil, dir, nil)
	if err != nil {
		return err
	}
	kin, err := tmp.Command(context.Background(), "sh", "-c", daemonise).Output()
	if err != nil {
		return err
	}
	outside := exec.Command("sleep", "1000")
	if err := outside.Start(); err != nil {
		return err
	}
	kill, err := KillProcess(outside.Process.Pid)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "netlab-victim-")
	if err != nil {
		return err
	}
	if err := firstError(guard.Add(kill), guard.Add(RemoveFile(f.Name())), guard.Add(RemoveFile(dir))); err != nil {
		return err
	}
	_, err = fmt.Printf("%d\n%s%s%d\n%s\n", inside.Process.Pid, daemon, kin, outside.Process.Pid, f.Name())
	return err
}

// playSignal prints the signals that come.
func playSignal() int {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGTERM, unix.SIGINT)
	fmt.Println("ready")
	fmt.Println(<-c)
	fmt.Println(<-c)
	return 9
}

// playRefused forbids further user namespaces, gives up its capabilities and starts over.
func playRefused() int {
	runtime.LockOSThread() // who keeps what is given up
	err := firstError(
		os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0),
		unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_SYS_ADMIN, 0, 0, 0),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), partVar+"=exit")
	cmd.Stderr = os.Stderr
	cmd.Run()
	return cmd.ProcessState.ExitCode()
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
