package tcptest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// Setup is how a script begins. The zero Setup is a peer with MSS 1000, a window of 10,000 and no further options, on a
// path with MTU 1500.
type Setup struct {
	Config tcp.Config // congestion control: reno, whose windows can be counted

	Peer string // options and window of the peer's SYN; "<WND=10000><MSS=1000>"
	MTU  int    // of the path; 1500
	IPv6 bool

	ISS, IRS uint32 // initial sequence numbers of ours and the peer; 10,000 and 20,000
	TSBase   uint32 // the peer's timestamp clock at the start

	FastOpen  bool      // the listener understands it
	MaxSuper  int       // of the Env
	LongSuper int       // of the Env
	Pool      int       // limit of the Env's pool
	Start     mono.Time // of the clock; 1,000 s
}

// Script is the peer of one connection.
type Script struct {
	t     testing.TB
	setup Setup
	env   *tcp.Env
	conn  *tcp.Conn
	now   mono.Time

	peer     notation.Segment // what the peer's SYN offers
	tsOn     bool             // timestamps negotiated
	tsOurs   uint32           // our timestamp clock at the start
	tsSeen   bool
	tsLatest uint32 // newest TSval from the connection

	sent       []sentSegment // by the connection, not expected yet
	drop       tcp.Drop
	events     tcp.Event
	written    int  // bytes
	writing    bool // in the middle of a write: nothing need be armed
	read       int
	edge       seq.Number // right edge of our window as told
	shift      uint8      // of our window
	hasEdge    bool
	sndLimit   seq.Number // right edge of the peer's window as told; the furthest
	transcript []string
	record     Record
}

type sentSegment struct {
	notation.Segment
	at  mono.Time
	raw wire.TCP
	len int
}

func newScript(t testing.TB, setup Setup) *Script {
	t.Helper()
	if setup.Peer == "" {
		setup.Peer = "<WND=10000><MSS=1000>"
	}
	setup.MTU = orElse(setup.MTU, 1500)
	setup.ISS = orElse(setup.ISS, 10_000)
	setup.IRS = orElse(setup.IRS, 20_000)
	setup.Start = orElse(setup.Start, mono.Time(1000*time.Second))
	s := &Script{t: t, setup: setup, now: setup.Start}
	s.env = &tcp.Env{
		Pool: buffer.NewPool(setup.Pool), Secret: siphash.Key{K0: 1, K1: 2},
		MaxSuper: setup.MaxSuper, LongSuper: setup.LongSuper,
	}
	s.setup.Config.FixedISS = &s.setup.ISS
	s.setup.Config.Congestion = orElse(s.setup.Config.Congestion, "reno")
	s.setup.Config = s.setup.Config.WithDefaults()
	var err error
	if s.peer, err = notation.Parse(setup.Peer); err != nil {
		t.Fatal(err)
	}
	s.sndLimit = seq.Number(s.setup.ISS)
	t.Cleanup(s.finish)
	return s
}

func orElse[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

func (s *Script) id() tcp.ID {
	if s.setup.IPv6 {
		return tcp.ID{Local: netip.MustParseAddrPort("[2001:db8::1]:1000"), Remote: netip.MustParseAddrPort("[2001:db8::2]:2000")}
	}
	return tcp.ID{Local: netip.MustParseAddrPort("192.0.2.1:1000"), Remote: netip.MustParseAddrPort("192.0.2.2:2000")}
}

// finish runs when the test ends.
func (s *Script) finish() {
	if s.conn == nil || s.t.Failed() {
		return
	}
	if len(s.sent) > 0 {
		s.fail("the test ends and nobody expected %v", s.sent[0].Segment)
	}
	s.conn.Abort(s.now)
	s.conn.Events()
	if used := s.env.Pool.Used(); used != 0 {
		s.fail("the connection leaks %d bytes of chunks", used)
	}
}

// fail ends the test with the transcript.
func (s *Script) fail(format string, args ...any) {
	s.t.Helper()
	text := fmt.Sprintf(format, args...)
	s.t.Fatalf("at %v: %s\n%s\nstate %v, %+v\ncapture: %s", s.elapsed(), text, strings.Join(s.transcript, "\n"),
		s.conn.State(), s.conn.Info(s.now), s.record.Write())
}

func (s *Script) elapsed() time.Duration { return s.now.Sub(s.setup.Start) }

func (s *Script) note(format string, args ...any) {
	s.transcript = append(s.transcript, fmt.Sprintf("%12v  ", s.elapsed())+fmt.Sprintf(format, args...))
}

// Conn returns the connection. Who calls its commands calls Drain afterwards.
func (s *Script) Conn() *tcp.Conn { return s.conn }

// Env returns the connection's environment.
func (s *Script) Env() *tcp.Env { return s.env }

// Now returns the virtual time.
func (s *Script) Now() mono.Time { return s.now }

// Do runs a command on the connection and drains it.
func (s *Script) Do(name string, command func(c *tcp.Conn, now mono.Time)) {
	s.t.Helper()
	s.note("%s", name)
	command(s.conn, s.now)
	s.Drain()
}

// Write writes n bytes of the pattern in one go and fails if there is no room.
func (s *Script) Write(n int) {
	s.t.Helper()
	s.Do(fmt.Sprintf("write %d", n), func(c *tcp.Conn, now mono.Time) { s.Commit(n, true) })
}

// WriteClose writes n bytes and closes the connection for writing before it is drained.
func (s *Script) WriteClose(n int) {
	s.t.Helper()
	s.Do(fmt.Sprintf("write %d, close write", n), func(c *tcp.Conn, now mono.Time) {
		s.Commit(n, true)
		c.CloseWrite(now)
	})
}

// Commit writes n bytes and does not drain the connection. push says that the write ends.
func (s *Script) Commit(n int, push bool) {
	s.t.Helper()
	s.writing = !push
	if n == 0 {
		s.conn.Reserve(1)
		s.conn.Commit(s.now, 0, push)
	}
	for left := n; left > 0; {
		b := s.conn.Reserve(left)
		if len(b) == 0 {
			s.fail("no room to write %d of %d bytes", left, n)
		}
		notation.Fill(b, s.written+1)
		s.written += len(b)
		left -= len(b)
		s.conn.Commit(s.now, len(b), push && left == 0)
	}
}

// Read reads n bytes and checks them.
func (s *Script) Read(n int) {
	s.t.Helper()
	s.Do(fmt.Sprintf("read %d", n), func(c *tcp.Conn, now mono.Time) {
		for left := n; left > 0; {
			views := c.Peek(make([]buffer.View, 0, 4), left)
			got := 0
			for _, v := range views {
				if i := notation.Mismatch(v.B, s.read+got+1); i >= 0 {
					s.fail("byte %d read is wrong", s.read+got+i)
				}
				got += len(v.B)
			}
			if got == 0 {
				s.fail("%d of %d bytes missing", left, n)
			}
			s.env.Pool.ReleaseAll(views)
			s.read += got
			left -= got
			c.Consume(now, got)
		}
	})
}

// Push lets what was committed leave.
func (s *Script) Push() {
	s.t.Helper()
	s.writing = false
	s.Do("push", func(c *tcp.Conn, now mono.Time) { c.Push() })
}

// CloseWrite closes the connection for writing.
func (s *Script) CloseWrite() {
	s.t.Helper()
	s.Do("close write", func(c *tcp.Conn, now mono.Time) { c.CloseWrite(now) })
}

// Close closes the connection for reading and writing.
func (s *Script) Close() {
	s.t.Helper()
	s.Do("close", func(c *tcp.Conn, now mono.Time) { c.Close(now) })
}

// Abort aborts the connection.
func (s *Script) Abort() {
	s.t.Helper()
	s.Do("abort", func(c *tcp.Conn, now mono.Time) { c.Abort(now) })
}

// Advance lets d pass. Timers run when they are due.
func (s *Script) Advance(d time.Duration) {
	s.t.Helper()
	end := s.now.Add(d)
	for s.conn.Deadline() <= end {
		if at := s.conn.Deadline(); at > s.now {
			s.now = at
		}
		before := s.conn.Deadline()
		s.conn.Tick(s.now)
		if s.Drain(); s.conn.Deadline() == before {
			s.fail("Tick does not move the deadline")
		}
	}
	s.now = end
}
