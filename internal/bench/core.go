package bench

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// CorePlan measures TCP alone: two connections in memory, one goroutine, no device, no clock but a virtual one.
type CorePlan struct {
	Bytes  int  // to move; 100 MB
	Rounds int  // of each order; 5
	Wire   bool // serialise and parse headers, and compute and check checksums, as a device would have it
}

// Order is the order in which the segments of a batch arrive.
type Order string

// The orders.
const (
	InOrder  Order = "in"
	Reversed Order = "reversed"
)

// CoreLine is what is told of an order.
type CoreLine struct {
	Bench        string  `json:"bench"`
	Stack        string  `json:"stack"`
	Streams      int     `json:"streams"`
	Round        int     `json:"round,omitempty"` // 0 in a summary
	Order        Order   `json:"order"`
	Wire         bool    `json:"wire"`
	Gbps         float64 `json:"gbps"`
	MemmoveRatio float64 `json:"memmove_ratio"` // to a memmove of the same bytes, in the same round
	Ratio        float64 `json:"ratio"`         // the same: there is no kernel to compare with
	Error        string  `json:"error,omitempty"`
}

// CoreBytes and CoreRounds are the defaults.
const (
	CoreBytes  = 100_000_000
	CoreRounds = 5
)

// Run measures, and tells of every round, and after the last of an order of the medians.
func (p CorePlan) Run(ctx context.Context, tell func(CoreLine)) error {
	p.Bytes, p.Rounds = cmp.Or(p.Bytes, CoreBytes), cmp.Or(p.Rounds, CoreRounds)
	src, dst := make([]byte, p.Bytes), make([]byte, p.Bytes)
	rnd := rand.NewChaCha8([32]byte{1})
	rnd.Read(src)
	rounds := map[Order][]CoreLine{}
	for n := range p.Rounds {
		for _, order := range []Order{InOrder, Reversed} {
			if err := ctx.Err(); err != nil {
				return err
			}
			l, err := p.round(order, src, dst)
			if err != nil {
				return fmt.Errorf("%s order: %w", order, err)
			}
			l.Round = n + 1
			tell(l)
			rounds[order] = append(rounds[order], l)
		}
	}
	for _, order := range []Order{InOrder, Reversed} {
		tell(medianOf(rounds[order]))
	}
	return nil
}

// round moves the bytes once, and then as memmove does.
func (p CorePlan) round(order Order, src, dst []byte) (CoreLine, error) {
	clear(dst) // what another round has left would compare as well
	pair := newCorePair(order == Reversed, p.Wire)
	start := time.Now()
	err := pair.transfer(src, dst)
	took := time.Since(start)
	if err == nil && !bytes.Equal(src, dst) {
		err = errors.New("other bytes arrived")
	}
	start = time.Now()
	copy(dst, src)
	plain := time.Since(start)
	ratio := plain.Seconds() / took.Seconds()
	return CoreLine{
		Bench: "core", Stack: "antedon", Streams: 1, Order: order, Wire: p.Wire,
		Gbps: float64(len(src)) * 8 / took.Seconds() / 1e9, MemmoveRatio: ratio, Ratio: ratio,
	}, err
}

func medianOf(rounds []CoreLine) CoreLine {
	of := func(f func(CoreLine) float64) float64 {
		v := make([]float64, len(rounds))
		for i, r := range rounds {
			v[i] = f(r)
		}
		slices.Sort(v)
		return v[len(v)/2]
	}
	l := rounds[0]
	l.Round = 0
	l.Gbps = of(func(l CoreLine) float64 { return l.Gbps })
	l.MemmoveRatio = of(func(l CoreLine) float64 { return l.MemmoveRatio })
	l.Ratio = l.MemmoveRatio
	return l
}

// Describe returns the line for people.
func (l CoreLine) Describe() string {
	round, what := "", map[Order]string{InOrder: "in order", Reversed: "every batch reversed"}[l.Order]
	if l.Wire {
		what += ", with headers and checksums"
	}
	if l.Round > 0 {
		round = fmt.Sprintf("round %d: ", l.Round)
	}
	return fmt.Sprintf("%s%s: %.1f Gbit/s, memmove x%.2f", round, what, l.Gbps, l.MemmoveRatio)
}
