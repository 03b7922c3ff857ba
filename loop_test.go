package antedon_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/reactor"
)

// loopBed is a stack in a loop, which runs in a goroutine of the test's, and another stack that is in none.
type loopBed struct {
	testing.TB
	loop  *reactor.Loop
	in    *antedon.Stack // 10.0.0.1
	other *antedon.Stack // 10.0.0.2
	ended chan error     // what Run returned
}

func newLoopBed(t testing.TB, cfg reactor.Config) *loopBed {
	t.Helper()
	near, far := netip.MustParseAddrPort("127.0.0.1:0"), netip.MustParseAddrPort("127.0.0.2:0")
	open := func(local, remote netip.AddrPort, learn bool) *udp.Device {
		c := udp.Config{Local: local, Learn: learn, MTU: 9000}
		if !learn {
			c.Remote = remote
		}
		d, err := udp.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	a := open(near, far, true)
	b := open(far, a.LocalAddr(), false)
	loop, err := reactor.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	bed := &loopBed{TB: t, loop: loop, ended: make(chan error, 1)}
	if bed.in, err = antedon.NewInLoop(loop, a, antedon.Config{Addrs: []netip.Prefix{left4, left6}}); err != nil {
		t.Fatal(err)
	}
	bed.other = newStack(t, b, antedon.Config{Addrs: []netip.Prefix{right4, right6}})
	t.Cleanup(func() {
		loop.Close()
		<-loop.Done()
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // its peer is gone
		_ = bed.other.Close(ctx)
	})
	// The first packet tells a where b is.
	if c, err := bed.other.Dial(context.Background(), "udp", "10.0.0.1:9"); err == nil {
		_, _ = c.Write([]byte("here"))
		c.Close()
	}
	return bed
}

// run has the loop run until the end of the test.
func (b *loopBed) run() { go func() { b.ended <- b.loop.Run() }() }

// do runs f on the loop's goroutine and waits for it.
func (b *loopBed) do(f func()) {
	b.Helper()
	done := make(chan struct{})
	if err := b.loop.Post(func() { defer close(done); f() }); err != nil {
		b.Fatal(err)
	}
	await(b, done, "the loop")
}

func await[T any](t testing.TB, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(closeTimeout):
		t.Fatalf("timeout: %s", what)
		panic("not reached")
	}
}

// listen has the in-loop stack listen.
func (b *loopBed) listen(accept func(c reactor.Conn) reactor.Handler) string {
	b.Helper()
	lc := antedon.ListenConfig{Stack: b.in}
	l, err := lc.ListenInLoop("tcp", "10.0.0.1:0", accept)
	if err != nil {
		b.Fatal(err)
	}
	return l.Addr().String()
}

func (b *loopBed) dial(address string) *antedon.Conn {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c, err := b.other.Dial(ctx, "tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(closeTimeout))
	b.Cleanup(func() { c.Close() })
	return c.(*antedon.Conn)
}

// echo sends back what it reads, and the end of it.
type echo struct {
	out   reactor.Backlog
	ended bool
	log   *[]string
}

func (e *echo) note(s string) {
	if e.log != nil {
		*e.log = append(*e.log, s)
	}
}

func (e *echo) OnConnect(reactor.Conn) { e.note("connect") }

func (e *echo) OnReadable(c reactor.Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if n > 0 && e.out.Send(c, buf[:n]) == nil && e.out.Len() > 0 {
		c.PauseRead()
	}
	if err == io.EOF {
		e.note("end")
		e.ended = true
		e.finish(c)
	}
}

func (e *echo) OnWritable(c reactor.Conn) {
	if e.out.Flush(c) == nil && e.out.Len() == 0 {
		c.ResumeRead()
		e.finish(c)
	}
}

func (e *echo) finish(c reactor.Conn) {
	if e.ended && e.out.Len() == 0 {
		_ = c.Close()
	}
}

func (e *echo) OnClose(_ reactor.Conn, err error) { e.note(fmt.Sprint("close ", err)) }

// randomBytes returns n bytes that differ from place to place.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// An echo server in a loop gives back what it got, byte by byte, to several clients at once, and is told of everything in order.
func TestLoopEcho(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	logs := [8][]string{}
	n, closed := 0, make(chan int, len(logs))
	addr := b.listen(func(c reactor.Conn) reactor.Handler {
		n++
		i := n - 1
		return &closeNotice{echo{log: &logs[i]}, func() { closed <- i }}
	})
	b.run()
	done := make(chan error, len(logs))
	for i := range logs {
		go func() { done <- exchangeOver(b.dial(addr), randomBytes(100_000*(i+1))) }()
	}
	for range logs {
		if err := await(t, done, "the exchange"); err != nil {
			t.Error(err)
		}
	}
	for range logs {
		i := await(t, closed, "OnClose")
		b.do(func() {
			if got := strings.Join(logs[i], ", "); got != "connect, end, close <nil>" {
				t.Errorf("called back: %s", got)
			}
		})
	}
}

type closeNotice struct {
	echo
	fn func()
}

func (c *closeNotice) OnClose(rc reactor.Conn, err error) { c.echo.OnClose(rc, err); c.fn() }

// exchangeOver sends data to an echo server and compares what comes back.
func exchangeOver(c *antedon.Conn, data []byte) error {
	sent := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		if err == nil {
			err = c.CloseWrite()
		}
		sent <- err
	}()
	got, err := io.ReadAll(c)
	if err == nil {
		err = <-sent
	}
	if err == nil && !bytes.Equal(got, data) {
		err = fmt.Errorf("%d bytes came back of %d, or others", len(got), len(data))
	}
	return err
}

// A connection dialled in a loop: refused, and established; what is written before that waits.
func TestLoopDial(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	ln, err := b.other.Listen(context.Background(), "tcp", "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := ln.Accept()
		if err == nil {
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	d := antedon.Dialer{Stack: b.in}
	data, got := randomBytes(300_000), []byte(nil)
	closed := make(chan error, 2)
	var out reactor.Backlog
	_, err = d.DialInLoop("tcp", ln.Addr().String(), &reactor.Funcs{
		Connect: func(c reactor.Conn) {
			if err := out.Send(c, data); err != nil {
				t.Error(err)
			}
		},
		Writable: func(c reactor.Conn) {
			if out.Flush(c) == nil && out.Len() == 0 {
				_ = c.CloseWrite()
			}
		},
		Readable: func(c reactor.Conn) {
			buf := c.Loop().Scratch()
			n, err := c.Read(buf)
			if got = append(got, buf[:n]...); err == io.EOF {
				_ = c.Close()
			}
		},
		Close: func(_ reactor.Conn, err error) { closed <- err },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.run()
	if err := await(t, closed, "OnClose"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes of %d came back, or others: %v", len(got), len(data), err)
	}
	b.do(func() {
		if _, err := d.DialInLoop("tcp", "10.0.0.2:1", &reactor.Funcs{Close: func(_ reactor.Conn, err error) { closed <- err }}); err != nil {
			t.Error(err)
		}
		if _, err := d.DialInLoop("tcp", "name.example:1", nil); err == nil {
			t.Error("a host name was resolved in a loop")
		}
	})
	if err := await(t, closed, "OnClose"); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("nobody listens: %v", err)
	}
}

// Goroutines that wait use a stack in a loop as any other.
func TestLoopWaiters(t *testing.T) {
	b := newLoopBed(t, reactor.Config{})
	b.run()
	c1, c2, stop, err := connPair(b.other, b.in, "10.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	go func() { _, _ = io.Copy(c2, c2); c2.Close() }()
	if err := exchangeOver(c1.(*antedon.Conn), randomBytes(1_000_000)); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := b.in.Close(ctx); err != nil {
		t.Error(err)
	}
}
