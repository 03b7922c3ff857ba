package simnet

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"time"
)

// Source is where a scenario's choices come from.
type Source interface {
	// Uint64N returns a number below n.
	Uint64N(n uint64) uint64
}

// FromSeed returns the source of a seed.
func FromSeed(seed uint64) Source { return rand.New(rand.NewPCG(seed, 0x616e7465646f6e)) }

// FromBytes returns a source that reads its choices from b, and always makes the first choice when b is used up.
func FromBytes(b []byte) Source { return &choices{b} }

type choices struct{ b []byte }

func (s *choices) Uint64N(n uint64) uint64 {
	var x [8]byte
	size := 0
	for max := n - 1; max > 0; max >>= 8 {
		size++
	}
	s.b = s.b[copy(x[:size], s.b):]
	return binary.LittleEndian.Uint64(x[:]) % n
}

// dice makes choices.
type dice struct{ Source }

func (d dice) upTo(n int) int         { return int(d.Uint64N(uint64(n) + 1)) }
func (d dice) between(lo, hi int) int { return lo + d.upTo(hi-lo) }
func (d dice) oneIn(n int) bool       { return d.Uint64N(uint64(n)) == uint64(n)-1 }
func (d dice) fraction() float64      { return float64(d.Uint64N(1<<16)) / (1 << 16) }
func (d dice) half() bool             { return d.oneIn(2) }
func pick[T any](d dice, of ...T) T   { return of[d.Uint64N(uint64(len(of)))] }

// upToTime returns a time of at most t, short ones as likely as long ones.
func (d dice) upToTime(t time.Duration) time.Duration {
	return time.Duration(float64(t) * d.fraction() * d.fraction())
}

// size returns a number from lo to hi, of every order of magnitude as likely as of any other.
func (d dice) size(lo, hi int) int {
	if hi <= lo {
		return lo
	}
	span := hi - lo
	return lo + d.upTo(min(span, 1<<d.upTo(bits.Len(uint(span)))))
}
