package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// tenInFlight returns a connection that has sent the first ten of 40 segments of 1000 bytes.
func tenInFlight(t *testing.T, peer string) *tcptest.Script {
	t.Helper()
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=60000><MSS=1000>" + peer})
	s.Advance(100 * time.Millisecond) // the round trip
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	s.Write(40_000)
	expectSegments(s, 1, 10)
	s.ExpectNone()
	s.Advance(100 * time.Millisecond)
	return s
}

// expectSegments expects the segments from to to of 1000 bytes, counted from 1.
func expectSegments(s *tcptest.Script, from, to int) {
	for i := from; i <= to; i++ {
		s.Expect(fmt.Sprintf("<SEQ=%d><DATA=1000><CTL=ACK>", 1000*(i-1)+1))
	}
}

// ack returns an acknowledgment of everything up to and with segment n, and SACK blocks of segments.
func ack(n int, sacked ...[2]int) string {
	text := fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", 1000*n+1)
	for i, b := range sacked {
		sep := ","
		if i == 0 {
			sep = "<SACK="
		}
		text += fmt.Sprintf("%s%d:%d", sep, 1000*(b[0]-1)+1, 1000*b[1]+1)
	}
	if len(sacked) > 0 {
		text += ">"
	}
	return text
}

const sackOK = "<SACKOK>"

// RFC 5681, Section 3.2: "Fast Retransmit/Fast Recovery"; RFC 3042: limited transmit; RFC 6582, Section 3.2.
//
// req: RFC5681 3.2-3, 3.2-4, 3.2-5, 3.2-7, 3.2-8, 3.2-9, 3.2-10, 3.2-11, 3.2-12, 4.3-1, 4.3-2, 4.3-3
// req: RFC6582 3.2-1, 3.2-2, 3.2-3, RFC3042 2-1, 2-2
func TestFastRetransmit(t *testing.T) {
	s := tenInFlight(t, "") // the first is lost
	s.Recv(ack(0))
	expectSegments(s, 11, 11) // "On the first and second duplicate ACKs …, a TCP SHOULD send a segment of previously unsent data"
	s.Recv(ack(0))
	expectSegments(s, 12, 12)
	s.ExpectNone()
	s.Recv(ack(0))
	expectSegments(s, 1, 1)
	s.ExpectNone()
	if i := s.Info(); i.SndSsthresh != 5000 || i.CAState != "recovery" {
		t.Errorf("got %+v", i)
	}
	s.Recv(ack(0))
	s.ExpectNone()
	s.Recv(ack(0))
	s.ExpectNone()
	s.Recv(ack(0)) // the sixth: one for two that left
	expectSegments(s, 13, 13)
	s.Recv(ack(0))
	s.Recv(ack(0))
	s.ExpectNone() // five are in the network: ssthresh
	for n := 14; n <= 16; n++ {
		s.Recv(ack(0))
		expectSegments(s, n, n)
		s.ExpectNone()
	}
	s.Recv(ack(12)) // full acknowledgment
	expectSegments(s, 17, 17)
	s.ExpectNone()
	if i := s.Info(); i.SndCwnd != 5000 || i.CAState != "open" {
		t.Errorf("got %+v", i)
	}
	s.Recv(ack(17)) // and congestion avoidance from there: one segment more for a window acknowledged
	expectSegments(s, 18, 23)
	s.ExpectNone()
	s.Recv(ack(22))
	expectSegments(s, 24, 28)
	s.ExpectNone()
}

// "In this case, retransmit the first unacknowledged segment. Deflate the congestion window by the amount of new data
// acknowledged by the Cumulative Acknowledgment field. If the partial ACK acknowledges at least one SMSS of new data, then
// add back SMSS bytes to the congestion window" (RFC 6582, Section 3.2, step 3).
//
// req: RFC6582 3.2-4, 3.2-5
func TestPartialACK(t *testing.T) {
	s := tenInFlight(t, "") // the first and the fifth are lost
	for range 10 {          // 2, 3, 4, 6 to 10, and the two of limited transmit
		s.Recv(ack(0))
	}
	expectSegments(s, 11, 12)
	expectSegments(s, 1, 1)
	expectSegments(s, 13, 15)
	s.ExpectNone()
	s.Advance(100 * time.Millisecond)
	s.Recv(ack(4))
	expectSegments(s, 5, 5)
	expectSegments(s, 16, 16)
	s.ExpectNone()
	s.Recv(ack(4))
	expectSegments(s, 17, 17)
	s.ExpectNone()
	rto := s.Info().RTO
	s.ExpectAfter(rto, "<SEQ=4001><DATA=1000><CTL=ACK>") // had it been lost again
}

// "If not [more than recover], … it does not enter fast retransmit": duplicates of what a timeout repeated needlessly, or
// of the last segments of a recovery, begin no recovery.
//
// req: RFC6582 3.2-6
func TestNoSecondFastRetransmit(t *testing.T) {
	s := tenInFlight(t, "")
	s.Advance(s.Info().RTO)
	expectSegments(s, 1, 1)
	s.Recv(ack(1)) // all were late, not lost
	expectSegments(s, 2, 3)
	s.Recv(ack(10))
	s.Ignore()
	before := s.Info()
	for range 5 { // the peer answers what it had
		s.Recv(ack(10))
	}
	if i := s.Info(); i.Recoveries != 0 || i.SndCwnd != before.SndCwnd {
		t.Errorf("got %+v", i)
	}
	if n, _ := s.Sent(); n > 2 {
		t.Errorf("%d segments sent on duplicates", n)
	}
	s.Ignore()
}

// RFC 5681, Section 2, defines a duplicate acknowledgment; what is none does not count.
func TestNotADuplicate(t *testing.T) {
	for _, c := range []struct{ name, segment string }{
		{"carries data", "<SEQ=%d><ACK=1><DATA=1><CTL=ACK>"},
		{"changes the window", "<SEQ=1><ACK=1><WND=5%d000><CTL=ACK>"},
		{"is old", "<SEQ=1><ACK=%d><CTL=ACK>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tenInFlight(t, "")
			for i := range 5 {
				n := i + 1
				if c.name == "is old" {
					n = -i
				}
				s.Recv(fmt.Sprintf(c.segment, n))
			}
			if i := s.Info(); i.Recoveries != 0 || i.TotalRetrans != 0 {
				t.Errorf("got %+v", i)
			}
			s.Ignore()
		})
	}
	t.Run("brings no news by SACK", func(t *testing.T) {
		// RFC 6675, Section 2; RFC 5681: "a sender using SACK MUST NOT send new data unless the incoming duplicate
		// acknowledgment contains new SACK information."
		//
		// req: RFC5681 3.2-6, RFC3042 2-3
		s := tenInFlight(t, sackOK)
		for range 5 {
			s.Recv(ack(0))
		}
		s.ExpectNone()
		s.Recv(ack(0, [2]int{2, 2}))
		expectSegments(s, 11, 11)
		for range 5 {
			s.Recv(ack(0, [2]int{2, 2}))
		}
		s.ExpectNone()
	})
}

// RFC 6675, Section 5.
//
// req: RFC6675 4-1, 4-3, 4-4, 4-5, 4-6, 4-10, 5-1, 5-2, 5-3, 5-4, 5-5, 5-6, 5-7, 5-8, 5-9, 5-10, RFC2018 5-1, 5.1-1
func TestSACKRecovery(t *testing.T) {
	t.Run("one lost", func(t *testing.T) {
		s := tenInFlight(t, sackOK)
		s.Recv(ack(0, [2]int{2, 2}))
		expectSegments(s, 11, 11)
		s.Recv(ack(0, [2]int{2, 3}))
		expectSegments(s, 12, 12)
		s.Recv(ack(0, [2]int{2, 4}))
		expectSegments(s, 1, 1)
		s.ExpectNone()
		if i := s.Info(); i.SndSsthresh != 5000 || i.Lost != 1000 || i.Sacked != 3000 {
			t.Errorf("got %+v", i)
		}
		s.Recv(ack(0, [2]int{2, 5}))
		s.ExpectNone()
		s.Recv(ack(0, [2]int{2, 6}))
		s.ExpectNone()
		s.Recv(ack(0, [2]int{2, 7}))
		expectSegments(s, 13, 13)
		s.Recv(ack(0, [2]int{2, 8}))
		s.Recv(ack(0, [2]int{2, 9}))
		s.ExpectNone()
		s.Recv(ack(0, [2]int{2, 10}))
		expectSegments(s, 14, 14)
		s.Recv(ack(12))
		expectSegments(s, 15, 17)
		s.ExpectNone()
		if i := s.Info(); i.SndCwnd != 5000 || i.CAState != "open" {
			t.Errorf("got %+v", i)
		}
	})
	t.Run("three lost, found at once", func(t *testing.T) {
		s := tenInFlight(t, sackOK) // 1, 3 and 5
		s.Recv(ack(0, [2]int{6, 10}, [2]int{4, 4}, [2]int{2, 2}))
		expectSegments(s, 1, 1)
		expectSegments(s, 3, 3)
		expectSegments(s, 5, 5)
		// 5000 are lost or in repair, 5 more may be in flight: two are new.
		expectSegments(s, 11, 12)
		s.ExpectNone()
		s.Recv(ack(2, [2]int{4, 4}, [2]int{6, 10}))
		expectSegments(s, 13, 13)
		s.Recv(ack(4, [2]int{6, 10}))
		expectSegments(s, 14, 14)
		s.Recv(ack(10))
		expectSegments(s, 15, 15)
		s.ExpectNone()
		if i := s.Info(); i.TotalRetrans != 3 || i.Recoveries != 1 || i.CAState != "open" {
			t.Errorf("got %+v", i)
		}
	})
	t.Run("a retransmission is lost: timeout", func(t *testing.T) {
		// RFC 6675, Section 5.1: "If an RTO occurs during loss recovery …, RecoveryPoint MUST be set to HighData.
		// Further, the new value of RecoveryPoint MUST be preserved and the loss recovery algorithm … MUST be
		// terminated."
		//
		// req: RFC6675 5.1-1, 5.1-2, 5.1-3, 5.1-4, 5.1-5, 5.1-6, RFC2018 5-3
		s := tenInFlight(t, sackOK) // 1 and 3, and 1 again
		s.Recv(ack(0, [2]int{4, 10}, [2]int{2, 2}))
		expectSegments(s, 1, 1)
		expectSegments(s, 3, 3)
		s.Ignore()
		s.Recv(ack(0, [2]int{2, 10}))
		s.Ignore()
		s.Advance(s.Info().RTO)
		expectSegments(s, 1, 1) // and not 2 to 10, which the peer has
		s.ExpectNone()
		if i := s.Info(); i.CAState != "loss" || i.SndCwnd != 1000 {
			t.Errorf("got %+v", i)
		}
		s.Recv(ack(10))
		if s.Info().CAState != "loss" {
			t.Error("recovery is over before RecoveryPoint")
		}
		s.Ignore()
	})
}

// RFC 2018, Section 8: the receiver may discard what it has SACKed.
//
// req: RFC2018 8-3, RFC6675 4-2
func TestReneging(t *testing.T) {
	t.Run("timeouts alone say nothing", func(t *testing.T) {
		s := tenInFlight(t, sackOK)
		s.Recv(ack(0, [2]int{2, 10}))
		s.Ignore()
		rto, before := s.Info().RTO, s.Info().TotalRetrans
		for i := range 3 {
			s.Advance(rto << i)
			expectSegments(s, 1, 1)
		}
		s.Recv(ack(10))
		if got, _ := s.Sent(); got > 4 || s.Info().TotalRetrans != before+3 {
			t.Errorf("%d segments sent, %d of them again", got, s.Info().TotalRetrans-before)
		}
		s.Ignore()
	})
	t.Run("a cumulative acknowledgment in the middle of a block", func(t *testing.T) {
		s := tenInFlight(t, sackOK)
		s.Recv(ack(0, [2]int{2, 10}))
		expectSegments(s, 1, 1)
		s.Ignore()
		s.Recv(ack(1)) // and not 10: what is behind may be on its way
		s.Ignore()
		s.Advance(s.Info().RTT/2 + time.Millisecond) // it is not
		expectSegments(s, 2, 2)
		if got := s.Info().Sacked; got != 0 {
			t.Errorf("%d bytes still thought SACKed", got)
		}
		s.Ignore()
	})
	t.Run("not if the rest comes soon", func(t *testing.T) {
		s := tenInFlight(t, sackOK)
		s.Recv(ack(0, [2]int{2, 10}))
		expectSegments(s, 1, 1)
		s.Ignore()
		s.Recv(ack(1))
		s.Recv(ack(10))
		s.Ignore()
		if i := s.Info(); i.Timeouts != 0 || i.TotalRetrans != 1 {
			t.Errorf("%d timeouts, %d retransmissions", i.Timeouts, i.TotalRetrans)
		}
	})
}

// SACK blocks that make no sense are ignored.
func TestBadSACK(t *testing.T) {
	for _, block := range []string{"5001:5001", "5001:4001", "1:2001", "-500:1", "-5000:-2000", "5001:11001", "2147480000:2147490000", "20001:21001"} {
		s := tenInFlight(t, sackOK)
		s.Recv("<SEQ=1><ACK=1><CTL=ACK><SACK=" + block + ">")
		if got := s.Info().Sacked; got != 0 {
			t.Errorf("%s: %d bytes SACKed", block, got)
		}
		s.ExpectNone()
	}
	t.Run("a flood of crumbs", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{
			Peer: "<WND=60000><MSS=1000><SACKOK>", Config: tcp.Config{InitialWindow: 50},
		})
		s.Write(50_000)
		for at := 3; at < 50_000; at += 8 {
			s.Recv(fmt.Sprintf("<SEQ=1><ACK=1><CTL=ACK><SACK=%d:%d,%d:%d,%d:%d,%d:%d>", at, at+1, at+2, at+3, at+4, at+5, at+6, at+7))
		}
		s.Ignore()
		s.Recv(ack(50))
		s.ExpectNone()
	})
}

// An acknowledgment that was overtaken is old, but what it SACKs may be news (as in Linux).
func TestSACKInOldACK(t *testing.T) {
	s := tenInFlight(t, sackOK)
	s.Recv(ack(1))
	s.Recv(ack(2))
	s.Ignore()
	s.Recv(ack(1, [2]int{4, 4}))
	if i := s.Info(); i.Sacked != 1000 {
		t.Errorf("got %+v", i)
	}
	expectSegments(s, 15, 15) // one has left the network
	s.ExpectNone()
}
