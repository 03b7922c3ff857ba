package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// longSegments is how a connection finds out whether its path carries super-segments longer than Env.MaxSuper. The kernel of our
// own machine takes them from the device, and delivers them whole to its own sockets, at a third of the work. Where it forwards
// them, somebody on the way cuts them, which takes longer than cutting shorter ones; and an old kernel drops them.
//
// So the first of them goes alone: nothing else but ordinary super-segments leaves until its acknowledgment shows that it arrived
// whole. Later one at a time is watched.
type longSegments struct {
	fails  uint8     // how often it turned out otherwise
	after  mono.Time // no further ones before
	lo, hi uint64    // stream offsets of the one that is watched; hi is 0 if none is
}

const (
	// longRTT is the longest lowest round trip of a path on which they are tried: one that does not leave the machine.
	longRTT = time.Millisecond
	// longRetry is how long a failure is remembered, the first time. Each further one doubles it, longRetries times.
	longRetry   = time.Second
	longRetries = 6
)

// maxSuper returns the most payload of a super-segment that is sent now.
func (c *Conn) maxSuper(now mono.Time) int {
	g := &c.long
	if c.env.LongSuper > c.env.MaxSuper && now >= g.after && (c.longOK || g.hi == 0) && c.loss.phase == phaseOpen &&
		c.rtt.min != 0 && c.rtt.min < longRTT {
		return c.env.LongSuper
	}
	return c.env.MaxSuper
}

// noteLong watches a segment just cut, if it is a long one and no other is watched.
func (c *Conn) noteLong(out *Out, from uint64) {
	if g := &c.long; out.Len > c.env.MaxSuper && out.SegSize > 0 && g.hi == 0 {
		g.lo, g.hi = from, from+uint64(out.Len)
	}
}

// ackLong takes the acknowledgment of what lies before una. One that ends inside the segment tells that it was cut.
func (c *Conn) ackLong(now mono.Time, una uint64) {
	switch g := &c.long; {
	case g.hi == 0 || una <= g.lo:
	case una < g.hi:
		c.giveUpLong(now)
	default:
		c.longOK, g.hi = true, 0
	}
}

// loseLong takes the news that something was lost: perhaps what was long, for that reason.
func (c *Conn) loseLong(now mono.Time) {
	if c.longOK || c.long.hi != 0 {
		c.giveUpLong(now)
	}
}

// giveUpLong returns to ordinary super-segments for a while.
func (c *Conn) giveUpLong(now mono.Time) {
	g := &c.long
	if now.Sub(g.after) > longRetry<<longRetries {
		g.fails = 0 // they did well for longer than that
	}
	c.longOK = false
	*g = longSegments{fails: min(g.fails+1, longRetries), after: now.Add(longRetry << g.fails)}
}

// StayShort makes the connection never send super-segments longer than Env.MaxSuper.
func (c *Conn) StayShort() { c.long.after = mono.Never }
