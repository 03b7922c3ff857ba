package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/wire"
)

// ackState decides when to acknowledge.
type ackState struct {
	last        seq.Number // Last.ACK.sent (RFC 7323)
	now         bool       // the next segment, or one of its own, has to acknowledge at once
	pushed      bool       // some of what is owed came with PSH: the peer may wait for the acknowledgment, with Nagle
	interactive bool       // data goes back and forth: an acknowledgment will find company
	quick       uint8      // acknowledgments still to be sent at once: the peer's slow start needs them
	owed        int        // bytes taken since the last acknowledgment
	lastData    mono.Time  // when data last came
	challenged  mono.Time  // when the last rate-limited acknowledgment was sent
}

// quickACKs is how many arrivals are acknowledged at once, as in Linux, when the peer's window may be small: at the start of a
// connection, after a pause, and when the peer repeats what it need not.
const quickACKs = 16

// quickStart acknowledges the next arrivals at once.
func (a *ackState) quickStart() { a.quick, a.interactive = quickACKs, false }

// ackReason says why an acknowledgment is owed.
type ackReason uint8

const (
	ackNow         ackReason = iota // for data
	ackOutOfWindow                  // for an unacceptable segment
	ackChallenge                    // RFC 5961
)

// challengeInterval limits acknowledgments that an attacker or a loop of two confused peers could cause.
//
// RFC 5961, Section 7 asks for a limit; it is per connection, because a shared one is a side channel (RFC 5961 as
// attacked by CVE-2016-5696).
const challengeInterval = 500 * time.Millisecond

// owe notes that seg is to be answered with an acknowledgment.
//
// req: RFC5961 7-1
func (c *Conn) owe(now mono.Time, why ackReason, seg *Segment) {
	limited := why == ackChallenge || why == ackOutOfWindow && (len(seg.Payload) == 0 || seg.Has(wire.SYN))
	if !limited || c.mayChallenge(now) {
		c.ack.now = true
	}
}

// mayChallenge reports whether an answer may be sent that is limited, and counts it.
func (c *Conn) mayChallenge(now mono.Time) bool {
	if c.ack.challenged != 0 && now.Sub(c.ack.challenged) < challengeInterval {
		return false
	}
	c.ack.challenged = now
	return true
}

// oweForData decides how soon got bytes in order are acknowledged.
//
// RFC 9293, Section 3.8.6.3: "A TCP endpoint SHOULD implement a delayed ACK (SHLD-18), but an ACK should not be
// excessively delayed; in particular, the delay MUST be less than 0.5 seconds (MUST-40). An ACK SHOULD be generated for at
// least every second full-sized segment or 2*RMSS bytes of new data (where RMSS is the MSS specified by the TCP endpoint
// receiving the segments to be acknowledged, or the default value if not specified) (SHLD-19)."
//
// req: RFC9293 SHLD-18, SHLD-19, MUST-40, MUST-58, MUST-59, RFC5681 4.2-1, 4.2-2, 4.2-3, 4.2-4, 4.2-9
func (c *Conn) oweForData(now mono.Time, got int, seg *Segment) {
	if got == 0 {
		return
	}
	a := &c.ack
	if a.lastData != 0 && now.Sub(a.lastData) > c.rtt.rto {
		a.quick = quickACKs // the peer's window is what it was at the start (RFC 5681, Section 4.1)
	}
	a.owed += got
	a.pushed = a.pushed || seg.Has(wire.PSH)
	a.lastData = now
	switch {
	case a.owed >= 2*c.rcv.mss, c.opt.quickACK, seg.Has(wire.FIN):
		a.now = true
	case a.quick > 0 && !a.interactive:
		a.quick--
		a.now = true
	case !c.timers.isSet(timerDelayedACK):
		c.timers.set(timerDelayedACK, now.Add(c.cfg.DelayedACK))
	}
}

// onAllRead acknowledges what the peer pushed, once all of it was read and no answer came with that (as in Linux): a peer
// with Nagle's algorithm may hold back what belongs to it.
func (c *Conn) onAllRead() {
	if c.active != nil && c.ack.pushed && !c.ack.interactive && c.timers.isSet(timerDelayedACK) {
		c.ack.now = true
	}
}

// onAckSent notes that a segment with the current acknowledgment is leaving.
func (c *Conn) onAckSent() {
	c.ack.now = false
	c.ack.owed, c.ack.pushed = 0, false
	c.ack.last = c.rcv.nxt
	c.timers.stop(timerDelayedACK)
}

// onDataSent notices a conversation: data that leaves within the delay of data that came carries its acknowledgment.
func (c *Conn) onDataSent(now mono.Time) {
	c.offerRoom()
	if c.ack.lastData != 0 && now.Sub(c.ack.lastData) < c.cfg.DelayedACK {
		c.ack.interactive = true
	}
}

// noteOutOfOrder remembers where data beyond a hole came: the ranges it joined, newest first.
func (c *Conn) noteOutOfOrder(off uint64) {
	joined, _ := c.beyondHole(off)
	older, n := c.told.recent, 1
	c.told.recent[0] = off
	for _, o := range older {
		if n < len(older) && (o < joined.Lo || joined.Hi <= o) {
			c.told.recent[n] = o
			n++
		}
	}
}

// beyondHole returns the range around off of what came beyond a hole. A FIN that did counts for the number it takes.
func (c *Conn) beyondHole(off uint64) (span.Range, bool) {
	holes := c.rcv.buf.Holes()
	r, ok := holes.Containing(off)
	if !c.isFINBeyondHole() {
		return r, ok
	}
	if off == c.told.finAt {
		if r, ok = holes.Containing(off - 1); !ok { // off is not 0: something before it is missing
			r = span.Range{Lo: off, Hi: off}
		}
		ok = true
	}
	if r.Hi == c.told.finAt {
		r.Hi++
	}
	return r, ok
}

// isFINBeyondHole reports whether the peer's FIN has come, and not all that was sent before it.
func (c *Conn) isFINBeyondHole() bool { return c.rcv.hasFin && !c.rcv.fin }

// noteDuplicate remembers data that came twice.
//
// req: RFC2883 4-1, 4-3
func (c *Conn) noteDuplicate(off uint64, n int) {
	if c.snd.sackOK {
		c.told.dup.Lo, c.told.dup.Hi = off, off+uint64(n)
	}
}

// putSACK fills in the SACK option.
//
// RFC 2018, Section 4: "The first SACK block (i.e., the one immediately following the kind and length fields in the
// option) MUST specify the contiguous block of data containing the segment which triggered this ACK"; RFC 2883, Section
// 4: a duplicate is reported once, before the others.
//
// req: RFC2018 4-1, 4-2, 4-3, 4-5, 4-6, 4-7, 8-1, 8-2, RFC2883 4-1, 4-2, 4-4, 4-5
func (c *Conn) putSACK(o *wire.TCPOptions) {
	if !c.snd.sackOK {
		return
	}
	holes := c.rcv.buf.Holes()
	if holes.Len() == 0 && c.told.dup.Hi == 0 && !c.isFINBeyondHole() {
		return
	}
	room := 4
	if o.HasTimestamps {
		room = 3
	}
	base := c.rcv.irs.Add(1)
	put := func(lo, hi uint64) {
		b := wire.SACKBlock{Left: uint32(base) + uint32(lo), Right: uint32(base) + uint32(hi)}
		first := 0
		if c.told.dup.Hi != 0 {
			first = 1 // a DSACK block may repeat one below it
		}
		for i := first; i < int(o.NSACK); i++ {
			if o.SACK[i] == b {
				return
			}
		}
		if int(o.NSACK) < room {
			o.SACK[o.NSACK] = b
			o.NSACK++
		}
	}
	if c.told.dup.Hi != 0 {
		put(c.told.dup.Lo, c.told.dup.Hi)
	}
	for _, off := range c.told.recent {
		if r, ok := c.beyondHole(off); ok {
			put(r.Lo, r.Hi)
		}
	}
	for i := 0; i < holes.Len() && int(o.NSACK) < room; i++ {
		r, _ := c.beyondHole(holes.At(i).Lo)
		put(r.Lo, r.Hi)
	}
	c.told.dup = span.Range{}
}

// tsBefore reports whether timestamp a is older than b (RFC 7323, Section 5.2).
func tsBefore(a uint32, b seq.Number) bool { return seq.Number(a).Less(b) }

// tsExpired reports whether TS.Recent is too old to judge by.
//
// RFC 7323, Section 5.5: "We therefore require that an implementation of PAWS include a mechanism to "invalidate" the
// TS.Recent value when a connection is idle for more than 24 days."
func (c *Conn) tsExpired(now mono.Time) bool {
	return now.Sub(c.ts.recentAt) > 24*24*time.Hour
}

// updateRecentTimestamp keeps TS.Recent.
//
// RFC 7323, Section 4.3: "If: SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent then SEG.TSval is copied to
// TS.Recent".
//
// req: RFC7323 4.3-1, 4.3-2, 4.3-3, 5.2-1
func (c *Conn) updateRecentTimestamp(now mono.Time, seg *Segment) {
	o := &seg.Header.Options
	if !c.ts.ok || !o.HasTimestamps || seg.Has(wire.RST) {
		return
	}
	if seg.seq().LessEq(c.ack.last) && (!tsBefore(o.TSVal, c.ts.recent) || c.tsExpired(now)) {
		c.ts.recent, c.ts.recentAt = seq.Number(o.TSVal), now
	}
}
