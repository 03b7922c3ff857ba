package stateless

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// burstTime is how much of its rate a Bucket saves up: as long as a driver may sleep without falling behind.
const burstTime = 5 * time.Millisecond

// A Bucket holds something to a rate: so many a second, over any time, but for what it saves up in 5 ms or a single one.
type Bucket struct {
	interval time.Duration // of two
	slack    time.Duration // how far ahead of their times they may come
	due      mono.Time     // of the next
}

// NewBucket returns a Bucket for perSecond a second, 1 at least.
func NewBucket(perSecond int) Bucket {
	interval := (time.Second + time.Duration(perSecond) - 1) / time.Duration(perSecond) // rounded up: never faster
	return Bucket{interval: interval, slack: max(0, burstTime-interval)}
}

// Take reports whether one more may come now, and counts it.
func (b *Bucket) Take(now mono.Time) bool {
	if now < b.Next() {
		return false
	}
	b.due = max(b.due, now).Add(b.interval)
	return true
}

// Next returns when Take will next report true.
func (b *Bucket) Next() mono.Time { return b.due.Add(-b.slack) }
