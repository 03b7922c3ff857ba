package conformance

import (
	"testing"
)

// RFC 5682, Section 3.1: "SACK-Enhanced F-RTO".
//
// req: RFC5682 3.1-1, 3.1-3
func TestFRTO(t *testing.T) {
	t.Run("spurious: acknowledgments of the originals come late", func(t *testing.T) {
		s := flight(t, 10, 40)
		s.Advance(pto - rtt)
		sends(t, s, 11, 11) // a tail loss probe
		s.Advance(rto)
		sends(t, s, 1, 1)
		s.Recv(acks(1)) // 2b: "transmit up to two new (previously unsent) segments"
		sends(t, s, 12, 13)
		s.ExpectNone()
		s.Recv(acks(2)) // 3b: what was not retransmitted is acknowledged
		i := s.Info()
		if i.SndCwnd < 10_000 || i.SndSsthresh < 10_000 || i.Undone != 1 || i.TotalRetrans != 1 || i.CAState != "open" {
			t.Errorf("got %+v", i)
		}
		s.Ignore()
		s.Recv(acks(13))
		if got := s.Info().TotalRetrans; got != 1 {
			t.Errorf("%d retransmissions of a flight that arrived", got)
		}
		s.Ignore()
	})
	t.Run("3a: only the new data comes", func(t *testing.T) {
		s := flight(t, 10, 40)
		s.Advance(pto - rtt)
		sends(t, s, 11, 11)
		s.Advance(rto)
		sends(t, s, 1, 1)
		s.Advance(rtt)
		s.Recv(acks(1))
		sends(t, s, 12, 13)
		s.ExpectNone()
		s.Advance(rtt)
		s.Recv(acks(1, [2]int{12, 12})) // a duplicate: the timeout was right
		sends(t, s, 2, 2)
		if i := s.Info(); i.Undone != 0 || i.SndCwnd > 3000 || i.CAState != "loss" {
			t.Errorf("got %+v", i)
		}
		s.Ignore()
	})
	t.Run("2a: everything is acknowledged", func(t *testing.T) {
		s := flight(t, 10, 11)
		s.Advance(pto - rtt)
		sends(t, s, 11, 11)
		s.Advance(rto)
		sends(t, s, 1, 1)
		s.Recv(acks(11))
		if i := s.Info(); i.CAState != "open" || i.TotalRetrans != 1 {
			t.Errorf("got %+v", i)
		}
		s.Ignore()
	})
	t.Run("nothing new to send: the conventional recovery", func(t *testing.T) {
		s := flight(t, 4, 4)
		s.Advance(pto - rtt)
		sends(t, s, 4, 4)
		s.Advance(rto)
		sends(t, s, 1, 1)
		s.Advance(rtt)
		s.Recv(acks(1))
		sends(t, s, 2, 3)
		s.Ignore()
	})
	t.Run("the timer expires again: from step 1", func(t *testing.T) {
		s := flight(t, 10, 40)
		s.Advance(pto - rtt)
		sends(t, s, 11, 11)
		s.Advance(rto)
		sends(t, s, 1, 1)
		s.Advance(2 * rto)
		sends(t, s, 1, 1)
		s.Recv(acks(1))
		sends(t, s, 12, 13)
		s.Recv(acks(2))
		if i := s.Info(); i.Undone != 1 || i.SndCwnd < 10_000 {
			t.Errorf("got %+v", i)
		}
		s.Ignore()
	})
}

// RFC 5682, Section 3.1: "This algorithm SHOULD NOT be applied if the TCP sender is already in loss recovery when a
// retransmission timeout occurs."
//
// req: RFC5682 3.1-2
func TestNoFRTOInRecovery(t *testing.T) {
	s := flight(t, 10, 40)
	s.Recv(acks(0, [2]int{2, 4})) // fast recovery
	sends(t, s, 1, 1)
	s.Ignore()
	s.Advance(s.Info().RTO)
	sends(t, s, 1, 1)
	s.Advance(rtt)
	s.Recv(acks(4))
	sends(t, s, 5, 5) // and nothing new
	s.Ignore()
}
