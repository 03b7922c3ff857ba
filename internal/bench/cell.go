package bench

import (
	"fmt"
	"math"
	"time"

	"github.com/antedon-net/antedon/link/impair"
)

// Cell is one kind of bad path. Loss and reordering are per cent of the packets of each direction.
type Cell struct {
	Loss    float64
	RTT     time.Duration
	Reorder float64
}

// String returns the cell in the form "loss 1 %, RTT 20 ms, reordering 0 %".
func (c Cell) String() string {
	return fmt.Sprintf("loss %g %%, RTT %g ms, reordering %g %%", c.Loss, milliseconds(c.RTT), c.Reorder)
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

// Grid returns the cells of every combination, in order.
func Grid(loss []float64, rtt []time.Duration, reorder []float64) []Cell {
	var cells []Cell
	for _, r := range rtt {
		for _, l := range loss {
			for _, o := range reorder {
				cells = append(cells, Cell{l, r, o})
			}
		}
	}
	return cells
}

// The cells of the full grid, and of the short one that stands for it.
var (
	FullLoss    = []float64{0, 0.1, 1, 2, 5}
	FullRTT     = []time.Duration{time.Millisecond, 20 * time.Millisecond, 80 * time.Millisecond, 200 * time.Millisecond}
	FullReorder = []float64{0, 1, 5}

	ShortLoss    = []float64{0, 1, 5}
	ShortReorder = []float64{0, 1}
)

// Link is what all cells have in common.
type Link struct {
	Rate  int64 // bits per second
	Queue int   // packets; 0 is the bandwidth-delay product, and at least 100
}

// plan returns the impairment of each direction.
func (c Cell) plan(l Link, seed uint64) impair.Plan {
	return impair.Plan{
		Loss: c.Loss / 100, Reorder: c.Reorder / 100, Delay: c.RTT / 2, Rate: l.Rate, Queue: l.Queue, Seed: seed,
	}
}

// minRounds is how many round trips a transfer lasts at least.
const minRounds = 50

// duration returns how long a transfer lasts.
func (c Cell) duration(atLeast time.Duration) time.Duration { return max(atLeast, minRounds*c.RTT) }

// shortRTT is the round trip up to which the path spins, and has the machine for itself.
const shortRTT = 5 * time.Millisecond

// spinTime is for how long: a little more than timers are usually late.
const spinTime = 60 * time.Microsecond

func (c Cell) spin() time.Duration {
	if c.RTT <= shortRTT {
		return spinTime
	}
	return 0
}

// load estimates the rate a sender will come to, in bits per second. It is what the cell costs the machine.
//
// For CUBIC see RFC 9438, Section 5.2: the larger of its own window and that of Reno. An algorithm that does not care for
// loss takes all there is.
func (c Cell) load(l Link, cc Algorithms) int64 {
	if c.Loss == 0 || isDeaf(cc.Antedon) || isDeaf(cc.Kernel) {
		return l.Rate
	}
	p := c.Loss / 100
	window := max(1.054*math.Pow(c.RTT.Seconds()/p, 0.75), math.Sqrt(1.5/p))
	return min(l.Rate, int64(window*1500*8/c.RTT.Seconds()))
}

func isDeaf(cc string) bool { return cc == "bbr" }
