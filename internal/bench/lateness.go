package bench

import (
	"math/bits"
	"time"
)

// Lateness says how much later than planned packets were delivered: how good the path was at being the path.
type Lateness struct {
	n       uint64
	max     time.Duration
	buckets [bits.UintSize * steps]uint64
}

// steps is into how many buckets an octave of nanoseconds is cut.
const steps = 8

func (l *Lateness) add(d time.Duration) {
	d = max(d, 0)
	l.n++
	l.max = max(l.max, d)
	l.buckets[bucketOf(uint64(d))]++
}

// bucketOf returns the bucket that ns falls in: its highest bit, and the three that follow.
func bucketOf(ns uint64) int {
	if ns < steps {
		return int(ns)
	}
	shift := bits.Len64(ns) - bits.Len64(steps)
	return shift*steps + int(ns>>shift)
}

// ceiling returns the first nanosecond beyond a bucket.
func ceiling(bucket int) time.Duration {
	if bucket < 2*steps {
		return time.Duration(bucket + 1)
	}
	shift := bucket/steps - 1
	return time.Duration(bucket-shift*steps+1) << shift
}

// Max returns the greatest lateness.
func (l *Lateness) Max() time.Duration { return l.max }

// Quantile returns what a fraction q of the packets did not exceed, to within an eighth.
func (l *Lateness) Quantile(q float64) time.Duration {
	left := uint64(q * float64(l.n))
	for i, k := range l.buckets {
		if k > left {
			return min(ceiling(i), l.max)
		}
		left -= k
	}
	return l.max
}
