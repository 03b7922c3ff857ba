package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
)

func init() { silence = 50 * time.Millisecond } // so that tests find out soon

const patience = 20 * time.Second

var testConn = Conn{Endpoint{"10.7.0.1", 61084}, Endpoint{"10.7.0.2", 80}}

func exp4Conn(c Conn) exp4.Conn {
	m, err := exp4.Parse((&datagram{conn: c}).appendTo(nil))
	if err != nil {
		panic(err)
	}
	return m.Conn
}

// scribe is a TCP that writes down what it is told, and answers each call with one of its own.
type scribe struct {
	driver Driver
	calls  chan string
}

func (s *scribe) AppConnect(c Conn)           { s.note("AppConnect", c, nil); s.driver.AppConnected(c) }
func (s *scribe) AppSend(c Conn, data []byte) { s.note("AppSend", c, data); s.driver.AppRecv(c, data) }
func (s *scribe) AppFin(c Conn)               { s.note("AppFin", c, nil); s.driver.AppPeerFin(c) }
func (s *scribe) AppRst(c Conn)               { s.note("AppRst", c, nil); s.driver.AppPeerRst(c) }
func (s *scribe) TcpRx(c Conn, b []byte)      { s.note("TcpRx", c, b); s.driver.TcpTx(c, b) }
func (s *scribe) Tick()                       { s.note("Tick", Conn{}, nil); s.driver.ReleaseConnection(testConn) }

// calledScribe can be called as well.
type calledScribe struct{ *scribe }

func (s calledScribe) PeerConnect(c Conn, b []byte) {
	s.note("PeerConnect", c, b)
	s.driver.PeerConnected(c)
}

func (s *scribe) note(name string, c Conn, b []byte) { s.calls <- fmt.Sprintf("%s %v %q", name, c, b) }

// start runs the SDK's main loop in a directory of its own. It returns what the TCP hears, what is logged, and how the loop
// ends.
func start(t *testing.T, dir string) (calls chan string, logged *lines, ended chan error) {
	t.Helper()
	return startAs(t, dir, func(s *scribe) Outgoing { return s })
}

func startAs(t *testing.T, dir string, as func(*scribe) Outgoing) (calls chan string, logged *lines, ended chan error) {
	t.Helper()
	t.Setenv("ANTEDON_LAB_DIR", dir)
	logged = &lines{make(chan string, 100)}
	log.SetOutput(logged)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	calls, ended = make(chan string, 100), make(chan error, 1)
	go func() { ended <- Run(func(d Driver) Outgoing { return as(&scribe{d, calls}) }) }()
	return calls, logged, ended
}

// lines is an io.Writer that hands out what is written.
type lines struct{ c chan string }

func (l *lines) Write(b []byte) (int, error) {
	l.c <- string(b)
	return len(b), nil
}

var _ io.Writer = (*lines)(nil)

func next[T any](t *testing.T, what string, c chan T) T {
	t.Helper()
	select {
	case x := <-c:
		return x
	case <-time.After(patience):
		t.Fatalf("no %s after %v", what, patience)
		panic("unreachable")
	}
}

// listen is a driver to which no SDK has come yet.
func listen(t *testing.T, dir string) *exp4.Endpoint {
	t.Helper()
	e, err := exp4.Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	e.SetReadDeadline(time.Now().Add(patience))
	return e
}

// welcome takes a hello and connects back.
func welcome(t *testing.T, e *exp4.Endpoint) {
	t.Helper()
	m, err := e.Receive()
	if err != nil || m.Flags != exp4.Flags(flagHello) || string(m.Bytes) != "network_exp4" {
		t.Fatalf("got %v, %v, want a hello", m, err)
	}
	if err := e.Connect(); err != nil {
		t.Fatal(err)
	}
}

// TestCalls: each datagram becomes its call, and each call its datagram, in order.
func TestCalls(t *testing.T) {
	dir := t.TempDir()
	e := listen(t, dir)
	calls, _, ended := start(t, dir)
	welcome(t, e)
	big := bytes.Repeat([]byte("segment "), 8000)
	for _, tt := range []struct {
		m     exp4.Message
		call  string
		reply int
	}{
		{exp4.Message{Flags: flagConnect}, `AppConnect 10.7.0.1:61084 -> 10.7.0.2:80 ""`, flagConnect},
		{exp4.Message{Flags: flagData, Bytes: []byte("x\x00y")}, `AppSend 10.7.0.1:61084 -> 10.7.0.2:80 "x\x00y"`, flagData},
		{exp4.Message{Flags: flagSegment, Bytes: big}, fmt.Sprintf("TcpRx 10.7.0.1:61084 -> 10.7.0.2:80 %q", big), flagSegment},
		{exp4.Message{Flags: flagFin}, `AppFin 10.7.0.1:61084 -> 10.7.0.2:80 ""`, flagFin},
		{exp4.Message{Flags: flagRst}, `AppRst 10.7.0.1:61084 -> 10.7.0.2:80 ""`, flagRst},
		{exp4.Message{Tick: true}, `Tick :0 -> :0 ""`, flagRelease},
	} {
		if !tt.m.Tick {
			tt.m.Conn = exp4Conn(testConn)
		}
		if err := e.Send(&tt.m); err != nil {
			t.Fatal(err)
		}
		if got := next(t, "call", calls); got != tt.call {
			t.Errorf("got %.80s, want %.80s", got, tt.call)
		}
		m, err := e.Receive()
		if err != nil || m.Conn != exp4Conn(testConn) || int(m.Flags) != tt.reply || !bytes.Equal(m.Bytes, tt.m.Bytes) {
			t.Errorf("after %.40s: got %v, %v, want flags %#x", tt.call, m, err, tt.reply)
		}
	}
	finish(t, e, ended)
}

// finish lets the driver die, whose SDK finds out when it next sends.
func finish(t *testing.T, e *exp4.Endpoint, ended chan error) {
	t.Helper()
	if err := e.Send(&exp4.Message{Conn: exp4Conn(testConn), Flags: flagConnect}); err != nil {
		t.Fatal(err)
	}
	e.Close()
	if err := next(t, "end", ended); err == nil {
		t.Error("the driver dies and the SDK ends without an error")
	}
}

// TestIncoming: a TCP that can be called says so, and is called once the driver has said that it knows.
func TestIncoming(t *testing.T) {
	dir := t.TempDir()
	e := listen(t, dir)
	calls, logged, ended := startAs(t, dir, func(s *scribe) Outgoing { return calledScribe{s} })
	m, err := e.Receive()
	if err != nil || !m.IsHello() || len(m.Extensions) != 1 || m.Extensions[0] != exp4.Incoming {
		t.Fatalf("got %v %q, %v, want a hello that names %q", m, m.Extensions, err, exp4.Incoming)
	}
	if err := e.Connect(); err != nil {
		t.Fatal(err)
	}
	answer := exp4.Hello("another", exp4.Incoming)
	call := exp4.Message{Conn: exp4Conn(testConn), Flags: exp4.PeerConnect, Bytes: []byte("SYN")}
	for _, m := range []*exp4.Message{&answer, {Tick: true}, &call} {
		if err := e.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	next(t, "tick", calls)
	if got, want := next(t, "call", calls), `PeerConnect 10.7.0.1:61084 -> 10.7.0.2:80 "SYN"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, want := range []exp4.Flags{exp4.Release, exp4.PeerConnect} { // the scribe's answer to the tick comes first
		if m, err := e.Receive(); err != nil || m.Flags != want || m.Conn != call.Conn || len(m.Bytes) > 0 {
			t.Errorf("got %v, %v, want flags %#x", m, err, want)
		}
	}
	if len(logged.c) > 0 {
		t.Errorf("logged %q", <-logged.c)
	}
	finish(t, e, ended)
}

// TestNobodyCalls: with a driver of version 1 a TCP that can be called is told that nobody will, once, and is not.
func TestNobodyCalls(t *testing.T) {
	dir := t.TempDir()
	e := listen(t, dir)
	calls, logged, ended := startAs(t, dir, func(s *scribe) Outgoing { return calledScribe{s} })
	welcome(t, e)
	call := exp4.Message{Conn: exp4Conn(testConn), Flags: exp4.PeerConnect}
	for _, m := range []*exp4.Message{{Tick: true}, &call, {Tick: true}} {
		if err := e.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if got := next(t, "call", calls); !strings.HasPrefix(got, "Tick") {
			t.Errorf("got %s", got)
		}
	}
	for _, want := range []string{"the driver knows nothing of incoming connections: nobody will call", "0x12"} {
		if got := next(t, "line", logged.c); !strings.Contains(got, want) {
			t.Errorf("logged %q, want %q", got, want)
		}
	}
	finish(t, e, ended)
}

// TestWaitsForOthers: while the driver serves another SDK ours waits, and is served then.
func TestWaitsForOthers(t *testing.T) {
	dir := t.TempDir()
	e := listen(t, dir)
	first, err := bind(filepath.Join(dir, exp4.SDKSocket))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Connect(); err != nil {
		t.Fatal(err)
	}
	calls, logged, ended := start(t, dir)
	if got := next(t, "line", logged.c); !strings.Contains(got, "waiting") {
		t.Errorf("got %q", got)
	}
	first.close()
	if err := e.Disconnect(); err != nil {
		t.Fatal(err)
	}
	welcome(t, e)
	if err := e.Send(&exp4.Message{Tick: true}); err != nil {
		t.Fatal(err)
	}
	next(t, "tick", calls)
	finish(t, e, ended)
}

// TestNoDriver: without a driver it ends at once.
func TestNoDriver(t *testing.T) {
	_, _, ended := start(t, t.TempDir())
	if err := next(t, "end", ended); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("got %v, want that there is no driver", err)
	}
}

// TestSilence: a driver that says nothing is still there as long as it is connected to us; one that was killed is not.
func TestSilence(t *testing.T) {
	dir := t.TempDir()
	e := listen(t, dir)
	calls, _, ended := start(t, dir)
	welcome(t, e)
	time.AfterFunc(10*silence, func() { e.Send(&exp4.Message{Tick: true}) })
	next(t, "tick after a long silence", calls)
	if _, err := e.Receive(); err != nil {
		t.Error(err)
	}
	e.Close()
	if err := next(t, "end", ended); err == nil || !strings.Contains(err.Error(), "driver has gone") {
		t.Errorf("got %v, want that the driver has gone", err)
	}
}

// TestNonsense: what makes no sense is told in a line and survived.
func TestNonsense(t *testing.T) {
	dir := t.TempDir()
	conn, err := bind(filepath.Join(dir, exp4.DriverSocket)) // an Endpoint does not send what this one does
	if err != nil {
		t.Fatal(err)
	}
	calls, logged, ended := start(t, dir)
	if err := conn.setPatience(patience); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.receive(newRoom()); err != nil {
		t.Fatal(err)
	}
	if err := conn.connect(filepath.Join(dir, exp4.SDKSocket)); err != nil {
		t.Fatal(err)
	}
	send := func(b []byte) {
		if err := conn.send(b); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		b    []byte
		want string
	}{
		{[]byte("nonsense"), "makes no sense"},
		{[]byte{1}, "makes no sense"},
		{(&datagram{conn: testConn, flags: 0x20}).appendTo(nil), "0x20"},
	} {
		send(tt.b)
		if got := next(t, "line", logged.c); !strings.Contains(got, tt.want) {
			t.Errorf("got %q, want %q in it", got, tt.want)
		}
	}
	send([]byte{0})
	if got := next(t, "tick", calls); !strings.HasPrefix(got, "Tick") || len(calls) > 0 {
		t.Errorf("got %s, and %d more", got, len(calls))
	}
	send((&datagram{conn: testConn}).appendTo(nil))
	conn.close()
	if err := next(t, "end", ended); err == nil {
		t.Error("the driver dies and the SDK ends without an error")
	}
}
