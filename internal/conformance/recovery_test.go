package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// This file proves requirements of loss recovery. Segments are of 1000 bytes and counted from 1.

const (
	rtt = 100 * time.Millisecond
	// rto is SRTT + max(200 ms, 4*RTTVAR) after a single measurement of rtt.
	rto = 300 * time.Millisecond
	// pto is 2*SRTT, and 2 ms so that late timers are not taken for losses.
	pto = 2*rtt + 2*time.Millisecond
)

// measured returns a connection whose handshake measured rtt. Its congestion control is Reno's, so that windows are easily
// predicted.
func measured(t *testing.T, cfg tcp.Config, options string) *tcptest.Script {
	t.Helper()
	cfg.Congestion = "reno"
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Config: cfg, Peer: "<WND=60000><MSS=1000>" + options})
	s.Advance(rtt)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	return s
}

// flight returns a connection that takes SACK, has sent the first n of total segments, and has waited for a round trip.
func flight(t *testing.T, n, total int) *tcptest.Script {
	t.Helper()
	s := measured(t, tcp.Config{InitialWindow: n}, "<SACKOK>")
	s.Write(1000 * total)
	sends(t, s, 1, n)
	s.ExpectNone()
	s.Advance(rtt)
	return s
}

// sends takes the segments from to to, which have to be the next ones sent, whatever else stands in their headers.
func sends(t *testing.T, s *tcptest.Script, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if waiting, _ := s.Sent(); waiting == 0 {
			t.Fatalf("segment %d was not sent", n)
		}
		h, size := s.TakeSegment()
		if got := int(h.Seq) - 10_000; got != 1000*n-999 || size != 1000 { // 10,000 is our ISS
			t.Fatalf("got <SEQ=%d><DATA=%d>, want segment %d", got, size, n)
		}
	}
}

// sendsAfter checks that nothing is sent for d less a nanosecond, and then segment n.
func sendsAfter(t *testing.T, s *tcptest.Script, d time.Duration, n int) {
	t.Helper()
	s.Advance(d - 1)
	s.ExpectNone()
	s.Advance(1)
	sends(t, s, n, n)
}

// acks returns an acknowledgment of everything up to segment n, with SACK blocks of segments.
func acks(n int, sacked ...[2]int) string {
	text := fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", 1000*n+1)
	sep := "<SACK="
	for _, b := range sacked {
		text += fmt.Sprintf("%s%d:%d", sep, 1000*b[0]-999, 1000*b[1]+1)
		sep = ","
	}
	if len(sacked) > 0 {
		text += ">"
	}
	return text
}

// RFC 8985, Section 3.3.2: "The reordering window SHOULD be set to zero if no reordering has been observed on the connection
// so far, and either (a) three segments have been SACKed since the last recovery or (b) the sender is already in fast or RTO
// recovery. Otherwise, the reordering window SHOULD start from a small fraction of the round-trip time". Section 6.2: "For
// timely loss detection, it is RECOMMENDED that the sender install a reordering timer." Section 9.2: the three duplicates
// of RFC 6675 are no condition.
//
// req: RFC8985 1-1, 3.3.2-1, 3.3.2-2, 6.2-2, 9.2-1
func TestReorderingWindow(t *testing.T) {
	t.Run("three SACKed", func(t *testing.T) {
		s := flight(t, 10, 40)
		s.Recv(acks(0, [2]int{2, 4}))
		sends(t, s, 1, 1)
		s.Ignore()
	})
	t.Run("two SACKed: a quarter of the round trip", func(t *testing.T) {
		s := flight(t, 10, 10)
		s.Recv(acks(0, [2]int{2, 3}))
		sendsAfter(t, s, rtt/4, 1)
		s.ExpectNone()
	})
	t.Run("the timer waits for the last segment that was overtaken", func(t *testing.T) {
		s := measured(t, tcp.Config{InitialWindow: 4}, "<SACKOK>")
		s.Write(2000)
		s.Advance(10 * time.Millisecond)
		s.Write(2000)
		sends(t, s, 1, 4)
		s.Advance(rtt - 10*time.Millisecond)
		s.Recv(acks(0, [2]int{2, 2}))
		s.Advance(10 * time.Millisecond)
		s.Recv(acks(0, [2]int{4, 4}, [2]int{2, 2}))
		sendsAfter(t, s, rtt/4, 1)
		if got := s.Info().Lost; got != 2000 {
			t.Errorf("%d bytes lost: 3 was due with 1", got)
		}
		s.ExpectNone()
	})
	t.Run("in recovery", func(t *testing.T) {
		s := flight(t, 10, 10)
		s.Recv(acks(0, [2]int{2, 4}))
		sends(t, s, 1, 1)
		s.Recv(acks(4))
		s.Recv(acks(4, [2]int{6, 6})) // one is enough
		if got := s.Info().Lost; got != 1000 {
			t.Errorf("%d bytes lost: 5 was sent before 6", got)
		}
		s.Ignore()
	})
	t.Run("reordering was seen", func(t *testing.T) {
		s := flight(t, 10, 30)
		s.Recv(acks(0, [2]int{2, 2}))
		s.Recv(acks(2)) // 1 came behind 2
		s.Ignore()
		s.Recv(acks(2, [2]int{4, 8}))
		s.Ignore()
		if got := s.Info().TotalRetrans; got != 0 {
			t.Errorf("%d retransmissions", got)
		}
		sendsAfter(t, s, rtt/4, 3)
		s.Ignore()
	})
}

// RFC 8985, Section 3.3.2: "The RACK reordering window SHOULD adaptively increase … if the sender receives a Duplicate
// Selective Acknowledgment (DSACK) option. … The RACK reordering window MUST be bounded, and this bound SHOULD be SRTT."
//
// req: RFC8985 3.3.2-3, 3.3.2-4, 3.3.2-5, 4-4
func TestReorderingWindowGrows(t *testing.T) {
	s := flight(t, 10, 10)
	s.Recv(acks(0, [2]int{2, 2}), acks(10)) // reordering
	for round := 1; round <= 8; round++ {
		window := min(time.Duration(round)*rtt/4, rtt)
		n := 10 * round
		s.Write(10_000)
		s.Ignore()
		s.Advance(rtt)
		s.Recv(acks(n, [2]int{n + 2, n + 10}))
		s.ExpectNone()
		sendsAfter(t, s, window, n+1)
		s.ExpectNone()
		s.Recv(acks(n+10, [2]int{n + 1, n + 1})) // needless: the first came, too
		if got := s.Info().RTT; got != rtt {
			t.Fatalf("round %d: SRTT %v", round, got)
		}
	}
}

// RFC 8985, Section 4: "For each data segment sent, the sender MUST store its most recent transmission time with a timestamp
// whose granularity is finer than 1/4 of the minimum RTT of the connection."
//
// req: RFC8985 4-3
func TestTransmissionTimesAreFine(t *testing.T) {
	const rtt = 8 * time.Microsecond
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK>"})
	s.Advance(rtt)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Ignore()
	s.Write(1000)
	s.Advance(rtt / 8)
	s.Write(1000)
	s.Ignore()
	s.Advance(rtt - rtt/8)
	s.Recv(acks(0, [2]int{2, 2})) // a round trip of 7 µs: 1, sent 8 µs ago, has a quarter of 7 µs more
	sendsAfter(t, s, 750*time.Nanosecond, 1)
	s.ExpectNone()
}

// RFC 8985, Section 4: "The connection MUST use selective acknowledgment (SACK) options, and the sender MUST keep SACK
// scoreboard information on a per-connection basis".
//
// req: RFC8985 4-1, 4-2
func TestNoRACKWithoutSACK(t *testing.T) {
	for _, options := range []string{"", "<SACKOK>"} {
		s := measured(t, tcp.Config{}, options)
		s.Write(2000)
		s.Ignore()
		s.Advance(rto - 1)
		if got := s.Info().TailProbes; (got > 0) != (options != "") {
			t.Errorf("options %q: %d probes", options, got)
		}
		s.Ignore()
		s.Recv(acks(0, [2]int{2, 2})) // without SACK-Permitted it says nothing
		if got := s.Info().Sacked; (got > 0) != (options != "") {
			t.Errorf("options %q: %d bytes SACKed", options, got)
		}
		s.Ignore()
	}
}

// RFC 8985, Section 9.3: "A segment marked as lost by RACK-TLP MUST NOT be retransmitted until congestion control deems this
// appropriate. The Proportional Rate Reduction (PRR) algorithm is RECOMMENDED".
//
// RFC 9937, Section 6: below ssthresh as much may leave as arrived, and one segment more when nothing further is found lost;
// the first retransmission leaves in any case; at the end the window is ssthresh.
//
// req: RFC8985 9.3-1, 9.3-2, RFC9937 6-1, 6-2, 6-3, 6-5, 6-6, 6-7, 6-8, 6-9
func TestManyLost(t *testing.T) {
	s := flight(t, 20, 100)
	s.Recv(acks(0, [2]int{18, 20})) // 1 to 17 are lost
	if i := s.Info(); i.Lost != 17_000 || i.SndSsthresh != 10_000 {
		t.Fatalf("got %+v", i)
	}
	sends(t, s, 1, 3) // for the three that arrived
	s.ExpectNone()
	s.Advance(rtt)
	s.Recv(acks(1, [2]int{18, 20}))
	sends(t, s, 4, 5) // one arrived, and one more
	s.ExpectNone()
	s.Recv(acks(2, [2]int{18, 20}))
	sends(t, s, 6, 7)
	s.Recv(acks(3, [2]int{18, 20}))
	sends(t, s, 8, 9)
	s.Advance(rtt)
	for n := 4; n <= 7; n++ {
		s.Recv(acks(n, [2]int{18, 20}))
		sends(t, s, 2*n+2, 2*n+3)
		s.ExpectNone()
	}
	for n := 8; n <= 9; n++ { // ten are in the network: no more
		s.Recv(acks(n, [2]int{18, 20}))
		sends(t, s, n+13, n+13)
		s.ExpectNone()
	}
	s.Advance(rtt)
	s.Recv(acks(22))
	sends(t, s, 23, 32)
	s.ExpectNone()
	if i := s.Info(); i.SndCwnd != 10_000 || i.CAState != "open" {
		t.Errorf("got %+v", i)
	}
}

// RFC 9937, Section 6: above ssthresh, SndCnt = CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out: one for every two that
// arrive, if ssthresh is half.
//
// req: RFC9937 6-1, 6-2, 6-4, 6-6, 6-7, 6-8, 6-9
func TestProportionalReduction(t *testing.T) {
	s := flight(t, 20, 100)
	s.Recv(acks(0, [2]int{2, 4})) // 1 is lost
	sends(t, s, 1, 1)             // three arrivals are worth one and a half
	out, next := 1, 21
	for delivered := 4; delivered <= 15; delivered++ {
		s.Recv(acks(0, [2]int{2, delivered + 1}))
		for ; out < delivered/2; out, next = out+1, next+1 {
			sends(t, s, next, next)
		}
		s.ExpectNone()
	}
	for n := 17; n <= 20; n++ {
		s.Recv(acks(0, [2]int{2, n}))
	}
	sends(t, s, next, next+10-out-1) // now ssthresh is in the network
	s.ExpectNone()
	s.Recv(acks(20))
	if i := s.Info(); i.SndCwnd != 10_000 || i.CAState != "open" || i.SndSsthresh != 10_000 {
		t.Errorf("got %+v", i)
	}
	s.Ignore()
}

// RFC 2883, Section 5: "the sender should compare the sequence space in the first SACK block to the cumulative ACK which is
// carried IN THE SAME PACKET. … An implementation MUST NOT compare the sequence space in the SACK block to the TCP state
// variable snd.una (which carries the total cumulative ACK), as this may result in the wrong conclusion if ACK packets are
// reordered."
//
// req: RFC2883 5-1, 5-2
func TestDSACKIsToldByItsOwnACK(t *testing.T) {
	for _, c := range []struct {
		name string
		acks []string
		want uint64
	}{
		{"below SND.UNA", []string{acks(5), acks(5, [2]int{2, 2})}, 1},
		{"below its own acknowledgment", []string{acks(5, [2]int{2, 2})}, 1},
		{"within the second block", []string{acks(5, [2]int{8, 8}, [2]int{7, 9})}, 1},
		{"beyond its own acknowledgment, below SND.UNA: late", []string{acks(5), acks(0, [2]int{2, 2})}, 0},
		{"news", []string{acks(5, [2]int{8, 8})}, 0},
	} {
		s := flight(t, 10, 10)
		s.Recv(c.acks...)
		if got := s.Info().DSACKDups; got != c.want {
			t.Errorf("%s: %d DSACKs, want %d", c.name, got, c.want)
		}
		s.Ignore()
	}
}
