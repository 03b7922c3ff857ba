package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

var (
	ecnRequest = tcp.Config{ECN: tcp.ECNRequest}
	ecnOff     = tcp.Config{ECN: tcp.ECNOff}
)

// withECN returns a script whose connection, opened by it, uses ECN.
func withECN(t *testing.T, setup tcptest.Setup) *tcptest.Script {
	t.Helper()
	setup.Config.ECN = tcp.ECNRequest
	s := tcptest.Dial(t, setup)
	s.Expect("<SEQ=0><CTL=SYN,ECE,CWR>")
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK,ECE>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	return s
}

// expectECN checks whether new data can be marked, and whether marks are told.
func expectECN(t *testing.T, s *tcptest.Script, sends, echoes bool) {
	t.Helper()
	s.ExpectState(tcp.StateEstablished)
	s.Write(100)
	if sends {
		s.ExpectOnly("<SEQ=1><DATA=100><CTL=ACK,PSH><ECT0>")
	} else {
		s.ExpectOnly("<SEQ=1><DATA=100><CTL=ACK,PSH>")
	}
	s.Recv("<SEQ=1><ACK=101><DATA=100><CTL=ACK><CE>")
	if echoes {
		s.ExpectOnly("<SEQ=101><ACK=101><CTL=ACK,ECE>")
	} else {
		s.ExpectOnly("<SEQ=101><ACK=101><CTL=ACK>")
	}
	want := ""
	if sends {
		want = "ecn"
	}
	if got := s.Info().Options; got != want {
		t.Errorf("got options %q, want %q", got, want)
	}
	s.Read(100)
}

// RFC 3168, Section 6.1.1: who may use ECN after which SYN and SYN-ACK.
//
// req: RFC9293 SHLD-8, RFC3168 5-1, 6.1.1-2, 6.1.1-3, 6.1.1-6, 6.1.1-7, 6.1.1-8, 6.1.2-1
func TestECNActiveOpen(t *testing.T) {
	for _, c := range []struct {
		name        string
		cfg         tcp.Config
		syn, synAck string
		use         bool
	}{
		{"not asked", tcp.Config{}, "SYN", "SYN,ACK", false},
		{"not asked, the peer says yes", tcp.Config{}, "SYN", "SYN,ACK,ECE", false},
		{"off", ecnOff, "SYN", "SYN,ACK,ECE", false},
		{"agreed", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE", true},
		{"agreed, with what was the nonce", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE,AE", true},
		{"refused", ecnRequest, "SYN,ECE,CWR", "SYN,ACK", false},
		{"reflected", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE,CWR", false}, // Section 6.1.1.2
		{"all reserved bits reflected", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE,CWR,AE", false},
		{"CWR only", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,CWR", false},
		{"AE only", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,AE", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.Dial(t, tcptest.Setup{Config: c.cfg})
			s.ExpectOnly("<SEQ=0><CTL=" + c.syn + "><MSS=1460>")
			s.Recv("<SEQ=0><ACK=1><CTL=" + c.synAck + ">")
			s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
			expectECN(t, s, c.use, c.use)
		})
	}
}

// req: RFC3168 6.1.1-1, 6.1.1-3, 6.1.1-6, 6.1.1-7, 6.1.1-8
func TestECNPassiveOpen(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  tcp.Config
		syn  string
		use  bool
	}{
		{"not asked", tcp.Config{}, "<CTL=SYN>", false},
		{"asked", tcp.Config{}, "<CTL=SYN,ECE,CWR>", true},
		{"asked of one that would ask", ecnRequest, "<CTL=SYN,ECE,CWR>", true},
		{"asked of one that does not", ecnOff, "<CTL=SYN,ECE,CWR>", false},
		{"one that would ask is not asked", ecnRequest, "<CTL=SYN>", false},
		{"ECE only", tcp.Config{}, "<CTL=SYN,ECE>", false},
		{"CWR only", tcp.Config{}, "<CTL=SYN,CWR>", false},
		{"AE only", tcp.Config{}, "<CTL=SYN,AE>", false},
		{"AccECN", tcp.Config{}, "<CTL=SYN,ECE,CWR,AE>", true},             // RFC 9768, Section 3.1.2: it falls back
		{"AccECN, marked", tcp.Config{}, "<CTL=SYN,ECE,CWR,AE><CE>", true}, // its SYN may be
		{"a path that sets the mark", tcp.Config{}, "<CTL=SYN,ECE,CWR><ECT0>", false},
		{"a path that sets the other mark", tcp.Config{}, "<CTL=SYN,ECE,CWR><ECT1>", false},
		{"a path that marks all", tcp.Config{}, "<CTL=SYN,ECE,CWR><CE>", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.AcceptSYN(t, tcptest.Setup{Config: c.cfg}, "<SEQ=0>"+c.syn)
			if c.use {
				s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK,ECE>")
			} else {
				s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>")
			}
			s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
			s.ExpectNone()
			expectECN(t, s, c.use, c.use)
		})
	}
}

// RFC 3168, Section 6.1.1.1: "A host that receives no reply to an ECN-setup SYN within the normal SYN retransmission
// timeout interval MAY resend the SYN and any subsequent SYN retransmissions with CWR and ECE cleared."
//
// req: RFC3168 6.1.1-2, 6.1.1-3, 6.1.1-5
func TestECNFallback(t *testing.T) {
	for _, c := range []struct {
		name, synAck string
		echoes       bool
	}{
		// "the commitment to respond appropriately to incoming packets with the CE codepoint set remains even if the
		// TCP sender in a later transmission, within this TCP connection, sends a SYN packet without ECE and CWR set."
		{"the answer is to the first SYN", "SYN,ACK,ECE", true},
		{"the answer is to the second SYN", "SYN,ACK", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.Dial(t, tcptest.Setup{Config: ecnRequest})
			s.Expect("<SEQ=0><CTL=SYN,ECE,CWR>")
			s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
			s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
			s.Recv("<SEQ=0><ACK=1><CTL=" + c.synAck + ">")
			s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
			expectECN(t, s, false, c.echoes)
		})
	}
	t.Run("of the peer", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, tcptest.Setup{}, "<SEQ=0><CTL=SYN,ECE,CWR>")
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK,ECE>")
		s.Recv("<SEQ=0><CTL=SYN>")
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		expectECN(t, s, false, false)
	})
	t.Run("a SYN after a refused ACK is no retransmission", func(t *testing.T) {
		s := tcptest.Dial(t, tcptest.Setup{Config: ecnRequest})
		s.Expect("<SEQ=0><CTL=SYN,ECE,CWR>")
		s.Recv("<SEQ=700><ACK=500><CTL=ACK>")
		s.Expect("<SEQ=500><CTL=RST>")
		s.ExpectAfter(2*time.Millisecond, "<SEQ=0><CTL=SYN,ECE,CWR>")
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK,ECE>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
		expectECN(t, s, true, true)
	})
}

// req: RFC3168 6.1.1-1, 6.1.1-2, 6.1.1-3, 6.1.1-7
func TestECNSimultaneousOpen(t *testing.T) {
	for _, c := range []struct {
		name   string
		cfg    tcp.Config
		syn    string // the peer's
		answer string // our SYN-ACK
		end    string // the peer's SYN-ACK
		use    bool
	}{
		{"both ask", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE", "SYN,ACK,ECE", true},
		{"the peer thinks better of it", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE", "SYN,ACK", false},
		{"the peer reflects", ecnRequest, "SYN,ECE,CWR", "SYN,ACK,ECE", "SYN,ACK,ECE,CWR", false},
		{"only we ask", ecnRequest, "SYN", "SYN,ACK", "SYN,ACK", false},
		// "A host MUST NOT set ECT on data packets unless … [it] has sent no non-ECN-setup SYN".
		{"only the peer asks", tcp.Config{}, "SYN,ECE,CWR", "SYN,ACK", "SYN,ACK", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.Dial(t, tcptest.Setup{Config: c.cfg})
			s.TakeSegment()
			s.Recv("<SEQ=0><CTL=" + c.syn + ">")
			s.ExpectOnly("<SEQ=0><ACK=1><CTL=" + c.answer + ">")
			s.Recv("<SEQ=0><ACK=1><CTL=" + c.end + ">")
			s.ExpectNone()
			expectECN(t, s, c.use, c.use)
		})
	}
}

// RFC 3168, Section 6.1.3: "After a TCP receiver sends an ACK packet with the ECN-Echo bit set, that TCP receiver
// continues to set the ECN-Echo flag in all the ACK packets it sends (whether they acknowledge CE data packets or non-CE
// data packets) until it receives a CWR packet (a packet with the CWR flag set)."
//
// req: RFC3168 6.1.1-5, 5.2-2, 6.1.4-1
func TestECNReceiver(t *testing.T) {
	s := withECN(t, tcptest.Setup{})
	for i := range 20 { // until acknowledgments are delayed
		s.Recv(data(1+100*i, 100, "ACK", "<ECT0>"))
	}
	s.Ignore()
	s.Advance(100 * time.Millisecond)
	s.Ignore()
	at := 2001
	s.Recv(data(at, 100, "ACK", "<CE>"))
	s.ExpectOnly("<SEQ=1><ACK=2101><CTL=ACK,ECE>") // at once
	s.Recv(data(at+100, 100, "ACK", "<ECT0>"))
	s.ExpectAfter(40*time.Millisecond, "<SEQ=1><ACK=2201><CTL=ACK,ECE>")
	s.Write(100)
	s.ExpectOnly("<SEQ=1><ACK=2201><DATA=100><CTL=ACK,PSH,ECE><ECT0>") // on data too
	s.Recv(data(at+300, 100, "ACK", "<ECT0>"))                         // out of order
	s.ExpectOnly("<SEQ=101><ACK=2201><CTL=ACK,ECE>")
	s.Recv(data(at+200, 100, "ACK,CWR", "<ECT0>"))
	s.ExpectOnly("<SEQ=101><ACK=2401><CTL=ACK>") // at once
	s.Recv(data(at+400, 100, "ACK,CWR", "<CE>")) // the CWR is for the last mark, not for this one
	s.ExpectOnly("<SEQ=101><ACK=2501><CTL=ACK,ECE>")
	s.Recv(data(at+500, 100, "ACK,CWR", "<ECT0>"))
	s.ExpectOnly("<SEQ=101><ACK=2601><CTL=ACK>")
	if got := s.Info().ReceivedCE; got != 2 {
		t.Errorf("got %d marked segments, want 2", got)
	}
	s.Read(2600)
}

// data writes a segment of the peer with n bytes at seq, which acknowledges all that was sent.
func data(seq, n int, ctl, mark string) string {
	return fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><CTL=%s>%s", seq, n, ctl, mark)
}

// "the TCP data receiver SHOULD ignore the CE codepoint on out-of-window packets" (RFC 3168, Section 6.1.5), and there is
// nothing to tell about a pure acknowledgment.
//
// req: RFC3168 6.1.5-2
func TestECNReceiverIgnores(t *testing.T) {
	for _, c := range []struct{ name, seg, answer string }{
		{"out of window", "<SEQ=-5000><ACK=1><DATA=100><CTL=ACK><CE>", "<SEQ=1><ACK=1><CTL=ACK>"},
		{"beyond the window", "<SEQ=900000><ACK=1><DATA=100><CTL=ACK><CE>", "<SEQ=1><ACK=1><CTL=ACK>"},
		{"a pure ACK", "<SEQ=1><ACK=1><CTL=ACK><CE>", ""},
		{"an ACK of what was not sent", "<SEQ=1><ACK=900><DATA=100><CTL=ACK><CE>", "<SEQ=1><ACK=1><CTL=ACK>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := withECN(t, tcptest.Setup{})
			s.Recv(c.seg)
			if c.answer != "" {
				s.Expect(c.answer)
			}
			s.ExpectNone()
			s.Recv("<SEQ=1><ACK=1><DATA=10><CTL=ACK>")
			s.ExpectOnly("<SEQ=1><ACK=11><CTL=ACK>")
			s.Read(10)
		})
	}
}

// RFC 3168, Section 6.1.2: the sender reduces its window once per window of data and says so on its next new data.
//
// req: RFC3168 5-2, 6.1.1-4, 6.1.2-2, 6.1.2-5
func TestECNSender(t *testing.T) {
	s := withECN(t, tcptest.Setup{Peer: "<WND=60000><MSS=1000>"})
	s.Write(30_000)
	for i := range 10 {
		s.Expect(fmt.Sprintf("<SEQ=%d><DATA=1000><CTL=ACK><ECT0>", 1+1000*i))
	}
	s.ExpectNone()
	s.Recv("<SEQ=1><ACK=1001><CTL=ACK,ECE>")
	const cwnd = 5000
	if got := s.Info().SndSsthresh; got != cwnd {
		t.Errorf("got threshold %d, want %d", got, cwnd)
	}
	s.ExpectOnly("<SEQ=10001><DATA=1000><CTL=ACK,CWR><ECT0>")
	for at := 2001; at <= 9001; at += 1000 { // the same window: no further reduction, and one segment for two that left
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK,ECE>", at))
		if n, _ := s.Sent(); n > (at/1000-1)/2 {
			t.Errorf("ACK %d: %d segments sent", at, n)
		}
	}
	s.Recv("<SEQ=1><ACK=10001><CTL=ACK,ECE>") // everything that was sent before
	for at := 11_001; at < 15_000; at += 1000 {
		s.Expect(fmt.Sprintf("<SEQ=%d><DATA=1000><CTL=ACK><ECT0>", at)) // CWR once is enough
	}
	s.ExpectNone()
	if i := s.Info(); i.SndSsthresh != cwnd || i.Unacked > cwnd || i.ECNCuts != 1 {
		t.Errorf("got threshold %d, %d in flight and %d reductions, want %d, no more, and 1", i.SndSsthresh, i.Unacked, i.ECNCuts, cwnd)
	}
	s.Recv("<SEQ=1><ACK=11001><CTL=ACK,ECE>") // the CWR arrived, and after it another mark
	if i := s.Info(); i.SndSsthresh >= cwnd || i.ECNCuts != 2 {
		t.Errorf("got threshold %d and %d reductions, want less than %d and 2", i.SndSsthresh, i.ECNCuts, cwnd)
	}
	s.Ignore()
}

// RFC 3168, Section 6.1.2: "If the congestion window consists of only one MSS (maximum segment size), and the sending TCP
// receives an ECN-Echo ACK packet … The sending TCP will then be able to send a new packet only when the retransmit timer
// expires."
//
// req: RFC3168 6.1.2-3, RFC9438 4.6-6
func TestECNSmallestWindow(t *testing.T) {
	s := withECN(t, tcptest.Setup{Peer: "<WND=60000><MSS=1000>"})
	s.Write(60_000)
	for s.Info().SndCwnd > 1000 { // everything is marked
		n, bytes := s.Sent()
		if n == 0 {
			t.Fatalf("nothing sent with a window of %d", s.Info().SndCwnd)
		}
		h, _ := s.TakeMark()
		s.Ignore()
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK,ECE>", int(h.Seq)-10_000+bytes))
	}
	h, ecn := s.TakeMark()
	if !h.Flags.Has(wire.CWR) || ecn != wire.ECT0 {
		t.Errorf("got %v %v", h.Flags, ecn)
	}
	s.ExpectNone()
	at := int(h.Seq) - 10_000 + 1000
	s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK,ECE>", at))
	s.ExpectAfter(s.Info().RTO, fmt.Sprintf("<SEQ=%d><DATA=1000><CTL=ACK,CWR><ECT0>", at))
	s.ExpectNone()
}

// "the TCP sender's congestion window should be reduced only once in response to a series of dropped and/or CE packets
// from a single window of data", and CWR follows every reduction.
//
// req: RFC3168 6.1.2-4, 6.1.5-1
func TestECNAndLoss(t *testing.T) {
	s := withECN(t, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK>"})
	s.Write(30_000)
	s.Ignore()
	for _, right := range []int{3001, 4001, 5001} {
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=1001><CTL=ACK,ECE><SACK=2001:%d>", right))
	}
	i := s.Info()
	if i.Recoveries+i.ECNCuts == 0 {
		t.Fatalf("no reduction: %+v", i)
	}
	s.Recv("<SEQ=1><ACK=10001><CTL=ACK,ECE>")
	s.Advance(0)
	var marked, plain, cwr int
	for n, _ := s.Sent(); n > 0; n, _ = s.Sent() {
		h, ecn := s.TakeMark()
		switch at := h.Seq - 10_000; {
		case at < 10_001 && ecn != wire.NotECT, at >= 10_001 && ecn != wire.ECT0:
			t.Errorf("<SEQ=%d> is %v", at, ecn)
		case at < 10_001:
			plain++
		default:
			marked++
		}
		if h.Flags.Has(wire.CWR) {
			cwr++
		}
	}
	if plain == 0 || marked == 0 || cwr != 1 {
		t.Errorf("got %d retransmissions, %d new segments, %d with CWR", plain, marked, cwr)
	}
}

// After a timeout new data tells of the reduction as well; the retransmission does not, and cannot be marked.
//
// req: RFC3168 5.2-1, 6.1.1-4, 6.1.2-4, 6.1.5-1
func TestECNTimeout(t *testing.T) {
	s := withECN(t, tcptest.Setup{})
	s.Advance(time.Second)
	s.Write(2000)
	s.Expect("<SEQ=1><DATA=1000><CTL=ACK><ECT0>", "<SEQ=1001><DATA=1000><CTL=ACK,PSH><ECT0>")
	for s.Info().Timeouts == 0 {
		s.Advance(100 * time.Millisecond)
	}
	for n, _ := s.Sent(); n > 0; n, _ = s.Sent() {
		if h, ecn := s.TakeMark(); ecn != wire.NotECT || h.Flags.Has(wire.CWR) {
			t.Errorf("retransmission is %v %v", h.Flags, ecn)
		}
	}
	s.Recv("<SEQ=1><ACK=2001><CTL=ACK>")
	s.Ignore()
	s.Write(1000)
	s.ExpectOnly("<SEQ=2001><DATA=1000><CTL=ACK,PSH,CWR><ECT0>")
}

// A reduction that is taken back is not told of, and does not stand for a mark.
func TestECNUndo(t *testing.T) {
	s := withECN(t, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK><TS=0,0>"})
	s.Write(5000)
	s.Ignore()
	for s.Info().Timeouts == 0 {
		s.Advance(100 * time.Millisecond)
	}
	before := s.Info()
	s.Ignore()
	// The original arrived after all: its timestamp is echoed.
	s.Recv("<SEQ=1><ACK=1989><CTL=ACK><TS=1,0>")
	s.Ignore()
	if i := s.Info(); i.Undone != 1 || i.SndCwnd <= before.SndCwnd {
		t.Fatalf("nothing was taken back: %+v", i)
	}
	s.Recv("<SEQ=1><ACK=2977><CTL=ACK,ECE><TS=1,0>")
	if got := s.Info().ECNCuts; got != 1 {
		t.Errorf("got %d reductions, want 1", got)
	}
	s.Ignore()

	s = withECN(t, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK><TS=0,0>"})
	s.Write(5000)
	for s.Info().Timeouts == 0 {
		s.Advance(100 * time.Millisecond)
	}
	s.Ignore()
	s.Recv("<SEQ=1><ACK=5001><CTL=ACK><TS=1,0>")
	s.Write(500)
	s.ExpectOnly("<SEQ=5001><DATA=500><CTL=ACK,PSH><ECT0>")
}

// RFC 3168, Section 6.1.4 and 6.1.6: acknowledgments and window probes are not marked, and neither has CWR; nor has a FIN
// that stands alone.
//
// req: RFC3168 5.2-1, 5.2-2, 6.1.4-1, 6.1.6-1
func TestECNNotOnControl(t *testing.T) {
	s := withECN(t, tcptest.Setup{Peer: "<WND=1000><MSS=1000>"})
	s.Write(1500)
	s.Expect("<SEQ=1><DATA=1000><CTL=ACK><ECT0>")
	s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK,ECE>")
	s.ExpectNone()
	s.ExpectAfter(s.Info().RTO, "<SEQ=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=1001><WND=1000><CTL=ACK>")
	s.ExpectOnly("<SEQ=1001><DATA=500><CTL=ACK,PSH,CWR><ECT0>")
	s.Recv("<SEQ=1><ACK=1501><CTL=ACK>")
	s.CloseWrite()
	s.ExpectOnly("<SEQ=1501><CTL=FIN,ACK>")
}

// RFC 3168, Section 6.1.6: "if a window probe arrives with the CE codepoint set, then the receiver SHOULD respond to the ECN
// indications", though its byte does not fit the window.
//
// req: RFC3168 6.1.6-2
func TestECNProbeMarked(t *testing.T) {
	s := withECN(t, tcptest.Setup{Config: tcp.Config{RecvBuffer: 2000}})
	s.Recv("<SEQ=1><ACK=1><DATA=2000><CTL=ACK>")
	s.Expect("<SEQ=1><ACK=2001><WND=0><CTL=ACK>")
	s.Recv("<SEQ=2001><ACK=1><DATA=1><CTL=ACK><CE>")
	s.ExpectOnly("<SEQ=1><ACK=2001><WND=0><CTL=ACK,ECE>")
	s.Read(2000)
	s.Ignore()
}

// CWR stands on the first segment of a super-segment only: package link sees to that when it cuts one. The Traffic Class
// is the application's but for its two low bits.
func TestECNSuperSegment(t *testing.T) {
	s := withECN(t, tcptest.Setup{
		Config: tcp.Config{TOS: 0xff}, Peer: "<WND=60000><MSS=1000>", MaxSuper: 10_000, IPv6: true,
	})
	s.Write(30_000)
	s.Ignore()
	s.Recv("<SEQ=1><ACK=10001><CTL=ACK,ECE>")
	s.Expect("<SEQ=10001><DATA=5000><GSO=1000><CTL=ACK,PSH,CWR><ECT0>")
	s.Ignore()
}

// A path that marks does not have to lose: a transfer over it is held back and nothing is sent twice.
func TestECNTransfer(t *testing.T) {
	for _, super := range []int{0, 64240} {
		marked := [2]int{}
		p := tcptest.NewPair(t, tcptest.PairSetup{
			Config: [2]tcp.Config{ecnRequest, {}}, MaxSuper: super,
			Path: func(from, n int, seg *tcp.Segment) (f tcptest.Fate) {
				if n%25 == 0 && seg.ECT {
					f.Mark = true
					marked[from]++
				}
				return f
			},
		})
		transfer(t, p, 2_000_000, 500_000, 0, 0)
		for i, e := range p.Ends {
			info := e.Conn.Info(p.Now)
			if info.TotalRetrans != 0 || info.ReceivedCE != uint64(marked[1-i]) {
				t.Errorf("end %d: got %d retransmissions, want 0; %d marks, want %d",
					i, info.TotalRetrans, info.ReceivedCE, marked[1-i])
			}
			if (info.ECNCuts == 0) != (marked[i] == 0) || info.ECNCuts > uint64(marked[i]) {
				t.Errorf("end %d: got %d reductions, for %d marks", i, info.ECNCuts, marked[i])
			}
		}
		if marked[0] == 0 {
			t.Error("nothing was marked")
		}
	}
}
