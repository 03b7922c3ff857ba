package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// limit is how long a test waits for what ought to happen soon.
const limit = 30 * time.Second

// partVar names the part that a copy of the test binary plays in a box.
const partVar = "ANTEDON_SANDBOX_PART"

func TestMain(m *testing.M) {
	Init()
	if part := os.Getenv(partVar); part != "" {
		play(part)
	}
	os.Exit(netlab.Main(m))
}

// play is what a program in a box does.
func play(part string) {
	what, address, _ := strings.Cut(part, " ")
	switch what {
	case "attack":
		attack()
		os.Exit(0)
	case "threads":
		threads()
	case "dial":
		for _, a := range strings.Split(address, " ") {
			network, addr, _ := strings.Cut(a, "=")
			c, err := net.DialTimeout(network, addr, 2*time.Second)
			fmt.Println(network, c != nil, err)
		}
		links, err := net.Interfaces()
		fmt.Println(len(links), err)
		os.Exit(0)
	}
	os.Exit(8)
}

// output collects what a program prints.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// newBox makes a box for a program.
func newBox(t *testing.T, cfg Config) (*Box, *output) {
	t.Helper()
	out := new(output)
	cfg.Output = out
	if cfg.Dir == "" {
		cfg.Dir = publicDir(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	box, err := New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := box.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return box, out
}

// publicDir is a directory that everybody may enter.
func publicDir(t *testing.T) string {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts the program.
func start(t *testing.T, cfg Config) (*Box, *output) {
	t.Helper()
	box, out := newBox(t, cfg)
	if err := box.Start(); err != nil {
		t.Fatal(err)
	}
	return box, out
}

// finish runs a program to its end.
func finish(t *testing.T, cfg Config) (string, error) {
	t.Helper()
	box, out := start(t, cfg)
	await(t, box, out)
	return out.String(), box.Err()
}

func await(t *testing.T, box *Box, out *output) {
	t.Helper()
	select {
	case <-box.Done():
	case <-time.After(limit):
		t.Fatalf("it does not end; it printed:\n%s", out)
	}
}

// shell is a config for a script.
func shell(script string) Config { return Config{Argv: []string{"sh", "-c", script}} }

// playing is a config for a part of this binary.
func playing(t *testing.T, part string) Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{Argv: []string{self}, Env: []string{partVar + "=" + part}}
}

// alive returns the processes, seen from without, with an argument.
func alive(t *testing.T, arg string) (pids []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		pid, isPID := strconv.Atoi(e.Name())
		if err == nil && isPID == nil && pid != os.Getpid() && bytes.Contains(b, []byte(arg)) && unix.Kill(pid, 0) == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
