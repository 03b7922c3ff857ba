package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// aggregation measures how much more than the bandwidth explains is acknowledged at a time. Wireless links, receivers that
// join segments, and processors that are elsewhere make acknowledgments come in lumps with nothing between; a window that
// knows only bandwidth and round trip runs dry meanwhile. BBR adds the largest lump of the last five to ten rounds.
type aggregation struct {
	began mono.Time // of the epoch: since then
	acked int64     // so much was delivered
	extra [2]int64  // the most beyond the bandwidth: in this window of five rounds, and in the one before
	last  int       // which of extra is this window's
	round int       // of the window
}

const (
	aggregationRounds = 5
	aggregationMost   = 100 * time.Millisecond // of the bandwidth
	aggregationEpoch  = 1 << 20                // segments, after which an epoch ends in any case
)

// onAck takes an acknowledgment with a sample of the rate.
func (g *aggregation) onAck(b *bbr, a *Ack) {
	if a.Delivered <= 0 {
		return
	}
	if b.round.started {
		if g.round++; g.round >= aggregationRounds {
			g.round, g.last = 0, 1-g.last
			g.extra[g.last] = 0
		}
	}
	expected := bytesIn(b.bandwidth(), a.Now.Sub(g.began))
	if g.acked <= expected || g.acked >= aggregationEpoch*int64(b.mss) {
		g.restart(a.Now) // slower than the bandwidth: the lump is over
		expected = 0
	}
	g.acked += int64(a.Delivered)
	extra := min(g.acked-expected, int64(b.cwnd))
	g.extra[g.last] = max(g.extra[g.last], extra)
}

func (g *aggregation) restart(now mono.Time) { g.began, g.acked = now, 0 }

// room returns by how much to exceed what bandwidth and round trip ask for.
func (g *aggregation) room(b *bbr) int64 {
	if !b.full.reached {
		return 0
	}
	return min(max(g.extra[0], g.extra[1]), bytesIn(b.bandwidth(), aggregationMost))
}
