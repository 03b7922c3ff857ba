package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// LossLine is what is told of a case, which is a cell and a direction: the summary of its rounds, or if Round is set one of
// them.
type LossLine struct {
	Bench string `json:"bench"` // "loss"
	Stack Who    `json:"stack"` // "antedon"
	Round uint64 `json:"round,omitempty"`
	LossCase

	Ratio    float64 `json:"ratio"` // median of the rounds' ratios to the mean of the kernel's goodputs
	MinRatio float64 `json:"ratio_min"`
	MaxRatio float64 `json:"ratio_max"`
	OwnFigures
	KernelFigures
	Spread float64 `json:"kernel_spread"` // how far apart two kernel transfers with the same seed lay at most, by their mean

	Rounds  int     `json:"rounds"`
	Seconds float64 `json:"seconds"` // of each transfer
	PathFigures
	Error string `json:"error,omitempty"`
}

// PathFigures say how good the path was at being the path.
type PathFigures struct {
	Ping       float64 `json:"ping_ms"` // round trip measured on the path without loss
	KernelPing float64 `json:"kernel_ping_ms"`
	Late       float64 `json:"late_ms"` // of 100 packets 99 were late by no more, in the worst transfer
}

// LossCase names a case.
type LossCase struct {
	Loss    float64 `json:"loss"`    // per cent
	RTT     float64 `json:"rtt_ms"`  // without queues
	Reorder float64 `json:"reorder"` // per cent
	Dir     Dir     `json:"dir"`

	CC       string  `json:"cc"` // the sender's
	KernelCC string  `json:"kernel_cc"`
	Rate     float64 `json:"rate_mbps"` // of the link
}

// OwnFigures are about the transfers with us: the median goodput, and packets of all rounds together, as in Counts.
type OwnFigures struct {
	Goodput         float64 `json:"goodput_mbps"`
	Packets         uint64  `json:"packets"`
	Lost            uint64  `json:"lost"`
	Retransmits     uint64  `json:"retransmits"`
	RetransmitBytes uint64  `json:"retransmit_bytes"`
	Spurious        uint64  `json:"spurious"`
	SpuriousBytes   uint64  `json:"spurious_bytes"`
	Queue           float64 `json:"queue_ms"` // mean wait at the link
}

// KernelFigures are the same of the kernel's transfers to itself. There are two with each seed: Goodput is of both, packets
// are of the first.
type KernelFigures struct {
	Goodput         float64 `json:"kernel_goodput_mbps"`
	Packets         uint64  `json:"kernel_packets"`
	Lost            uint64  `json:"kernel_lost"`
	Retransmits     uint64  `json:"kernel_retransmits"`
	RetransmitBytes uint64  `json:"kernel_retransmit_bytes"`
	Spurious        uint64  `json:"kernel_spurious"`
	SpuriousBytes   uint64  `json:"kernel_spurious_bytes"`
	Queue           float64 `json:"kernel_queue_ms"`
}

// Summarise returns the lines of a cell, one for each direction, given all its rounds.
func (p *LossPlan) Summarise(rounds []LossRound) []LossLine {
	var lines []LossLine
	for _, dir := range p.Dirs {
		lines = append(lines, p.summarise(rounds, dir))
	}
	return lines
}

// Each returns the lines of a single round.
func (p *LossPlan) Each(r LossRound) []LossLine {
	lines := p.Summarise([]LossRound{r})
	for i := range lines {
		lines[i].Round = r.Seed
	}
	return lines
}

func (p *LossPlan) summarise(rounds []LossRound, dir Dir) LossLine {
	cell := rounds[0].Cell
	d := cell.duration(p.AtLeast)
	l := LossLine{
		Bench: "loss", Stack: Antedon, Rounds: len(rounds), Seconds: d.Seconds(),
		LossCase: LossCase{
			Loss: cell.Loss, RTT: milliseconds(cell.RTT), Reorder: cell.Reorder, Dir: dir,
			CC: p.CC.Antedon, KernelCC: p.CC.Kernel, Rate: megabits(float64(p.Link.Rate)),
		},
	}
	if dir == Recv {
		l.CC = p.CC.Kernel
	}
	var ratios, baselines []float64
	for _, r := range rounds {
		baseline, spread := r.baseline()
		baselines = append(baselines, megabits(baseline))
		ratios = append(ratios, ratio(r.Results[dir].Goodput, baseline, d))
		l.Spread = max(l.Spread, rounded(spread))
	}
	l.Ratio, l.MinRatio, l.MaxRatio = rounded(Median(ratios)), rounded(slices.Min(ratios)), rounded(slices.Max(ratios))
	l.OwnFigures, l.KernelFigures = figures(rounds, dir), KernelFigures(figures(rounds, Without))
	l.KernelFigures.Goodput = rounded(Median(baselines))
	l.PathFigures = pathFigures(rounds, dir)
	l.Error = errorsOf(rounds, dir)
	return l
}

// figures sums up the transfers of one direction.
func figures(rounds []LossRound, dir Dir) OwnFigures {
	var goodput, queue []float64
	var c Counts
	for _, r := range rounds {
		res := r.Results[dir]
		goodput = append(goodput, megabits(res.Goodput))
		queue = append(queue, milliseconds(res.Queue))
		c.Add(res.Counts)
	}
	return OwnFigures{
		rounded(Median(goodput)), c.Packets, c.Lost, c.Retransmits, c.RetransmitBytes, c.Spurious, c.SpuriousBytes,
		rounded(Median(queue)),
	}
}

func pathFigures(rounds []LossRound, dir Dir) PathFigures {
	f := PathFigures{
		Ping: rounded(milliseconds(rounds[0].RTT[dir])), KernelPing: rounded(milliseconds(rounds[0].RTT[Without])),
	}
	for _, r := range rounds {
		for _, which := range []Dir{dir, Without, Again} {
			res := r.Results[which]
			f.Late = max(f.Late, rounded(milliseconds(res.Late.Quantile(0.99))))
		}
	}
	return f
}

// errorsOf says what ended transfers of one direction, and the kernel's own, early.
func errorsOf(rounds []LossRound, dir Dir) string {
	var errs []string
	for _, r := range rounds {
		for _, which := range []Dir{dir, Without, Again} {
			if err := r.Results[which].Err; err != nil {
				errs = append(errs, fmt.Sprintf("seed %d, %s: %v", r.Seed, which, err))
			}
		}
	}
	return strings.Join(errs, "; ")
}

// rounded returns x with the decimals that mean something.
func rounded(x float64) float64 { return math.Round(x*1e4) / 1e4 }

func megabits(rate float64) float64 { return rate / 1e6 }

// ratio returns a/b. Less than one segment in the whole transfer counts as one, so that there is always a ratio.
func ratio(a, b float64, d time.Duration) float64 {
	least := 1448 * 8 / d.Seconds()
	return max(a, least) / max(b, least)
}

// Cell returns the cell of the line.
func (l *LossLine) Cell() Cell {
	return Cell{Loss: l.Loss, RTT: time.Duration(l.RTT * float64(time.Millisecond)), Reorder: l.Reorder}
}
