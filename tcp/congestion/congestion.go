// Package congestion holds the algorithms that decide how much a sender may have in flight: numbers in, numbers out.
// They know nothing of segments, sequence numbers or packet loss recovery; package tcp tells them what happened.
//
// All windows are in bytes. Nothing here locks, allocates after creation, or reads a clock.
//
// Conformance: RFC 5681 (Reno), with byte counting by RFC 3465 as RFC 5681, Section 3.1 recommends.
package congestion

import (
	"fmt"
	"math"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// Ack tells a Control what an acknowledgment of new data did.
type Ack struct {
	Now      mono.Time
	Bytes    int           // newly acknowledged
	InFlight int           // in flight before the acknowledgment
	RTT      time.Duration // the round trip this acknowledgment measured, 0 if none
	Limited  bool          // the window, and not the application or the peer, held the sender back
}

// Control is a congestion control algorithm for one connection.
type Control interface {
	// Name returns the name by which configuration selects the algorithm.
	Name() string

	// Window returns the congestion window, cwnd.
	Window() int

	// Threshold returns the slow start threshold, ssthresh.
	Threshold() int

	// SetMSS tells a new sender maximum segment size. The window keeps its number of segments.
	SetMSS(mss int)

	// OnHandshakeLoss tells, before any data is sent, that a SYN or SYN-ACK had to be repeated.
	OnHandshakeLoss()

	// OnAck tells of an acknowledgment of new data outside fast recovery, slow start after a timeout included.
	OnAck(a Ack)

	// OnLoss tells that loss was found with inFlight bytes under way and fast recovery begins.
	OnLoss(now mono.Time, inFlight int)

	// OnTimeout tells that the retransmission timer expired with inFlight bytes under way. again is set if the same
	// segment timed out before.
	OnTimeout(now mono.Time, inFlight int, again bool)

	// OnIdle tells that the connection has sent nothing for longer than a retransmission timeout.
	OnIdle()
}

// DefaultName is the algorithm of connections that did not ask for another.
const DefaultName = "reno"

// New returns the named algorithm, the default if name is empty, for segments of mss bytes and an initial window of
// initial segments.
func New(name string, mss, initial int) (Control, error) {
	switch name {
	case "", "reno":
		return newReno(mss, initial), nil
	}
	return nil, fmt.Errorf("unknown congestion control %q (have: reno)", name)
}

// maxWindow is far beyond any window that can be used and leaves room for sums.
const maxWindow = math.MaxInt32
