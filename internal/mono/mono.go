// Package mono is integer monotonic time. It has no Now: whoever drives the core hands the time down, so the same code
// runs under a real clock and under a virtual one.
package mono

import (
	"math"
	"time"
)

// Time is a number of nanoseconds since an origin that the driver of the core chooses. The zero Time means "not set"
// wherever an instant is optional, so a driver starts its clock above zero.
type Time int64

// Never is later than any other Time.
const Never Time = math.MaxInt64

// Add returns t+d; it saturates at Never.
func (t Time) Add(d time.Duration) Time {
	if s := t + Time(d); d < 0 || s >= t {
		return s
	}
	return Never
}

// Sub returns the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Milliseconds returns t in whole milliseconds, as TCP timestamps count.
func (t Time) Milliseconds() uint32 { return uint32(uint64(t) / 1e6) }

// Earliest returns the earlier of a and b.
func Earliest(a, b Time) Time { return min(a, b) }
