package congestion

import "github.com/antedon-net/antedon/internal/mono"

// reno is the standard algorithm of RFC 5681.
type reno struct {
	window
	acked  int                          // bytes towards the next increase in congestion avoidance
	before struct{ cwnd, ssthresh int } // what Undo goes back to
}

func newReno(o Options) Control { return &reno{window: newWindow(o)} }

func (r *reno) Name() string { return "reno" }

// OnAck opens the window.
//
// RFC 5681, Section 3.1: "The RECOMMENDED way to increase cwnd during congestion avoidance is to count the number of bytes
// that have been acknowledged by ACKs for new data. … When the number of bytes acknowledged reaches cwnd, then cwnd can be
// incremented by up to SMSS bytes."
//
// req: RFC9293 MUST-19, RFC5681 3.1-1, 3.1-10, 3.1-11, 3.1-12
func (r *reno) OnAck(a Ack) {
	n := r.take(&a)
	if r.inSlowStart() {
		n = r.slowStart(n)
	}
	r.acked += n
	for r.acked >= r.cwnd {
		r.acked -= r.cwnd
		r.cwnd = min(r.cwnd+r.mss, maxWindow)
	}
}

// OnLoss halves the window.
//
// RFC 5681, Section 3.1, equation (4): "ssthresh = max (FlightSize / 2, 2*SMSS)". RFC 8511, Section 3: "ssthresh = max
// (FlightSize * beta_{ecn}, 2 * SMSS)", with "beta_{ecn}=0.8"; Section 4: "Applying ABE when cwnd is smaller than or equal
// to ssthresh is not currently recommended".
//
// req: RFC5681 3.1-8, 4.3-1, RFC8511 3-1
func (r *reno) OnLoss(_ mono.Time, inFlight int, why Cause) {
	r.remember()
	if r.abe && why == CauseECN && r.cwnd > r.ssthresh {
		inFlight = inFlight / 5 * 8 // half of this is 0.8
	}
	r.reduceTo(inFlight/2, why)
	r.acked = 0
}

// OnTimeout begins slow start.
//
// RFC 5681, Section 3.1: "when a TCP sender detects segment loss using the retransmission timer and the given segment has
// already been retransmitted by way of the retransmission timer at least once, the value of ssthresh is held constant."
//
// req: RFC9293 MUST-19, RFC5681 3.1-14, 3.1-15
func (r *reno) OnTimeout(_ mono.Time, inFlight int, again bool) {
	r.remember()
	if !again {
		r.reduceTo(inFlight/2, CauseLoss)
	}
	r.collapse()
	r.acked = 0
}

func (r *reno) remember() {
	if !r.reduced {
		r.before.cwnd, r.before.ssthresh = r.cwnd, r.ssthresh
	}
	r.reduced, r.undoable = true, true
}

// Undo takes back what was done since recovery began.
func (r *reno) Undo(mono.Time) {
	if r.undoable {
		r.cwnd, r.ssthresh = max(r.cwnd, r.before.cwnd), max(r.ssthresh, r.before.ssthresh)
	}
	r.reduced, r.undoable = false, false
}
