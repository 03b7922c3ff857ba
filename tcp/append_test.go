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
			s.Do("append", func(c *tcp.Conn, now mono.Time) { c.Append(now, lent, loan) })
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
	s.Do("append", func(c *tcp.Conn, now mono.Time) { c.Append(now, [][]byte{{1}}, loan) })
	if s.Env().Pool.Returned() != loan {
		t.Error("it did not come back")
	}
	s.ExpectNone()
}
