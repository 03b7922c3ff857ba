package tcp

import (
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
)

// sendSpace is the send sequence space (RFC 9293, Section 3.3.1, Figure 3) and the buffer behind it.
//
// req: RFC9293 REC-1
type sendSpace struct {
	buf buffer.Send
	iss seq.Number
	una seq.Number
	nxt seq.Number // never moves back: retransmission has a pointer of its own
	wl1 seq.Number
	wl2 seq.Number

	scale       uint8
	scaleOK     bool
	sackOK      bool
	finQueued   bool
	more        bool // the writer is in the middle of a write and comes back
	cwndLimited bool // the congestion window was what held us back
	peerMSS     uint16
	maxWnd      uint32 // largest window seen

	wnd int // scaled
	mss int // limit of text and options together

	lastSent mono.Time // when a segment with text or SYN last left
	idleTold mono.Time // when congestion control was told of an idle time
}

// setWindow takes the window that the peer offers.
func (s *sendSpace) setWindow(wnd int) {
	s.wnd = wnd
	s.maxWnd = max(s.maxWnd, uint32(wnd))
}

// sendSeq returns the sequence number of a stream offset.
func (c *Conn) sendSeq(off uint64) seq.Number { return c.snd.iss.Add(1).Add(int(uint32(off))) }

// sendOffset returns the stream offset of a sequence number near SND.UNA, which is past the SYN.
func (c *Conn) sendOffset(s seq.Number) uint64 {
	base := c.snd.buf.Base()
	return base + uint64(int64(s.Sub(c.sendSeq(base))))
}

// unaOffset and nxtOffset are SND.UNA and SND.NXT as stream offsets. A FIN counts one.
func (c *Conn) unaOffset() uint64 { return c.sendOffset(c.snd.una) }
func (c *Conn) nxtOffset() uint64 { return c.sendOffset(c.snd.nxt) }

// endOffset is the offset after everything there is to send.
func (c *Conn) endOffset() uint64 {
	end := c.snd.buf.End()
	if c.snd.finQueued {
		end++
	}
	return end
}

// InFlight returns SND.NXT-SND.UNA.
func (c *Conn) InFlight() int { return c.inFlight() }

func (c *Conn) inFlight() int { return c.snd.nxt.Sub(c.snd.una) }

// sendBufferSize is how much may be written ahead of SND.UNA: twice what the congestion window lets out, so that the
// next window is there when the acknowledgments come; and more while a hole keeps SND.UNA where it is, or what the peer
// holds beyond the hole would leave no room for what may be sent.
func (c *Conn) sendBufferSize() int {
	if c.opt.sendBuffer != 0 {
		return c.sendWindows()
	}
	held := max(0, c.inFlight()-c.cc.Window())
	return c.share(min(c.sendWindows()+held, c.cfg.SendBuffer), c.sendDue())
}

// sendWindows is what the send buffer holds when nothing is lost. On short paths the congestion window says little, for what
// it lets out waits in the peer's buffer and not in the network; bytes that wait long have left the cache when they are sent.
// So there all connections share little, in the same way as they share all memory: see budget.go.
func (c *Conn) sendWindows() int {
	size := min(max(2*c.cc.Window(), minSendBuffer), c.cfg.SendBuffer)
	if c.rtt.min > 0 {
		short := shortSendBuffer + int(c.rtt.min)*fastestPath
		size = min(size, short, max(shortSenders*short-c.env.Pool.Used(), leastSendBuffer))
	}
	if c.opt.sendBuffer != 0 {
		size = c.opt.sendBuffer
	}
	return c.share(size, c.sendDue())
}

// offerRoom tells a writer who was refused when there is room for a third of that; or for a little, if what is written may
// all leave before that. Less than half as much as may wait to be sent has to.
func (c *Conn) offerRoom() {
	if !c.user.wantsRoom || c.opt.notSent != 0 && 2*c.Unsent() >= c.opt.notSent {
		return
	}
	room, unsent := c.sendBufferSize()-c.snd.buf.Len(), c.snd.buf.Len()-c.inFlight()
	if room >= c.sendWindows()/3 || room >= minSendBuffer/4 && unsent < c.cc.Window()/4 {
		c.user.wantsRoom = false
		c.event |= EventWritable
	}
}

const (
	// minSendBuffer is where the send buffer begins.
	minSendBuffer = 256 << 10
	// shortSendBuffer is how far it grows on the shortest of paths,
	shortSendBuffer = 2 << 20
	// shortSenders is how many connections may have that much on short paths at the same time. If there are more, each has
	// less, so that all together take no more memory,
	shortSenders = 16
	// leastSendBuffer is how much that is at least: what is cut into smaller segments costs more than it saves.
	leastSendBuffer = 64 << 10
	// fastestPath is what a path is thought to carry at most, in bytes per nanosecond: longer ones get so much more.
	fastestPath = 5
)

// Writable returns how many bytes Reserve would give room for now; it may be 0 although nothing is wrong, and then
// EventWritable follows.
func (c *Conn) Writable() int {
	if c.state == StateClosed || c.snd.finQueued {
		return 0
	}
	room := c.sendBufferSize() - c.snd.buf.Len()
	if c.opt.notSent != 0 {
		room = min(room, c.opt.notSent-c.Unsent())
	}
	if room <= 0 {
		c.user.wantsRoom = true
		return 0
	}
	return room
}

// Reserve returns room for n bytes at most, to be filled by the caller, outside the mutex if it likes, and committed.
// It is empty if nothing can be written.
func (c *Conn) Reserve(n int) []byte {
	n = min(n, c.Writable())
	if n == 0 {
		return nil
	}
	return c.snd.buf.Reserve(n)
}

// Append makes bufs part of the stream where they lie, however large the send buffer is: nothing may write to them until the
// loan has returned to the pool, which it does when all of it is acknowledged or replaced, or the connection has ended. push is
// as in Commit.
func (c *Conn) Append(now mono.Time, bufs [][]byte, l *buffer.Loan, push bool) {
	if !c.canWrite() {
		bufs = nil
	}
	end := c.snd.buf.End()
	c.snd.buf.Append(bufs, l)
	if c.snd.buf.End() != end {
		c.wrote(now, push)
	}
}

// Sendable returns how many bytes would leave at once if they were written now, as far as the windows go: none if segments are
// paced.
func (c *Conn) Sendable() int {
	if !c.canWrite() || !c.state.synchronized() {
		return 0
	}
	c.wake()
	if c.pacingRate() != 0 {
		return 0
	}
	return max(0, min(c.usableWindow(), c.window()-c.pipe())-c.Unsent())
}

// WriteOffset returns the stream offset of the next byte to be written, and UnackedOffset that of the first which is not
// acknowledged.
func (c *Conn) WriteOffset() uint64   { return c.snd.buf.End() }
func (c *Conn) UnackedOffset() uint64 { return c.snd.buf.Base() }

// Replace puts copies in place of the bytes from offset start on, all of which Append has lent, and takes over the references
// to the copies.
func (c *Conn) Replace(start uint64, copies []buffer.View) { c.snd.buf.Replace(start, copies) }

// Commit makes the first n reserved bytes part of the stream. push says that the write ends here; else the caller comes
// back with more, or calls Push, and until then only whole super-segments leave.
//
// req: RFC9293 MAY-15, MAY-16
func (c *Conn) Commit(now mono.Time, n int, push bool) {
	if !c.canWrite() {
		n = 0 // closed or reset during the copy
	}
	c.snd.buf.Commit(n)
	if n == 0 {
		c.snd.more = !push
		return
	}
	c.wrote(now, push)
}

// wrote takes note of what was added to the send buffer.
func (c *Conn) wrote(now mono.Time, push bool) {
	c.snd.more = !push
	c.Connect(now)
	if push {
		c.wake()
		c.wait.push = c.snd.buf.End()
	}
}

// Push lets everything committed leave: the writer has to wait.
func (c *Conn) Push() { c.snd.more = false }

func (c *Conn) canWrite() bool {
	switch c.state {
	case StateSynSent, StateSynReceived, StateEstablished, StateCloseWait:
		return !c.snd.finQueued
	}
	return false
}

// restartAfterIdle shrinks the window of a connection that sent nothing for a while.
//
// RFC 5681, Section 4.1: "a TCP SHOULD set cwnd to no more than RW before beginning transmission if the TCP has not sent
// data in an interval exceeding the retransmission timeout."
//
// req: RFC5681 4.1-1
func (c *Conn) restartAfterIdle(now mono.Time) {
	if c.snd.lastSent == 0 || c.snd.una != c.snd.nxt {
		return
	}
	since := max(c.snd.lastSent, c.snd.idleTold)
	if idle := now.Sub(since); idle > 0 {
		c.snd.idleTold = now
		c.cc.OnIdle(now, idle, idle > c.rtt.rto && !c.cfg.NoIdleRestart)
	}
}

// Unsent returns the bytes written and never sent; Unacked those sent and not acknowledged (SIOCOUTQNSD, SIOCOUTQ).
func (c *Conn) Unsent() int {
	if !c.state.synchronized() && !c.HasTakenText() || c.state == StateTimeWait {
		return c.snd.buf.Len()
	}
	return max(0, int(int64(c.snd.buf.End()-c.nxtOffset())))
}

// Unacked returns the bytes written and not acknowledged.
func (c *Conn) Unacked() int { return c.snd.buf.Len() }

// usableWindow is how much beyond SND.NXT the peer's window allows.
//
// req: RFC9293 MUST-34, RFC7323 2.4-1
func (c *Conn) usableWindow() int { return c.snd.una.Add(c.snd.wnd).Sub(c.snd.nxt) }
