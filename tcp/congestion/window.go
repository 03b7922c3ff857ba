package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// window is what Reno and CUBIC have in common: a window that acknowledgments open and losses close.
type window struct {
	mss      int
	initial  int // bytes
	cwnd     int
	ssthresh int
	credit   int32 // bytes delivered that no cumulative acknowledgment has turned into growth yet
	abe      bool  // Options.ABE
	reduced  bool  // between OnLoss or OnTimeout and OnRecovered
	undoable bool  // since the first of them, until Undo
}

// RFC 5681, Section 3.1: "The initial value of ssthresh SHOULD be set arbitrarily high".
//
// req: RFC5681 3.1-7
func newWindow(o Options) window {
	iw := o.Initial * o.MSS
	w := window{mss: o.MSS, initial: iw, cwnd: iw, ssthresh: maxWindow, abe: o.ABE}
	if o.Window > 0 {
		w.cwnd = max(o.Window, o.MSS)
	}
	if o.Threshold > 0 {
		w.ssthresh = max(o.Threshold, 2*o.MSS)
	}
	return w
}

func (w *window) Window() int            { return w.cwnd }
func (w *window) Threshold() int         { return w.ssthresh }
func (w *window) PacingRate() int64      { return 0 }
func (w *window) Reduces() bool          { return true }
func (w *window) OnRecovered(mono.Time)  { w.reduced = false }
func (w *window) inSlowStart() bool      { return w.cwnd < w.ssthresh }
func (w *window) scale(bytes, m int) int { return int(int64(bytes) * int64(m) / int64(w.mss)) }

// SetMSS scales the window with the segment.
//
// RFC 5681, Section 3.1: "When initial congestion windows of more than one segment are implemented along with Path MTU
// Discovery, and the MSS being used is found to be too large, the congestion window cwnd SHOULD be reduced to prevent large
// bursts of smaller segments. Specifically, cwnd SHOULD be reduced by the ratio of the old segment size to the new segment
// size."
//
// req: RFC5681 3.1-5, 3.1-6
func (w *window) SetMSS(mss int) {
	w.initial = w.scale(w.initial, mss)
	w.cwnd = min(max(w.scale(w.cwnd, mss), mss), maxWindow)
	if w.ssthresh != maxWindow {
		w.ssthresh = min(max(w.scale(w.ssthresh, mss), 2*mss), maxWindow)
	}
	w.mss = mss
}

// OnEstablished begins with one segment if the handshake lost one.
//
// RFC 5681, Section 3.1: "if the SYN or SYN/ACK is lost, the initial window used by a sender after a correctly transmitted
// SYN MUST be one segment consisting of at most SMSS bytes."
//
// req: RFC5681 3.1-4
func (w *window) OnEstablished(_ mono.Time, _ time.Duration, lost bool) {
	if lost {
		w.cwnd = w.mss
	}
}

// OnIdle restarts from the restart window, and remembers in the threshold what the path has carried.
//
// RFC 5681, Section 4.1: "RW = min(IW,cwnd)". RFC 7661, Section 4.4.3: "ssthresh = max(ssthresh, 3*cwnd/4)".
func (w *window) OnIdle(_ mono.Time, _ time.Duration, restart bool) {
	if restart {
		w.ssthresh = max(w.ssthresh, w.cwnd-w.cwnd/4)
		w.cwnd = min(w.initial, w.cwnd)
		w.credit = 0
	}
}

// take returns by how many bytes delivered a lets the window grow.
//
// Every byte counts once, when it was delivered after recovery and a cumulative acknowledgment says that what was sent
// before it is not missing. RFC 5681, Section 3.2: for the first duplicate acknowledgments "the TCP sender MUST NOT change
// cwnd"; and the acknowledgment that fills a hole, which jumps over all that was SACKed before, is no reason for a burst.
// Where reordering is known a hole is nothing to wait for (as in Linux), or the path would run dry behind each late segment.
//
// req: RFC5681 3.2-3, RFC9438 4.6-3
func (w *window) take(a *Ack) int {
	if a.Reducing {
		w.credit = 0
		return 0
	}
	w.credit += int32(a.Delivered)
	if a.Acked == 0 && !a.Reordered {
		return 0
	}
	n := int(w.credit)
	w.credit = 0
	if !a.Limited {
		return 0
	}
	return n
}

// slowStart opens the window by n bytes, up to the threshold, and returns how many it had no use for.
//
// RFC 5681, Section 3.1: "during slow start, a TCP increments cwnd by at most SMSS bytes for each ACK received" and
// recommends counting the bytes acknowledged; L = 2*SMSS per acknowledgment would starve a receiver whose offload
// acknowledges 64 KiB at a time, so the count is not limited, as in Linux.
//
// req: RFC9293 MUST-19, RFC5681 3.1-1, RFC9438 4.10-1
func (w *window) slowStart(n int) int {
	grow := max(0, min(n, w.ssthresh-w.cwnd))
	w.cwnd = min(w.cwnd+grow, maxWindow)
	return n - grow
}

// reduceTo sets the window and the threshold to bytes, two segments at least. Marks reduce the window to one.
//
// RFC 9438, Section 4.6: cwnd MUST be reduced "in response to congestion events detected by ECN-Echo ACKs until it reaches
// 1 SMSS".
//
// req: RFC9438 4.6-5
func (w *window) reduceTo(bytes int, why Cause) {
	w.ssthresh = max(bytes, 2*w.mss)
	w.cwnd = w.ssthresh
	if why == CauseECN {
		w.cwnd = max(bytes, w.mss)
	}
	w.credit = 0
}

// collapse is what a retransmission timeout leaves of the window.
//
// RFC 5681, Section 3.1: "upon a timeout … cwnd MUST be set to no more than the loss window, LW, which equals 1
// full-sized segment".
//
// req: RFC9293 MUST-19, RFC5681 3.1-15
func (w *window) collapse() {
	w.cwnd = w.mss
	w.credit = 0
}
