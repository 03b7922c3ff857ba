package tcp_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// RFC 9293, Section 3.5, Figure 6: "Basic Three-Way Handshake for Connection Synchronization".
func TestHandshake(t *testing.T) {
	t.Run("active", func(t *testing.T) {
		s := tcptest.Dial(t, tcptest.Setup{})
		s.ExpectOnly("<SEQ=0><WND=65535><CTL=SYN><MSS=1460><WS=8><SACKOK><TS=0,0>")
		s.ExpectState(tcp.StateSynSent)
		s.ExpectEvents(0)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK><NOTS>")
		s.ExpectState(tcp.StateEstablished)
		s.ExpectEvents(tcp.EventConnected | tcp.EventWritable)
	})
	t.Run("passive", func(t *testing.T) {
		s := tcptest.Accept(t, tcptest.Setup{})
		s.ExpectOnly("<SEQ=0><ACK=1><WND=65535><CTL=SYN,ACK><MSS=1460><NOTS>")
		s.ExpectState(tcp.StateSynReceived)
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		s.ExpectNone()
		s.ExpectState(tcp.StateEstablished)
		s.ExpectEvents(tcp.EventConnected | tcp.EventWritable)
	})
	t.Run("passive, data with the last ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>")
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK>")
		s.Read(100)
	})
	t.Run("passive, FIN with the last ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK,PSH>")
		s.ExpectOnly("<SEQ=1><ACK=102><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
		s.Read(100)
	})
	t.Run("active, data with the SYN-ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><ACK=1><DATA=100><CTL=SYN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK>")
		s.Read(100)
	})
	t.Run("active, FIN with the SYN-ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=2><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
	})
	t.Run("active, data in the same batch as the SYN-ACK", func(t *testing.T) {
		// The window that our SYN offered holds from the start.
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>", "<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectDrop(tcp.Accepted)
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK>")
		s.Read(100)
	})
}

// RFC 9293, Section 3.5, Figure 7: "Simultaneous Connection Synchronization": "A TCP implementation MUST support
// simultaneous open attempts (MUST-10)."
//
// req: RFC9293 MUST-10
func TestSimultaneousOpen(t *testing.T) {
	t.Run("completed by a SYN-ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><CTL=SYN>")
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>")
		s.ExpectState(tcp.StateSynReceived)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.ExpectState(tcp.StateEstablished)
		s.ExpectNone()
	})
	t.Run("the window of the SYN-ACK is not scaled", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><WND=2000><CTL=SYN><MSS=1000><WS=8>")
		s.Recv("<SEQ=0><ACK=1><WND=2000><CTL=SYN,ACK><MSS=1000><WS=8>")
		s.ExpectState(tcp.StateEstablished)
		s.Ignore()
		if got := s.Info().SndWnd; got != 2000 {
			t.Errorf("SND.WND = %d, want 2000", got)
		}
	})
	t.Run("completed by an ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.CrossedSYNs, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		s.ExpectState(tcp.StateEstablished)
	})
	t.Run("the SYN-ACK is lost", func(t *testing.T) {
		s := tcptest.New(t, tcptest.CrossedSYNs, tcptest.Setup{})
		s.ExpectAfter(time.Second, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv("<SEQ=0><CTL=SYN>")
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	})
	t.Run("refused", func(t *testing.T) {
		// "If this connection was initiated with an active OPEN (i.e., came from SYN-SENT state), then the connection
		// was refused; signal the user 'connection refused'."
		//
		// req: RFC9293 MUST-11
		s := tcptest.New(t, tcptest.CrossedSYNs, tcptest.Setup{})
		s.Recv("<SEQ=1><CTL=RST>")
		s.ExpectClosed(syscall.ECONNREFUSED)
	})
}

// RFC 9293, Section 3.10.7.3.
//
// req: RFC5961 3.2-6
func TestSynSent(t *testing.T) {
	for _, c := range []struct {
		name, recv string
		drop       tcp.Drop
		answer     string
		err        error // if the connection is closed by it
	}{
		// "If SEG.ACK =< ISS or SEG.ACK > SND.NXT, send a reset (unless the RST bit is set, if so drop the segment and
		// return) <SEQ=SEG.ACK><CTL=RST> and discard the segment."
		{name: "ACK of ISS", recv: "<SEQ=0><ACK=0><CTL=SYN,ACK>", drop: tcp.DropBadAckInHandshake, answer: "<SEQ=0><WND=0><CTL=RST>"},
		{name: "ACK beyond SND.NXT", recv: "<SEQ=0><ACK=2><CTL=SYN,ACK>", drop: tcp.DropBadAckInHandshake, answer: "<SEQ=2><WND=0><CTL=RST>"},
		{name: "ACK beyond, no SYN", recv: "<SEQ=7><ACK=500><CTL=ACK>", drop: tcp.DropBadAckInHandshake, answer: "<SEQ=500><CTL=RST>"},
		{name: "RST with bad ACK", recv: "<SEQ=0><ACK=2><CTL=RST,ACK>", drop: tcp.DropBadAckInHandshake},
		// "If the RST bit is set … If the ACK was acceptable, then signal to the user 'error: connection reset', drop
		// the segment, enter CLOSED state, delete TCB, and return. Otherwise (no ACK), drop the segment and return."
		{name: "RST with ACK", recv: "<SEQ=0><ACK=1><CTL=RST,ACK>", drop: tcp.Accepted, err: syscall.ECONNREFUSED},
		{name: "RST without ACK", recv: "<SEQ=0><CTL=RST>", drop: tcp.DropRSTInHandshake},
		// "Fifth, if neither of the SYN or RST bits is set, then drop the segment and return."
		{name: "neither SYN nor RST", recv: "<SEQ=0><ACK=1><CTL=ACK>", drop: tcp.DropNotSYN},
		{name: "data", recv: "<SEQ=0><ACK=1><DATA=100><CTL=ACK>", drop: tcp.DropNotSYN},
		{name: "FIN", recv: "<SEQ=0><ACK=1><CTL=FIN,ACK>", drop: tcp.DropNotSYN},
		{name: "no bits", recv: "<SEQ=0>", drop: tcp.DropNotSYN},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
			s.Recv(c.recv)
			s.ExpectDrop(c.drop)
			if c.err != nil {
				s.ExpectClosed(c.err)
				s.ExpectNone()
				return
			}
			s.ExpectState(tcp.StateSynSent)
			if c.answer != "" {
				s.Expect(c.answer)
			}
			s.ExpectNone()
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>") // and the handshake is none the worse
			s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
			s.ExpectState(tcp.StateEstablished)
		})
	}
	t.Run("a refused segment and a RST in one batch", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=7><ACK=500><CTL=ACK>", "<SEQ=0><ACK=1><CTL=RST,ACK>")
		s.ExpectClosed(syscall.ECONNREFUSED)
		s.ExpectNone() // the peer has no connection to reset
	})
}

// RFC 9293, Section 3.10.7.4, in SYN-RECEIVED.
func TestSynReceived(t *testing.T) {
	for _, c := range []struct {
		name, recv string
		drop       tcp.Drop
		answer     string
		state      tcp.State
	}{
		{name: "repeated SYN", recv: "<SEQ=0><CTL=SYN>", drop: tcp.DropDuplicate, answer: "<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>", state: tcp.StateSynReceived},
		{name: "repeated SYN with data", recv: "<SEQ=0><DATA=10><CTL=SYN>", drop: tcp.DropDuplicate, answer: "<SEQ=0><ACK=1><CTL=SYN,ACK>", state: tcp.StateSynReceived},
		{name: "another SYN", recv: "<SEQ=500><CTL=SYN>", drop: tcp.DropSYNInWindow, answer: "<SEQ=1><ACK=1><CTL=ACK>", state: tcp.StateSynReceived},
		{name: "SYN out of window", recv: "<SEQ=-500><CTL=SYN>", drop: tcp.DropOutOfWindow, answer: "<SEQ=1><ACK=1><CTL=ACK>", state: tcp.StateSynReceived},
		// "If the segment acknowledgment is not acceptable, form a reset segment <SEQ=SEG.ACK><CTL=RST> and send it."
		{name: "ACK of ISS", recv: "<SEQ=1><ACK=0><CTL=ACK>", drop: tcp.DropBadAckInHandshake, answer: "<SEQ=0><WND=0><CTL=RST>", state: tcp.StateSynReceived},
		{name: "ACK beyond SND.NXT", recv: "<SEQ=1><ACK=2><CTL=ACK>", drop: tcp.DropBadAckInHandshake, answer: "<SEQ=2><WND=0><CTL=RST>", state: tcp.StateSynReceived},
		{name: "no ACK", recv: "<SEQ=1><DATA=5><CTL=PSH>", drop: tcp.DropNoACK, state: tcp.StateSynReceived},
		{name: "RST", recv: "<SEQ=1><CTL=RST>", drop: tcp.Accepted, state: tcp.StateClosed},
		{name: "RST in window", recv: "<SEQ=2><CTL=RST>", drop: tcp.DropRSTInexact, answer: "<SEQ=1><ACK=1><CTL=ACK>", state: tcp.StateSynReceived},
		{name: "RST out of window", recv: "<SEQ=0><CTL=RST>", drop: tcp.DropRSTOutOfWindow, state: tcp.StateSynReceived},
		{name: "ACK, data out of order", recv: "<SEQ=101><ACK=1><DATA=5><CTL=ACK>", answer: "<SEQ=1><ACK=1><CTL=ACK>", state: tcp.StateEstablished},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
			s.Recv(c.recv)
			s.ExpectDrop(c.drop)
			if c.answer != "" {
				s.Expect(c.answer)
			}
			s.ExpectNone()
			s.ExpectState(c.state)
		})
	}
}

// RFC 9293, Section 3.10.7.2, LISTEN: what does not open a connection.
func TestAcceptRefuses(t *testing.T) {
	for _, flags := range []string{"ACK", "SYN,ACK", "RST", "SYN,RST", "SYN,FIN", "FIN"} {
		if c, drop := tcptest.TryAccept(t, "<SEQ=0><ACK=1><CTL="+flags+">"); c != nil || drop != tcp.DropNotSYN {
			t.Errorf("%s: accepted (%v)", flags, drop)
		}
	}
}

// The schedule of repeated SYNs: a second between the first five, then doubling, two minutes in all, as in Linux.
//
// req: RFC9293 MUST-22
func TestSYNSchedule(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
	for _, wait := range []int{1, 1, 1, 1, 1, 2, 4, 8, 16, 32} {
		s.ExpectAfter(time.Duration(wait)*time.Second, "<SEQ=0><CTL=SYN><MSS=1460><WS=8><SACKOK>")
	}
	s.Advance(64*time.Second - 1)
	s.ExpectState(tcp.StateSynSent)
	s.Advance(1)
	s.ExpectNone()
	s.ExpectClosed(syscall.ETIMEDOUT)
	s.ExpectEvents(tcp.EventConnected | tcp.EventReadable | tcp.EventWritable | tcp.EventFinished | tcp.EventClosed)
}

// A peer that still knows an old connection between the two ports answers our SYN with an ACK of that. Our RST ends it
// (RFC 9293, Section 3.5.1, Figure 9), and the SYN that follows need not wait for the timeout. Once: as in Linux.
func TestSYNAfterRefusal(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
	s.Recv("<SEQ=700><ACK=500><CTL=ACK>")
	s.ExpectOnly("<SEQ=500><CTL=RST>")
	s.ExpectAfter(2*time.Millisecond, "<SEQ=0><CTL=SYN>")
	s.Recv("<SEQ=700><ACK=500><CTL=ACK>")
	s.ExpectOnly("<SEQ=500><CTL=RST>")
	s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
	s.ExpectState(tcp.StateEstablished)

	s = tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
	s.Recv("<SEQ=700><ACK=500><CTL=ACK>")
	s.Expect("<SEQ=500><CTL=RST>")
	s.ExpectAfter(2*time.Millisecond, "<SEQ=0><CTL=SYN>")
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	if got := s.Info().SndCwnd; got != 10_000 {
		t.Errorf("no SYN was lost, and the initial window is %d", got)
	}
}

func TestSYNScheduleSettings(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Config: tcp.Config{SYNRetries: 2, InitialRTO: 3 * time.Second}})
	s.ExpectAfter(3*time.Second, "<SEQ=0><CTL=SYN>")
	s.ExpectAfter(3*time.Second, "<SEQ=0><CTL=SYN>")
	s.Advance(3 * time.Second)
	s.ExpectClosed(syscall.ETIMEDOUT)
}

func TestSYNACKSchedule(t *testing.T) {
	for _, start := range []tcptest.Start{tcptest.SynReceived, tcptest.CrossedSYNs} {
		t.Run(start.String(), func(t *testing.T) {
			s := tcptest.New(t, start, tcptest.Setup{})
			for _, wait := range []int{1, 2, 4, 8, 16} {
				s.ExpectAfter(time.Duration(wait)*time.Second, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
			}
			s.Advance(32 * time.Second)
			s.ExpectNone()
			s.ExpectClosed(syscall.ETIMEDOUT)
		})
	}
}

// A repeated SYN repeats the SYN-ACK and leaves its timer alone.
func TestRepeatedSYNKeepsSchedule(t *testing.T) {
	s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
	s.Advance(900 * time.Millisecond)
	s.Recv("<SEQ=0><CTL=SYN>")
	s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.ExpectAfter(100*time.Millisecond, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.ExpectAfter(2*time.Second, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
}

// RFC 6298, Section 3: "RTT samples MUST NOT be made using segments that were retransmitted (and thus for which it is
// ambiguous whether the reply was for the first instance of the packet or a later instance)."
//
// req: RFC6298 3-1, 3-2
func TestHandshakeRTT(t *testing.T) {
	const rtt = 300 * time.Millisecond
	check := func(t *testing.T, s *tcptest.Script, want time.Duration) {
		t.Helper()
		s.ExpectState(tcp.StateEstablished)
		if got := s.Info().RTT; got != want {
			t.Errorf("got RTT %v, want %v", got, want)
		}
	}
	t.Run("active", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Advance(rtt)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
		check(t, s, rtt)
	})
	t.Run("passive", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
		s.Advance(rtt)
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		check(t, s, rtt)
	})
	t.Run("the SYN-ACK was repeated on request", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
		s.Advance(rtt)
		s.Recv("<SEQ=0><CTL=SYN>")
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		check(t, s, 0)
	})
	t.Run("crossed SYNs", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Advance(rtt)
		s.Recv("<SEQ=0><CTL=SYN>")
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>") // of the SYN or of the SYN-ACK?
		check(t, s, 0)
	})
	t.Run("timestamps tell which", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=10000><MSS=1000><TS=0,0>"})
		s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
		s.Advance(rtt)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK><TS=1,1000>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><TS=1300,1>")
		check(t, s, rtt)
	})
}

// "If the timer expires awaiting the ACK of a SYN segment and the TCP implementation is using an RTO less than 3
// seconds, the RTO MUST be re-initialized to 3 seconds when data transmission begins" (RFC 6298, Section 5.7).
//
// req: RFC6298 5-8
func TestLostSYN(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
	s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	s.Write(100)
	s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
	s.ExpectAfter(3*time.Second, "<SEQ=1><DATA=100><CTL=ACK,PSH>")
}
