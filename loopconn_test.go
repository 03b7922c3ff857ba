package antedon_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/conntest"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/reactor"
	"github.com/antedon-net/antedon/tcp"
)

// Bytes that are lent are sent, and come back once: when they are acknowledged, or the connection has been aborted.
func TestLoopWriteOwned(t *testing.T) {
	for _, c := range []struct {
		name  string
		abort bool
	}{{"acknowledged", false}, {"aborted", true}} {
		t.Run(c.name, func(t *testing.T) {
			b := newLoopBed(t, reactor.Config{})
			pieces := [][]byte{randomBytes(70_000), {}, randomBytes(1), randomBytes(400_000)}
			whole := bytes.Join(pieces, nil)
			backs, back := 0, make(chan struct{}, 10)
			var conn reactor.Conn
			addr := b.listen(func(rc reactor.Conn) reactor.Handler {
				conn = rc
				return &reactor.Funcs{Connect: func(rc reactor.Conn) {
					err := rc.(*antedon.LoopConn).WriteOwned(pieces, func() { backs++; back <- struct{}{} })
					if err != nil {
						t.Error(err)
					}
					if !c.abort {
						_ = rc.CloseWrite()
					}
				}}
			})
			b.run()
			peer := b.dial(addr)
			if c.abort {
				one := make([]byte, 1)
				if _, err := io.ReadFull(peer, one); err != nil {
					t.Fatal(err)
				}
				b.do(func() { _ = conn.Abort() })
			} else if got, err := io.ReadAll(peer); err != nil || !bytes.Equal(got, whole) {
				t.Errorf("%d of %d bytes, or others: %v", len(got), len(whole), err)
			}
			await(t, back, "what was lent to come back")
			b.do(func() {})
			if backs != 1 {
				t.Errorf("came back %d times", backs)
			}
			b.do(func() {
				if !c.abort {
					return
				}
				err := conn.(*antedon.LoopConn).WriteOwned(pieces, func() { backs++ })
				if !errors.Is(err, net.ErrClosed) || backs != 1 {
					t.Errorf("after Abort: %v, %d times back", err, backs)
				}
			})
		})
	}
}

// What has arrived can be looked at where it lies.
func TestLoopPeek(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	data, got, done := randomBytes(500_000), []byte(nil), make(chan error, 1)
	addr := b.listen(func(reactor.Conn) reactor.Handler {
		return &reactor.Funcs{Readable: func(rc reactor.Conn) {
			c := rc.(*antedon.LoopConn)
			views, err := c.Peek(make([][]byte, 0, 4))
			if err == io.EOF {
				done <- c.Close()
				return
			}
			n := 0
			for _, v := range views {
				got = append(got, v...)
				n += len(v)
			}
			half := (n + 1) / 2
			got = got[:len(got)-n+half]
			if err := c.Discard(half); err != nil || n == 0 {
				t.Errorf("%d bytes shown: %v", n, err)
			}
			if err := c.Discard(1); err == nil {
				t.Error("what was not shown was discarded")
			}
		}}
	})
	b.run()
	peer := b.dial(addr)
	if _, err := peer.Write(data); err != nil {
		t.Fatal(err)
	}
	_ = peer.CloseWrite()
	if err := await(t, done, "the end"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes of %d, or others: %v", len(got), len(data), err)
	}
}

// Deadline, idle timeout, a reset by the peer, and the end of the loop each end a connection with their error.
func TestLoopEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(b *loopBed, c reactor.Conn, peer *antedon.Conn)
		want error
	}{
		{"deadline", func(b *loopBed, c reactor.Conn, _ *antedon.Conn) {
			b.do(func() { c.SetDeadline(time.Now().Add(time.Millisecond)) })
		}, os.ErrDeadlineExceeded},
		{"idle", func(b *loopBed, c reactor.Conn, _ *antedon.Conn) {
			b.do(func() { c.SetIdleTimeout(time.Millisecond) })
		}, os.ErrDeadlineExceeded},
		{"reset", func(_ *loopBed, _ reactor.Conn, peer *antedon.Conn) { _ = peer.SetLinger(0); peer.Close() }, syscall.ECONNRESET},
		{"loop", func(b *loopBed, _ reactor.Conn, _ *antedon.Conn) { b.loop.Close() }, reactor.ErrClosed},
		{"abort", func(b *loopBed, c reactor.Conn, _ *antedon.Conn) { b.do(func() { _ = c.Abort() }) }, nil},
		{"stack", func(b *loopBed, _ reactor.Conn, _ *antedon.Conn) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_ = b.in.Close(ctx)
		}, net.ErrClosed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newLoopBed(t, reactor.Config{})
			conns, ends := make(chan reactor.Conn, 1), make(chan error, 2)
			addr := b.listen(func(reactor.Conn) reactor.Handler {
				return &reactor.Funcs{
					Connect:  func(c reactor.Conn) { conns <- c },
					Readable: func(c reactor.Conn) { _, _ = c.Read(make([]byte, 1)) },
					Close:    func(_ reactor.Conn, err error) { ends <- err },
				}
			})
			b.run()
			peer := b.dial(addr)
			conn := await(t, conns, "OnConnect")
			c.set(b, conn, peer)
			if err := await(t, ends, "OnClose"); !errors.Is(err, c.want) {
				t.Errorf("ended with %v, want %v", err, c.want)
			}
			if len(ends) > 0 {
				t.Error("ended twice")
			}
		})
	}
}

// A callback that panics ends its connection, and no other, if the loop says so.
func TestLoopPanic(t *testing.T) {
	panics := make(chan any, 1)
	b := newLoopBed(t, reactor.Config{OnPanic: func(v any) { panics <- v }})
	ends := make(chan error, 1)
	first := true
	addr := b.listen(func(reactor.Conn) reactor.Handler {
		if !first {
			return new(echo)
		}
		first = false
		return &reactor.Funcs{
			Readable: func(reactor.Conn) { panic("at the sight of data") },
			Close:    func(_ reactor.Conn, err error) { ends <- err },
		}
	})
	b.run()
	peer := b.dial(addr)
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if v := await(t, panics, "the panic"); v != "at the sight of data" {
		t.Errorf("%v", v)
	}
	if err := await(t, ends, "OnClose"); err == nil {
		t.Error("the connection ended without an error")
	}
	if err := exchangeOver(b.dial(addr), randomBytes(10_000)); err != nil {
		t.Error("another connection:", err)
	}
}

// A connection passes from the loop to a goroutine that waits, for TLS, and back.
func TestLoopHandOver(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	cert, pool := certificate(t)
	served := make(chan error, 1)
	addr := b.listen(func(reactor.Conn) reactor.Handler {
		return &reactor.Funcs{Connect: func(c reactor.Conn) {
			conn := c.(*antedon.LoopConn).Conn()
			go func() {
				s := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
				_, err := io.CopyN(s, s, 100_000)
				if err == nil {
					b.do(func() { conn.InLoop(b.in, &reactor.Funcs{}) })
					err = <-asyncClose(b, conn)
				}
				served <- err
			}()
		}}
	})
	b.run()
	data := randomBytes(100_000)
	c := tls.Client(b.dial(addr), &tls.Config{RootCAs: pool, ServerName: "10.0.0.2"})
	go func() { _, _ = c.Write(data) }()
	got := make([]byte, len(data))
	if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
		t.Error("not the same bytes:", err)
	}
	if err := await(t, served, "the server"); err != nil {
		t.Error(err)
	}
}

// asyncClose closes a connection that belongs to a loop again.
func asyncClose(b *loopBed, c *antedon.Conn) <-chan error {
	done := make(chan error, 1)
	b.do(func() { done <- c.Close() })
	return done
}

// One loop joins a connection of the stack and one of the kernel.
func TestLoopJoin(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	kernel, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer kernel.Close()
	go func() {
		if c, err := kernel.Accept(); err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	addr := b.listen(func(c reactor.Conn) reactor.Handler {
		s, err := b.loop.Dial("tcp", kernel.Addr().String(), nil)
		if err != nil {
			t.Error(err)
			return nil
		}
		return reactor.Join(c, s, nil)
	})
	b.run()
	if err := exchangeOver(b.dial(addr), randomBytes(1_000_000)); err != nil {
		t.Error(err)
	}
}

// Connections of the stack keep the contract of reactor.Conn.
func TestLoopConnContract(t *testing.T) {
	conntest.Run(t, func(t testing.TB, l *reactor.Loop, dialled, accepted reactor.Handler) {
		near, far := netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("127.0.0.2:0")
		a, err := udp.Open(udp.Config{Local: near, Learn: true, MTU: 9000})
		if err != nil {
			t.Fatal(err)
		}
		b, err := udp.Open(udp.Config{Local: far, Remote: a.LocalAddr(), MTU: 9000})
		if err != nil {
			t.Fatal(err)
		}
		server, err := antedon.NewInLoop(l, a, antedon.Config{Addrs: []netip.Prefix{left4}})
		if err != nil {
			t.Fatal(err)
		}
		client, err := antedon.NewInLoop(l, b, antedon.Config{Addrs: []netip.Prefix{right4}})
		if err != nil {
			t.Fatal(err)
		}
		lc := antedon.ListenConfig{Stack: server}
		if _, err := lc.ListenInLoop("tcp", "10.0.0.1:80", func(reactor.Conn) reactor.Handler { return accepted }); err != nil {
			t.Fatal(err)
		}
		d := antedon.Dialer{Stack: client}
		if _, err := d.DialInLoop("tcp", "10.0.0.1:80", dialled); err != nil {
			t.Fatal(err)
		}
	})
}

// A connection that was reset before it came to the loop connects there all the same, and reading tells.
func TestInLoopAfterReset(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	ln, err := b.in.Listen(context.Background(), "tcp", "10.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.run()
	peer := b.dial(ln.Addr().String())
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := peer.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	conn := accepted.(*antedon.Conn)
	for start := time.Now(); conn.Info().State != tcp.StateClosed; {
		if time.Since(start) > closeTimeout {
			t.Fatal("the reset does not arrive")
		}
		runtime.Gosched()
	}
	connected, closed := false, make(chan error, 1)
	b.do(func() {
		conn.InLoop(b.in, &reactor.Funcs{
			Connect: func(reactor.Conn) { connected = true },
			Readable: func(c reactor.Conn) {
				if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("Read: %v, want a reset", err)
				}
			},
			Close: func(_ reactor.Conn, err error) { closed <- err },
		})
	})
	var op *net.OpError
	if err := await(t, closed, "OnClose"); !connected || !errors.As(err, &op) || op.Op != "read" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("connected: %v; OnClose gets %v, want the reset that reading told of", connected, err)
	}
}
