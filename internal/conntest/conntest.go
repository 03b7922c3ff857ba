// Package conntest checks that a type keeps the contract of reactor.Conn and reactor.Handler, whatever stack is behind it.
//
// A test gives Run a function that connects two connections in a loop:
//
//	conntest.Run(t, func(t testing.TB, l *reactor.Loop, dialled, accepted reactor.Handler) { … })
//
// Concurrency: everything happens on the test's goroutine.
package conntest

import (
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/reactor"
)

// Connect begins to connect two connections in the loop, of which each calls back its handler. It may return before they
// are established.
type Connect func(t testing.TB, l *reactor.Loop, dialled, accepted reactor.Handler)

// Run runs every check, in both directions.
func Run(t *testing.T, connect Connect) {
	swapped := func(t testing.TB, l *reactor.Loop, dialled, accepted reactor.Handler) {
		connect(t, l, accepted, dialled)
	}
	for _, c := range []struct {
		name string
		test func(t *testing.T, a, b *end)
	}{
		{"bytes and ends", testBytes},
		{"back-pressure", testBackPressure},
		{"pause", testPause},
		{"half close", testHalfClose},
		{"close in a callback", testClose},
		{"abort", testAbort},
		{"deadline", testDeadline},
		{"idle timeout", testIdle},
		{"loop closes", testLoopClose},
	} {
		t.Run(c.name+", dialled", func(t *testing.T) { run(t, connect, c.test) })
		t.Run(c.name+", accepted", func(t *testing.T) { run(t, swapped, c.test) })
	}
}

// end is one of the two, and notes its callbacks.
type end struct {
	t    *testing.T
	conn reactor.Conn
	log  []string
	err  error // of OnClose
	read func(c reactor.Conn)
	got  []byte
}

func run(t *testing.T, connect Connect, test func(t *testing.T, a, b *end)) {
	l, err := reactor.New(reactor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, b := &end{t: t}, &end{t: t}
	connect(t, l, a, b)
	until(t, l, func() bool { return a.conn != nil && b.conn != nil })
	for _, e := range []*end{a, b} {
		if !slices.Equal(e.log, []string{"connect"}) {
			t.Fatalf("callbacks %q, want connect", e.log)
		}
		e.log = nil
	}
	test(t, a, b)
}

// until makes turns until done.
func until(t testing.TB, l *reactor.Loop, done func() bool) {
	t.Helper()
	limit := l.AfterFunc(20*time.Second, func() { t.Fatal("nothing has come of it in 20 s") })
	defer limit.Stop()
	for !done() {
		if err := l.Turn(-1); err != nil {
			t.Fatal(err)
		}
	}
}

// settle makes turns until a moment has passed in which all that is under way arrives.
func settle(t testing.TB, l *reactor.Loop) {
	t.Helper()
	passed := false
	l.AfterFunc(20*time.Millisecond, func() { passed = true })
	until(t, l, func() bool { return passed })
}

func (e *end) note(what string) {
	if slices.Contains(e.log, "close") {
		e.t.Errorf("%s after OnClose", what)
	}
	e.log = append(e.log, what)
}

func (e *end) OnConnect(c reactor.Conn)  { e.note("connect"); e.conn = c }
func (e *end) OnWritable(c reactor.Conn) { e.note("writable") }

func (e *end) OnReadable(c reactor.Conn) {
	e.note("readable")
	if e.read != nil {
		e.read(c)
		return
	}
	buf := make([]byte, 5000)
	n, err := c.Read(buf)
	if e.got = append(e.got, buf[:n]...); err != nil {
		e.note(err.Error())
	}
}

func (e *end) OnClose(_ reactor.Conn, err error) { e.note("close"); e.err = err }

func (e *end) has(what string) bool { return slices.Contains(e.log, what) }

func (e *end) count(what string) (n int) {
	for _, s := range e.log {
		if s == what {
			n++
		}
	}
	return n
}

func testBytes(t *testing.T, a, b *end) {
	l := a.conn.Loop()
	if a.conn.LocalAddr().String() != b.conn.RemoteAddr().String() || a.conn.LocalAddr().Network() != b.conn.LocalAddr().Network() {
		t.Errorf("%v is %v for the other side", a.conn.LocalAddr(), b.conn.RemoteAddr())
	}
	if n, err := a.conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, reactor.ErrWouldBlock) {
		t.Errorf("Read of nothing: %d, %v; want ErrWouldBlock", n, err)
	}
	if n, err := a.conn.Write(nil); n != 0 || err != nil {
		t.Errorf("Write of nothing: %d, %v", n, err)
	}
	bufs := [][]byte{[]byte("one "), nil, []byte("two "), {}, []byte("three")}
	if n, err := a.conn.Writev(bufs); n != 13 || err != nil || string(bufs[0]) != "one " {
		t.Errorf("Writev: %d, %v", n, err)
	}
	until(t, l, func() bool { return len(b.got) == 13 })
	if string(b.got) != "one two three" {
		t.Errorf("got %q", b.got)
	}
	if b.conn.Loop() != l {
		t.Error("the other side is in another loop")
	}
}

// testBackPressure: a short write says ErrWouldBlock, and is followed by OnWritable once the peer has read, not before.
func testBackPressure(t *testing.T, a, b *end) {
	l := a.conn.Loop()
	b.conn.PauseRead()
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i / 251)
	}
	sent := []byte{}
	for {
		n, err := a.conn.Write(data)
		if sent = append(sent, data[:n]...); err != nil {
			if !errors.Is(err, reactor.ErrWouldBlock) || n == len(data) {
				t.Fatalf("Write: %d, %v; want a part and ErrWouldBlock", n, err)
			}
			break
		}
		if len(sent) > 1<<30 {
			t.Fatal("a gigabyte was taken, and nobody reads")
		}
	}
	b.conn.ResumeRead()
	until(t, l, func() bool { return a.has("writable") && len(b.got) >= len(sent) })
	if !slices.Equal(b.got, sent) {
		t.Errorf("%d bytes arrived, not the %d that were sent", len(b.got), len(sent))
	}
	if n := a.count("writable"); n != 1 {
		t.Errorf("OnWritable was called %d times after one short write", n)
	}
}

// testPause: no OnReadable while paused, and one after, for what came meanwhile.
func testPause(t *testing.T, a, b *end) {
	b.conn.PauseRead()
	_, _ = a.conn.Write([]byte("x"))
	settle(t, a.conn.Loop())
	if b.has("readable") {
		t.Error("OnReadable while paused")
	}
	b.conn.ResumeRead()
	until(t, a.conn.Loop(), func() bool { return len(b.got) == 1 })
}

// testHalfClose: the end of the stream is told once, and the other direction goes on.
func testHalfClose(t *testing.T, a, b *end) {
	l := a.conn.Loop()
	_, _ = a.conn.Write([]byte("last"))
	if err := a.conn.CloseWrite(); err != nil {
		t.Error(err)
	}
	if _, err := a.conn.Write([]byte("more")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Write after CloseWrite: %v, want EPIPE", err)
	}
	until(t, l, func() bool { return b.has(io.EOF.Error()) })
	settle(t, l)
	if string(b.got) != "last" || b.count(io.EOF.Error()) != 1 || b.has("close") || a.has("close") {
		t.Errorf("got %q, callbacks %q and %q; want the end of the stream once, and both still open", b.got, b.log, a.log)
	}
	if _, err := b.conn.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read behind the end: %v, want io.EOF", err)
	}
	if _, err := b.conn.Write([]byte("answer")); err != nil {
		t.Error(err)
	}
	until(t, l, func() bool { return string(a.got) == "answer" })
}

// testClose: a callback closes both, and each gets OnClose(nil) once, later.
func testClose(t *testing.T, a, b *end) {
	b.read = func(reactor.Conn) {
		for _, e := range []*end{a, b} {
			if err := e.conn.Close(); err != nil {
				t.Error(err)
			}
			if e.has("close") {
				t.Error("OnClose within Close")
			}
		}
	}
	_, _ = a.conn.Write([]byte("x"))
	until(t, a.conn.Loop(), func() bool { return a.has("close") && b.has("close") })
	settle(t, a.conn.Loop())
	for _, e := range []*end{a, b} {
		if e.err != nil || e.log[len(e.log)-1] != "close" {
			t.Errorf("OnClose got %v, callbacks %q; want nil, and close the last", e.err, e.log)
		}
		_, read := e.conn.Read(make([]byte, 1))
		_, write := e.conn.Write([]byte("x"))
		_, writev := e.conn.Writev([][]byte{{1}})
		for _, err := range []error{read, write, writev, e.conn.Close(), e.conn.Abort(), e.conn.CloseWrite()} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("after Close: %v, want net.ErrClosed", err)
			}
		}
		e.conn.PauseRead()
		e.conn.ResumeRead()
		e.conn.SetDeadline(time.Now())
		e.conn.SetIdleTimeout(time.Nanosecond)
	}
	settle(t, a.conn.Loop())
}

// testAbort: the peer of an aborted connection finds ECONNRESET, by which it is closed.
func testAbort(t *testing.T, a, b *end) {
	var read error
	b.read = func(c reactor.Conn) { _, read = c.Read(make([]byte, 1)) }
	if err := a.conn.Abort(); err != nil {
		t.Error(err)
	}
	until(t, a.conn.Loop(), func() bool { return a.has("close") && b.has("close") })
	if a.err != nil || !errors.Is(b.err, syscall.ECONNRESET) || !errors.Is(read, syscall.ECONNRESET) {
		t.Errorf("OnClose got %v, and %v on the other side, where Read said %v; want nil, ECONNRESET", a.err, b.err, read)
	}
}

func testDeadline(t *testing.T, a, _ *end) {
	l := a.conn.Loop()
	a.conn.SetDeadline(time.Now().Add(time.Millisecond))
	a.conn.SetDeadline(time.Time{})
	settle(t, l)
	if a.has("close") {
		t.Error("a deadline that was taken back closed the connection")
	}
	a.conn.SetDeadline(time.Now().Add(time.Millisecond))
	until(t, l, func() bool { return a.has("close") })
	if !errors.Is(a.err, os.ErrDeadlineExceeded) {
		t.Errorf("OnClose got %v, want os.ErrDeadlineExceeded", a.err)
	}
}

func testIdle(t *testing.T, a, _ *end) {
	begun := time.Now()
	a.conn.SetIdleTimeout(5 * time.Millisecond)
	until(t, a.conn.Loop(), func() bool { return a.has("close") })
	if idle := time.Since(begun); !errors.Is(a.err, os.ErrDeadlineExceeded) || idle < 5*time.Millisecond {
		t.Errorf("OnClose got %v after %v, want os.ErrDeadlineExceeded after 5 ms", a.err, idle)
	}
}

func testLoopClose(t *testing.T, a, b *end) {
	if err := a.conn.Loop().Close(); err != nil {
		t.Error(err)
	}
	for _, e := range []*end{a, b} {
		if !slices.Equal(e.log, []string{"close"}) || !errors.Is(e.err, reactor.ErrClosed) {
			t.Errorf("callbacks %q with %v, want close with ErrClosed", e.log, e.err)
		}
	}
}
