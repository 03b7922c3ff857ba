package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// RFC 9293, Section 3.4, Table 6: "Segment Acceptability Tests", in every state that has them. "If an incoming segment is
// not acceptable, an acknowledgment should be sent in reply".
func TestAcceptability(t *testing.T) {
	const window = 65535
	for _, f := range synchronized {
		edge := 1 + window // RCV.NXT+RCV.WND: a FIN that came does not move it
		for _, c := range []struct {
			name string
			seq  int
			len  int
			drop tcp.Drop
		}{
			{"empty at RCV.NXT", f.rcv, 0, tcp.Accepted},
			{"empty in window", f.rcv + 100, 0, tcp.Accepted},
			{"empty at the right edge", edge, 0, tcp.Accepted}, // the peer's window was lost
			{"empty beyond", edge + 1, 0, tcp.DropOutOfWindow},
			{"empty before", f.rcv - 1, 0, tcp.DropOutOfWindow},
			{"text before", f.rcv - 100, 100, tcp.DropDuplicate},
			{"text beyond", edge, 100, tcp.DropOutOfWindow},
			{"text long before", f.rcv - 1<<30, 100, tcp.DropDuplicate},
			{"text far beyond", f.rcv + 1<<30, 100, tcp.DropOutOfWindow},
		} {
			t.Run(f.state.String()+"/"+c.name, func(t *testing.T) {
				s := tcptest.New(t, f.start, tcptest.Setup{})
				s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><CTL=ACK>", c.seq, c.len))
				s.ExpectDrop(c.drop)
				if c.drop != tcp.Accepted {
					s.Expect(fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=ACK>", f.nxt, f.rcv))
				}
				s.ExpectNone()
				s.ExpectState(f.state)
				s.ExpectReadable(0)
			})
		}
	}
}

// RFC 9293, Section 3.10.7.4, fifth: "check the ACK field", in every state but SYN-RECEIVED.
//
// "The ACK value is considered acceptable only if it is in the range of ((SND.UNA - MAX.SND.WND) =< SEG.ACK =<
// SND.NXT)" (RFC 5961, Section 5.2).
//
// req: RFC9293 MAY-12, 3.10.7.4-6, 3.10.7.4-7, RFC5961 1.1-1, 5.2-1, 5.2-2
func TestACKField(t *testing.T) {
	const maxWindow = 10_000
	for _, f := range synchronized {
		una := f.nxt
		switch f.state {
		case tcp.StateFinWait1, tcp.StateClosing, tcp.StateLastAck:
			una-- // the FIN is not acknowledged
		}
		for _, c := range []struct {
			name string
			ack  int
			drop tcp.Drop
		}{
			{"beyond SND.NXT", f.nxt + 1, tcp.DropACKOfUnsent},
			{"far beyond", f.nxt + 1<<30, tcp.DropACKOfUnsent},
			{"old", una - 100, tcp.Accepted},
			{"oldest", una - maxWindow, tcp.Accepted},
			{"too old", una - maxWindow - 1, tcp.DropACKTooOld},
			{"long ago", una - 1<<30, tcp.DropACKTooOld},
		} {
			t.Run(f.state.String()+"/"+c.name, func(t *testing.T) {
				s := tcptest.New(t, f.start, tcptest.Setup{})
				s.Recv(fmt.Sprintf("<SEQ=%d><ACK=%d><WND=1><CTL=ACK>", f.rcv, c.ack))
				s.ExpectDrop(c.drop)
				if c.drop != tcp.Accepted {
					s.Expect(fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=ACK>", f.nxt, f.rcv))
				}
				s.ExpectNone()
				s.ExpectState(f.state)
				if got := s.Info().SndWnd; got != maxWindow {
					t.Errorf("SND.WND is %d: taken from an ACK that was not acceptable", got)
				}
			})
		}
		t.Run(f.state.String()+"/no ACK", func(t *testing.T) {
			// "if the ACK bit is off, drop the segment and return"
			s := tcptest.New(t, f.start, tcptest.Setup{})
			s.Recv(fmt.Sprintf("<SEQ=%d><DATA=10><CTL=PSH>", f.rcv))
			s.ExpectDrop(tcp.DropNoACK)
			s.ExpectNone()
			s.ExpectReadable(0)
		})
	}
}

// The text of a segment with an old ACK is still new.
func TestOldACKWithText(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Write(100)
	s.Ignore()
	s.Recv("<SEQ=101><ACK=101><DATA=100><CTL=ACK>", "<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
	s.ExpectOnly("<SEQ=101><ACK=201><CTL=ACK>")
	s.Read(200)
}

// "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and SND.WL2 =< SEG.ACK)), set SND.WND <- SEG.WND … Note that … SND.WL1
// records the sequence number of the last segment used to update SND.WND, and that SND.WL2 records the acknowledgment
// number of the last segment used to update SND.WND. The check here prevents using old segments to update the window."
func TestWindowUpdate(t *testing.T) {
	for _, c := range []struct {
		name     string
		segments []string
		want     int
	}{
		{"newer segment", []string{"<SEQ=1><ACK=1><WND=5000><DATA=100><CTL=ACK>", "<SEQ=101><ACK=1><WND=4000><CTL=ACK>"}, 4000},
		{"reordered segments", []string{"<SEQ=101><ACK=1><WND=4000><DATA=100><CTL=ACK>", "<SEQ=1><ACK=1><WND=5000><DATA=100><CTL=ACK>"}, 4000},
		{"same segment, newer ACK", []string{"<SEQ=1><ACK=1><WND=5000><CTL=ACK>", "<SEQ=1><ACK=501><WND=4500><CTL=ACK>"}, 4500},
		{"same segment, older ACK", []string{"<SEQ=1><ACK=501><WND=4500><CTL=ACK>", "<SEQ=1><ACK=1><WND=5000><CTL=ACK>"}, 4500},
		{"same segment, same ACK: smaller", []string{"<SEQ=1><ACK=1><WND=5000><CTL=ACK>", "<SEQ=1><ACK=1><WND=100><CTL=ACK>"}, 100},
		{"same segment, same ACK: larger", []string{"<SEQ=1><ACK=1><WND=5000><CTL=ACK>", "<SEQ=1><ACK=1><WND=6000><CTL=ACK>"}, 6000},
		{"fills a hole, newer ACK", []string{"<SEQ=101><ACK=1><WND=4000><DATA=100><CTL=ACK>", "<SEQ=1><ACK=501><WND=3500><DATA=100><CTL=ACK>"}, 3500},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
			s.Write(1000)
			s.Recv(c.segments...)
			if got := s.Info().SndWnd; got != c.want {
				t.Errorf("got SND.WND %d, want %d", got, c.want)
			}
			s.Ignore()
		})
	}
}

// fullWindow returns a connection whose window of 2000 the peer has filled.
func fullWindow(t *testing.T) *tcptest.Script {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{RecvBuffer: 2000}})
	s.Recv("<SEQ=1><ACK=1><DATA=1000><CTL=ACK>", "<SEQ=1001><ACK=1><DATA=1000><CTL=ACK>")
	s.Expect("<SEQ=1><ACK=2001><WND=0><CTL=ACK>")
	return s
}

// "If the RCV.WND is zero, no segments will be acceptable, but special allowance should be made to accept valid ACKs,
// URGs, and RSTs"; "A TCP receiver MUST process the RST and URG fields of all incoming segments, even when the receive
// window is zero (MUST-66)" (RFC 9293, Section 3.4).
//
// req: RFC9293 MUST-66
func TestZeroWindow(t *testing.T) {
	t.Run("ACK", func(t *testing.T) {
		s := fullWindow(t)
		s.Write(100)
		s.Expect("<SEQ=1><ACK=2001><WND=0><DATA=100><CTL=ACK,PSH>")
		s.Recv("<SEQ=2001><ACK=101><WND=777><CTL=ACK>")
		s.ExpectNone()
		if i := s.Info(); i.Unacked != 0 || i.SndWnd != 777 {
			t.Errorf("ACK not taken: %+v", i)
		}
	})
	t.Run("ACK of a probe with text", func(t *testing.T) {
		s := fullWindow(t)
		s.Write(100)
		s.Ignore()
		s.Recv("<SEQ=2001><ACK=101><DATA=1><CTL=ACK>")
		s.ExpectOnly("<SEQ=101><ACK=2001><WND=0><CTL=ACK>") // text refused
		if i := s.Info(); i.Unacked != 0 {
			t.Errorf("ACK not taken: %+v", i)
		}
	})
	t.Run("ACK of a segment that reaches beyond", func(t *testing.T) {
		s := fullWindow(t)
		s.Write(100)
		s.Ignore()
		s.Recv("<SEQ=1501><ACK=101><DATA=1000><CTL=ACK>")
		s.ExpectOnly("<SEQ=101><ACK=2001><WND=0><CTL=ACK>")
		if i := s.Info(); i.Unacked != 0 {
			t.Errorf("ACK not taken: %+v", i)
		}
	})
	t.Run("probes are no duplicate ACKs", func(t *testing.T) {
		s := fullWindow(t)
		s.Write(1000)
		s.Ignore()
		for range 5 {
			s.Recv("<SEQ=2001><ACK=1><DATA=1><CTL=ACK>")
			s.ExpectOnly("<SEQ=1001><ACK=2001><WND=0><CTL=ACK>")
		}
	})
	t.Run("probe before the window", func(t *testing.T) {
		s := fullWindow(t)
		s.Recv("<SEQ=2000><ACK=1><CTL=ACK>") // as Linux and we do
		s.ExpectOnly("<SEQ=1><ACK=2001><WND=0><CTL=ACK>")
	})
	t.Run("RST", func(t *testing.T) {
		s := fullWindow(t)
		s.Recv("<SEQ=2001><CTL=RST>")
		s.ExpectState(tcp.StateClosed)
	})
	t.Run("RST beyond", func(t *testing.T) {
		s := fullWindow(t)
		s.Recv("<SEQ=2002><CTL=RST>")
		s.ExpectNone()
		s.ExpectState(tcp.StateEstablished)
	})
	t.Run("URG", func(t *testing.T) {
		s := fullWindow(t)
		s.Recv("<SEQ=2001><ACK=1><URG=5><CTL=ACK>")
		s.ExpectDrop(tcp.Accepted)
		s.ExpectNone()
	})
	t.Run("FIN", func(t *testing.T) {
		// It needs no room.
		s := fullWindow(t)
		s.Recv("<SEQ=2001><ACK=1><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=2002><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
		s.Read(2000)
	})
	t.Run("text and FIN", func(t *testing.T) {
		s := fullWindow(t)
		s.Recv("<SEQ=2001><ACK=1><DATA=10><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=2001><WND=0><CTL=ACK>")
		s.ExpectState(tcp.StateEstablished)
	})
}

// "One could tailor actual segments to fit this assumption by trimming off any portions that lie outside the window
// (including SYN and FIN) and only processing further if the segment then begins at RCV.NXT. Segments with higher
// beginning sequence numbers SHOULD be held for later processing (SHLD-31)."
//
// req: RFC9293 SHLD-31
func TestTrim(t *testing.T) {
	for _, c := range []struct {
		name     string
		segments []string
		answer   string
		readable int
		state    tcp.State
	}{
		{"left", []string{"<SEQ=-49><ACK=1><DATA=100><CTL=ACK>"}, "<SEQ=1><ACK=51><CTL=ACK>", 50, tcp.StateEstablished},
		{"right", []string{"<SEQ=1001><ACK=1><DATA=2000><CTL=ACK>", "<SEQ=1><ACK=1><DATA=1000><CTL=ACK>"}, "<SEQ=1><ACK=2001><WND=0><CTL=ACK>", 2000, tcp.StateEstablished},
		{"both", []string{"<SEQ=-99><ACK=1><DATA=5000><CTL=ACK>"}, "<SEQ=1><ACK=2001><WND=0><CTL=ACK>", 2000, tcp.StateEstablished},
		{"FIN beyond the window", []string{"<SEQ=1><ACK=1><DATA=2001><CTL=FIN,ACK>"}, "<SEQ=1><ACK=2001><WND=0><CTL=ACK>", 2000, tcp.StateEstablished},
		{"FIN at the right edge", []string{"<SEQ=1><ACK=1><DATA=2000><CTL=FIN,ACK>"}, "<SEQ=1><ACK=2002><CTL=ACK>", 2000, tcp.StateCloseWait},
		{"text old, FIN new", []string{"<SEQ=1><ACK=1><DATA=100><CTL=ACK>", "<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK>"}, "<SEQ=1><ACK=102><CTL=ACK>", 100, tcp.StateCloseWait},
		{"SYN old, text new", []string{"<SEQ=0><ACK=1><DATA=100><CTL=SYN,ACK>"}, "<SEQ=1><ACK=101><CTL=ACK>", 100, tcp.StateEstablished},
		{"SYN old, FIN new", []string{"<SEQ=0><ACK=1><CTL=SYN,FIN,ACK>"}, "<SEQ=1><ACK=2><CTL=ACK>", 0, tcp.StateCloseWait},
		{"SYN and text old, text new", []string{"<SEQ=1><ACK=1><DATA=60><CTL=ACK>", "<SEQ=0><ACK=1><DATA=100><CTL=SYN,ACK>"}, "<SEQ=1><ACK=101><CTL=ACK>", 100, tcp.StateEstablished},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{RecvBuffer: 2000}})
			s.Recv(c.segments...)
			s.ExpectOnly(c.answer)
			s.ExpectState(c.state)
			s.Read(c.readable)
			s.Ignore()
		})
	}
}

// RFC 9293, Section 3.8.5: urgent data stays in the stream.
//
// req: RFC9293 MUST-30, MUST-31
func TestUrgent(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Recv("<SEQ=1><ACK=1><URG=5000><DATA=100><CTL=ACK>") // more urgent data than the segment has
	s.Expect("<SEQ=1><ACK=101><CTL=ACK>")
	s.Recv("<SEQ=201><ACK=1><URG=65535><DATA=100><CTL=ACK>", "<SEQ=101><ACK=1><URG=0><DATA=100><CTL=ACK>")
	s.Expect("<SEQ=1><ACK=301><CTL=ACK>")
	s.Read(300)
}

// A FIN may come before the text it stands behind.
func TestFINOutOfOrder(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=201><ACK=1><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
		s.ExpectState(tcp.StateEstablished)
		s.Recv("<SEQ=101><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=202><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
		s.Read(200)
		if !s.Conn().EOF() {
			t.Error("no EOF")
		}
	})
	t.Run("with text", func(t *testing.T) {
		s := tcptest.New(t, tcptest.FinWait2, tcptest.Setup{})
		s.Recv("<SEQ=101><ACK=2><DATA=100><CTL=FIN,ACK>", "<SEQ=1><ACK=2><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=2><ACK=202><CTL=ACK>")
		s.ExpectState(tcp.StateTimeWait)
		s.Read(200)
	})
	t.Run("text beyond it", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=101><ACK=1><CTL=FIN,ACK>", "<SEQ=101><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectDrop(tcp.DropAfterFIN)
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
		s.Ignore()
		s.Advance(time.Second)
		s.ExpectNone()
	})
}
