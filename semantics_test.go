package antedon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
)

// tcpConn is what *net.TCPConn and *antedon.Conn have in common.
type tcpConn interface {
	net.Conn
	io.ReaderFrom
	io.WriterTo
	CloseWrite() error
	CloseRead() error
	SetLinger(int) error
}

// network makes connected pairs, on our stack or on the kernel's.
type network struct {
	name   string
	listen func() (net.Listener, error)
	dial   func(addr string) (net.Conn, error)
}

func networks(t *testing.T) []network {
	a, b := pipes(t, allOffload)
	c, d := pipes(t, link.OffloadNone)
	ours := func(name string, a, b *antedon.Stack) network {
		return network{name,
			func() (net.Listener, error) { return b.Listen(context.Background(), "tcp", "10.0.0.2:0") },
			func(addr string) (net.Conn, error) { return a.Dial(context.Background(), "tcp", addr) },
		}
	}
	return []network{
		{"package net",
			func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") },
			func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) },
		},
		ours("offload", a, b),
		ours("MTU-sized packets", c, d),
		{"Fast Open",
			func() (net.Listener, error) {
				return (&antedon.ListenConfig{Stack: b, FastOpen: 16}).Listen(context.Background(), "tcp", "10.0.0.2:0")
			},
			func(addr string) (net.Conn, error) {
				return (&antedon.Dialer{Stack: a, FastOpen: true}).Dial(context.Background(), "tcp", addr)
			},
		},
	}
}

func (n network) pair(t *testing.T) (client, server tcpConn) {
	t.Helper()
	ln, err := n.listen()
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := n.dial(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{c, s} {
		c.SetDeadline(time.Now().Add(closeTimeout))
		t.Cleanup(func() { c.Close() })
	}
	return c.(tcpConn), s.(tcpConn)
}

// outcome describes a result by everything a caller can ask of it.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if err == io.EOF {
		return "EOF itself"
	}
	var is []string
	for _, e := range []error{
		net.ErrClosed, os.ErrDeadlineExceeded, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.EADDRINUSE, syscall.ENOTCONN,
		io.EOF, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, e) {
			is = append(is, e.Error())
		}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		is = append(is, "op "+op.Op)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		is = append(is, "timeout")
	}
	return strings.Join(is, ", ")
}

// scenarios are short stories about a pair. Each returns what happened, line by line; the same must happen on our stack
// as in package net.
var scenarios = map[string]func(c, s tcpConn) []string{
	"read after close": func(c, s tcpConn) []string {
		c.Close()
		_, err := c.Read(make([]byte, 1))
		return []string{outcome(err)}
	},
	"write after close": func(c, s tcpConn) []string {
		c.Close()
		_, err := c.Write([]byte("x"))
		_, empty := c.Write(nil)
		return []string{outcome(err), outcome(empty)}
	},
	"second close": func(c, s tcpConn) []string {
		return []string{outcome(c.Close()), outcome(c.Close())}
	},
	"calls after close": func(c, s tcpConn) []string {
		c.Close()
		return []string{
			outcome(c.CloseWrite()), outcome(c.CloseRead()), outcome(c.SetDeadline(time.Time{})), outcome(c.SetLinger(1)),
		}
	},
	"empty read and write": func(c, s tcpConn) []string {
		n, err := c.Read(nil)
		m, werr := c.Write(nil)
		return []string{fmt.Sprint(n, m), outcome(err), outcome(werr)}
	},
	"end of stream": func(c, s tcpConn) []string {
		s.Write([]byte("last"))
		s.Close()
		b, err := io.ReadAll(c)
		_, again := c.Read(make([]byte, 1))
		return []string{string(b), outcome(err), outcome(again)}
	},
	"half-close": func(c, s tcpConn) []string {
		c.Write([]byte("question"))
		c.CloseWrite()
		q, err := io.ReadAll(s)
		_, werr := c.Write([]byte("more"))
		s.Write([]byte("answer"))
		s.Close()
		a, err2 := io.ReadAll(c)
		return []string{string(q), outcome(err), outcome(werr), string(a), outcome(err2)}
	},
	"close read": func(c, s tcpConn) []string {
		c.CloseRead()
		_, err := c.Read(make([]byte, 1))
		return []string{outcome(err)}
	},
	"past read deadline": func(c, s tcpConn) []string {
		s.Write([]byte("there"))
		io.ReadFull(c, make([]byte, 1)) // the rest has arrived, too
		c.SetReadDeadline(time.Unix(1, 0))
		_, err := c.Read(make([]byte, 1))
		c.SetReadDeadline(time.Time{})
		n, err2 := io.ReadFull(c, make([]byte, 4))
		return []string{outcome(err), fmt.Sprint(n), outcome(err2)}
	},
	"past write deadline": func(c, s tcpConn) []string {
		c.SetWriteDeadline(time.Unix(1, 0))
		_, err := c.Write([]byte("x"))
		c.SetWriteDeadline(time.Time{})
		_, err2 := c.Write([]byte("x"))
		return []string{outcome(err), outcome(err2)}
	},
	"deadline of a waiting read": func(c, s tcpConn) []string {
		c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		return []string{outcome(err)}
	},
	"deadline of a waiting write": func(c, s tcpConn) []string {
		c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := c.Write(make([]byte, 64<<20))
		return []string{outcome(err)}
	},
	"close wakes a reader": func(c, s tcpConn) []string {
		done := make(chan error)
		go func() {
			_, err := c.Read(make([]byte, 1))
			done <- err
		}()
		s.Write(nil)
		c.Close()
		return []string{outcome(<-done)}
	},
	"close wakes a writer": func(c, s tcpConn) []string {
		done := make(chan error)
		started := make(chan bool)
		go func() {
			close(started)
			for {
				if _, err := c.Write(make([]byte, 1<<20)); err != nil {
					done <- err
					return
				}
			}
		}()
		<-started
		c.Close()
		return []string{outcome(<-done)}
	},
	"reset by linger 0": func(c, s tcpConn) []string {
		c.SetLinger(0)
		c.Close()
		_, err := s.Read(make([]byte, 1))
		_, werr := s.Write([]byte("x"))
		return []string{outcome(err), outcome(werr)}
	},
	"reset for unread data": func(c, s tcpConn) []string {
		c.Write([]byte("question nobody reads"))
		io.ReadFull(s, make([]byte, 8))
		s.Close()
		_, err := c.Read(make([]byte, 1))
		return []string{outcome(err)}
	},
	"write to one who closed": func(c, s tcpConn) []string {
		s.Close()
		_, err := c.Read(make([]byte, 1)) // EOF
		for {
			if _, werr := c.Write([]byte("x")); werr != nil {
				return []string{outcome(err), fmt.Sprint(errors.Is(werr, syscall.EPIPE) || errors.Is(werr, syscall.ECONNRESET))}
			}
		}
	},
	"linger": func(c, s tcpConn) []string {
		c.SetLinger(5)
		c.Write(bytes.Repeat([]byte("x"), 100_000))
		go io.Copy(io.Discard, s)
		return []string{outcome(c.Close())}
	},
	"read from and write to": func(c, s tcpConn) []string {
		text := strings.Repeat("all the bytes ", 1<<16)
		go func() {
			c.ReadFrom(strings.NewReader(text))
			c.Close()
		}()
		var got bytes.Buffer
		n, err := s.WriteTo(&got)
		return []string{fmt.Sprint(n, got.String() == text), outcome(err)}
	},
	"read from a failing reader": func(c, s tcpConn) []string {
		n, err := c.ReadFrom(io.MultiReader(strings.NewReader("some"), failing{}))
		c.CloseWrite()
		got, _ := io.ReadAll(s)
		return []string{fmt.Sprint(n), fmt.Sprint(errors.Is(err, errFailing)), string(got)}
	},
}

var errFailing = errors.New("failing on purpose")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errFailing }

func TestSemanticsOfPackageNet(t *testing.T) {
	nets := networks(t)
	for name, play := range scenarios {
		t.Run(name, func(t *testing.T) {
			var want []string
			for i, n := range nets {
				c, s := n.pair(t)
				got := play(c, s)
				if i == 0 {
					want = got
				} else if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: %q, package net: %q", n.name, got, want)
				}
			}
		})
	}
}

func TestDialErrors(t *testing.T) {
	a, b := pipes(t, allOffload)
	bg := context.Background()
	ln, err := b.Listen(bg, "tcp", "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	_, taken := b.Listen(bg, "tcp", "10.0.0.2:80")
	canceled, cancel := context.WithCancel(bg)
	cancel()
	soon, cancel2 := context.WithTimeout(bg, 20*time.Millisecond)
	defer cancel2()
	dial := func(ctx context.Context, network, addr string) error {
		c, err := a.Dial(ctx, network, addr)
		if err == nil {
			c.Close()
		}
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"connected", dial(bg, "tcp", "10.0.0.2:80"), "ok"},
		{"closed port", dial(bg, "tcp", "10.0.0.2:81"), "connection refused, op dial"},
		{"closed port, IPv6", dial(bg, "tcp", "[fd00::2]:81"), "connection refused, op dial"},
		{"nobody there", dial(soon, "tcp", "10.0.0.77:80"), "context deadline exceeded, op dial, timeout"},
		{"canceled", dial(canceled, "tcp", "10.0.0.2:80"), "context canceled, op dial"},
		{"unknown network", dial(bg, "sctp", "10.0.0.2:80"), "op dial"},
		{"host name", dial(bg, "tcp", "example.com:80"), "op dial"},
		{"wrong family", dial(bg, "tcp6", "10.0.0.2:80"), "op dial"},
		{"address in use", taken, "address already in use, op listen"},
	} {
		if got := outcome(c.err); got != c.want {
			t.Errorf("%s: %q (%v), want %q", c.name, got, c.err, c.want)
		}
	}
	ln.Close()
	if _, err := ln.Accept(); outcome(err) != "use of closed network connection, op accept" {
		t.Errorf("Accept after Close: %v", err)
	}
	if err := dial(bg, "tcp", "10.0.0.2:80"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after the listener closed: %v", err)
	}
}
