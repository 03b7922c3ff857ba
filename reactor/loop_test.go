package reactor

import (
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newLoop makes a loop that is closed with the test.
func newLoop(t testing.TB, c Config) *Loop {
	t.Helper()
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// eachBackend runs a test on every back end.
func eachBackend(t *testing.T, f func(t *testing.T, c Config)) {
	for _, b := range backends {
		t.Run(b.String(), func(t *testing.T) { f(t, Config{Backend: b}) })
	}
}

// pair returns two sockets that are connected, non-blocking, and closed with the test.
func pair(t testing.TB) (a, b int) {
	t.Helper()
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	return p[0], p[1]
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func send(t testing.TB, fd int) {
	t.Helper()
	if n, err := unix.Write(fd, []byte{1}); n != 1 {
		t.Fatal(err)
	}
}

// turn makes one turn, which must not have to wait long.
func turn(t testing.TB, l *Loop) {
	t.Helper()
	must(t, l.Turn(10*time.Second))
}

func register(t testing.TB, l *Loop, fd int, want Events, f func(Events)) *Desc {
	t.Helper()
	d, err := l.Register(fd, want, f)
	must(t, err)
	return d
}

func TestLevelAndOneShot(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		a, b := pair(t)
		var got []Events
		d := register(t, l, a, Readable, func(e Events) { got = append(got, e) })
		send(t, b)
		turn(t, l)
		turn(t, l) // nobody read: ready still
		if want := []Events{Readable, Readable}; !slices.Equal(got, want) {
			t.Errorf("level-triggered: %v, want %v", got, want)
		}
		got = nil
		must(t, d.Modify(Readable|Writable|OneShot))
		turn(t, l)
		must(t, l.Turn(0))
		if want := []Events{Readable | Writable}; !slices.Equal(got, want) {
			t.Errorf("one-shot: %v, want %v", got, want)
		}
		must(t, d.Modify(Writable|OneShot))
		turn(t, l)
		must(t, l.Turn(0))
		if want := []Events{Readable | Writable, Writable}; !slices.Equal(got, want) {
			t.Errorf("one-shot, armed again: %v, want %v", got, want)
		}
		must(t, d.Modify(0))
		must(t, l.Turn(0))
		must(t, d.Modify(Readable))
		turn(t, l)
		if want := []Events{Readable | Writable, Writable, Readable}; !slices.Equal(got, want) {
			t.Errorf("switched off and on: %v, want %v", got, want)
		}
	})
}

func TestHangUpIsReadiness(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		a, b := pair(t)
		var got Events
		register(t, l, a, Readable|Writable, func(e Events) { got = e })
		must(t, unix.Shutdown(b, unix.SHUT_RDWR))
		turn(t, l)
		if got != Readable|Writable {
			t.Errorf("got %v, want readable+writable", got)
		}
	})
}

func TestEdgeAndAgain(t *testing.T) {
	l := newLoop(t, Config{})
	a, b := pair(t)
	calls := 0
	var d *Desc
	d = register(t, l, a, Readable|Edge, func(Events) {
		if calls++; calls == 2 {
			d.Again(Readable)
		}
	})
	send(t, b)
	turn(t, l)
	must(t, l.Turn(0))
	if calls != 1 {
		t.Errorf("%d calls for one edge, want 1", calls)
	}
	send(t, b)
	turn(t, l)
	turn(t, l) // asked for
	must(t, l.Turn(0))
	if calls != 3 {
		t.Errorf("%d calls for two edges and an Again, want 3", calls)
	}
}

func TestUnsupported(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		a, _ := pair(t)
		for _, want := range []Events{Readable | Edge, Readable | Exclusive, Readable | Exclusive | OneShot} {
			d, err := l.Register(a, want, func(Events) {})
			if refused := c.Backend != Epoll || want&OneShot != 0; refused != errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("Register(%v): %v", want, err)
			}
			if err == nil {
				must(t, d.Modify(Writable|Exclusive))
				must(t, d.Remove())
			}
		}
		d := register(t, l, a, Readable, func(Events) {})
		if err := d.Modify(1 << 7); err == nil {
			t.Error("unknown events were taken")
		}
		if _, err := l.Register(a, Readable, func(Events) {}); !errors.Is(err, unix.EEXIST) {
			t.Errorf("a second registration: %v, want EEXIST", err)
		}
		if _, err := l.Register(-1, Readable, func(Events) {}); !errors.Is(err, unix.EBADF) {
			t.Errorf("descriptor -1: %v, want EBADF", err)
		}
	})
}

// TestRemoveInCallback: what another callback of the same turn has removed is not called, nor is a new registration of
// the same number called for what was reported of the old one.
func TestRemoveInCallback(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var fds [2]int
		var descs [2]*Desc
		var peers [2]int
		calls, fresh := 0, 0
		for i := range fds {
			fds[i], peers[i] = pair(t)
			send(t, peers[i])
		}
		for i := range fds {
			descs[i] = register(t, l, fds[i], Readable, func(Events) {
				calls++
				other := 1 - i
				must(t, descs[other].Remove())
				must(t, descs[other].Remove()) // again, to no effect
				must(t, descs[i].Remove())
				quiet, _ := pair(t)
				must(t, unix.Dup3(quiet, fds[other], unix.O_CLOEXEC)) // closes it: another file under the same number
				register(t, l, fds[other], Readable, func(Events) { fresh++ })
			})
		}
		turn(t, l)
		must(t, l.Turn(0))
		if calls != 1 || fresh != 0 {
			t.Errorf("%d callbacks of old registrations, %d of the new one; want 1 and 0", calls, fresh)
		}
		if err := descs[0].Modify(Readable); !errors.Is(err, unix.ENOENT) {
			t.Errorf("Modify after Remove: %v, want ENOENT", err)
		}
	})
}

func TestReentry(t *testing.T) {
	l := newLoop(t, Config{})
	var run, turned error
	l.AfterFunc(0, func() { run, turned = l.Run(), l.Turn(0) })
	turn(t, l)
	if !errors.Is(run, ErrRunning) || !errors.Is(turned, ErrRunning) {
		t.Errorf("Run: %v, Turn: %v; want ErrRunning", run, turned)
	}
}

func TestClose(t *testing.T) {
	for _, c := range []struct {
		name  string
		close func(l *Loop)
	}{
		{"in a callback", func(l *Loop) { l.AfterFunc(0, func() { l.Close() }) }},
		{"from another goroutine", func(l *Loop) { go l.Close() }},
		{"after Run has begun to wait", func(l *Loop) {
			l.BeforeSleep(func() bool { go l.Close(); return false })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, config Config) {
				l := newLoop(t, config)
				c.close(l)
				if err := l.Run(); err != nil && !errors.Is(err, ErrClosed) {
					t.Fatal(err)
				}
				<-l.Done()
				checkClosed(t, l)
			})
		})
	}
	t.Run("without Run", func(t *testing.T) {
		l := newLoop(t, Config{})
		called := 0
		must(t, l.Post(func() { called++ }))
		must(t, l.Close())
		must(t, l.Close())
		<-l.Done()
		if called != 1 {
			t.Errorf("what was posted was called %d times, want 1", called)
		}
		checkClosed(t, l)
	})
}

func checkClosed(t *testing.T, l *Loop) {
	t.Helper()
	_, register := l.Register(0, Readable, nil)
	_, signal := l.OnSignal(nil)
	for name, err := range map[string]error{
		"Run": l.Run(), "Turn": l.Turn(0), "Post": l.Post(nil), "Register": register, "OnSignal": signal,
	} {
		if !errors.Is(err, ErrClosed) || !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s on a closed loop: %v, want ErrClosed", name, err)
		}
	}
}

// TestCloseEndsTurn: after Close no descriptor and no timer is called back, but what was posted is.
func TestCloseEndsTurn(t *testing.T) {
	l := newLoop(t, Config{})
	calls, posted := 0, 0
	stop := func() {
		calls++
		must(t, l.Post(func() { posted++ }))
		l.Close()
		if err := l.Post(func() { posted++ }); !errors.Is(err, ErrClosed) {
			t.Errorf("Post after Close: %v, want ErrClosed", err)
		}
	}
	for range 2 {
		l.AfterFunc(0, stop)
		a, b := pair(t)
		send(t, b)
		register(t, l, a, Readable, func(Events) { stop() })
	}
	must(t, l.Run())
	if calls != 1 || posted != 1 {
		t.Errorf("%d callbacks, %d posted functions; want 1 and 1", calls, posted)
	}
}

func TestParseBackend(t *testing.T) {
	for _, b := range backends {
		if got, err := ParseBackend(b.String()); got != b || err != nil {
			t.Errorf("%v: got %v, %v", b, got, err)
		}
	}
	if _, err := ParseBackend("kqueue"); err == nil {
		t.Error("kqueue was taken")
	}
	if _, err := New(Config{Backend: 9}); err == nil {
		t.Error("New took back end 9")
	}
}
