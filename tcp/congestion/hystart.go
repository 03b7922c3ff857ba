package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// hystart tells when slow start has found what the path carries, before it overflows the path's queue: Hybrid Start
// (S. Ha, I. Rhee, "Taming the elephants: New TCP slow start", 2011) with Linux's parameters. It ends slow start
//
//   - if the acknowledgments of a round come close behind each other for half a round trip: what comes out of the path
//     fills half of it, and the next round will fill all of it;
//   - or if the lowest round trip among the first of a round is higher than the connection's by an eighth: a queue stands.
//
// Acknowledgments that arrive at one instant, in a batch, are one: neither their number nor their order tells anything. Nor
// are acknowledgments close that come twice in a round trip: on short paths the gap allowed is an eighth of it, which is
// less than Linux's 2 ms.
type hystart struct {
	off     bool
	end     uint64        // the round is over when SND.UNA passes it
	began   mono.Time     // when the round's first acknowledgment came
	lastAck mono.Time     // the last acknowledgment of the train
	base    time.Duration // lowest round trip
	lowest  time.Duration // in this round
	samples int           // in this round
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
	if a.Una > h.end || h.began == 0 {
		h.end, h.began, h.lastAck = a.Nxt, a.Now, a.Now
		h.lowest, h.samples = a.RTT, 0
	}
	return segments >= hystartLowWindow && (h.isTrainLong(a.Now) || h.isDelayed(a.RTT))
}

func (h *hystart) isTrainLong(now mono.Time) bool {
	if now.Sub(h.lastAck) > min(hystartAckGap, h.base/8) {
		return false
	}
	h.lastAck = now
	return now.Sub(h.began) > h.base/2
}

func (h *hystart) isDelayed(rtt time.Duration) bool {
	h.lowest = min(h.lowest, rtt)
	if h.samples < hystartMinSamples {
		h.samples++
		return false
	}
	return h.lowest > h.base+min(max(h.base/8, hystartDelayMin), hystartDelayMax)
}
