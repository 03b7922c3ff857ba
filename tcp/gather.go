package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// gatherRTT is the longest round trip over which a rest is gathered.
const gatherRTT = time.Millisecond

// gather reports whether a rest of want bytes, which do not fill a super-segment, waits for the next write or the next
// acknowledgment to come along. While super-segments are in flight on a path as short as this one of the two is
// microseconds away, and a segment that is not cut saves a system call here and work at the peer. It goes with what is
// sent before it is acknowledged, so the acknowledgment cannot fail to come: two super-segments are never left unanswered.
//
// Linux gathers while a segment waits in the device's transmit queue (tcp_autocorking), whatever TCP_NODELAY says; our
// devices take a segment at once.
func (c *Conn) gather(now mono.Time, want int) bool {
	super := c.maxSuper(now)
	return want < super && !c.snd.finQueued && !c.pend.force && c.inFlight() >= 2*super && c.rtt.srtt < gatherRTT
}
