package tcp_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// closedWindow returns a connection with 5000 bytes to send and a peer that closed its window after the first 1000. The
// timeout is 300 ms.
func closedWindow(t *testing.T, cfg tcp.Config) *tcptest.Script {
	t.Helper()
	cfg.MinRTO = 300 * time.Millisecond
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=1000><MSS=1000>", Config: cfg})
	s.Write(5000)
	s.Expect("<SEQ=1><DATA=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK>")
	s.ExpectNone()
	return s
}

// probe is what a closed window is probed with: SEQ=SND.UNA-1, no data.
const probe = "<SEQ=1000><ACK=1><CTL=ACK>"

// "The transmitting host SHOULD send the first zero-window probe when a zero window has existed for the retransmission
// timeout period (SHLD-29) (Section 3.8.1), and SHOULD increase exponentially the interval between successive probes
// (SHLD-30)" (RFC 9293, Section 3.8.6.1).
//
// req: RFC9293 MUST-35, MUST-36, SHLD-29, SHLD-30, MAY-8
func TestPersist(t *testing.T) {
	t.Run("backs off to the longest timeout", func(t *testing.T) {
		s := closedWindow(t, tcp.Config{})
		wait := s.Info().RTO
		for range 14 {
			s.ExpectAfter(wait, probe)
			s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK>")
			s.ExpectNone()
			wait = min(2*wait, 120*time.Second)
		}
	})
	t.Run("survives for ever while answered", func(t *testing.T) {
		// "As long as the receiving TCP peer continues to send acknowledgments in response to the probe segments, the
		// sending TCP peer MUST allow the connection to stay open (MUST-37)."
		//
		// req: RFC9293 MUST-37
		s := closedWindow(t, tcp.Config{})
		for range 500 {
			s.Advance(120 * time.Second)
			if n, _ := s.Sent(); n == 0 {
				t.Fatal("no probe")
			}
			s.Ignore()
			s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK>")
		}
		s.Recv("<SEQ=1><ACK=1001><WND=1000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1001><DATA=1000><CTL=ACK>")
		if cwnd := s.Info().SndCwnd; cwnd < 1000 {
			t.Errorf("probing costs the congestion window: %d", cwnd)
		}
	})
	t.Run("gives up when not", func(t *testing.T) {
		s := closedWindow(t, tcp.Config{DataRetries: 3})
		wait := s.Info().RTO
		for range 3 {
			s.ExpectAfter(wait, probe)
			wait *= 2
		}
		s.Advance(wait)
		s.Expect("<SEQ=1001><ACK=1><CTL=RST,ACK>")
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("a probe brings the window update that was lost", func(t *testing.T) {
		s := closedWindow(t, tcp.Config{})
		s.ExpectAfter(s.Info().RTO, probe)
		s.Recv("<SEQ=1><ACK=1001><WND=2000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=1000><CTL=ACK>")
	})
	t.Run("begins anew when the window closes again", func(t *testing.T) {
		s := closedWindow(t, tcp.Config{})
		s.Advance(10 * time.Second)
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1001><WND=1000><CTL=ACK>")
		s.Expect("<SEQ=1001><DATA=1000><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=2001><WND=0><CTL=ACK>")
		s.ExpectAfter(s.Info().RTO, "<SEQ=2000><ACK=1><CTL=ACK>")
	})
	t.Run("the first data", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=0><MSS=1000>"})
		s.Write(10)
		s.ExpectAfter(s.Info().RTO, "<SEQ=0><ACK=1><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=1><WND=1000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><DATA=10><CTL=ACK,PSH>")
	})
	for _, start := range []tcptest.Start{tcptest.Established, tcptest.CloseWait} {
		t.Run("a FIN alone, from "+start.String(), func(t *testing.T) {
			s := tcptest.New(t, start, tcptest.Setup{Peer: "<WND=0><MSS=1000>"})
			s.CloseWrite()
			s.ExpectNone()
			s.Advance(s.Info().RTO)
			s.Ignore()
			rcv := 1
			if start == tcptest.CloseWait {
				rcv = 2
			}
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><WND=1><CTL=ACK>", rcv))
			s.ExpectOnly(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=FIN,ACK>", rcv))
		})
	}
}

// "SHOULD NOT time out the connection if data beyond the right window edge is not acknowledged (SHLD-17). If the window
// shrinks to zero, the TCP implementation MUST probe it in the standard way (MUST-35)." The retransmissions are the probes.
//
// req: RFC9293 SHLD-16, SHLD-17, MUST-35
func TestWindowShrinksToZero(t *testing.T) {
	cfg := tcp.Config{DataRetries: 3}
	t.Run("the peer answers", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg})
		s.Write(2000)
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1><WND=0><CTL=ACK>")
		for range 50 {
			s.Advance(s.Conn().Deadline().Sub(s.Now()))
			s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>")
			s.Recv("<SEQ=1><ACK=1><WND=0><CTL=ACK>")
		}
		s.Recv("<SEQ=1><ACK=1001><WND=10000><CTL=ACK>")
		s.Expect("<SEQ=1001><DATA=1000><CTL=ACK,PSH>")
		s.Recv("<SEQ=1><ACK=2001><WND=10000><CTL=ACK>")
	})
	t.Run("the window opens again", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg})
		s.Write(2000)
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1><WND=0><CTL=ACK>")
		for range 10 {
			s.Advance(s.Conn().Deadline().Sub(s.Now()))
			s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>")
			s.Recv("<SEQ=1><ACK=1><WND=0><CTL=ACK>")
		}
		s.Recv("<SEQ=1><ACK=1><WND=10000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>") // without waiting for the next probe
		s.Recv("<SEQ=1><ACK=1001><WND=10000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1001><DATA=1000><CTL=ACK,PSH>")
	})
	t.Run("the peer is silent", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg})
		s.Write(2000)
		s.Recv("<SEQ=1><ACK=1><WND=0><CTL=ACK>")
		s.Advance(10 * time.Minute)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
}

// A peer that took its window back drops what lies beyond it, with the acknowledgment that is in it.
//
// req: RFC9293 MUST-34
func TestAcknowledgesWithinShrunkWindow(t *testing.T) {
	shrunk := func(t *testing.T, peer, window string) *tcptest.Script {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: peer})
		s.Write(4000)
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1001>" + window + "<CTL=ACK>")
		s.ExpectNone()
		return s
	}
	t.Run("closed", func(t *testing.T) {
		s := shrunk(t, "<WND=4000><MSS=1000>", "<WND=0>")
		s.Recv("<SEQ=1><ACK=1001><WND=0><DATA=2000><CTL=ACK,PSH>")
		s.ExpectOnly("<SEQ=1001><ACK=2001><CTL=ACK>")
		s.Abort()
		s.ExpectOnly("<SEQ=1001><ACK=2001><CTL=RST,ACK>")
	})
	t.Run("in part", func(t *testing.T) {
		s := shrunk(t, "<WND=4000><MSS=1000>", "<WND=1500>")
		s.Recv("<SEQ=1><ACK=1001><WND=1500><DATA=2000><CTL=ACK,PSH>")
		s.ExpectOnly("<SEQ=2501><ACK=2001><CTL=ACK>")
	})
	t.Run("by less than the field shows", func(t *testing.T) {
		s := shrunk(t, "<WND=4000><MSS=1000><WS=7>", "<WND=23>") // 2944 of 3000 bytes
		s.Recv("<SEQ=1><ACK=1001><WND=23><DATA=2000><CTL=ACK,PSH>")
		s.ExpectOnly("<SEQ=4001><ACK=2001><CTL=ACK>")
	})
}

// A connection its user has closed waits for a closed window no longer than for acknowledgments.
func TestOrphanTimeouts(t *testing.T) {
	t.Run("closed window, answered", func(t *testing.T) {
		s := closedWindow(t, tcp.Config{OrphanRetries: 4})
		s.Close()
		wait := s.Info().RTO
		for range 4 {
			s.ExpectAfter(wait, probe)
			s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK>")
			wait *= 2
		}
		s.Advance(wait)
		s.Expect("<SEQ=1001><ACK=1><CTL=RST,ACK>")
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("no acknowledgment", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{OrphanRetries: 2}})
		s.Close()
		s.Expect("<SEQ=1><CTL=FIN,ACK>")
		wait := s.Info().RTO
		s.ExpectAfter(wait, "<SEQ=1><CTL=FIN,ACK>")
		s.ExpectAfter(2*wait, "<SEQ=1><CTL=FIN,ACK>")
		s.Advance(4 * wait)
		s.ExpectOnly("<SEQ=2><ACK=1><CTL=RST,ACK>")
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
}

// RFC 9293, Section 3.10.8: "If the user timeout expires, flush all queues, signal the user 'error: connection aborted due
// to user timeout' in general and for any outstanding calls, delete the TCB, enter the CLOSED state, and return."
//
// req: RFC9293 MUST-20, MUST-21, SHLD-11
func TestUserTimeout(t *testing.T) {
	const timeout = 5 * time.Second
	set := tcp.Config{UserTimeout: timeout}
	t.Run("data", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: set})
		s.Advance(time.Hour) // idle time does not count
		s.Write(100)
		s.Advance(timeout - 1)
		s.ExpectState(tcp.StateEstablished)
		s.Advance(1)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("progress", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: set})
		s.Write(9000)
		for at := 1001; at <= 9001; at += 1000 {
			s.Advance(timeout - 1)
			s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at))
		}
		s.Ignore()
		s.Advance(time.Hour)
		s.ExpectState(tcp.StateEstablished)
	})
	t.Run("closed window", func(t *testing.T) {
		s := closedWindow(t, set)
		s.Advance(timeout - 1)
		s.ExpectState(tcp.StateEstablished)
		s.Advance(1)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("closed window, answered", func(t *testing.T) {
		// "The sending TCP peer MUST allow the connection to stay open (MUST-37)" unless the user says how long.
		s := closedWindow(t, set)
		for range timeout/time.Second - 1 {
			s.Advance(time.Second)
			s.Ignore()
			s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK>")
		}
		s.ExpectState(tcp.StateEstablished)
		s.Advance(time.Second)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("SYN", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Config: set})
		s.Advance(timeout)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("set later", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(100)
		s.Advance(3 * time.Second)
		s.Do("user timeout", func(c *tcp.Conn, now mono.Time) { c.SetUserTimeout(timeout) })
		s.Advance(10 * time.Second)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("none: 15 retransmissions", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(100)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		wait := s.Info().RTO
		for range 15 {
			s.ExpectAfter(wait, "<SEQ=1><DATA=100><CTL=ACK,PSH>")
			wait = min(2*wait, 120*time.Second)
		}
		s.Advance(wait - 1)
		s.ExpectState(tcp.StateEstablished)
		s.Advance(1)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
}
