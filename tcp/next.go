package tcp

import (
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// Next cuts the next segment to send into out and returns false if there is none. out.Payload keeps its capacity, which
// must not be 0: at most that many views are used.
//
// req: RFC9293 SHLD-12
func (c *Conn) Next(now mono.Time, out *Out) bool {
	c.wake()
	if c.next(now, out) {
		return true
	}
	c.rest()
	return false
}

func (c *Conn) next(now mono.Time, out *Out) bool {
	switch {
	case c.pend.rst:
		c.putReset(now, out)
		return true
	case c.pend.refuse:
		c.putRefusal(out)
		return true
	case c.state == StateClosed:
		return false
	case c.state == StateSynSent || c.state == StateSynReceived:
		if c.pend.syn {
			c.putSYN(now, out)
			return true
		}
		if c.nextEarly(now, out) {
			return true
		}
	case c.state.canSend() && (c.nextTailProbe(now, out) || c.nextRetransmit(now, out) || c.nextNew(now, out)):
		return true
	case c.pend.probe:
		c.pend.probe = false
		c.begin(now, out, c.snd.una.Add(-1), wire.ACK)
		return true
	}
	if c.ack.now && c.state != StateSynSent {
		c.begin(now, out, c.ackSeq(), wire.ACK)
		return true
	}
	return false
}

// ackSeq is the sequence number of a segment without text: SND.NXT, or the right edge of a window that the peer has taken
// back since. Beyond it nothing is acceptable, and Linux, which takes its window back when it is short of memory, drops what
// is not with the acknowledgment in it: it would send, and send again, until its user reads what came from us.
//
// RFC 9293, Section 3.8.6: "a sending TCP peer MUST be robust against window shrinking, which may cause the 'usable window'
// … to become negative (MUST-34)."
//
// req: RFC9293 MUST-34
func (c *Conn) ackSeq() seq.Number {
	over := -c.usableWindow()
	if c.snd.una != c.snd.iss && over >= 1<<c.snd.scale { // less may be what the header's field does not show
		return c.snd.nxt.Add(-over)
	}
	return c.snd.nxt
}

// begin fills in what every segment carries, and notes that it acknowledges.
//
// RFC 9293, Section 3.8.6.3 and RFC 7323, Section 3.2: "once TSopt has been successfully negotiated … the TSopt MUST be
// sent in every non-<RST> segment for the duration of the connection".
//
// req: RFC7323 3.2-2, 3.2-4, 4.3-1
func (c *Conn) begin(now mono.Time, out *Out, at seq.Number, flags wire.Flags) {
	out.Header = wire.TCP{
		SrcPort: c.ends.LocalPort, DstPort: c.ends.RemotePort,
		Seq: uint32(at), Ack: uint32(c.rcv.nxt), Flags: flags | c.ecnFlagsFor(flags),
	}
	out.Payload, out.Len, out.SegSize = out.Payload[:0], 0, 0
	out.TOS, out.TTL = c.opt.tos, c.opt.ttl
	c.putTimestamps(now, &out.Header.Options)
	if flags&wire.SYN == 0 {
		c.putSACK(&out.Header.Options)
		out.Header.Window = c.windowField()
	}
	c.count.segsOut++
	if flags&wire.ACK != 0 {
		c.onAckSent()
	}
}

func (c *Conn) putTimestamps(now mono.Time, o *wire.TCPOptions) {
	if c.ts.ok {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, c.ts.now(now), uint32(c.ts.recent)
	}
}

// putSYN writes the SYN or SYN-ACK and starts its timer.
//
// req: RFC9293 MUST-14, MUST-65, SHLD-5, MAY-3, RFC2018 2-1, RFC7323 2.2-1, 2.2-2, 2.2-4, 2.3-1, 2.3-2, 3.2-1
func (c *Conn) putSYN(now mono.Time, out *Out) {
	c.pend.syn = false
	flags := wire.SYN
	if c.state == StateSynReceived {
		flags |= wire.ACK
	}
	c.begin(now, out, c.snd.iss, flags)
	o := &out.Header.Options
	o.HasMSS, o.MSS = true, c.rcv.advMSS
	o.SACKPermitted = c.snd.sackOK
	o.HasWScale, o.WScale = c.snd.scaleOK, c.rcv.scale
	out.Header.Window = uint16(c.synWindow())
	if c.state == StateSynSent {
		out.Header.Ack = 0
		o.TSEcr = 0
	}
	if c.fast != nil {
		c.putFastOpen(out)
	}
	if c.wait.synAt != 0 {
		c.loss.rexmitAt = now // and there is no telling which of them will be answered
		c.count.note().retransmits++
	}
	c.wait.synAt, c.snd.lastSent = now, now
	if !c.timers.isSet(timerRetransmit) {
		c.timers.set(timerRetransmit, now.Add(c.boundByUserTimeout(now, c.handshakeTimeout())))
	}
}

// putReset writes the RST of an aborted connection.
//
// RFC 9293, Section 3.10.5: "Send a reset segment: <SEQ=SND.NXT><CTL=RST>", within the window. It carries an ACK, as Linux's does, and
// the window that the peer knows: the RFC asks for neither, and traces show both.
//
// RFC 7323, Section 5.2: "If an <RST> is being generated because of a user abort, and Snd.TS.OK is set, then a Timestamps
// option SHOULD be included in the <RST>."
//
// req: RFC7323 3.2-5, 5.2-4
func (c *Conn) putReset(now mono.Time, out *Out) {
	c.pend.rst = false
	c.beginReset(out, c.ackSeq())
	out.Header.Flags |= wire.ACK
	out.Header.Ack = uint32(c.rcv.nxt)
	out.Header.Window = c.knownWindowField()
	c.putTimestamps(now, &out.Header.Options)
}

// putRefusal writes the RST that answers a segment of a handshake whose ACK is not acceptable: <SEQ=SEG.ACK><CTL=RST>.
func (c *Conn) putRefusal(out *Out) {
	c.pend.refuse = false
	c.beginReset(out, c.wait.refused)
}

func (c *Conn) beginReset(out *Out, at seq.Number) {
	out.Header = wire.TCP{
		SrcPort: c.ends.LocalPort, DstPort: c.ends.RemotePort, Seq: uint32(at), Flags: wire.RST,
	}
	out.Payload, out.Len, out.SegSize = out.Payload[:0], 0, 0
	out.TOS, out.TTL = c.opt.tos, c.opt.ttl
	c.count.segsOut++
}

// segmentSize returns how much payload a segment with out's options carries.
func (c *Conn) segmentSize(o *wire.TCPOptions) int {
	n := c.snd.mss
	if o.HasTimestamps {
		n -= tsOption
	}
	if o.NSACK > 0 {
		n -= 4 + 8*int(o.NSACK)
	}
	return max(n, 8)
}

// nextNew sends data, or the FIN, for the first time.
func (c *Conn) nextNew(now mono.Time, out *Out) bool {
	from, end := c.nxtOffset(), c.endOffset()
	if from >= end {
		c.noteIdle()
		return false
	}
	c.restartAfterIdle(now)
	if c.mtu.on {
		if sent, wait := c.nextMTUProbe(now, out); sent || wait {
			return sent
		}
	}
	n := c.allowed(now, from, end)
	if n == 0 {
		return false
	}
	c.sendNew(now, out, from, from+uint64(n))
	return true
}

// noteIdle notes, for the estimate of the delivery rate, that there is nothing to send although more would be allowed.
func (c *Conn) noteIdle() {
	if b := &c.loss.board; b.lost.Len() == 0 && b.out < c.window() {
		c.rate.onIdle(b.out)
	}
}

// sendNew sends [from, to), or as much of it as a segment holds, for the first time.
//
// req: RFC6298 5-2, RFC9937 6-8
func (c *Conn) sendNew(now mono.Time, out *Out, from, to uint64) {
	c.emit(now, out, from, to)
	c.markNew(out)
	n := out.consumed()
	c.noteLong(out, from)
	c.loss.board.send(flight{from, from + uint64(n), now, c.rate.onSend(now, c.pipe())})
	c.loss.prr.out += n
	c.onPaced(now, n)
	c.snd.nxt = c.snd.nxt.Add(n)
	c.timers.stop(timerPersist)
	c.pend.probe = false // the data asks the same question
	if c.wait.stalledSince == 0 {
		c.wait.stalledSince = now
	}
	if !c.timers.isSet(timerRetransmit) {
		c.armRetransmit(now)
	}
	c.armTailProbe(now)
	c.onDataSent(now)
}

// shorten cuts n bytes off the end of the payload.
func (o *Out) shorten(pool *buffer.Pool, n int) {
	o.Len -= n
	for n > 0 {
		last := &o.Payload[len(o.Payload)-1]
		if n < len(last.B) {
			last.B = last.B[:len(last.B)-n]
			return
		}
		n -= len(last.B)
		pool.Release(last.Chunk)
		o.Payload = o.Payload[:len(o.Payload)-1]
	}
}

// consumed returns the sequence numbers the segment takes.
func (o *Out) consumed() int {
	if o.Header.Flags&wire.FIN != 0 {
		return o.Len + 1
	}
	return o.Len
}

// allowed returns how much of [from, end) may be sent now, and if that is nothing makes sure that something will cause
// another look: an acknowledgment of what is in flight, or the persist timer.
//
// RFC 9293, Section 3.8.6.2.1: "The sender's SWS avoidance algorithm": send "if a maximum-sized segment can be sent", or
// everything there is, or "if at least a fraction Fs of the maximum window can be sent".
//
// req: RFC9293 MUST-38, SHLD-15, SHLD-28, RFC5681 2-1, 3-1, RFC6675 4-6, RFC7323 2.4-4
func (c *Conn) allowed(now mono.Time, from, end uint64) int {
	want, wnd, mss := int(end-from), c.usableWindow(), c.payloadMSS()
	room := c.window() - c.pipe()
	if c.inFlight() == 0 {
		room = max(room, mss)
	}
	room = c.ecnRoom(now, room)
	c.snd.cwndLimited = room < want && room <= wnd
	n := min(want, wnd, room)
	if n > 0 {
		if n = c.paced(now, n); n == 0 {
			return 0 // until timerPace
		}
	}
	if c.snd.more && !c.snd.finQueued && n == want {
		// The rest of the write is being copied: wait to fill the super-segment.
		super := c.maxSuper(now)
		return n - n%max(super-super%mss, mss)
	}
	if n == want && c.gather(now, want) {
		return 0
	}
	switch full := n - n%mss; {
	case n <= 0:
	case n == want && c.mayEndSmall(want):
		return n
	case n == want-1 && c.snd.finQueued:
		return n // all the data; the window has no room for the FIN
	case full > 0:
		return full
	case n == wnd && n < want && (n >= int(c.snd.maxWnd/2) || c.pend.force):
		return n
	}
	c.waitForWindow(now, want, wnd)
	return 0
}

// mayEndSmall reports whether everything there is to send may go, though its last segment is not full-sized.
//
// RFC 9293, Section 3.7.4: "If there is unacknowledged data (i.e., SND.NXT > SND.UNA), then the sending TCP endpoint
// buffers all user data (regardless of the PSH bit) until the outstanding data has been acknowledged or until the TCP
// endpoint can send a full-sized segment", in Minshall's form: only one small segment may be outstanding.
//
// req: RFC9293 SHLD-7, RFC9293 MUST-17
func (c *Conn) mayEndSmall(want int) bool {
	switch {
	case c.snd.finQueued, want%c.payloadMSS() == 0, c.pend.force:
		return true
	case c.opt.cork:
		return false
	case c.opt.noDelay:
		return true
	}
	return c.wait.small <= c.unaOffset()
}

// waitForWindow arms the persist timer if no acknowledgment is under way that would bring us back.
//
// RFC 9293, Section 3.8.6.1: "A TCP implementation … MUST … probing of zero (offered) windows (MUST-36)"; Section
// 3.8.6.2.1: "to avoid a resulting deadlock, it is necessary to have a timeout to force transmission of data, overriding
// the SWS avoidance algorithm."
//
// req: RFC9293 MUST-36, RFC9293 MUST-38
func (c *Conn) waitForWindow(now mono.Time, want, wnd int) {
	if c.inFlight() > 0 || c.timers.isSet(timerPersist) {
		return
	}
	if wnd >= want && c.opt.cork {
		c.timers.set(timerPersist, now.Add(corkLimit))
		return
	}
	if c.wait.stalledSince == 0 {
		c.wait.stalledSince = now
	}
	c.timers.set(timerPersist, now.Add(c.boundByUserTimeout(now, c.persistTimeout())))
}

// emit writes the segment for stream offsets [lo, hi), as much of it as fits, new or again.
//
// req: RFC9293 SHLD-27
func (c *Conn) emit(now mono.Time, out *Out, lo, hi uint64) {
	c.begin(now, out, c.sendSeq(lo), wire.ACK)
	end := c.snd.buf.End()
	size := c.segmentSize(&out.Header.Options)
	n := int(min(hi, end) - min(lo, end))
	if super := c.maxSuper(now); super > size {
		n = min(n, super-super%size)
	} else {
		n = min(n, size)
	}
	if n > 0 {
		out.Payload, out.Len = c.snd.buf.View(out.Payload, lo, n)
		if out.Len < n && out.Len > size {
			out.shorten(c.env.Pool, out.Len%size) // the views do not show it all: whole segments only
		}
	}
	if out.Len > size {
		out.SegSize = size
	}
	if hi > end && lo+uint64(out.Len) == end && c.snd.finQueued {
		out.Header.Flags |= wire.FIN
	}
	last := lo + uint64(out.Len)
	if out.Len > 0 && (last == c.wait.push || last == end || out.Len >= 2*size) {
		out.Header.Flags |= wire.PSH
	}
	if out.Len%size != 0 {
		c.wait.small = last
	}
	c.pend.force = false
	c.snd.lastSent = now
	c.count.bytesSent += uint64(out.Len)
}
