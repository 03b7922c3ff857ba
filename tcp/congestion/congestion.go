// Package congestion holds the algorithms that decide how much a sender may have in flight: numbers in, numbers out.
// They know nothing of segments, sequence numbers or packet loss recovery; package tcp tells them what happened.
//
// New makes a Control for one connection, which tells it what happens by the On methods and asks it for Window and
// PacingRate whenever it could send. Of what an arriving acknowledgment tells, OnLoss, OnTimeout, OnRecovered and Undo come
// first, then OnAck, with the state as they left it, before anything is sent.
//
// All windows are in bytes. Arithmetic is in integers: the same calls give the same windows on every machine. Nothing here
// locks, allocates after creation, or reads a clock; a Control belongs to one connection.
//
// Conformance: RFC 9438 (CUBIC), RFC 5681 (Reno), with byte counting by RFC 3465 as RFC 5681, Section 3.1 recommends;
// RFC 8511 (ABE). BBR is that of Linux, version 1.
//
// Limitations: window validation (RFC 7661) is left to Ack.Limited. BBR needs a sender that paces and samples the rate of
// delivery.
package congestion

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// Ack tells a Control what an acknowledgment did.
type Ack struct {
	Now       mono.Time
	Acked     int           // bytes by which SND.UNA moved
	Delivered int           // bytes acknowledged for the first time, cumulatively or selectively: what opens windows
	InFlight  int           // the estimate of bytes in the network before the acknowledgment
	Left      int           // and after it, before anything is sent
	RTT       time.Duration // the round trip this acknowledgment measured, 0 if none
	SRTT      time.Duration // the smoothed round trip of RFC 6298, 0 if none was measured
	MinRTT    time.Duration // the lowest round trip of the connection, 0 if none was measured
	Una, Nxt  uint64        // SND.UNA and SND.NXT as stream offsets: when Una passes an earlier Nxt, a round trip is over
	Limited   bool          // the window, and not the application or the peer, held the sender back
	Reordered bool          // the path was seen to reorder: a hole does not make a loss likely
	Reducing  bool          // the window must not grow: in fast recovery, in the reduction after an ECN signal, and by SACK after a timeout
	Rate      Rate
}

// Rate is a sample of the delivery rate (draft-ietf-ccwg-bbr, Section 4.1).
type Rate struct {
	Delivered  int           // bytes delivered over Interval
	Interval   time.Duration // 0: there is no sample, or one shorter than MinRTT, which cannot be true
	Prior      uint64        // bytes delivered in all when the newest segment of the sample was sent
	Total      uint64        // bytes delivered in all now
	Lost       int           // bytes found lost since the last OnAck, by timers too
	AppLimited bool          // there was a time without anything to send: the path could carry more
}

// Cause says what told of congestion.
type Cause uint8

const (
	CauseLoss Cause = iota // a segment was lost
	CauseECN               // a router marked a segment (RFC 3168)
)

// Control is a congestion control algorithm for one connection.
//
// Where Reduces is true, OnLoss sets Window to Threshold at once (to less where marks persist), and the connection gets there by proportional rate
// reduction (RFC 9937) while it recovers: Window is not asked then.
type Control interface {
	// Name returns the name by which configuration selects the algorithm.
	Name() string

	// Window returns the congestion window, cwnd.
	Window() int

	// Threshold returns the slow start threshold, ssthresh.
	Threshold() int

	// PacingRate returns at how many bytes a second segments are to leave, 0 for as fast as the window allows.
	PacingRate() int64

	// Reduces reports whether the algorithm answers a loss by reducing its window to Threshold.
	Reduces() bool

	// SetMSS tells a new sender maximum segment size. The window keeps its number of segments.
	SetMSS(mss int)

	// OnEstablished tells that the handshake is complete. rtt is the round trip it measured, 0 if none; lost is set if a
	// SYN or SYN-ACK had to be repeated.
	OnEstablished(now mono.Time, rtt time.Duration, lost bool)

	// OnAck tells of an acknowledgment that delivered something, in every phase of recovery.
	OnAck(a Ack)

	// OnLoss tells that congestion was found with inFlight bytes under way, and that fast recovery, or the reduction
	// after an ECN signal, begins.
	OnLoss(now mono.Time, inFlight int, why Cause)

	// OnRecovered tells that what OnLoss or OnTimeout began is over.
	OnRecovered(now mono.Time)

	// OnTimeout tells that the retransmission timer expired with inFlight bytes under way. again is set if the same
	// segment timed out before.
	OnTimeout(now mono.Time, inFlight int, again bool)

	// Undo tells that what was told since the first OnLoss or OnTimeout of the last recovery was an error: nothing was
	// lost. The window is as it was before. It may come when the recovery is over.
	Undo(now mono.Time)

	// OnIdle tells that the connection sends new data with nothing in flight, having sent nothing since idle. restart is
	// set if that is longer than a retransmission timeout and the window is to be restarted then (RFC 5681, Section 4.1).
	OnIdle(now mono.Time, idle time.Duration, restart bool)
}

// Options set up a Control.
type Options struct {
	MSS     int // bytes of data a segment carries
	Initial int // the initial window, in segments

	// Window and Threshold, in bytes, are where an algorithm goes on that takes the place of another; 0: at the
	// beginning.
	Window, Threshold int

	// NoHyStart lets CUBIC's slow start go on until something is lost.
	NoHyStart bool
	// Paced tells that segments are paced although PacingRate is 0: in slow start over half a round trip.
	Paced bool
	// ABE lets CUBIC and Reno answer a router's mark with a smaller reduction than a loss (RFC 8511).
	ABE bool
}

// algorithms are those that New knows, the default first.
var algorithms = []struct {
	name string
	make func(o Options) Control
}{
	{"cubic", newCubic},
	{"reno", newReno},
	{"bbr", newBBR},
}

// DefaultName is the algorithm of connections that did not ask for another.
const DefaultName = "cubic"

// New returns the named algorithm, the default if name is empty.
func New(name string, o Options) (Control, error) {
	if name == "" {
		name = DefaultName
	}
	for _, a := range algorithms {
		if a.name == name {
			return a.make(o), nil
		}
	}
	return nil, fmt.Errorf("unknown congestion control %q (have: %s)", name, strings.Join(Names(), ", "))
}

// Names returns the names that New knows, the default first.
func Names() []string {
	names := make([]string, 0, len(algorithms))
	for _, a := range algorithms {
		names = append(names, a.name)
	}
	return names
}

// maxWindow is far beyond any window that can be used and leaves room for sums.
const maxWindow = math.MaxInt32
