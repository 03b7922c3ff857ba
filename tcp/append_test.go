package tcp_test

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// What is lent is sent from where it lies, again if it is lost, and comes back once: when the last byte is acknowledged, or the
// connection ends, and no segment that shows it is held any more.
func TestAppendLent(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(s *tcptest.Script)
	}{
		{"acknowledged", func(s *tcptest.Script) { s.Recv("<SEQ=1><ACK=3001><CTL=ACK>") }},
		{"reset", func(s *tcptest.Script) { s.Recv("<SEQ=1><CTL=RST>") }},
		{"aborted", func(s *tcptest.Script) { s.Do("abort", func(c *tcp.Conn, now mono.Time) { c.Abort(now) }) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000>"})
			lent := [][]byte{make([]byte, 700), nil, make([]byte, 1800), make([]byte, 500)}
			at := 1
			for _, b := range lent {
				notation.Fill(b, at)
				at += len(b)
			}
			used := s.Env().Pool.Used()
			loan := &buffer.Loan{}
			s.Do("append", func(c *tcp.Conn, now mono.Time) { c.Append(now, lent, loan, true) })
			if got := s.Env().Pool.Used(); got != used {
				t.Errorf("%d bytes of the pool, %d before: something was copied", got, used)
			}
			s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=1000><CTL=ACK,PSH>")
			s.Advance(3 * time.Second)
			s.Ignore() // it is sent again
			s.Recv("<SEQ=1><ACK=2501><CTL=ACK>")
			s.Ignore()
			if s.Env().Pool.Returned() != nil {
				t.Fatal("it came back before all of it was acknowledged")
			}
			c.end(s)
			s.Ignore()
			if s.Env().Pool.Returned() != loan || s.Env().Pool.Returned() != nil {
				t.Error("it did not come back once")
			}
		})
	}
}

// A connection that takes nothing any more gives back at once.
func TestAppendToClosed(t *testing.T) {
	s := tcptest.New(t, tcptest.FinWait1, tcptest.Setup{})
	loan := &buffer.Loan{}
	s.Do("append", func(c *tcp.Conn, now mono.Time) { c.Append(now, [][]byte{{1}}, loan, true) })
	if s.Env().Pool.Returned() != loan {
		t.Error("it did not come back")
	}
	s.ExpectNone()
}

// What is replaced comes back although it is not acknowledged, and what is sent again is the copy.
func TestReplaceLent(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000>"})
	b, loan := make([]byte, 3000), &buffer.Loan{}
	notation.Fill(b, 1)
	start := s.Conn().WriteOffset()
	s.Do("append", func(c *tcp.Conn, now mono.Time) { c.Append(now, [][]byte{b}, loan, true) })
	s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=1000><CTL=ACK,PSH>")
	s.Recv("<SEQ=1><ACK=1001><CTL=ACK>")
	s.ExpectNone()
	if got := s.Conn().UnackedOffset(); got != start+1000 {
		t.Errorf("offset %d is not acknowledged, want %d", got, start+1000)
	}
	chunk := s.Env().Pool.Get(2000)
	copy(chunk.B, b[1000:])
	s.Do("replace", func(c *tcp.Conn, now mono.Time) {
		c.Replace(start+1000, []buffer.View{{B: chunk.B[:2000], Chunk: chunk}})
	})
	if s.Env().Pool.Returned() != loan {
		t.Error("it did not come back")
	}
	clear(b)
	s.Advance(3 * time.Second)
	s.Ignore() // it is sent again, and compared with what it has to be
	s.Recv("<SEQ=1><ACK=3001><CTL=ACK>")
	s.ExpectNone()
}

// What may leave at once is what both windows have room for, less what waits already.
func TestSendable(t *testing.T) {
	for _, c := range []struct {
		name    string
		peer    string
		pacing  bool
		written int
		want    int
	}{
		{"congestion window", "<WND=60000><MSS=1000>", false, 0, 10_000},
		{"peer's window", "<WND=7000><MSS=1000>", false, 0, 7000},
		{"some in flight", "<WND=60000><MSS=1000>", false, 4000, 6000},
		{"some waits", "<WND=60000><MSS=1000>", false, 12_000, 0},
		{"paced", "<WND=60000><MSS=1000>", true, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: c.peer, Config: tcp.Config{Pacing: c.pacing}})
			if c.written > 0 {
				s.Write(c.written)
				s.Ignore()
			}
			if got := s.Conn().Sendable(); got != c.want {
				t.Errorf("%d bytes, want %d", got, c.want)
			}
		})
	}
	for _, start := range []tcptest.Start{tcptest.SynSent, tcptest.FinWait1} {
		s := tcptest.New(t, start, tcptest.Setup{})
		if got := s.Conn().Sendable(); got != 0 {
			t.Errorf("start %d: %d bytes, want 0", start, got)
		}
	}
}
