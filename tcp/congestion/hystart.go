package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// hystart tells when slow start has found what the path carries, before it overflows the path's queue: Hybrid Start
// (S. Ha, I. Rhee, "Taming the elephants: New TCP slow start", 2011) with Linux's parameters. It ends slow start
//
//   - if the acknowledgments of a round come close behind each other for half a round trip in all: what comes out of the
//     path fills half of it, and the next round will fill all of it. Linux wants that half in one piece; but reordering
//     makes gaps, because for a while nothing is sent;
//   - or if the lowest round trip among the first of a round is higher than the connection's by an eighth: a queue stands.
//
// Acknowledgments that arrive at one instant, in a batch, are one: neither their number nor their order tells anything. Nor
// are acknowledgments close that come twice in a round trip: on short paths the gap allowed is an eighth of it, which is
// less than Linux's 2 ms.
type hystart struct {
	end     uint64        // the round is over when SND.UNA passes it
	lastAck mono.Time     // 0 if there was none
	busy    time.Duration // in this round: the time between acknowledgments that came close behind each other
	base    time.Duration // lowest round trip
	lowest  time.Duration // in this round
	samples uint8         // in this round
	off     bool
	paced   bool // Options.Paced: half a round trip of close acknowledgments means nothing, three quarters do
}

const (
	hystartLowWindow  = 16 // segments
	hystartMinSamples = 8
	hystartAckGap     = 2 * time.Millisecond
	hystartDelayMin   = 4 * time.Millisecond
	hystartDelayMax   = 16 * time.Millisecond
)

// isTimeToLeave takes an acknowledgment and reports whether slow start should end.
func (h *hystart) isTimeToLeave(a *Ack, segments int) bool {
	if h.off || a.RTT <= 0 {
		return false
	}
	if h.base == 0 || a.RTT < h.base {
		h.base = a.RTT
	}
	if a.Una > h.end || h.lastAck == 0 {
		h.end, h.lastAck, h.busy = a.Nxt, a.Now, 0
		h.lowest, h.samples = a.RTT, 0
	}
	return segments >= hystartLowWindow && (h.isTrainLong(a.Now) || h.isDelayed(a.RTT))
}

func (h *hystart) isTrainLong(now mono.Time) bool {
	if gap := now.Sub(h.lastAck); gap <= min(hystartAckGap, h.base/8) {
		h.busy += gap
	}
	h.lastAck = now
	if h.paced {
		return h.busy > h.base/4*3
	}
	return h.busy > h.base/2
}

func (h *hystart) isDelayed(rtt time.Duration) bool {
	h.lowest = min(h.lowest, rtt)
	if h.samples < hystartMinSamples {
		h.samples++
		return false
	}
	return h.lowest > h.base+min(max(h.base/8, hystartDelayMin), hystartDelayMax)
}
