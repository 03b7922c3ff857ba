package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// reno is the standard algorithm of RFC 5681.
type reno struct {
	mss      int
	initial  int // bytes
	cwnd     int
	ssthresh int
	acked    int // bytes acknowledged towards the next increase in congestion avoidance

	before struct{ cwnd, ssthresh int } // what Undo goes back to
}

// req: RFC5681 3.1-7
func newReno(mss, initial int) *reno {
	return &reno{mss: mss, initial: initial * mss, cwnd: initial * mss, ssthresh: maxWindow}
}

func (r *reno) Name() string   { return "reno" }
func (r *reno) Window() int    { return r.cwnd }
func (r *reno) Threshold() int { return r.ssthresh }

func (r *reno) PacingRate() int64     { return 0 }
func (r *reno) Reduces() bool         { return true }
func (r *reno) OnRecovered(mono.Time) {}

// SetMSS scales the window with the segment.
//
// RFC 5681, Section 3.1: "When initial congestion windows of more than one segment are implemented along with Path MTU
// Discovery, and the MSS being used is found to be too large, the congestion window cwnd SHOULD be reduced to prevent large
// bursts of smaller segments. Specifically, cwnd SHOULD be reduced by the ratio of the old segment size to the new segment
// size."
//
// req: RFC5681 3.1-5, 3.1-6
func (r *reno) SetMSS(mss int) {
	r.initial = r.initial / r.mss * mss
	r.cwnd = max(int(int64(r.cwnd)*int64(mss)/int64(r.mss)), mss)
	r.mss = mss
}

// OnHandshakeLoss begins with one segment.
//
// RFC 5681, Section 3.1: "if the SYN or SYN/ACK is lost, the initial window used by a sender after a correctly transmitted
// SYN MUST be one segment consisting of at most SMSS bytes."
//
// req: RFC5681 3.1-4
func (r *reno) OnHandshakeLoss() { r.cwnd = r.mss }

// OnAck opens the window.
//
// RFC 5681, Section 3.1: "during slow start, a TCP increments cwnd by at most SMSS bytes for each ACK received" and
// recommends counting the bytes acknowledged; L = 2*SMSS per acknowledgment would starve a receiver whose offload
// acknowledges 64 KiB at a time, so the count is not limited, as in Linux.
//
// req: RFC9293 MUST-19, RFC5681 3.1-1, 3.1-10, 3.1-11, 3.1-12
func (r *reno) OnAck(a Ack) {
	if !a.Limited || a.Reducing {
		return
	}
	bytes := a.Acked
	if r.cwnd < r.ssthresh {
		grow := min(bytes, r.ssthresh-r.cwnd)
		r.cwnd += grow
		bytes -= grow
	}
	if bytes > 0 {
		r.acked += bytes
		for r.acked >= r.cwnd {
			r.acked -= r.cwnd
			r.cwnd += r.mss
		}
	}
	r.cwnd = min(r.cwnd, maxWindow)
}

// OnLoss halves the window.
//
// RFC 5681, Section 3.1, equation (4): "ssthresh = max (FlightSize / 2, 2*SMSS)".
//
// req: RFC5681 3.1-8, 4.3-1
func (r *reno) OnLoss(_ mono.Time, inFlight int, _ Cause) {
	r.remember()
	r.ssthresh = max(inFlight/2, 2*r.mss)
	r.cwnd = r.ssthresh
	r.acked = 0
}

// OnTimeout begins slow start.
//
// RFC 5681, Section 3.1: "upon a timeout … cwnd MUST be set to no more than the loss window, LW, which equals 1
// full-sized segment"; "when a TCP sender detects segment loss using the retransmission timer and the given segment has
// already been retransmitted by way of the retransmission timer at least once, the value of ssthresh is held constant."
//
// req: RFC9293 MUST-19, RFC5681 3.1-14, 3.1-15
func (r *reno) OnTimeout(_ mono.Time, inFlight int, again bool) {
	if !again {
		r.remember()
		r.ssthresh = max(inFlight/2, 2*r.mss)
	}
	r.cwnd = r.mss
	r.acked = 0
}

func (r *reno) remember() { r.before.cwnd, r.before.ssthresh = r.cwnd, r.ssthresh }

// Undo takes the last reduction back.
func (r *reno) Undo(mono.Time) {
	r.cwnd, r.ssthresh = max(r.cwnd, r.before.cwnd), max(r.ssthresh, r.before.ssthresh)
}

// OnIdle restarts from the restart window.
//
// RFC 5681, Section 4.1: "RW = min(IW,cwnd)".
func (r *reno) OnIdle(_ mono.Time, _ time.Duration, restart bool) {
	if restart {
		r.cwnd = min(r.initial, r.cwnd)
		r.acked = 0
	}
}
