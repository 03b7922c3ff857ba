package interop

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/reactor"
)

// A stack in an event loop, on every back end and every kind of link, serves and dials the kernel, without a goroutine besides
// the one that runs the loop.
func TestStackInLoop(t *testing.T) {
	for _, l := range links {
		for _, backend := range []reactor.Backend{reactor.Epoll, reactor.Poll, reactor.Select} {
			t.Run(l.name+", "+backend.String(), func(t *testing.T) { testStackInLoop(t, l.options, backend) })
		}
	}
}

func testStackInLoop(t *testing.T, o netlab.Options, backend reactor.Backend) {
	lab, err := netlab.New(o)
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	if _, ok := lab.Device().Queues()[0].(link.Polled); !ok {
		t.Fatal("the device has no descriptor to watch")
	}
	loop, err := reactor.New(reactor.Config{Backend: backend})
	if err != nil {
		t.Fatal(err)
	}
	stack, err := antedon.NewInLoop(loop, lab.Device(), antedon.Config{Addrs: lab.Options.Ours})
	if err != nil {
		t.Fatal(err)
	}
	lc := antedon.ListenConfig{Stack: stack}
	ln, err := lc.ListenInLoop("tcp", netip.AddrPortFrom(lab.Ours4(), 0).String(), func(reactor.Conn) reactor.Handler { return new(loopEcho) })
	if err != nil {
		t.Fatal(err)
	}
	expectNoGoroutine(t)
	ended := make(chan error, 1)
	go func() { ended <- loop.Run() }()

	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c, err := lab.Dial(ctx, "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := throughEcho(c, 8<<20); err != nil {
		t.Error("the kernel's client:", err)
	}
	dialKernelInLoop(t, ctx, lab, stack, loop)
	if err := stack.Close(ctx); err != nil {
		t.Error(err)
	}
	loop.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// expectNoGoroutine checks that no goroutine was started for a stack in a loop.
func expectNoGoroutine(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, g := range strings.Split(string(stacks), "\n\n") {
		if _, by, ok := strings.Cut(g, "created by "); ok && (strings.Contains(by, "loopStack") || strings.Contains(by, "runner.NewInLoop")) {
			t.Errorf("a goroutine of the stack's:\n%s", g)
		}
	}
}

// dialKernelInLoop has a connection of the loop send to a sink of the kernel.
func dialKernelInLoop(t *testing.T, ctx context.Context, lab *netlab.Lab, stack *antedon.Stack, loop *reactor.Loop) {
	const size = 8 << 20
	ln, err := lab.Listen(ctx, "tcp", netip.AddrPortFrom(lab.Kernel4(), 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	d := antedon.Dialer{Stack: stack}
	err = loop.Post(func() {
		h := &loopSource{left: first("loop", size)}
		if _, err := d.DialInLoop("tcp", ln.Addr().String(), h); err != nil {
			t.Error(err)
			ln.Close()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(limit))
	check := newChecker("loop")
	if _, err := io.Copy(check, c); err != nil {
		t.Error("the kernel's server:", err)
	}
	if err := check.ended(size); err != nil {
		t.Error(err)
	}
	c.Close()
}

// throughEcho sends n bytes of a stream to an echo server and checks what comes back.
func throughEcho(c net.Conn, n int64) error {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(limit))
	sent := make(chan error, 1)
	go func() {
		_, err := io.Copy(c, first("echo", n))
		if w, ok := c.(interface{ CloseWrite() error }); ok && err == nil {
			err = w.CloseWrite()
		}
		sent <- err
	}()
	check := newChecker("echo")
	if _, err := io.Copy(check, c); err != nil {
		return err
	}
	if err := <-sent; err != nil {
		return err
	}
	return check.ended(n)
}

// loopEcho sends back what it reads, and the end of it.
type loopEcho struct {
	reactor.Funcs
	out   reactor.Backlog
	ended bool
}

func (e *loopEcho) OnReadable(c reactor.Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if n > 0 && e.out.Send(c, buf[:n]) == nil && e.out.Len() > 0 {
		c.PauseRead()
	}
	if err == io.EOF {
		e.ended = true
		e.finish(c)
	}
}

func (e *loopEcho) OnWritable(c reactor.Conn) {
	if e.out.Flush(c) == nil && e.out.Len() == 0 {
		c.ResumeRead()
		e.finish(c)
	}
}

func (e *loopEcho) finish(c reactor.Conn) {
	if e.ended && e.out.Len() == 0 {
		_ = c.Close()
	}
}

// loopSource sends what left has, in pieces that it owns until they come back.
type loopSource struct {
	reactor.Funcs
	left io.Reader
}

func (s *loopSource) OnConnect(c reactor.Conn) { s.OnWritable(c) }

func (s *loopSource) OnWritable(c reactor.Conn) {
	for {
		b := make([]byte, 100_000)
		n, err := io.ReadFull(s.left, b)
		if n == 0 && err != nil {
			_ = c.Close()
			return
		}
		if c.(*antedon.LoopConn).WriteOwned([][]byte{b[:n]}, func() { clear(b) }) != nil {
			s.left = io.MultiReader(bytes.NewReader(b[:n]), s.left)
			return
		}
	}
}
