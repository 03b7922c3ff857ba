package reactor

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echo sends back what it reads, and the end of the stream behind it.
type echo struct {
	backlog Backlog
	eof     bool
	closed  func(err error)
}

func (e *echo) OnConnect(Conn) {}

func (e *echo) OnReadable(c Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if n > 0 && e.backlog.Send(c, buf[:n]) == nil && e.backlog.Len() > 0 {
		c.PauseRead()
	}
	e.eof = e.eof || err == io.EOF
	e.finish(c)
}

func (e *echo) OnWritable(c Conn) {
	if e.backlog.Flush(c) == nil && e.backlog.Len() == 0 {
		c.ResumeRead()
		e.finish(c)
	}
}

func (e *echo) finish(c Conn) {
	if e.eof && e.backlog.Len() == 0 {
		_ = c.Close()
	}
}

func (e *echo) OnClose(_ Conn, err error) {
	if e.closed != nil {
		e.closed(err)
	}
}

// upload sends data, ends its stream, and keeps what comes back.
type upload struct {
	data   []byte
	got    []byte
	closes []error
	order  []string
}

func (u *upload) OnConnect(c Conn) { u.order = append(u.order, "connect"); u.OnWritable(c) }

func (u *upload) OnWritable(c Conn) {
	n, err := c.Write(u.data)
	if u.data = u.data[n:]; err == nil {
		_ = c.CloseWrite()
	}
}

func (u *upload) OnReadable(c Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if u.got = append(u.got, buf[:n]...); err == io.EOF {
		_ = c.Close()
	}
}

func (u *upload) OnClose(_ Conn, err error) {
	u.order = append(u.order, "close")
	u.closes = append(u.closes, err)
}

// addresses to listen on, of each kind that this machine has.
func addresses(t testing.TB) [][2]string {
	list := [][2]string{
		{"tcp", "127.0.0.1:0"}, {"tcp", ":0"}, {"unix", filepath.Join(t.TempDir(), "s")}, {"unix", "@antedon-" + t.TempDir()},
	}
	if ln, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		ln.Close()
		list = append(list, [2]string{"tcp6", "[::1]:0"})
	}
	return list
}

func randomBytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
	return b
}

func listen(t testing.TB, l *Loop, network, address string, accept func(c Conn) Handler) *Listener {
	t.Helper()
	ln, err := l.Listen(network, address, accept)
	must(t, err)
	return ln
}

// TestEcho: clients and server in one loop, on every kind of stream socket and every back end.
func TestEcho(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		for _, a := range addresses(t) {
			l := newLoop(t, c)
			var serverCloses []error
			ln := listen(t, l, a[0], a[1], func(Conn) Handler {
				return &echo{closed: func(err error) { serverCloses = append(serverCloses, err) }}
			})
			const n = 8
			clients := make([]*upload, n)
			for i := range clients {
				clients[i] = &upload{data: randomBytes(uint64(i), 300_000+i)}
				_, err := l.Dial(a[0], ln.Addr().String(), clients[i])
				must(t, err)
			}
			for slices.ContainsFunc(clients, func(u *upload) bool { return len(u.closes) == 0 }) || len(serverCloses) < n {
				turn(t, l)
			}
			for i, u := range clients {
				if !bytes.Equal(u.got, randomBytes(uint64(i), 300_000+i)) {
					t.Errorf("%v: client %d got %d bytes that are not what it sent", a, i, len(u.got))
				}
				if want := []string{"connect", "close"}; !slices.Equal(u.order, want) || u.closes[0] != nil {
					t.Errorf("%v: client %d saw %v with %v, want %v without error", a, i, u.order, u.closes, want)
				}
			}
			if slices.ContainsFunc(serverCloses, func(err error) bool { return err != nil }) {
				t.Errorf("%v: the server's connections closed with %v", a, serverCloses)
			}
			must(t, ln.Close())
			if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed twice: %v, want net.ErrClosed", err)
			}
			if _, err := os.Stat(a[1]); err == nil {
				t.Errorf("%s is still there", a[1])
			}
		}
	})
}

// TestPackageNet talks to package net, and compares the addresses that both sides see.
func TestPackageNet(t *testing.T) {
	l := newLoop(t, Config{})
	var server Conn
	ln := listen(t, l, "tcp", "127.0.0.1:0", func(c Conn) Handler { server = c; return &echo{} })
	done := make(chan error, 1)
	go func() {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err == nil {
			_, err = c.Write([]byte("hello"))
		}
		var got [5]byte
		if err == nil {
			_, err = io.ReadFull(c, got[:])
		}
		if err == nil && string(got[:]) != "hello" {
			err = errors.New("another echo: " + string(got[:]))
		}
		_ = l.Post(func() {
			if server.RemoteAddr().String() != c.LocalAddr().String() || server.LocalAddr().String() != c.RemoteAddr().String() {
				t.Errorf("the addresses are %v %v here and %v %v there", server.LocalAddr(), server.RemoteAddr(), c.LocalAddr(), c.RemoteAddr())
			}
			l.Close()
		})
		done <- err
	}()
	must(t, l.Run())
	must(t, <-done)
}

// joined returns a connection in the loop on one end of a socket pair, and the other end.
func joined(t testing.TB, l *Loop, h Handler) (*Socket, int) {
	t.Helper()
	a, b := openPair(t)
	t.Cleanup(func() { unix.Close(b) })
	s, err := l.Adopt(a, h)
	must(t, err)
	turn(t, l) // OnConnect
	return s, b
}

// connected returns a connection of TCP in the loop, and its peer.
func tcpPair(t testing.TB, l *Loop, h Handler) (*Socket, *net.TCPConn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	s, err := l.Dial("tcp", ln.Addr().String(), h)
	must(t, err)
	peer, err := ln.Accept()
	must(t, err)
	t.Cleanup(func() { peer.Close() })
	for s.state == connecting {
		turn(t, l)
	}
	return s, peer.(*net.TCPConn)
}

func TestBackPressure(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		writable := 0
		s, peer := joined(t, l, &Funcs{Writable: func(Conn) { writable++ }})
		must(t, l.Turn(0))
		if writable != 0 {
			t.Error("OnWritable before any write came up short")
		}
		data := make([]byte, 8<<20)
		n, err := s.Write(data)
		if err != ErrWouldBlock || !errors.Is(err, syscall.EAGAIN) || n == 0 || n == len(data) {
			t.Fatalf("Write: %d, %v; want a part and ErrWouldBlock", n, err)
		}
		must(t, l.Turn(0))
		if writable != 0 {
			t.Error("OnWritable while the socket is full")
		}
		readAll(peer, make([]byte, 65536))
		turn(t, l)
		must(t, l.Turn(0))
		if writable != 1 {
			t.Errorf("OnWritable was called %d times, want once for one short write", writable)
		}
	})
}

func TestWritev(t *testing.T) {
	l := newLoop(t, Config{})
	s, peer := joined(t, l, nil)
	data := randomBytes(3, 60_000)
	var bufs [][]byte
	for i, rest := 0, data; len(rest) > 0; i++ {
		n := min(i*7%900, len(rest)) // 0 among them
		bufs, rest = append(bufs, rest[:n]), rest[n:]
	}
	if len(bufs) < 2*len(gather{}.iov) {
		t.Fatalf("only %d pieces", len(bufs))
	}
	n, err := s.Writev(bufs)
	got := make([]byte, len(data)+1)
	m, _ := unix.Read(peer, got)
	if n != len(data) || err != nil || !bytes.Equal(got[:m], data) {
		t.Errorf("Writev: %d, %v, and %d bytes arrived, the same: %t; want %d", n, err, m, bytes.Equal(got[:m], data), len(data))
	}
	if n, err := s.Writev(nil); n != 0 || err != nil {
		t.Errorf("Writev of nothing: %d, %v", n, err)
	}
	big := make([]byte, 100_000)
	for err == nil {
		n, err = s.Writev([][]byte{big, big, big})
	}
	if err != ErrWouldBlock || n >= 300_000 {
		t.Errorf("Writev to a full socket: %d, %v; want a part and ErrWouldBlock", n, err)
	}
}

func TestPauseRead(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		readable := 0
		var s *Socket
		s, peer := joined(t, l, &Funcs{Readable: func(c Conn) {
			readable++
			c.PauseRead()
			c.ResumeRead()
			c.PauseRead()
		}})
		send(t, peer)
		turn(t, l)
		must(t, l.Turn(0))
		s.ResumeRead()
		turn(t, l)
		must(t, l.Turn(0))
		if readable != 2 {
			t.Errorf("OnReadable was called %d times, want 2: reading was paused and resumed", readable)
		}
	})
}

// TestEndOfStream: it is told once, does not spin, and leaves the other direction open.
func TestEndOfStream(t *testing.T) {
	l := newLoop(t, Config{})
	calls := 0
	s, peer := tcpPair(t, l, &Funcs{Readable: func(c Conn) {
		calls++
		if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("Read: %d, %v; want io.EOF", n, err)
		}
	}})
	must(t, peer.CloseWrite())
	turn(t, l)
	must(t, l.Turn(0))
	if calls != 1 {
		t.Errorf("OnReadable was called %d times, want 1", calls)
	}
	if n, err := s.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read again: %d, %v; want io.EOF", n, err)
	}
	if _, err := s.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	must(t, s.CloseWrite())
	if _, err := s.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write after CloseWrite: %v, want EPIPE", err)
	}
	if got, err := io.ReadAll(peer); string(got) != "x" || err != nil {
		t.Errorf("the peer read %q, %v", got, err)
	}
}

// TestCloseInCallback: a callback closes its own connection and another one, which is ready too. Each gets OnClose once, and
// nothing after it.
func TestCloseInCallback(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var log []string
		var socks [2]*Socket
		var peers [2]int
		for i := range socks {
			name := string(rune('a' + i))
			socks[i], peers[i] = joined(t, l, &Funcs{
				Readable: func(c Conn) {
					log = append(log, "readable")
					for _, s := range socks {
						must(t, s.Close())
					}
					log = append(log, "closed")
				},
				Close: func(_ Conn, err error) {
					if log = append(log, "OnClose "+name); err != nil {
						t.Error(err)
					}
				},
			})
		}
		send(t, peers[0])
		send(t, peers[1])
		turn(t, l)
		must(t, l.Turn(0))
		slices.Sort(log[2:])
		if want := []string{"readable", "closed", "OnClose a", "OnClose b"}; !slices.Equal(log, want) {
			t.Errorf("got %q, want %q", log, want)
		}
		s := socks[0]
		_, read := s.Read(make([]byte, 1))
		_, write := s.Write([]byte{1})
		_, writev := s.Writev([][]byte{{1}})
		for name, err := range map[string]error{
			"Read": read, "Write": write, "Writev": writev, "Close": s.Close(), "Abort": s.Abort(), "CloseWrite": s.CloseWrite(),
		} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s after Close: %v, want net.ErrClosed", name, err)
			}
		}
		s.PauseRead()
		s.ResumeRead()
		s.SetDeadline(time.Now())
		s.SetIdleTimeout(1)
		must(t, l.Turn(0))
		if len(log) != 4 {
			t.Errorf("a closed connection was called back: %q", log[4:])
		}
	})
}

func TestReset(t *testing.T) {
	l := newLoop(t, Config{})
	var closes []error
	var read error
	s, peer := tcpPair(t, l, &Funcs{
		Readable: func(c Conn) { _, read = c.Read(make([]byte, 1)) },
		Close:    func(_ Conn, err error) { closes = append(closes, err) },
	})
	must(t, peer.SetLinger(0))
	must(t, peer.Close())
	for len(closes) == 0 {
		turn(t, l)
	}
	if !errors.Is(read, syscall.ECONNRESET) || len(closes) != 1 || !errors.Is(closes[0], syscall.ECONNRESET) || s.state != ended {
		t.Errorf("Read: %v, OnClose: %v; want ECONNRESET for both, and the connection closed", read, closes)
	}

	s, peer = tcpPair(t, l, nil)
	must(t, s.Abort())
	if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer of an aborted connection reads %v, want ECONNRESET", err)
	}
}

// TestLoopCloseEndsConns: connections are told, exactly once, and may not begin anew.
func TestLoopCloseEndsConns(t *testing.T) {
	eachBackend(t, func(t *testing.T, c Config) {
		l := newLoop(t, c)
		var closes []error
		var dial error
		for range 3 {
			joined(t, l, &Funcs{Close: func(_ Conn, err error) {
				closes = append(closes, err)
				_, dial = l.Dial("tcp", "127.0.0.1:1", nil)
			}})
		}
		path := filepath.Join(t.TempDir(), "s")
		listen(t, l, "unix", path, nil)
		_, err := l.ListenPacket("udp", "127.0.0.1:0", nil)
		must(t, err)
		l.AfterFunc(0, func() { l.Close() })
		must(t, l.Run())
		if len(closes) != 3 || slices.ContainsFunc(closes, func(err error) bool { return !errors.Is(err, ErrClosed) }) {
			t.Errorf("OnClose got %v, want ErrClosed three times", closes)
		}
		if !errors.Is(dial, net.ErrClosed) {
			t.Errorf("Dial on a loop that closes: %v, want net.ErrClosed", dial)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("the unix socket is still there")
		}
	})
}

// TestConnPanic: with OnPanic a connection whose callback panics is closed and told so, and the others live; without, the
// panic leaves Turn and the connection is as it was.
func TestConnPanic(t *testing.T) {
	panics := 0
	l := newLoop(t, Config{OnPanic: func(any) { panics++ }})
	var closed error
	ln := listen(t, l, "tcp", "127.0.0.1:0", func(c Conn) Handler {
		return &Funcs{
			Connect: func(Conn) { panic("connect") },
			Close:   func(_ Conn, err error) { closed = err; panic("close") },
		}
	})
	peer, err := net.Dial("tcp", ln.Addr().String())
	must(t, err)
	defer peer.Close()
	for closed == nil {
		turn(t, l)
	}
	if panics != 2 || !errors.Is(closed, errPanicked) || ln.closed {
		t.Errorf("%d panics, OnClose(%v), listener closed: %t; want 2, the panic, false", panics, closed, ln.closed)
	}

	l = newLoop(t, Config{})
	calls := 0
	s, other := joined(t, l, &Funcs{Readable: func(c Conn) { calls++; c.PauseRead(); panic("readable") }})
	send(t, other)
	if v := caught(func() { turn(t, l) }); v != "readable" {
		t.Errorf("Turn panicked with %v", v)
	}
	must(t, l.Turn(0))
	if n, err := s.Read(make([]byte, 2)); n != 1 || err != nil || calls != 1 {
		t.Errorf("after the panic Read says %d, %v, after %d calls; want 1, and PauseRead heeded", n, err, calls)
	}
}
