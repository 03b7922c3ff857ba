package tcp

import "github.com/antedon-net/antedon/internal/seq"

// maxSACKRanges bounds the scoreboard against malicious peers, as our holes are for a peer. A slow start that ends with a
// window of 10,000 segments may lose every second one; what the scoreboard does not take is sent again for nothing.
const maxSACKRanges = maxHoles

// dsack says what a DSACK block told (RFC 2883).
type dsack uint8

const (
	dsackNone  dsack = iota
	dsackSeen        // something arrived twice
	dsackProbe       // the tail loss probe did
)

// takeSACK takes the segment's SACK blocks into the scoreboard.
//
// RFC 6675, Section 4, "Update ()".
//
// req: RFC2018 5-1, RFC6675 4-1, 5-1, 5.1-5
func (c *Conn) takeSACK(seg *Segment, a *arrival) {
	o := &seg.Header.Options
	if !c.snd.sackOK || o.NSACK == 0 {
		return
	}
	b := &c.loss.board
	for i, block := range o.SACK[:o.NSACK] {
		left, right := seq.Number(block.Left), seq.Number(block.Right)
		if i == 0 && c.isDSACK(seg, left, right) {
			c.takeDSACK(left, right, a)
			continue
		}
		// Below SEG.ACK stand duplicates; beyond SND.NXT or empty is nonsense.
		if !left.Less(right) || left.Less(seg.ack()) || left.LessEq(c.snd.una) || c.snd.nxt.Less(right) {
			continue
		}
		lo, hi := c.sendOffset(left), c.sendOffset(right)
		if b.sacked.Len() >= maxSACKRanges && !b.sacked.Touches(lo, hi) {
			continue
		}
		for g, ok := b.sacked.NextGap(lo, hi); ok; g, ok = b.sacked.NextGap(g.Hi, hi) {
			b.deliver(g.Lo, g.Hi, &a.delivery)
		}
		b.sacked.Add(lo, hi)
	}
}

// isDSACK reports whether the first SACK block tells of a duplicate.
//
// RFC 2883, Section 4: "the first block of the SACK option … If the sequence space is less than the cumulative
// acknowledgement, it is an indication that the segment identified by the SACK block has been received more than once";
// otherwise "the sender then compares the sequence space in the first SACK block with the sequence space in the second
// SACK block": it is one if it lies within the second.
//
// req: RFC2883 5-1, 5-2
func (c *Conn) isDSACK(seg *Segment, left, right seq.Number) bool {
	o := &seg.Header.Options
	if left.Less(seg.ack()) {
		return true
	}
	return o.NSACK > 1 && seq.Number(o.SACK[1].Left).LessEq(left) && right.LessEq(seq.Number(o.SACK[1].Right))
}

// takeDSACK takes the news that [left, right) arrived twice, if it can be true.
func (c *Conn) takeDSACK(left, right seq.Number, a *arrival) {
	n := right.Sub(left)
	if n <= 0 || c.snd.nxt.Less(right) || left.Less(c.snd.una.Add(-max(int(c.snd.maxWnd), 1<<16))) {
		return
	}
	a.dsack = dsackSeen
	c.count.note().dsacks++
	if t := &c.loss.tlp; t.end != 0 && t.again && right == c.sendSeq(t.end) {
		a.dsack = dsackProbe
		return // a probe that was not needed says nothing of reordering
	}
	c.loss.rack.dsack = true
	c.loss.undo.onDSACK(n)
}
