package conformance

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// RFC 8985, Section 7.2: "The sender SHOULD start or restart a loss probe PTO timer after transmitting new data (that was
// not itself a loss probe) or upon receiving an ACK that cumulatively acknowledges new data unless it is already in fast
// recovery, RTO recovery, or segments have been SACKed". The PTO is 2*SRTT, or until the RTO if that is less.
//
// req: RFC8985 7.2-1, 7.2-3
func TestProbeTimeout(t *testing.T) {
	t.Run("after new data", func(t *testing.T) {
		s := measured(t, tcp.Config{}, "<SACKOK>")
		s.Write(2000)
		sends(t, s, 1, 2)
		s.Advance(rtt / 2)
		s.Write(1000)
		sends(t, s, 3, 3)
		sendsAfter(t, s, pto, 3)
	})
	t.Run("after an acknowledgment of data", func(t *testing.T) {
		s := measured(t, tcp.Config{}, "<SACKOK>")
		s.Write(3000)
		sends(t, s, 1, 3)
		s.Advance(rtt)
		s.Recv(acks(1))
		sendsAfter(t, s, pto, 3)
	})
	t.Run("one segment: time for a delayed acknowledgment, but no later than the RTO", func(t *testing.T) {
		s := measured(t, tcp.Config{MinRTO: 20 * time.Millisecond}, "<SACKOK>")
		s.Write(1000)
		sends(t, s, 1, 1)
		sendsAfter(t, s, 2*rtt+20*time.Millisecond, 1)
		s = measured(t, tcp.Config{}, "<SACKOK>")
		s.Write(1000)
		sends(t, s, 1, 1)
		sendsAfter(t, s, rto, 1)
		if i := s.Info(); i.TailProbes != 1 || i.Timeouts != 0 || i.Backoff != 0 {
			t.Errorf("not a probe: %+v", i)
		}
	})
	t.Run("not in recovery", func(t *testing.T) {
		s := flight(t, 10, 10)
		s.Recv(acks(0, [2]int{2, 4}))
		sends(t, s, 1, 1)
		s.Recv(acks(4))
		s.ExpectNone()
		s.Advance(s.Info().RTO - 1)
		s.ExpectNone()
	})
	t.Run("not with segments SACKed", func(t *testing.T) {
		s := flight(t, 10, 10)
		s.Recv(acks(2, [2]int{4, 4}))
		s.Advance(rtt / 4)
		sends(t, s, 3, 3) // the reordering timer's
		s.ExpectNone()
		s.Advance(rto - 1)
		if got := s.Info().TailProbes; got != 0 {
			t.Errorf("%d probes", got)
		}
		s.Ignore()
	})
}

// RFC 8985, Section 7.3: what a probe is, that there is one at a time and only with a fresh measurement, and that the RTO
// comes after it.
//
// req: RFC8985 7.3-1, 7.3-2, 7.3-3, 7.3-4, 7.3-5, 7.3-6, 7.3-7
func TestProbe(t *testing.T) {
	t.Run("new data if there is some", func(t *testing.T) {
		s := flight(t, 4, 6)
		sendsAfter(t, s, pto-rtt, 5)
		s.ExpectNone()
		if got := s.Info().Unacked; got != 5000 {
			t.Errorf("FlightSize is %d", got)
		}
	})
	t.Run("else the highest, and the RTO from then on", func(t *testing.T) {
		s := flight(t, 4, 4)
		sendsAfter(t, s, pto-rtt, 4)
		sendsAfter(t, s, rto, 1)
		if i := s.Info(); i.TailProbes != 1 || i.Timeouts != 1 {
			t.Errorf("%d probes, %d timeouts", i.TailProbes, i.Timeouts)
		}
	})
	t.Run("the highest if the window allows nothing new", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=3000><MSS=1000><SACKOK>"})
		s.Advance(rtt)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Ignore()
		s.Write(9000)
		sends(t, s, 1, 3)
		sendsAfter(t, s, pto, 3)
	})
	t.Run("one at a time", func(t *testing.T) {
		s := flight(t, 4, 6)
		sendsAfter(t, s, pto-rtt, 5)
		s.Recv(acks(1)) // of those sent before the probe
		s.Ignore()
		s.Advance(s.Info().RTO - 1)
		s.ExpectNone()
		if got := s.Info().TailProbes; got != 1 {
			t.Errorf("%d probes", got)
		}
	})
	t.Run("not without a measurement since the last", func(t *testing.T) {
		s := flight(t, 1, 1)
		sendsAfter(t, s, rto-rtt, 1)
		s.Recv(acks(1, [2]int{1, 1})) // of the original or of the probe? No measurement (Karn)
		s.Write(2000)
		sends(t, s, 2, 3)
		s.Advance(s.Info().RTO - 1)
		s.ExpectNone()
		s.Recv(acks(2)) // a measurement
		s.Write(1000)
		sends(t, s, 4, 4)
		s.Advance(s.Info().RTO - 1)
		if got := s.Info().TailProbes; got != 2 {
			t.Errorf("%d probes", got)
		}
		s.Ignore()
	})
	t.Run("its acknowledgment tells of losses", func(t *testing.T) {
		s := flight(t, 4, 4)
		sendsAfter(t, s, pto-rtt, 4)
		s.Advance(rtt)
		s.Recv(acks(0, [2]int{4, 4}))
		if got := s.Info().Lost; got != 3000 {
			t.Errorf("%d bytes lost", got)
		}
		sends(t, s, 1, 1)
		s.Ignore()
	})
}

// RFC 6298, Section 3: "RTT samples MUST NOT be made using segments that were retransmitted (and thus for which it is
// ambiguous whether the reply was for the first instance of the packet or a later instance)", nor using those that came
// before and are acknowledged along with them.
//
// req: RFC6298 3-1, 3-2
func TestNoMeasurementBesideRetransmission(t *testing.T) {
	s := flight(t, 2, 2)
	sendsAfter(t, s, pto-rtt, 2)
	s.Recv(acks(2)) // 1 arrived when, if the acknowledgment is that of the probe?
	if got := s.Info().RTT; got != rtt {
		t.Errorf("SRTT is %v", got)
	}
}

// RFC 8985, Section 7.4.2: "If the TLP sender does not receive such an indication, then it MUST assume that the original data
// segment, the TLP retransmission, or a corresponding ACK was lost for congestion control purposes. … The sender then SHOULD
// invoke a congestion control response equivalent to a fast recovery."
//
// req: RFC8985 7.4.2-1, 7.4.2-2
func TestProbeRepairsLoss(t *testing.T) {
	for _, c := range []struct {
		name, ack string
		want      int // ssthresh, in segments; 0 for none
	}{
		{"a loss repaired", acks(4), 2},
		{"the original came too", acks(4, [2]int{4, 4}), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := flight(t, 4, 4)
			sendsAfter(t, s, pto-rtt, 4)
			s.Advance(rtt)
			s.Recv(c.ack)
			s.Write(1000)
			sends(t, s, 5, 5)
			s.Advance(rtt)
			s.Recv(acks(5))
			i := s.Info()
			if reduced := i.SndSsthresh < 1<<20; reduced != (c.want > 0) || reduced && i.SndSsthresh != 1000*c.want {
				t.Errorf("ssthresh is %d, cwnd %d", i.SndSsthresh, i.SndCwnd)
			}
			if i.CAState != "open" {
				t.Errorf("state %q", i.CAState)
			}
		})
	}
}
