package congestion

import (
	"math/bits"
	"time"
)

// C is 0.4 segments per second cubed (RFC 9438, Section 4.1.1 and 5), as a fraction.
//
// req: RFC9438 5.1-1
const cubicCNum, cubicCDen = 2, 5

// curveK returns K, the time in which the cubic function climbs by the given bytes to W_max.
//
// RFC 9438, Section 4.2: K = cubic root of ((W_max - cwnd_epoch) / C), in seconds and segments.
func curveK(climb, mss int) time.Duration {
	const perSecond3 = 1e9 // in milliseconds cubed
	return time.Duration(cubeRoot(uint64(climb)*perSecond3*cubicCDen/cubicCNum/uint64(mss))) * time.Millisecond
}

// curveHeight returns C * t^3 in bytes: how far the cubic function is from W_max, a time t before or after it gets there.
func curveHeight(t time.Duration, mss int) int {
	ms := min(uint64(t/time.Millisecond), 1<<20) // beyond that the window has no use for more, and 64 bits no room
	hi, lo := bits.Mul64(ms*ms*ms, uint64(mss)*cubicCNum)
	bytes, _ := bits.Div64(hi, lo, cubicCDen*1e9)
	return int(min(bytes, maxWindow))
}

// cubeRoot returns the largest r with r*r*r <= x, found bit by bit: 3b is the number of bits of x still to be used.
func cubeRoot(x uint64) uint64 {
	var r uint64
	for b := 63; b >= 0; b -= 3 {
		r *= 2
		if step := 3*r*(r+1) + 1; x>>b >= step {
			x -= step << b
			r++
		}
	}
	return r
}
