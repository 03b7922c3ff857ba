package tcp_test

import (
	"fmt"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// said is what one side of a duel has said and been told, as seen from its segments. Offsets count from its initial sequence
// number: the SYN has 0, the first byte 1.
type said struct {
	opened bool
	iss    uint32
	syn    wire.TCPOptions // as the peer saw them
	nxt    int             // after everything sent
	fin    int             // of the FIN, 0 if none was sent
	limit  int             // right edge of the peer's window, as far as told by what was delivered

	ack, edge int // last told, in the peer's offsets
	tsval     uint32
	told      bool

	has span.Set // of the peer's offsets, what was delivered
}

func (s *said) offset(seq uint32) int { return s.nxt + int(int32(seq-(s.iss+uint32(s.nxt)))) }

// agreed reports whether both SYNs had an option.
func (d *duel) agreed(has func(*wire.TCPOptions) bool) bool {
	return has(&d.side[0].said.syn) && has(&d.side[1].said.syn)
}

func hasScale(o *wire.TCPOptions) bool      { return o.HasWScale }
func hasTimestamps(o *wire.TCPOptions) bool { return o.HasTimestamps }
func hasSACK(o *wire.TCPOptions) bool       { return o.SACKPermitted }

// checkSent checks a segment against what its side has said before.
func (d *duel) checkSent(i int, seg *tcp.Segment) {
	h, s := &seg.Header, &d.side[i].said
	if h.Flags&wire.RST != 0 {
		return
	}
	if h.Flags&wire.SYN != 0 {
		if !s.opened {
			s.opened, s.iss, s.syn = true, h.Seq, h.Options
			d.mild.of(&s.syn)
		}
		if h.Seq != s.iss {
			d.fail("side %d changes its initial sequence number", i)
		}
	}
	if h.Flags&wire.ACK != 0 {
		d.checkAck(i, h)
	}
	d.checkText(i, seg)
	d.checkOptions(i, seg)
}

// checkAck checks acknowledgment and window.
func (d *duel) checkAck(i int, h *wire.TCP) {
	s, peer := &d.side[i].said, &d.side[1-i].said
	ack := peer.offset(h.Ack)
	wnd := int(h.Window)
	if h.Flags&wire.SYN == 0 && d.agreed(hasScale) {
		wnd <<= s.syn.WScale
	}
	edge := ack + wnd
	info := d.side[i].conn.Info(d.now)
	full := info.ReadQueue >= info.RcvSpace || h.Flags&wire.SYN != 0 // tiny segments may overfill the buffer
	switch gap, missing := s.has.NextGap(0, uint64(max(ack, 0))); {
	case ack < s.ack:
		d.fail("side %d takes an acknowledgment back, from %d to %d", i, s.ack, ack)
	case missing:
		d.fail("side %d acknowledges %d without %v", i, ack, gap)
	case s.told && edge < s.edge && !full:
		d.fail("side %d moves the right edge of its window left, from %d to %d", i, s.edge, edge)
	}
	s.ack, s.edge, s.told = ack, max(s.edge, edge), true
}

// checkText checks sequence numbers and bytes.
func (d *duel) checkText(i int, seg *tcp.Segment) {
	h, s := &seg.Header, &d.side[i].said
	first := s.offset(h.Seq)
	at := first
	if h.Flags&wire.SYN != 0 {
		at++
	}
	last := at + len(seg.Payload)
	if h.Flags&wire.FIN != 0 {
		if s.fin != 0 && s.fin != last {
			d.fail("side %d moves its FIN from %d to %d", i, s.fin, last)
		}
		s.fin = last
		last++
	}
	switch {
	case first > s.nxt:
		d.fail("side %d leaves a gap before %d", i, first)
	case last > s.limit && last > at && h.Flags&wire.SYN == 0:
		d.fail("side %d sends up to %d, beyond the window's edge at %d", i, last, s.limit)
	case s.fin != 0 && last > s.fin+1:
		d.fail("side %d sends beyond its FIN", i)
	}
	if len(seg.Payload) > 0 {
		if k := mismatchDuel(seg.Payload, at-1); k >= 0 || last-1 > d.side[i].written+1 {
			d.fail("side %d sends %d bytes at %d of %d written, of which that at %d is wrong", i, len(seg.Payload), at-1, d.side[i].written, k)
		}
	}
	s.nxt = max(s.nxt, last)
}

// checkOptions checks the options, and that the segment fits the peer's MSS.
func (d *duel) checkOptions(i int, seg *tcp.Segment) {
	h, s, peer := &seg.Header, &d.side[i].said, &d.side[1-i].said
	o := &h.Options
	if h.Flags&wire.SYN != 0 {
		return
	}
	size, mss := len(seg.Payload), 536
	if seg.SegSize != 0 {
		size = seg.SegSize
	}
	if peer.syn.HasMSS {
		mss = int(peer.syn.MSS)
	}
	switch ts := d.agreed(hasTimestamps); {
	case o.HasMSS, o.HasWScale, o.SACKPermitted:
		d.fail("side %d sends an option of SYNs", i)
	case ts != o.HasTimestamps:
		d.fail("side %d sends timestamps: %v, agreed: %v", i, o.HasTimestamps, ts)
	case ts && s.tsval != 0 && int32(o.TSVal-s.tsval) < 0:
		d.fail("side %d lets its timestamps run backwards", i)
	case size > 0 && size+h.Len()-wire.TCPHeaderLen > mss:
		d.fail("side %d sends %d bytes with a header of %d, over the MSS of %d", i, size, h.Len(), mss)
	case o.NSACK > 0 && !d.agreed(hasSACK):
		d.fail("side %d sends SACK that was not agreed upon", i)
	}
	s.tsval = o.TSVal
	for k, b := range o.SACK[:o.NSACK] {
		left, right := peer.offset(b.Left), peer.offset(b.Right)
		if left >= right || left < 0 {
			d.fail("side %d: SACK block %d is empty: %d-%d", i, k, left, right)
		}
		if gap, missing := s.has.NextGap(uint64(left), uint64(right)); missing {
			d.fail("side %d: SACK block %d-%d without %v", i, left, right, gap)
		}
		if left <= s.ack && k > 0 {
			d.fail("side %d: SACK block %d is acknowledged: %d-%d, %d", i, k, left, right, s.ack)
		}
	}
}

// noteDelivered notes what side i is told.
func (d *duel) noteDelivered(i int, seg *tcp.Segment) {
	s, peer, h := &d.side[i].said, &d.side[1-i].said, &seg.Header
	if h.Flags&wire.RST != 0 {
		return
	}
	at := peer.offset(h.Seq)
	last := at + len(seg.Payload)
	if h.Flags&wire.SYN != 0 {
		last++
	}
	if h.Flags&wire.FIN != 0 {
		last++
	}
	s.has.Add(uint64(max(at, 0)), uint64(max(last, 0)))
	wnd := int(h.Window)
	switch {
	case h.Flags&wire.ACK == 0:
		s.limit = max(s.limit, 1+wnd)
	default:
		if h.Flags&wire.SYN == 0 && d.agreed(hasScale) {
			wnd <<= peer.syn.WScale
		}
		s.limit = max(s.limit, s.offset(h.Ack)+wnd)
	}
}

// checkSide checks what must hold of a side that was drained.
func (d *duel) checkSide(i int) {
	f := d.side[i]
	c := f.conn
	info := c.Info(d.now)
	if c.State() == tcp.StateClosed {
		if c.Deadline() != mono.Never || !c.Done() {
			d.fail("side %d is CLOSED, with deadline %v, done %v", i, c.Deadline(), c.Done())
		}
		return
	}
	waits := info.Unacked > 0 || info.NotSent > 0 || c.State() == tcp.StateTimeWait
	switch {
	case info.Unacked < 0, info.Sacked < 0, info.Sacked > info.Unacked, info.Lost < 0, info.Sacked+info.Lost > info.Unacked:
		d.fail("side %d: %d bytes in flight, %d SACKed, %d lost", i, info.Unacked, info.Sacked, info.Lost)
	case info.SndCwnd < info.SndMSS && info.CAState != "recovery" && info.CAState != "cwr", info.SndCwnd < 1, info.RTO <= 0, info.RTO > 120*time.Second:
		d.fail("side %d: cwnd %d in %s, RTO %v", i, info.SndCwnd, info.CAState, info.RTO)
	case info.BytesAcked > info.BytesSent, info.BytesRetrans > info.BytesSent, int(info.BytesRecv) < f.read:
		d.fail("side %d: counters contradict each other", i)
	case waits && f.reserved == nil && c.Deadline() == mono.Never:
		d.fail("side %d waits and has no deadline", i)
	}
	// 512 bytes may hold one; a packet kept in place holds twice its bytes; a write under way holds a chunk.
	bound := 3*info.RcvSpace + 2*c.Unacked() + 256<<10
	if used := f.env.Pool.Used(); used > bound {
		d.fail("side %d holds %d bytes of chunks, at most %d expected", i, used, bound)
	}
}

// checkEnd checks what must hold when all is over.
func (d *duel) checkEnd() {
	orderly := !d.side[0].left && !d.side[1].left
	for i, f := range d.side {
		if f.conn == nil {
			continue
		}
		peer := d.side[1-i]
		if orderly && (f.conn.Err() != nil || f.read != peer.written) {
			d.fail("side %d has read %d bytes of %d, and ends with %v", i, f.read, peer.written, f.conn.Err())
		}
		if f.reserved != nil {
			f.conn.Commit(d.now, 0, true)
		}
		f.conn.Abort(d.now)
		f.in = nil
		d.drain(i)
		if used := f.env.Pool.Used(); used != 0 || !f.conn.Done() {
			d.fail("side %d leaks %d bytes of chunks; done: %v", i, used, f.conn.Done())
		}
	}
}

func (d *duel) fail(format string, args ...any) {
	d.t.Helper()
	text := fmt.Sprintf(format, args...)
	for i, f := range d.side {
		if f.conn != nil {
			text += fmt.Sprintf("\nside %d: wrote %d, read %d, %d segments coming, error %v, %+v", i, f.written, f.read, len(f.in),
				f.conn.Err(), f.conn.Info(d.now))
		}
	}
	d.t.Fatal(text)
}
