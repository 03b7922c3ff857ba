package reactor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// above moves fd to a number of at least n.
func above(t *testing.T, fd, n int) int {
	t.Helper()
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, n)
	must(t, err)
	t.Cleanup(func() { unix.Close(high) })
	return high
}

// TestSelectLimit: libc's fd_set ends at 1,024, the kernel does not.
func TestSelectLimit(t *testing.T) {
	a, b := pair(t)
	last, beyond := above(t, a, FDSetSize-1), above(t, a, 3*FDSetSize/2)
	send(t, b)
	for _, wide := range []bool{false, true} {
		l := newLoop(t, Config{Backend: Select, WideSelect: wide})
		called := 0
		_, err := l.Register(beyond, Readable, func(Events) { called++ })
		if !wide && (!errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "FD_SETSIZE = 1024")) {
			t.Errorf("descriptor %d: %v, want a refusal that names FD_SETSIZE", beyond, err)
		}
		if wide && err != nil {
			t.Error(err)
		}
		if last == FDSetSize-1 {
			register(t, l, last, Readable, func(Events) { called++ })
		}
		turn(t, l)
		if want := map[bool]int{false: 1, true: 2}[wide]; called != want {
			t.Errorf("wide %t: %d callbacks, want %d", wide, called, want)
		}
	}
}

// TestPollLimit lowers RLIMIT_NOFILE below what is registered.
func TestPollLimit(t *testing.T) {
	l := newLoop(t, Config{Backend: Poll})
	a, _ := pair(t)
	for range 10 {
		register(t, l, above(t, a, 3), Readable, func(Events) {})
	}
	var old unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	spare := above(t, a, 3)
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 5, Max: old.Max}))
	_, register := l.Register(spare, Readable, func(Events) {})
	waiting := l.Turn(0)
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	for name, err := range map[string]error{"Register": register, "Turn": waiting} {
		if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "RLIMIT_NOFILE, which is 5") {
			t.Errorf("%s: %v, want an error that names the limit", name, err)
		}
	}
	must(t, l.Turn(0))
}

// TestRegularFile: epoll refuses what the others report as ready always.
func TestRegularFile(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	must(t, err)
	defer f.Close()
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var got Events
		_, err := l.Register(int(f.Fd()), Readable|Writable, func(e Events) { got = e })
		if c.Backend == Epoll {
			if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "regular file") {
				t.Errorf("got %v, want EPERM with its reason", err)
			}
			return
		}
		must(t, err)
		turn(t, l)
		if got != Readable|Writable {
			t.Errorf("got %v, want readable+writable", got)
		}
	})
}

// TestClosedWithoutRemove: poll and select say so by readiness; the kernel has taken the file out of the epoll set. In no
// case does the loop fail or spin in silence, and Remove frees the number.
func TestClosedWithoutRemove(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		a, b := openPair(t)
		defer unix.Close(b)
		called := 0
		d := register(t, l, a, Readable, func(Events) { called++ })
		unix.Close(a)
		must(t, l.Turn(0))
		if want := map[Backend]int{Poll: 1, Select: 1}[c.Backend]; called != want {
			t.Errorf("%d callbacks, want %d", called, want)
		}
		must(t, d.Remove())
		if _, err := l.Register(a, Readable, func(Events) {}); !errors.Is(err, unix.EBADF) {
			t.Errorf("registering a closed descriptor: %v, want EBADF", err)
		}
	})
}

// TestManyDescriptors: more are ready than one wait of epoll brings.
func TestManyDescriptors(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		c.WideSelect = true
		l := newLoop(t, c)
		const n = 3 * maxBatch
		called := make([]int, n)
		for i := range n {
			a, b := openPair(t)
			defer unix.Close(a)
			defer unix.Close(b)
			register(t, l, a, Writable, func(Events) { called[i]++ })
		}
		const rounds = 4
		for range rounds * n / maxBatch {
			turn(t, l)
		}
		low, high := called[0], called[0]
		for _, c := range called {
			low, high = min(low, c), max(high, c)
		}
		if low < rounds-1 || high-low > 1 {
			t.Errorf("between %d and %d callbacks, want at least %d and no one more than others", low, high, rounds-1)
		}
	})
}
