package tcp_test

import (
	"testing"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// The data path does not allocate once the connection's memory has grown to its use.
func TestAllocations(t *testing.T) {
	for _, c := range []struct {
		name     string
		cfg      tcp.Config
		super    int
		reversed bool
		write    int
	}{
		{name: "in order", write: 50_000},
		{name: "reversed", reversed: true, write: 50_000},
		{name: "no options", cfg: tcp.Config{NoSACK: true, NoTimestamps: true}, write: 50_000},
		{name: "super-segments", super: 64 << 10, write: 50_000},
		{name: "one byte", write: 1},
		{name: "one segment", write: 1448},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(c.cfg, c.super)
			round := func() {
				for n := c.write; n > 0; {
					b := l.a.Reserve(n)
					n -= copy(b, l.src)
					l.a.Commit(l.now, len(b), n == 0)
				}
				for got := 0; got < c.write; got += l.read() {
					l.move(l.a, l.b, c.reversed)
					l.move(l.b, l.a, false)
					l.now += 1_000_000
					l.a.Tick(l.now)
					l.b.Tick(l.now)
				}
			}
			for range 200 {
				round()
			}
			if n := testing.AllocsPerRun(100, round); n > 0 {
				t.Errorf("%v allocations to move %d bytes", n, c.write)
			}
		})
	}
}

// An idle connection holds no buffer, whatever it has carried.
func TestIdleConnectionHoldsNoBuffer(t *testing.T) {
	l := newLoop(tcp.Config{}, 0)
	for range 100 {
		l.turn(true)
	}
	for l.a.Unacked() > 0 {
		l.move(l.a, l.b, false)
		l.read()
		l.move(l.b, l.a, false)
		l.now = max(l.now, min(l.a.Deadline(), l.b.Deadline()))
		l.a.Tick(l.now)
		l.b.Tick(l.now)
	}
	if used := l.env.Pool.Used(); used != 0 {
		t.Errorf("%d bytes of chunks", used)
	}
}

// Abort, RST, timeout and Close release everything, in the middle of whatever is going on. (Every script checks the same at
// its end.)
func TestNoLeaks(t *testing.T) {
	busy := func(t *testing.T) *tcptest.Script {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK>"})
		s.Write(8000)
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1001><ACK=1><DATA=500><CTL=ACK><SACK=2001:4001>")
		s.Ignore()
		return s
	}
	for _, c := range []struct {
		name string
		end  func(s *tcptest.Script)
	}{
		{"Abort", func(s *tcptest.Script) { s.Abort() }},
		{"Close", func(s *tcptest.Script) { s.Close() }}, // data was not read: a RST
		{"RST, then Close", func(s *tcptest.Script) { s.Recv("<SEQ=501><CTL=RST>"); s.Close() }},
		{"RST, then read", func(s *tcptest.Script) { s.Recv("<SEQ=501><CTL=RST>"); s.Read(500) }},
		{"timeout", func(s *tcptest.Script) { s.Advance(1e13); s.Ignore(); s.Read(500) }},
		{"TIME-WAIT", func(s *tcptest.Script) {
			s.CloseWrite()
			s.Recv("<SEQ=501><ACK=8002><DATA=500><CTL=ACK>", "<SEQ=1501><ACK=8002><CTL=FIN,ACK>")
			s.Recv("<SEQ=501><ACK=1><DATA=500><CTL=ACK>")
			s.Ignore()
			s.Read(1500)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := busy(t)
			views := s.Conn().Peek(make([]buffer.View, 0, 1), 100) // somebody is reading
			c.end(s)
			s.Ignore()
			s.Env().Pool.ReleaseAll(views)
			if used := s.Env().Pool.Used(); used != 0 {
				t.Errorf("%d bytes of chunks are held", used)
			}
		})
	}
}

// A writer that is copying while the connection ends comes back with bytes that nobody wants.
func TestCommitAfterEnd(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	b := s.Conn().Reserve(100)
	s.Recv("<SEQ=1><CTL=RST>")
	b[0] = 1
	s.Do("commit", func(c *tcp.Conn, now mono.Time) { c.Commit(now, len(b), true) })
	s.ExpectNone()
	if s.Conn().Writable() != 0 || s.Conn().Reserve(1) != nil {
		t.Error("writable after the end")
	}
	if used := s.Env().Pool.Used(); used != 0 {
		t.Errorf("%d bytes of chunks are held", used)
	}
}

// Every connection can write a little, however full the pool is; then it waits for its own data to be acknowledged.
func TestPoolExhausted(t *testing.T) {
	const due = 4 << 10
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Pool: 4 << 10})
	hog := s.Env().Pool.Get(64 << 10)
	s.Write(100)
	s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
	if got := s.Conn().Writable(); got != due-100 {
		t.Errorf("%d bytes writable", got)
	}
	s.Write(due - 100)
	s.Ignore()
	if got := s.Conn().Writable(); got != 0 {
		t.Errorf("%d bytes writable", got)
	}
	s.TakeEvents()
	s.Recv("<SEQ=1><ACK=3101><CTL=ACK>")
	s.ExpectEvents(tcp.EventWritable)
	s.Write(100)
	s.Ignore()
	s.Env().Pool.Release(hog)
}
