package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
)

// rightSizing sizes the receive buffer by what the application reads in a round trip: a window of that size keeps the path
// full, and more than twice as much is needed while the sender still doubles its own.
type rightSizing struct {
	rtt    time.Duration // as the receiver sees it, 0 if not yet
	echo   uint32        // the TSecr measured last
	edge   seq.Number    // without timestamps: when this comes, a window has passed
	edgeAt mono.Time     // since this instant

	since  mono.Time
	copied int // read since then
	space  int // the most read in a round trip so far
}

const (
	// tuneInterval is the least time over which the application's speed is taken: bursts are shorter.
	tuneInterval = 5 * time.Millisecond
	// shortestRTT keeps scheduling delays from looking like a lack of window.
	shortestRTT = 100 * time.Microsecond
)

// measureRecvRTT measures the round trip of a connection that only receives: none of its own segments is acknowledged.
// The timestamp echoed by a full-sized segment is that of the acknowledgment which let it out; without timestamps, data
// up to the edge of a window cannot come in less than a round trip after that edge was told.
func (c *Conn) measureRecvRTT(now mono.Time, seg *Segment) {
	t, o := &c.rcv.tune, &seg.Header.Options
	if !c.ts.ok || !o.HasTimestamps {
		c.measureWindowTime(now)
		return
	}
	if o.TSEcr == t.echo || o.TSEcr == 0 || len(seg.Payload) < c.rcv.mss {
		return
	}
	t.echo = o.TSEcr
	ms := int32(c.ts.now(now) - o.TSEcr)
	d := time.Duration(ms) * time.Millisecond
	switch srtt := c.rtt.srtt; {
	case ms < 0:
		return
	case ms <= 1: // finer than the timestamps' clock
		d = time.Millisecond
		if srtt != 0 {
			d = min(d, srtt)
		}
	}
	switch {
	case t.rtt == 0:
		t.rtt = d
	case d < t.rtt:
		t.rtt -= (t.rtt - d) / 4
	default:
		// A sender that had nothing to send for a while echoes late.
		t.rtt += min(d-t.rtt, t.rtt) / 8
	}
}

// measureWindowTime measures how long a window takes, where nothing better is known. It may be much longer than a round
// trip: the least counts.
func (c *Conn) measureWindowTime(now mono.Time) {
	t := &c.rcv.tune
	if c.rtt.srtt != 0 || t.edgeAt != 0 && c.rcv.nxt.Less(t.edge) {
		return
	}
	if t.edgeAt != 0 {
		if d := now.Sub(t.edgeAt); t.rtt == 0 || d < t.rtt {
			t.rtt = d
		}
	}
	t.edge, t.edgeAt = c.rcv.adv, now
}

// recvRTT returns the round trip by which the receive buffer is sized, 0 if nothing is known yet.
func (c *Conn) recvRTT() time.Duration {
	if c.rcv.tune.rtt != 0 {
		return max(c.rcv.tune.rtt, shortestRTT)
	}
	if c.rtt.srtt != 0 {
		return max(c.rtt.srtt, shortestRTT)
	}
	return 0
}

// tuneRecvBuffer takes n bytes that the application has read.
//
// It does not wait for a round trip to end: as soon as more was read in this one than in any before, the buffer grows,
// so that the window told is ahead of a sender in slow start.
func (c *Conn) tuneRecvBuffer(now mono.Time, n int) {
	t := &c.rcv.tune
	if t.since == 0 {
		t.since = now
	}
	t.copied += n
	rtt := c.recvRTT()
	if rtt == 0 {
		return
	}
	interval, elapsed := max(rtt, tuneInterval), now.Sub(t.since)
	read := int(float64(t.copied) * float64(rtt) / float64(max(elapsed, interval)))
	if read > t.space {
		c.growRecvBuffer(2*read + 4*read*min(read-t.space, t.space)/max(t.space, 1))
	}
	if elapsed >= interval {
		t.space = max(t.space, read)
		t.since, t.copied = now, 0
	}
}

// tuneForHole grows the buffer when data lies beyond a hole: while it is mended the sender goes on, if it may, and a
// round trip's worth piles up here.
func (c *Conn) tuneForHole() { c.growRecvBuffer(2 * c.rcv.tune.space) }

// growRecvBuffer makes the receive buffer want bytes large besides what waits for a hole to be filled.
func (c *Conn) growRecvBuffer(want int) {
	if b := &c.rcv.buf; b.Holes().Len() > 0 {
		want += int(b.Holes().Max() - b.Next())
	}
	c.rcv.size = max(c.rcv.size, min(want, c.maxRecvBuffer()))
}

// maxRecvBuffer is how far the buffer grows. On a short path a window in excess of what is on the way fills the device's queue:
// the round trip grows with it, and with the round trip what seems to be on the way.
func (c *Conn) maxRecvBuffer() int {
	if c.opt.recvBuffer != 0 {
		return c.opt.recvBuffer
	}
	size := min(c.cfg.RecvBuffer, 65535<<c.rcv.scale)
	if c.rtt.min > 0 {
		size = min(size, max(shortRecvBuffer+int(c.rtt.min)*fastestPath, c.cfg.InitialRecvBuffer))
	}
	return size
}

// shortRecvBuffer is how far the receive buffer grows on the shortest of paths. Longer ones get more: see fastestPath.
const shortRecvBuffer = 1 << 20
