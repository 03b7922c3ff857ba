package reactor

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestShare: several loops accept from one listener, each connection once.
func TestShare(t *testing.T) {
	const loops, conns = 3, 300
	var all [loops]*Loop
	var accepted [loops]int
	var wg sync.WaitGroup
	var first *Listener
	for i := range all {
		l := newLoop(t, Config{})
		all[i] = l
		accept := func(c Conn) Handler {
			accepted[i]++
			return &echo{}
		}
		var err error
		if i == 0 {
			first, err = ListenConfig{Exclusive: true}.Listen(l, "tcp", "127.0.0.1:0", accept)
		} else {
			_, err = l.Share(first, accept)
		}
		must(t, err)
	}
	for _, l := range all {
		wg.Go(func() {
			if err := l.Run(); err != nil {
				t.Error(err)
			}
		})
	}
	for range conns {
		c, err := net.Dial("tcp", first.Addr().String())
		must(t, err)
		_, err = c.Write([]byte("x"))
		must(t, err)
		_, err = c.Read(make([]byte, 1))
		must(t, err)
		c.Close()
	}
	for _, l := range all {
		l.Close()
	}
	wg.Wait()
	if sum := accepted[0] + accepted[1] + accepted[2]; sum != conns {
		t.Errorf("%v connections accepted, %d in all; want %d", accepted, sum, conns)
	}
	l := newLoop(t, Config{Backend: Poll})
	if _, err := (ListenConfig{Exclusive: true}).Listen(l, "tcp", "127.0.0.1:0", nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("an exclusive listener on poll: %v, want ErrUnsupported", err)
	}
}

// TestOutOfDescriptors: the listener says so, does not spin, and goes on when there are descriptors again.
func TestOutOfDescriptors(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var errs []error
		accepted := 0
		ln, err := ListenConfig{OnError: func(err error) { errs = append(errs, err) }}.Listen(l, "tcp", "127.0.0.1:0", func(c Conn) Handler {
			accepted++
			return nil // aborted
		})
		must(t, err)
		peer, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		defer peer.Close()
		var old unix.Rlimit
		must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: old.Max}))
		for len(errs) == 0 && err == nil && c.Backend != Poll { // poll itself takes no more descriptors than the limit says
			err = l.Turn(-1)
		}
		spun := l.Turn(0)
		must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
		must(t, err)
		if c.Backend != Poll {
			must(t, spun)
			if len(errs) != 1 || !errors.Is(errs[0], syscall.EMFILE) {
				t.Errorf("OnError got %v, want EMFILE once", errs)
			}
		}
		for accepted == 0 {
			turn(t, l)
		}
		if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the peer of a connection that nobody wants reads %v, want ECONNRESET", err)
		}
	})
}

// TestAcceptCloses: accept may close the connection, or the listener.
func TestAcceptCloses(t *testing.T) {
	l := newLoop(t, Config{})
	calls, closes := 0, 0
	var ln *Listener
	ln = listen(t, l, "tcp", "127.0.0.1:0", func(c Conn) Handler {
		calls++
		must(t, c.Close())
		must(t, ln.Close())
		return &Funcs{Connect: func(Conn) { t.Error("OnConnect of a closed connection") }, Close: func(Conn, error) { closes++ }}
	})
	for range 2 {
		c, err := net.Dial("tcp", ln.Addr().String())
		must(t, err)
		defer c.Close()
	}
	for closes == 0 {
		turn(t, l)
	}
	if calls != 1 || closes != 1 {
		t.Errorf("%d accepted, %d closed; want 1 and 1", calls, closes)
	}
}

func TestReusePort(t *testing.T) {
	l := newLoop(t, Config{})
	c := ListenConfig{ReusePort: true, Backlog: 5}
	a, err := c.Listen(l, "tcp", "127.0.0.1:0", nil)
	must(t, err)
	if _, err := c.Listen(l, "tcp", a.Addr().String(), nil); err != nil {
		t.Error(err)
	}
	if _, err := l.Listen("tcp", a.Addr().String(), nil); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("without ReusePort: %v, want EADDRINUSE", err)
	}
}
