package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// withRTT returns a connection whose handshake measured a round trip of 100 ms: SRTT is 100 ms, RTTVAR 50 ms, RTO 300 ms.
func withRTT(t *testing.T, cfg tcp.Config) *tcptest.Script {
	t.Helper()
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Config: cfg, Peer: "<WND=60000><MSS=1000>"})
	s.Advance(100 * time.Millisecond)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	return s
}

const rto = 300 * time.Millisecond

// RFC 6298, Section 5, "Managing the RTO Timer".
//
// req: RFC9293 MUST-18, MUST-19, RFC6298 5-1, 5-2, 5-3, 5-4, 5-5, 5-6, 5-7, RFC5681 3.1-14, 3.1-15, 4.3-4
func TestRetransmissionTimer(t *testing.T) {
	t.Run("5.1: starts with the first segment", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		s.Write(1000)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		s.Advance(rto / 2)
		s.Write(1000)
		s.Expect("<SEQ=1001><DATA=1000><CTL=ACK,PSH>")
		s.ExpectAfter(rto/2, "<SEQ=1><DATA=1000><CTL=ACK>")
	})
	t.Run("5.2: stops when all is acknowledged", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		s.Write(1000)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		s.Recv(ack(1))
		if at := s.Conn().Deadline(); at != mono.Never {
			t.Errorf("a timer is set for %v", at.Sub(s.Now()))
		}
		s.Advance(time.Hour)
		s.ExpectNone()
	})
	t.Run("5.3: starts anew with progress", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		s.Write(2000)
		s.Ignore()
		s.Advance(rto - 1)
		s.Recv(ack(1))
		s.ExpectNone()
		s.ExpectAfter(s.Info().RTO, "<SEQ=1001><DATA=1000><CTL=ACK,PSH>")
	})
	t.Run("5.4 to 5.6: the earliest segment, and doubles", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		s.Write(3000)
		s.Ignore()
		for wait := rto; wait < time.Minute; wait *= 2 {
			s.ExpectAfter(wait, "<SEQ=1><DATA=1000><CTL=ACK>")
		}
		if i := s.Info(); i.SndCwnd != 1000 || i.SndSsthresh != 2000 || i.Timeouts != 8 || i.TotalRetrans != 8 {
			t.Errorf("got %+v", i)
		}
	})
	t.Run("duplicates do not put it off", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		s.Write(2000)
		s.Ignore()
		s.Advance(rto - 1)
		s.Recv(ack(0))
		s.ExpectAfter(1, "<SEQ=1><DATA=1000><CTL=ACK>")
	})
	t.Run("a retransmission starts it anew", func(t *testing.T) {
		s := tenInFlight(t, sackOK)
		s.Advance(100 * time.Millisecond)
		s.Recv(ack(0, [2]int{2, 10}))
		expectSegments(s, 1, 1)
		s.Ignore()
		s.ExpectAfter(s.Info().RTO, "<SEQ=1><DATA=1000><CTL=ACK>")
	})
}

// Karn's algorithm: the back-off stays until a segment that was sent once is acknowledged.
//
// req: RFC9293 MUST-18, RFC6298 3-1, 3-2
func TestKarn(t *testing.T) {
	s := withRTT(t, tcp.Config{})
	s.Write(2000)
	s.Ignore()
	s.Advance(rto)
	s.Ignore()
	s.Advance(50 * time.Millisecond)
	s.Recv(ack(1)) // of the first transmission or of the second?
	s.Expect("<SEQ=1001><DATA=1000><CTL=ACK,PSH>")
	if i := s.Info(); i.RTT != 100*time.Millisecond || i.RTO != 2*rto {
		t.Errorf("measured: RTT %v, RTO %v", i.RTT, i.RTO)
	}
	s.Recv(ack(2))
	s.Write(1000)
	s.Expect("<SEQ=2001><DATA=1000><CTL=ACK,PSH>")
	if i := s.Info(); i.RTO != 2*rto {
		t.Errorf("RTO %v", i.RTO)
	}
	s.Advance(100 * time.Millisecond)
	s.Recv(ack(3))
	if i := s.Info(); i.RTT != 100*time.Millisecond || i.RTO != rto {
		t.Errorf("not measured: RTT %v, RTO %v", i.RTT, i.RTO)
	}
}

// "A TCP implementation MUST take at least one RTT measurement per RTT (unless that is not possible per Karn's
// algorithm)" (RFC 6298, Section 3), here without the help of timestamps.
//
// req: RFC6298 3-3
func TestMeasuresEveryRoundTrip(t *testing.T) {
	s := withRTT(t, tcp.Config{})
	srtt := 100 * time.Millisecond
	for round := range 20 {
		rtt := time.Duration(80+3*round) * time.Millisecond
		s.Write(5000)
		s.Ignore()
		s.Advance(rtt)
		s.Recv(ack(5*round + 5))
		srtt += (rtt - srtt) / 8
		if got := s.Info().RTT; got != srtt {
			t.Fatalf("round %d: SRTT %v, want %v", round, got, srtt)
		}
	}
}

// The bounds of the timeout, as they are set.
//
// req: RFC6298 2-1, 2-8
func TestRTOBounds(t *testing.T) {
	t.Run("initial", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Config: tcp.Config{InitialRTO: 7 * time.Second}})
		s.ExpectAfter(7*time.Second, "<SEQ=0><CTL=SYN>")
	})
	t.Run("minimum", func(t *testing.T) {
		s := withRTT(t, tcp.Config{MinRTO: time.Second})
		s.Write(1000)
		s.Ignore()
		s.ExpectAfter(1100*time.Millisecond, "<SEQ=1><DATA=1000><CTL=ACK,PSH>")
	})
	t.Run("maximum", func(t *testing.T) {
		s := withRTT(t, tcp.Config{MaxRTO: 500 * time.Millisecond, DataRetries: 100})
		s.Write(1000)
		s.Ignore()
		s.ExpectAfter(rto, "<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		for range 10 {
			s.ExpectAfter(500*time.Millisecond, "<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		}
	})
}

// "If the SYN or SYN/ACK is lost, the initial window used by a sender after a correctly transmitted SYN MUST be one segment
// consisting of at most SMSS bytes" (RFC 5681, Section 3.1).
//
// req: RFC5681 3.1-4
func TestInitialWindowAfterLoss(t *testing.T) {
	t.Run("SYN", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
		s.Write(5000)
		expectSegments(s, 1, 1)
		s.ExpectNone()
		s.Recv(ack(1)) // and slow start from there
		expectSegments(s, 2, 3)
		s.ExpectNone()
	})
	t.Run("SYN-ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
		s.ExpectAfter(time.Second, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		s.Write(5000)
		expectSegments(s, 1, 1)
		s.ExpectNone()
	})
	t.Run("neither", func(t *testing.T) {
		// "The SYN/ACK and the acknowledgment of the SYN/ACK MUST NOT increase the size of the congestion window."
		//
		// req: RFC5681 3.1-3
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{Config: tcp.Config{InitialWindow: 2}})
		s.Recv("<SEQ=0><CTL=SYN>") // was not lost, only late
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		s.Write(5000)
		expectSegments(s, 1, 2)
		s.ExpectNone()
	})
}

// RFC 5681, Section 4.1: "a TCP SHOULD set cwnd to no more than RW before beginning transmission if the TCP has not sent
// data in an interval exceeding the retransmission timeout."
//
// req: RFC5681 4.1-1
func TestIdleRestart(t *testing.T) {
	grown := func(t *testing.T, cfg tcp.Config) *tcptest.Script {
		cfg.InitialWindow = 4
		s := withRTT(t, cfg)
		s.Write(12_000)
		expectSegments(s, 1, 4)
		s.Recv(ack(4))
		s.Ignore()
		s.Recv(ack(12))
		if got := s.Info().SndCwnd; got != 16_000 {
			t.Fatalf("cwnd is %d", got)
		}
		return s
	}
	t.Run("idle", func(t *testing.T) {
		s := grown(t, tcp.Config{})
		s.Advance(s.Info().RTO + 1)
		s.Write(20_000)
		s.Ignore()
		if got := s.Info().SndCwnd; got != 4000 {
			t.Errorf("cwnd is %d", got)
		}
	})
	t.Run("not so long", func(t *testing.T) {
		s := grown(t, tcp.Config{})
		s.Advance(s.Info().RTO)
		s.Write(20_000)
		s.Ignore()
		if got := s.Info().SndCwnd; got != 16_000 {
			t.Errorf("cwnd is %d", got)
		}
	})
	t.Run("switched off", func(t *testing.T) {
		s := grown(t, tcp.Config{NoIdleRestart: true})
		s.Advance(time.Hour)
		s.Write(20_000)
		s.Ignore()
		if got := s.Info().SndCwnd; got != 16_000 {
			t.Errorf("cwnd is %d", got)
		}
	})
}

// "At any given time, a TCP MUST NOT send data with a sequence number higher than the sum of the highest acknowledged
// sequence number and the minimum of cwnd and rwnd" (RFC 5681, Section 2).
//
// req: RFC5681 2-1, 3-1
func TestSendsWhatWindowsAllow(t *testing.T) {
	for _, c := range []struct {
		name          string
		initial, rwnd int // in segments
	}{
		{"cwnd is the smaller", 4, 60},
		{"rwnd is the smaller", 10, 3},
		{"cwnd grows past rwnd", 4, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{
				Peer: fmt.Sprintf("<WND=%d><MSS=1000>", 1000*c.rwnd), Config: tcp.Config{InitialWindow: c.initial},
			})
			s.Write(200_000)
			for n := 1; n <= 60; n++ {
				if i := s.Info(); i.Unacked != min(i.SndCwnd, 1000*c.rwnd) {
					t.Fatalf("%d bytes are in flight, cwnd is %d, rwnd %d", i.Unacked, i.SndCwnd, 1000*c.rwnd)
				}
				s.Recv(ack(n))
			}
			s.Ignore()
		})
	}
}

// The congestion window grows only while it is what holds the sender back.
//
// req: RFC5681 3.1-1
func TestGrowthOnlyWhenLimited(t *testing.T) {
	t.Run("by the application", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		for n := 1; n <= 50; n++ {
			s.Write(1000)
			s.Ignore()
			s.Recv(ack(n))
		}
		if got := s.Info().SndCwnd; got != 10_000 {
			t.Errorf("cwnd is %d", got)
		}
	})
	t.Run("by the peer's window", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=3000><MSS=1000>"})
		s.Write(50_000)
		for n := 1; n <= 40; n++ {
			s.Recv(ack(n))
			s.Ignore()
		}
		if got := s.Info().SndCwnd; got != 10_000 {
			t.Errorf("cwnd is %d", got)
		}
	})
	t.Run("by itself", func(t *testing.T) {
		s := withRTT(t, tcp.Config{})
		s.Write(60_000)
		for n := 1; n <= 20; n++ {
			s.Recv(ack(n))
			s.Ignore()
		}
		if got := s.Info().SndCwnd; got != 30_000 {
			t.Errorf("cwnd is %d", got)
		}
	})
}
