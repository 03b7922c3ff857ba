package tcp_test

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// "When a connection is closed actively, it MUST linger in the TIME-WAIT state for a time 2xMSL (Maximum Segment
// Lifetime) (MUST-13)."
//
// req: RFC9293 MUST-13
func TestTimeWaitLasts(t *testing.T) {
	for _, start := range []tcptest.Start{tcptest.TimeWait, tcptest.ClosedTimeWait} {
		t.Run(start.String(), func(t *testing.T) {
			s := tcptest.New(t, start, tcptest.Setup{})
			s.Advance(60*time.Second - 1)
			s.ExpectState(tcp.StateTimeWait)
			s.Advance(1)
			s.ExpectNone()
			s.ExpectClosed(nil)
		})
	}
	t.Run("as long as set", func(t *testing.T) {
		s := tcptest.New(t, tcptest.TimeWait, tcptest.Setup{Config: tcp.Config{TimeWait: time.Second}})
		s.Advance(time.Second)
		s.ExpectClosed(nil)
	})
}

// "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and restart the 2
// MSL timeout."
func TestTimeWaitRestarts(t *testing.T) {
	s := tcptest.New(t, tcptest.TimeWait, tcptest.Setup{})
	s.Advance(50 * time.Second)
	s.Recv("<SEQ=1><ACK=2><CTL=FIN,ACK>")
	s.ExpectOnly("<SEQ=2><ACK=2><CTL=ACK>")
	s.Advance(59 * time.Second)
	s.ExpectState(tcp.StateTimeWait)
	s.Recv("<SEQ=2><ACK=2><CTL=ACK>") // nothing else restarts it
	s.Recv("<SEQ=-99><ACK=2><DATA=100><CTL=ACK>")
	s.ExpectOnly("<SEQ=2><ACK=2><CTL=ACK>")
	s.Advance(time.Second)
	s.ExpectClosed(nil)
}

// Bytes that came before the FIN are still there to be read; nothing else is held.
func TestTimeWaitMemory(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Do("keep-alive", func(c *tcp.Conn, now mono.Time) { c.SetKeepAlive(now, true) })
	s.WriteClose(5000)
	s.Ignore()
	s.Recv("<SEQ=1><ACK=5002><DATA=100><CTL=FIN,ACK>")
	s.Expect("<SEQ=5002><ACK=102><CTL=ACK>")
	s.ExpectState(tcp.StateTimeWait)
	s.Read(100)
	if used := s.Env().Pool.Used(); used != 0 {
		t.Errorf("holds %d bytes", used)
	}
	s.Advance(60 * time.Second)
	s.ExpectNone()
	s.ExpectClosed(nil)
}

// RFC 6191, Section 2, for "any SYN that arrives for a connection in TIME-WAIT": "honor the connection request" or "the
// incoming SYN segment … SHOULD be silently dropped".
//
// req: RFC9293 MAY-2, SHLD-4
func TestTimeWaitReuse(t *testing.T) {
	const irs, lastTS = 20_000, 50_000
	for _, c := range []struct {
		name     string
		stamped  bool // the connection that was used timestamps
		flags    wire.Flags
		seq      uint32
		ts       uint32 // 0: none
		expected bool
	}{
		{"plain, sequence number greater", false, wire.SYN, irs + 3, 0, true},
		{"plain, sequence number equal", false, wire.SYN, irs + 2, 0, false},
		{"plain, sequence number smaller", false, wire.SYN, irs - 5, 0, false},
		{"timestamps only now", false, wire.SYN, irs - 5, 1, true},
		{"timestamp greater", true, wire.SYN, irs - 5, lastTS + 1, true},
		{"timestamp equal, sequence number greater", true, wire.SYN, irs + 3, lastTS, true},
		{"timestamp equal, sequence number smaller", true, wire.SYN, irs - 5, lastTS, false},
		{"timestamp smaller", true, wire.SYN, irs + 3, lastTS - 1, false},
		{"timestamps no more, sequence number greater", true, wire.SYN, irs + 3, 0, true},
		{"timestamps no more, sequence number smaller", true, wire.SYN, irs - 5, 0, false},
		{"not a SYN", false, wire.ACK, irs + 3, 0, false},
		{"SYN-ACK", false, wire.SYN | wire.ACK, irs + 3, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			setup := tcptest.Setup{IRS: irs}
			if c.stamped {
				setup.Peer, setup.TSBase = "<WND=10000><MSS=1000><TS=0,0>", lastTS
			}
			s := tcptest.New(t, tcptest.TimeWait, setup)
			seg := &tcp.Segment{Header: wire.TCP{Flags: c.flags, Seq: c.seq}}
			if c.ts != 0 {
				seg.Header.Options = wire.TCPOptions{HasTimestamps: true, TSVal: c.ts}
			}
			if got := s.Conn().CanReuse(seg); got != c.expected {
				t.Errorf("got %v, want %v", got, c.expected)
			}
		})
	}
	t.Run("other states", func(t *testing.T) {
		seg := &tcp.Segment{Header: wire.TCP{Flags: wire.SYN, Seq: irs + 100}}
		for _, start := range []tcptest.Start{tcptest.Established, tcptest.LastAck, tcptest.Closing} {
			if s := tcptest.New(t, start, tcptest.Setup{IRS: irs}); s.Conn().CanReuse(seg) {
				t.Errorf("%v: reused", start)
			}
		}
	})
}
