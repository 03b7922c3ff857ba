package host

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// bucket limits how often something is done: tokens come at a steady rate, and every deed costs one.
//
// A limit shared by all peers tells each of them something about the others (whether a packet it could not see was
// answered). So, as in Linux, each refill after the bucket was tapped comes up to two tokens short, at random.
type bucket struct {
	rate, burst int // tokens per second, and at most
	tokens      int
	filled      mono.Time // when it was last filled
}

func newBucket(rate int) bucket {
	b := bucket{rate: rate, burst: max(rate/10, 4)}
	b.tokens = b.burst
	return b
}

// take reports whether a token is left, and takes it.
func (b *bucket) take(now mono.Time, rnd *random) bool {
	if b.filled == 0 {
		b.filled = now
	}
	if elapsed := min(now.Sub(b.filled), time.Second); elapsed >= 20*time.Millisecond {
		short := rnd.below(3)
		b.tokens = min(b.tokens+max(int(elapsed)*b.rate/int(time.Second)-short, 1), b.burst)
		b.filled = now
	}
	if b.tokens == 0 {
		return false
	}
	b.tokens--
	return true
}
