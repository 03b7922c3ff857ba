package runner

import (
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
)

// copier copies what is kept in case a segment is lost: past the caches, or the ordinary way. Which is faster differs between machines
// of one kind by a factor of three, either way, and with how much is under way: it is measured. The shard's mutex guards it.
type copier struct {
	cost  [2]time.Duration // of costUnit, smoothed: the ordinary way, and past the caches; 0 before it was measured
	n     uint
	aside bool // in this phase
}

const (
	costUnit = 64 << 10
	// copyPhase is how many copies in a row are made the same way. In the first half caches fill: only what the second half takes
	// counts.
	copyPhase = 64
	// tryOther is in how many phases the way that seems slower is tried again.
	tryOther = 16
	// outlier is how many times as long as those before it a copy counts for at most: the thread may have been interrupted.
	outlier = 2
)

// isAside reports whether the next copy goes past the caches. The ordinary way leaves what it has used where it is used again, and
// so has a head start: it may take twice as long.
func (k *copier) isAside() bool {
	if k.n++; k.n%copyPhase == 1 {
		switch phase := k.n / copyPhase; {
		case phase < 2:
			k.aside = phase == 1
		default:
			k.aside = (k.cost[1]*2 < k.cost[0]) != (phase%tryOther == 0)
		}
	}
	return k.aside
}

// took notes how long n bytes have taken.
func (k *copier) took(aside bool, n int, d time.Duration) {
	if k.n%copyPhase < copyPhase/2 {
		return
	}
	c := &k.cost[0]
	if aside {
		c = &k.cost[1]
	}
	d = max(d*costUnit/time.Duration(max(n, 1)), 1)
	if *c == 0 {
		*c = d
		return
	}
	*c = max(*c+(min(d, outlier**c)-*c)/8, 1)
}

// copyOut copies p to the chunks.
func copyOut(to []buffer.View, p []byte, aside bool) {
	for _, v := range to {
		if aside {
			p = p[buffer.CopyAside(v.B, p):]
		} else {
			p = p[copy(v.B, p):]
		}
	}
}
