package tcp

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// phase says what loss recovery is doing.
type phase uint8

const (
	phaseOpen     phase = iota // nothing is known to be lost
	phaseRecovery              // fast recovery (RFC 6675, RFC 6582)
	phaseLoss                  // slow start after a retransmission timeout
)

// recovery finds and repairs losses. Offsets are stream offsets.
//
// req: RFC6582 3.2-1
type recovery struct {
	phase    phase
	sacked   span.Set // what the peer holds beyond SND.UNA
	point    uint64   // RecoveryPoint: recovery ends when everything before it is acknowledged
	highRxt  uint64   // HighRxt: retransmitted up to here
	lostEdge uint64   // what is not SACKed before here is lost
	force    bool     // the first retransmission of a recovery does not ask the window

	dupAcks     int
	limitedFrom uint64 // where SND.NXT stood at the first of them: what was sent since is limited transmit

	ambiguous uint64    // round trips of what ends before here cannot be measured without timestamps
	rexmitAt  mono.Time // when something was last retransmitted
	retries   int       // timeouts in a row
	sent      sentLog
}

// dupThresh is DupThresh (RFC 6675, Section 2).
const dupThresh = 3

// maxSACKRanges bounds the scoreboard: no path scatters losses so widely, but a malicious peer can.
const maxSACKRanges = 2048

// takeSACK takes the segment's SACK blocks into the scoreboard and returns how many bytes are news.
//
// RFC 6675, Section 4, "Update ()".
//
// req: RFC2018 5-1, RFC6675 4-1, 5-1, 5.1-5
func (c *Conn) takeSACK(seg *Segment) int {
	o := &seg.Header.Options
	if !c.snd.sackOK || o.NSACK == 0 {
		return 0
	}
	news := 0
	for _, b := range o.SACK[:o.NSACK] {
		left, right := seq.Number(b.Left), seq.Number(b.Right)
		// Below SEG.ACK stand duplicates (RFC 2883); beyond SND.NXT or empty is nonsense.
		if !left.Less(right) || left.Less(seg.ack()) || left.LessEq(c.snd.una) || c.snd.nxt.Less(right) {
			continue
		}
		if l := &c.loss.sacked; l.Len() >= maxSACKRanges && !l.Touches(c.sendOffset(left), c.sendOffset(right)) {
			continue
		}
		_, added := c.loss.sacked.Add(c.sendOffset(left), c.sendOffset(right))
		news += added
	}
	return news
}

// detectLoss begins, continues or ends a recovery after an acknowledgment.
//
// req: RFC6582 3.2-4, RFC6675 5-3, 5-4, 5-6
func (c *Conn) detectLoss(now mono.Time, acked, sacked int) {
	l := &c.loss
	if l.phase == phaseOpen && l.dupAcks == 0 && l.sacked.Len() == 0 {
		return
	}
	una := c.unaOffset()
	l.highRxt = max(l.highRxt, una)
	if _, renounced := l.sacked.Containing(una); renounced && acked > 0 {
		// The peer acknowledged less than it had SACKed: it gave the rest up (RFC 2018, Section 8).
		l.sacked.Clear()
	}
	if l.phase != phaseOpen && una >= l.point {
		c.endRecovery()
	}
	c.findLostEdge(una)
	switch l.phase {
	case phaseOpen:
		if l.lostEdge > una || c.duplicatesTellLoss(una) {
			c.beginRecovery(now, una)
		}
	case phaseRecovery:
		if acked > 0 && !c.snd.sackOK {
			// RFC 6582, Section 3.2, step 3: partial acknowledgment: "retransmit the first unacknowledged segment".
			l.highRxt, l.force = una, true
		}
	}
	if c.snd.una == c.snd.nxt {
		l.sacked.Clear()
	}
}

// duplicatesTellLoss reports whether there were enough duplicate acknowledgments.
//
// RFC 6582, Section 3.2, step 2: "the TCP sender first checks the value of recover to see if the Cumulative Acknowledgment
// field covers more than recover." If not, they may answer what a timeout repeated needlessly.
//
// req: RFC6582 3.2-1, 3.2-2
func (c *Conn) duplicatesTellLoss(una uint64) bool {
	l := &c.loss
	return l.dupAcks >= dupThresh && (c.snd.sackOK || una > l.point || l.point == 0)
}

// creditPartialACK settles duplicate acknowledgments with an acknowledgment of new data: one of its segments filled the
// hole, the others had told of their arrival before.
//
// RFC 6582, Section 3.2, step 3, partial acknowledgment: "Deflate the congestion window by the amount of new data
// acknowledged by the Cumulative Acknowledgment field. If the partial ACK acknowledges at least one SMSS of new data, then
// add back SMSS bytes to the congestion window." RFC 6675 resets the count.
//
// req: RFC6582 3.2-4, RFC6675 5-2
func (c *Conn) creditPartialACK(acked int) {
	l := &c.loss
	if l.phase != phaseRecovery || c.snd.sackOK {
		l.dupAcks = 0
		return
	}
	mss := c.payloadMSS()
	l.dupAcks = max(0, l.dupAcks+1-(acked+mss-1)/mss)
}

// findLostEdge moves lostEdge by what SACK says.
//
// RFC 6675, Section 4, "IsLost (SeqNum)": "The routine returns true when either DupThresh discontiguous SACKed sequences
// have arrived above 'SeqNum' or more than (DupThresh - 1) * SMSS bytes with sequence numbers greater than 'SeqNum' have
// been SACKed."
//
// req: RFC6675 4-1
func (c *Conn) findLostEdge(una uint64) {
	l := &c.loss
	l.lostEdge = max(l.lostEdge, una)
	bytes := 0
	for i, n := l.sacked.Len()-1, 1; i >= 0; i, n = i-1, n+1 {
		r := l.sacked.At(i)
		bytes += r.Len()
		if n >= dupThresh || bytes > (dupThresh-1)*c.snd.mss {
			l.lostEdge = max(l.lostEdge, r.Lo)
			break
		}
	}
	if l.phase == phaseRecovery && !c.snd.sackOK {
		l.lostEdge = max(l.lostEdge, min(una+uint64(c.payloadMSS()), c.nxtOffset()))
	}
}

// beginRecovery enters fast recovery.
//
// RFC 6675, Section 5, step 4: "RecoveryPoint = HighData … ssthresh = cwnd = (FlightSize / 2) … Retransmit the first data
// segment presumed dropped".
//
// FlightSize is what is sent and not acknowledged, less what limited transmit added: RFC 5681, Section 3.2, step 2:
// "additional data sent in limited transmit MUST NOT be included in this calculation."
//
// req: RFC2018 5.1-1, RFC5681 3.2-3, 3.2-7, 3.2-9, 4.3-1, RFC6582 3.2-2
func (c *Conn) beginRecovery(now mono.Time, una uint64) {
	l := &c.loss
	flight := c.inFlight()
	if l.dupAcks > 0 {
		flight = int(l.limitedFrom - una)
	}
	l.phase = phaseRecovery
	l.point = c.nxtOffset()
	l.highRxt = una
	l.force = true
	l.lostEdge = max(l.lostEdge, min(una+uint64(c.payloadMSS()), l.point))
	c.count.recoveries++
	c.cc.OnLoss(now, flight, congestion.CauseLoss)
	c.onReduced()
}

// req: RFC5681 3.2-12, 4.3-3, RFC6582 3.2-3, RFC6675 5-4, 5-5
func (c *Conn) endRecovery() {
	l := &c.loss
	l.phase, l.dupAcks, l.force = phaseOpen, 0, false
	l.lostEdge = c.unaOffset()
}

// pipe estimates how many bytes are in the network.
//
// RFC 6675, Section 4, "SetPipe ()". Without SACK each duplicate acknowledgment stands for a segment that left the
// network, which gives RFC 6582's window inflation and RFC 3042's limited transmit.
//
// req: RFC5681 3.2-4, 3.2-5, 3.2-8, 3.2-10, 3.2-11, 4.3-2, RFC6675 4-3
func (c *Conn) pipe() int {
	l := &c.loss
	out := c.inFlight()
	if l.phase == phaseOpen && l.sacked.Len() == 0 {
		return max(0, out-min(l.dupAcks, dupThresh-1)*c.dupAckBytes())
	}
	una, nxt := c.unaOffset(), c.nxtOffset()
	lost := min(max(l.lostEdge, una), nxt)
	p := int(nxt-lost) - l.sacked.CoveredAbove(lost)
	if rxt := min(max(l.highRxt, una), nxt); rxt > una {
		p += int(rxt-una) - (l.sacked.CoveredAbove(una) - l.sacked.CoveredAbove(rxt))
	}
	return max(0, p-l.dupAcks*c.dupAckBytes())
}

func (c *Conn) dupAckBytes() int {
	if c.snd.sackOK {
		return 0
	}
	return c.payloadMSS()
}

// nextRetransmit sends again what is lost.
//
// RFC 6675, Section 4, "NextSeg ()": rule 1, what is lost; rule 3, if nothing new can be sent, what may be.
//
// req: RFC9293 SHLD-16, MAY-7, RFC6675 4-4, 4-5, 4-7, 4-10, 5-7, 5-8, 5-9
func (c *Conn) nextRetransmit(now mono.Time, out *Out) bool {
	l := &c.loss
	if l.phase == phaseOpen {
		return false
	}
	una := c.unaOffset()
	from := max(l.highRxt, una)
	gap, ok := l.sacked.NextGap(from, min(l.lostEdge, c.nxtOffset()))
	if !ok && l.phase == phaseRecovery && c.snd.sackOK && c.nothingNew() {
		gap, ok = l.sacked.NextGap(from, min(l.sacked.Max(), l.point))
	}
	if !ok {
		return false
	}
	room := c.cc.Window() - c.pipe()
	if l.force {
		room = max(room, c.payloadMSS())
	}
	if room < min(gap.Len(), c.payloadMSS()) {
		return false
	}
	l.force = false
	n := min(gap.Len(), room)
	if n > c.payloadMSS() {
		n -= n % c.payloadMSS()
	}
	small := c.snd.small
	c.emit(now, out, gap.Lo, gap.Lo+uint64(n))
	c.snd.small = small
	l.highRxt = gap.Lo + uint64(out.consumed())
	l.ambiguous, l.rexmitAt = c.nxtOffset(), now
	c.count.retransmits++
	c.count.bytesRetx += uint64(out.Len)
	if gap.Lo == una || !c.timers.isSet(timerRetransmit) {
		c.armRetransmit(now)
	}
	return true
}

// nothingNew reports that there is no data that was never sent, or no window for it.
func (c *Conn) nothingNew() bool {
	return c.nxtOffset() >= c.endOffset() || c.usableWindow() <= 0
}
