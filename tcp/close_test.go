package tcp_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// RFC 9293, Section 3.6, Figure 12: "Normal Close Sequence".
func TestNormalClose(t *testing.T) {
	t.Run("actively", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.CloseWrite()
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=FIN,ACK>")
		s.ExpectState(tcp.StateFinWait1)
		s.ExpectEvents(0)
		s.Recv("<SEQ=1><ACK=2><CTL=ACK>")
		s.ExpectNone()
		s.ExpectState(tcp.StateFinWait2)
		s.ExpectEvents(tcp.EventFinished)
		s.Recv("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=2><ACK=2><CTL=ACK>")
		s.ExpectState(tcp.StateTimeWait)
		if !s.Conn().EOF() {
			t.Error("no EOF")
		}
		s.Advance(60 * time.Second)
		s.ExpectNone()
		s.ExpectClosed(nil)
	})
	t.Run("passively", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=2><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
		s.ExpectEvents(tcp.EventReadable)
		s.CloseWrite()
		s.ExpectOnly("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.ExpectState(tcp.StateLastAck)
		s.Recv("<SEQ=2><ACK=2><CTL=ACK>")
		s.ExpectNone()
		s.ExpectClosed(nil)
	})
	t.Run("actively, FIN and its ACK in one", func(t *testing.T) {
		s := tcptest.New(t, tcptest.FinWait1, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=2><ACK=2><CTL=ACK>")
		s.ExpectState(tcp.StateTimeWait)
	})
}

// Figure 13: "Simultaneous Close Sequence".
func TestSimultaneousClose(t *testing.T) {
	s := tcptest.New(t, tcptest.FinWait1, tcptest.Setup{})
	s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
	s.ExpectOnly("<SEQ=2><ACK=2><CTL=ACK>")
	s.ExpectState(tcp.StateClosing)
	s.Recv("<SEQ=2><ACK=2><CTL=ACK>")
	s.ExpectNone()
	s.ExpectState(tcp.StateTimeWait)
}

// RFC 9293, Section 3.10.4: CLOSE, in states in which there is not much to close.
func TestCloseBeforeEstablished(t *testing.T) {
	t.Run("SYN-SENT", func(t *testing.T) {
		// "Delete the TCB and return 'error: closing' responses to any queued SENDs, or RECEIVEs."
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Write(100)
		s.Close()
		s.ExpectNone()
		s.ExpectClosed(nil)
	})
	for _, start := range []tcptest.Start{tcptest.SynReceived, tcptest.CrossedSYNs} {
		t.Run(start.String(), func(t *testing.T) {
			// "queue for processing after entering ESTABLISHED state"
			s := tcptest.New(t, start, tcptest.Setup{})
			s.Write(100)
			s.CloseWrite()
			s.ExpectNone()
			s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
			s.ExpectOnly("<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK,PSH>")
			s.ExpectState(tcp.StateFinWait1)
			s.Recv("<SEQ=1><ACK=102><CTL=ACK>")
			s.ExpectState(tcp.StateFinWait2)
		})
	}
	t.Run("SYN-RECEIVED, FIN with the ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
		s.CloseWrite()
		s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.ExpectState(tcp.StateClosing)
	})
}

// After CloseWrite reading goes on; after the peer's FIN writing does.
func TestHalfClose(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		s := tcptest.New(t, tcptest.FinWait2, tcptest.Setup{})
		if s.Conn().Writable() != 0 || s.Conn().Reserve(1) != nil {
			t.Error("still writable")
		}
		for i := range 5 {
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=2><DATA=1000><CTL=ACK>", 1+1000*i))
			s.ExpectOnly(fmt.Sprintf("<SEQ=2><ACK=%d><CTL=ACK>", 1001+1000*i))
			s.Read(1000)
		}
		s.Advance(time.Hour) // no limit while somebody reads
		s.ExpectState(tcp.StateFinWait2)
		s.Recv("<SEQ=5001><ACK=2><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=2><ACK=5002><CTL=ACK>")
		s.ExpectState(tcp.StateTimeWait)
	})
	t.Run("the peer's", func(t *testing.T) {
		s := tcptest.New(t, tcptest.CloseWait, tcptest.Setup{})
		for i := range 5 {
			s.Write(1000)
			s.ExpectOnly(fmt.Sprintf("<SEQ=%d><ACK=2><DATA=1000><CTL=ACK,PSH>", 1+1000*i))
			s.Recv(fmt.Sprintf("<SEQ=2><ACK=%d><CTL=ACK>", 1001+1000*i))
			s.ExpectNone()
		}
		s.ExpectState(tcp.StateCloseWait)
	})
}

// The FIN rides on the last data.
func TestFINRidesOnLastData(t *testing.T) {
	t.Run("window open", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.WriteClose(2500)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=500><CTL=FIN,ACK,PSH>")
		s.ExpectNone()
	})
	t.Run("last segment full", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.WriteClose(1000)
		s.ExpectOnly("<SEQ=1><DATA=1000><CTL=FIN,ACK,PSH>")
	})
	t.Run("waits behind data", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=2000><MSS=1000>"})
		s.WriteClose(3000)
		s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>")
		s.ExpectState(tcp.StateFinWait1)
		s.Recv("<SEQ=1><ACK=2001><WND=2000><CTL=ACK>")
		s.ExpectOnly("<SEQ=2001><DATA=1000><CTL=FIN,ACK,PSH>")
	})
	t.Run("is not held by Nagle", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(10)
		s.Expect("<SEQ=1><DATA=10><CTL=ACK,PSH>")
		s.Write(10)
		s.ExpectNone()
		s.CloseWrite()
		s.ExpectOnly("<SEQ=11><DATA=10><CTL=FIN,ACK,PSH>")
	})
}

// A lost FIN is retransmitted, with the data it rode on or without, in every state that has one in flight.
func TestFINRetransmission(t *testing.T) {
	for _, c := range []struct {
		start tcptest.Start
		fin   string
		ack   string
		state tcp.State
	}{
		{tcptest.FinWait1, "<SEQ=1><ACK=1><CTL=FIN,ACK>", "<SEQ=1><ACK=2><CTL=ACK>", tcp.StateFinWait2},
		{tcptest.Closing, "<SEQ=1><ACK=2><CTL=FIN,ACK>", "<SEQ=2><ACK=2><CTL=ACK>", tcp.StateTimeWait},
		{tcptest.LastAck, "<SEQ=1><ACK=2><CTL=FIN,ACK>", "<SEQ=2><ACK=2><CTL=ACK>", tcp.StateClosed},
	} {
		t.Run(c.start.String(), func(t *testing.T) {
			s := tcptest.New(t, c.start, tcptest.Setup{})
			rto := s.Info().RTO
			for range 3 {
				s.ExpectAfter(rto, c.fin)
				rto *= 2
			}
			s.Recv(c.ack)
			s.ExpectState(c.state)
		})
	}
	t.Run("with data", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(300)
		s.Expect("<SEQ=1><DATA=300><CTL=ACK,PSH>")
		s.CloseWrite()
		s.Expect("<SEQ=301><CTL=FIN,ACK>")
		s.ExpectAfter(s.Info().RTO, "<SEQ=1><DATA=300><CTL=FIN,ACK,PSH>")
	})
	t.Run("data acknowledged, FIN not", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.WriteClose(300)
		s.Expect("<SEQ=1><DATA=300><CTL=FIN,ACK,PSH>")
		s.Recv("<SEQ=1><ACK=301><CTL=ACK>")
		s.ExpectState(tcp.StateFinWait1)
		s.ExpectAfter(s.Info().RTO, "<SEQ=301><CTL=FIN,ACK>")
	})
}

// A FIN that comes again is acknowledged again, in every state behind it.
func TestRepeatedFIN(t *testing.T) {
	for _, f := range []facts{
		{start: tcptest.CloseWait, state: tcp.StateCloseWait, nxt: 1},
		{start: tcptest.Closing, state: tcp.StateClosing, nxt: 2},
		{start: tcptest.LastAck, state: tcp.StateLastAck, nxt: 2},
		{start: tcptest.TimeWait, state: tcp.StateTimeWait, nxt: 2},
	} {
		t.Run(f.start.String(), func(t *testing.T) {
			s := tcptest.New(t, f.start, tcptest.Setup{})
			s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
			s.ExpectOnly(fmt.Sprintf("<SEQ=%d><ACK=2><CTL=ACK>", f.nxt))
			s.ExpectState(f.state)
		})
	}
}

// "This should not occur since a FIN has been received from the remote side. Ignore the segment text."
func TestTextAfterFIN(t *testing.T) {
	for _, f := range []facts{
		{start: tcptest.CloseWait},
		{start: tcptest.Closing},
		{start: tcptest.LastAck},
		{start: tcptest.TimeWait},
	} {
		t.Run(f.start.String(), func(t *testing.T) {
			s := tcptest.New(t, f.start, tcptest.Setup{})
			s.Recv("<SEQ=2><ACK=1><DATA=100><CTL=ACK>")
			s.ExpectDrop(tcp.DropAfterFIN)
			if f.start == tcptest.TimeWait {
				s.Expect("<SEQ=2><ACK=2><CTL=ACK>")
			}
			s.ExpectNone()
			s.ExpectReadable(0)
		})
	}
}

// "If such a host issues a CLOSE call while received data is still pending in the TCP connection, or if new data is
// received after CLOSE is called, its TCP implementation SHOULD send a RST to show that data was lost (SHLD-3)."
//
// req: RFC9293 MAY-1, SHLD-3
func TestCloseLosesData(t *testing.T) {
	t.Run("unread", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=101><CTL=ACK>")
		s.Close()
		s.ExpectOnly("<SEQ=1><ACK=101><WND=65435><CTL=RST,ACK>")
		s.ExpectClosed(nil)
	})
	for _, c := range []struct {
		name  string
		start []string
		rst   string
	}{
		{"unread, CLOSE-WAIT", []string{"<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK>"}, "<SEQ=1><ACK=102><CTL=RST,ACK>"},
		{"unread, LAST-ACK", []string{"<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK>", "close"}, "<SEQ=2><ACK=102><CTL=RST,ACK>"},
		{"unread, FIN-WAIT-2", []string{"close", "<SEQ=1><ACK=2><DATA=100><CTL=ACK>"}, "<SEQ=2><ACK=101><CTL=RST,ACK>"},
		{"unread, CLOSING", []string{"close", "<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK>"}, "<SEQ=2><ACK=102><CTL=RST,ACK>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
			for _, step := range c.start {
				if step == "close" {
					s.CloseWrite()
				} else {
					s.Recv(step)
				}
				s.Ignore()
			}
			s.Close()
			s.ExpectOnly(c.rst)
			s.ExpectClosed(nil)
		})
	}
	t.Run("unread, TIME-WAIT", func(t *testing.T) {
		// Both FINs are acknowledged: nobody is there to be told, and TIME-WAIT must last (MUST-13).
		s := tcptest.New(t, tcptest.FinWait2, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=2><DATA=100><CTL=FIN,ACK>")
		s.Expect("<SEQ=2><ACK=102><CTL=ACK>")
		s.Close()
		s.ExpectNone()
		s.ExpectState(tcp.StateTimeWait)
		if used := s.Env().Pool.Used(); used != 0 {
			t.Errorf("holds %d bytes", used)
		}
	})
	for _, start := range []tcptest.Start{tcptest.FinWait1, tcptest.FinWait2} {
		t.Run("arrives in "+start.String(), func(t *testing.T) {
			s := tcptest.New(t, start, tcptest.Setup{})
			s.Close()
			s.Recv("<SEQ=1><ACK=2><DATA=100><CTL=ACK>")
			s.ExpectDrop(tcp.DropAfterClose)
			s.ExpectOnly("<SEQ=2><CTL=RST>")
			s.ExpectClosed(syscall.ECONNRESET)
		})
	}
	t.Run("FIN without data is in order", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Close()
		s.Expect("<SEQ=1><CTL=FIN,ACK>")
		s.Recv("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=2><ACK=2><CTL=ACK>")
		s.ExpectState(tcp.StateTimeWait)
	})
}

// What was written before Close is delivered.
func TestCloseDelivers(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=1000><MSS=1000>"})
	s.Write(2500)
	s.Expect("<SEQ=1><DATA=1000><CTL=ACK>")
	s.Close()
	s.Recv("<SEQ=1><ACK=1001><WND=1000><CTL=ACK>")
	s.Expect("<SEQ=1001><DATA=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=2001><WND=1000><CTL=ACK>")
	s.Expect("<SEQ=2001><DATA=500><CTL=FIN,ACK,PSH>")
	s.TakeEvents()
	s.Recv("<SEQ=1><ACK=2501><WND=1000><CTL=ACK>") // the data, not the FIN
	s.ExpectEvents(0)
	s.Recv("<SEQ=1><ACK=2502><WND=1000><CTL=ACK>")
	s.ExpectEvents(tcp.EventFinished)
	s.ExpectState(tcp.StateFinWait2)
}

// A closed connection does not wait for its peer's FIN for ever.
func TestFinTimeout(t *testing.T) {
	t.Run("closed in FIN-WAIT-2", func(t *testing.T) {
		s := tcptest.New(t, tcptest.FinWait2, tcptest.Setup{})
		s.Advance(time.Hour)
		s.Close()
		s.Advance(60*time.Second - 1)
		s.ExpectState(tcp.StateFinWait2)
		s.Advance(1)
		s.ExpectClosed(nil)
	})
	t.Run("closed before", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{FinTimeout: 5 * time.Second}})
		s.Close()
		s.Expect("<SEQ=1><CTL=FIN,ACK>")
		s.Recv("<SEQ=1><ACK=2><CTL=ACK>")
		s.Advance(5 * time.Second)
		s.ExpectClosed(nil)
	})
	t.Run("TIME-WAIT has its own time", func(t *testing.T) {
		s := tcptest.New(t, tcptest.FinWait2, tcptest.Setup{})
		s.Close()
		s.Advance(59 * time.Second)
		s.Recv("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.Expect("<SEQ=2><ACK=2><CTL=ACK>")
		s.Advance(59 * time.Second)
		s.ExpectState(tcp.StateTimeWait)
	})
}
