package reactor

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// outcome dials and returns what OnClose was told, or nil once OnConnect was called.
func outcome(t *testing.T, l *Loop, c DialConfig, network, address string) (result error) {
	t.Helper()
	done := false
	if _, err := c.Dial(l, network, address, &Funcs{
		Connect: func(Conn) { done = true },
		Close:   func(_ Conn, err error) { done, result = true, err },
	}); err != nil {
		return err
	}
	for !done {
		turn(t, l)
	}
	return result
}

func TestDialErrors(t *testing.T) {
	eachBackend(t, func(t *testing.T, config Config) {
		l := newLoop(t, config)
		closed, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		nobody := closed.Addr().String()
		closed.Close()
		full := fullListener(t)
		for _, c := range []struct {
			name             string
			config           DialConfig
			network, address string
			want             error
		}{
			{"nobody listens", DialConfig{}, "tcp", nobody, syscall.ECONNREFUSED},
			{"no such file", DialConfig{}, "unix", "/nonexistent", syscall.ENOENT},
			{"too long a name", DialConfig{}, "unix", strings.Repeat("x", 200), syscall.EINVAL},
			{"nobody answers", DialConfig{Timeout: 20 * time.Millisecond}, "tcp", full, os.ErrDeadlineExceeded},
			{"not our address", DialConfig{Local: "192.0.2.1:0"}, "tcp", nobody, syscall.EADDRNOTAVAIL},
			{"another family", DialConfig{Local: "[::1]:0"}, "tcp", nobody, syscall.EAFNOSUPPORT},
			{"itself", DialConfig{Local: nobody}, "tcp", nobody, syscall.ECONNREFUSED},
		} {
			err := outcome(t, l, c.config, c.network, c.address)
			var op *net.OpError
			if !errors.Is(err, c.want) || !errors.As(err, &op) || op.Op != "dial" {
				t.Errorf("%s: %v, want %v of dial", c.name, err, c.want)
			}
		}
		for _, c := range [][2]string{{"udp", "127.0.0.1:1"}, {"unixgram", "x"}, {"ip", "x"}, {"", "x"}, {"tcp", "example.com:80"}, {"tcp", "127.0.0.1"}} {
			if _, err := l.Dial(c[0], c[1], nil); err == nil {
				t.Errorf("Dial(%q, %q) is taken", c[0], c[1])
			}
			if _, err := l.Listen(c[0], c[1], nil); err == nil {
				t.Errorf("Listen(%q, %q) is taken", c[0], c[1])
			}
		}
	})
}

// fullListener returns the address of a listener that answers nobody any more: its queue is full.
func fullListener(t *testing.T) string {
	t.Helper()
	raw, err := openSocket("tcp", Addr{})
	must(t, err)
	t.Cleanup(func() { unix.Close(raw.fd) })
	must(t, raw.bind(Addr{}))
	must(t, unix.Listen(raw.fd, 0))
	addr, err := localOf(raw.fd)
	must(t, err)
	for range 4 {
		c, err := net.DialTimeout("tcp", addr.toLoopback().String(), 100*time.Millisecond)
		if err != nil {
			break
		}
		t.Cleanup(func() { c.Close() })
	}
	return addr.toLoopback().String()
}

// TestWriteBeforeConnect: it finds no room, OnWritable follows OnConnect, and CloseWrite waits.
func TestWriteBeforeConnect(t *testing.T) {
	l := newLoop(t, Config{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	var log []string
	s, err := l.Dial("tcp", ln.Addr().String(), &Funcs{
		Connect:  func(Conn) { log = append(log, "connect") },
		Writable: func(Conn) { log = append(log, "writable") },
	})
	must(t, err)
	if n, err := s.Write([]byte("x")); n != 0 || err != ErrWouldBlock {
		t.Errorf("Write: %d, %v; want ErrWouldBlock", n, err)
	}
	if n, err := s.Read(make([]byte, 1)); n != 0 || err != ErrWouldBlock {
		t.Errorf("Read: %d, %v; want ErrWouldBlock", n, err)
	}
	must(t, s.CloseWrite())
	for len(log) < 2 {
		turn(t, l)
	}
	if log[0] != "connect" {
		t.Errorf("got %q, want OnConnect first", log)
	}
	peer, err := ln.Accept()
	must(t, err)
	defer peer.Close()
	if n, err := peer.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the peer reads %d, %v; want the end of the stream", n, err)
	}
}

func TestTimeouts(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var closes []error
		h := &Funcs{
			Readable: func(c Conn) { _, _ = c.Read(make([]byte, 10)) },
			Close:    func(_ Conn, err error) { closes = append(closes, err) },
		}
		s, _ := joined(t, l, h)
		s.SetDeadline(time.Now().Add(time.Hour))
		s.SetDeadline(time.Now().Add(5 * time.Millisecond))
		s.SetIdleTimeout(time.Hour)
		for len(closes) == 0 {
			turn(t, l)
		}
		s, peer := joined(t, l, h)
		s.SetIdleTimeout(time.Hour)
		later := func(d time.Duration) { // time flies
			l.epoch = l.epoch.Add(-d)
			for range 3 {
				must(t, l.Turn(0))
			}
		}
		later(40 * time.Minute)
		send(t, peer)
		later(0)
		later(40 * time.Minute)
		if len(closes) != 1 {
			t.Error("idle for 40 minutes, twice, but closed")
		}
		later(21 * time.Minute)
		if len(closes) != 2 {
			t.Error("idle for 61 minutes, but not closed")
		}
		for _, err := range closes {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("OnClose got %v, want os.ErrDeadlineExceeded", err)
			}
		}
		s, _ = joined(t, l, h)
		s.SetDeadline(time.Now().Add(time.Millisecond))
		s.SetIdleTimeout(time.Millisecond)
		s.SetDeadline(time.Time{})
		s.SetIdleTimeout(0)
		fired := false
		for l.AfterFunc(5*time.Millisecond, func() { fired = true }); !fired; {
			turn(t, l)
		}
		if len(closes) != 2 {
			t.Error("timeouts that were taken back closed the connection")
		}
	})
}
