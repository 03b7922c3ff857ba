package tcp_test

import (
	"syscall"
	"testing"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// "TCP implementations MUST act on an ICMP error message passed up from the IP layer, directing it to the connection that
// created the error (MUST-54)"; "Since these Unreachable messages indicate soft error conditions, a TCP implementation
// MUST NOT abort the connection (MUST-56), and it SHOULD make the information available to the application (SHLD-25)"
// (RFC 9293, Section 3.9.2.2). RFC 5461, Section 4.1: before the connection is synchronized hard errors abort it.
//
// req: RFC9293 MUST-54, MUST-56, MUST-47, SHLD-25, RFC5927 5.2-1
func TestICMPErrors(t *testing.T) {
	for _, c := range []struct {
		start tcptest.Start
		at    int
		ends  bool
	}{
		{tcptest.SynSent, 0, true},
		{tcptest.CrossedSYNs, 0, true},
		{tcptest.SynReceived, 0, true},
		{tcptest.FinWait1, 1, false},
		{tcptest.LastAck, 1, false},
		{tcptest.Closing, 1, false},
	} {
		t.Run("hard, "+c.start.String(), func(t *testing.T) {
			s := tcptest.New(t, c.start, tcptest.Setup{})
			before := s.Conn().State()
			if !s.ICMP(tcp.ICMPHard, c.at, 0, syscall.ECONNREFUSED) {
				t.Error("not believed")
			}
			s.ExpectNone()
			if c.ends {
				s.ExpectClosed(syscall.ECONNREFUSED)
				return
			}
			s.ExpectState(before)
			if got := s.Conn().SoftError(); got != syscall.ECONNREFUSED {
				t.Errorf("got soft error %v", got)
			}
		})
		t.Run("soft, "+c.start.String(), func(t *testing.T) {
			s := tcptest.New(t, c.start, tcptest.Setup{})
			before := s.Conn().State()
			s.ICMP(tcp.ICMPSoft, c.at, 0, syscall.EHOSTUNREACH)
			s.ExpectState(before)
			if got := s.Conn().SoftError(); got != syscall.EHOSTUNREACH {
				t.Errorf("got soft error %v", got)
			}
		})
	}
	t.Run("says why a connection failed", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Config: tcp.Config{SYNRetries: 1}})
		s.ICMP(tcp.ICMPSoft, 0, 0, syscall.EHOSTUNREACH)
		s.Advance(3e9)
		s.Ignore()
		s.ExpectClosed(syscall.EHOSTUNREACH)
	})
	t.Run("is forgotten with progress", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{DataRetries: 1}})
		s.Write(1000)
		s.ICMP(tcp.ICMPSoft, 1, 0, syscall.EHOSTUNREACH)
		s.Recv(ack(1))
		if got := s.Conn().SoftError(); got != nil {
			t.Errorf("got soft error %v", got)
		}
		s.Write(1000)
		s.Advance(3e9)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
}

// RFC 5927, Section 4.1: the sequence number of the segment in the message must be one of data in flight.
//
// req: RFC5927 4.1-1
func TestICMPForged(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	if s.ICMP(tcp.ICMPSoft, 1, 0, syscall.EHOSTUNREACH) {
		t.Error("believed, though nothing is in flight")
	}
	s.Write(2000)
	s.Ignore()
	for _, at := range []int{0, 2001, -1 << 30, 1 << 30} {
		for _, kind := range []tcp.ICMPKind{tcp.ICMPSoft, tcp.ICMPHard, tcp.ICMPTooBig} {
			if s.ICMP(kind, at, 600, syscall.EHOSTUNREACH) {
				t.Errorf("believed about <SEQ=%d>", at)
			}
		}
	}
	for _, at := range []int{1, 1001, 2000} {
		if !s.ICMP(tcp.ICMPSoft, at, 0, syscall.EHOSTUNREACH) {
			t.Errorf("not believed about <SEQ=%d>", at)
		}
	}
	s.ExpectNone()
}

// RFC 1191, Section 6.4; RFC 9293, Section 3.7.2: what does not fit is sent again at once, in segments that do, and the
// congestion window is not reduced for it.
func TestTooBig(t *testing.T) {
	bigPath := tcptest.Setup{Peer: "<WND=60000><MSS=1460><SACKOK>"}
	t.Run("segments shrink", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, bigPath)
		s.Write(2920)
		s.Expect("<SEQ=1><DATA=1460><CTL=ACK>", "<SEQ=1461><DATA=1460><CTL=ACK,PSH>")
		before := s.Info()
		if !s.ICMP(tcp.ICMPTooBig, 1, 1040, 0) {
			t.Error("not believed")
		}
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=920><CTL=ACK,PSH>")
		s.ExpectNone()
		if i := s.Info(); i.SndCwnd < 10*1000 || i.PMTU != 1040 || i.SndSsthresh != before.SndSsthresh {
			t.Errorf("got %+v", i)
		}
		s.Recv("<SEQ=1><ACK=2921><CTL=ACK>")
		s.Write(1500)
		s.Expect("<SEQ=2921><DATA=1000><CTL=ACK>", "<SEQ=3921><DATA=500><CTL=ACK,PSH>")
	})
	t.Run("not again for the same news", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, bigPath)
		s.Write(2920)
		s.Ignore()
		s.ICMP(tcp.ICMPTooBig, 1, 1040, 0)
		s.Ignore()
		if s.ICMP(tcp.ICMPTooBig, 1461, 1040, 0) || s.ICMP(tcp.ICMPTooBig, 1461, 9000, 0) {
			t.Error("believed")
		}
		s.ExpectNone()
	})
	t.Run("no smaller than any path", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, bigPath)
		s.Write(1460)
		s.Ignore()
		s.ICMP(tcp.ICMPTooBig, 1, 68, 0)
		s.Ignore()
		if got := s.Info().PMTU; got != 552 {
			t.Errorf("PMTU %d", got)
		}
	})
	t.Run("IPv6", func(t *testing.T) {
		v6 := bigPath
		v6.IPv6 = true
		s := tcptest.New(t, tcptest.Established, v6)
		s.Write(1440)
		s.Expect("<SEQ=1><DATA=1440><CTL=ACK,PSH>")
		s.ICMP(tcp.ICMPTooBig, 1, 100, 0)
		s.Expect("<SEQ=1><DATA=1220><CTL=ACK>", "<SEQ=1221><DATA=220><CTL=ACK,PSH>")
	})
	t.Run("during the handshake", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, bigPath)
		s.ICMP(tcp.ICMPTooBig, 0, 1040, 0)
		s.ExpectNone()
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
		s.Write(1500)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=500><CTL=ACK,PSH>")
	})
	t.Run("smaller than the peer's MSS only", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(1000)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		s.ICMP(tcp.ICMPTooBig, 1, 1400, 0)
		s.ExpectNone()
	})
}
