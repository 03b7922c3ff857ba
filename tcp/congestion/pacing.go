package congestion

import (
	"math"
	"math/bits"
	"time"
)

// Quantum returns how many bytes a paced sender may send at once, in one super-segment if the device cuts them: what the
// rate allows in about a millisecond, in whole segments, two at least (one below 1.2 Mbit/s) and 64 KiB at most. It then
// waits for as long as these bytes take at that rate. A smaller quantum costs processor time, a larger one is a burst for
// which BBR's window, with room for three of them, is too small.
func Quantum(rate int64, mss int) int {
	const slow = 1_200_000 / 8
	least := 2 * mss
	if rate < slow {
		least = mss
	}
	n := int(min(rate>>10, maxQuantum))
	return max(n-n%mss, least)
}

const maxQuantum = 64<<10 - 1

// gain is a factor in thousandths.
type gain int64

const unity gain = 1000

// rateOf returns the rate of so many bytes in d.
func rateOf(bytes int, d time.Duration) int64 {
	return mulDiv(int64(bytes), int64(time.Second), max(int64(d), 1))
}

// bytesIn returns how much rate brings in d.
func bytesIn(rate int64, d time.Duration) int64 { return mulDiv(rate, int64(d), int64(time.Second)) }

// of returns g times v.
func (g gain) of(v int64) int64 { return mulDiv(v, int64(g), int64(unity)) }

// mulDiv returns a * b / c, with the product in 128 bits, or the largest number if that is too much. None is negative.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	if hi >= uint64(c) {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(min(q, math.MaxInt64))
}
