package tcp_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// receive hands a segment to the connection.
func (v *victim) receive(seg *tcp.Segment) {
	h, n := seg.Header, len(seg.Payload)
	if v.conn.State() == tcp.StateSynSent && h.Flags&wire.SYN != 0 {
		v.irs, v.has = h.Seq, span.Set{} // if it is taken
		fillDuel(seg.Payload, 0)
	}
	v.noteDelivered(&h, n)
	v.conn.Recv(v.now, seg)
}

// noteDelivered notes what the connection is told.
func (v *victim) noteDelivered(h *wire.TCP, n int) {
	at := int(int32(h.Seq - v.irs))
	last := at + n
	if h.Flags&wire.SYN != 0 {
		last++
	}
	if h.Flags&wire.FIN != 0 {
		last++
	}
	v.has.Add(uint64(max(at, 0)), uint64(max(last, 0)))
	wnd := int(h.Window)
	if h.Flags&wire.SYN == 0 && v.conn != nil {
		if peer, _, ok := scales(v.conn.Info(v.now).Options); ok {
			wnd <<= peer
		}
	}
	switch ack := int(int32(h.Ack - v.iss)); {
	case h.Flags&wire.ACK == 0:
		v.limit = max(v.limit, 1+wnd)
	case ack >= 0 && ack <= v.nxt:
		v.limit = max(v.limit, ack+wnd)
	}
}

// scales returns the shifts that the options of Info tell, those of the peer's windows and of ours.
func scales(options string) (peer, own uint8, ok bool) {
	_, s, ok := strings.Cut(options, "wscale:")
	if !ok {
		return 0, 0, false
	}
	_, err := fmt.Sscanf(s, "%d,%d", &peer, &own)
	return peer, own, err == nil
}

// drain takes what the connection sends and checks every segment.
func (v *victim) drain() {
	out := tcp.Out{Payload: make([]buffer.View, 0, 8)}
	for n := 0; v.conn.Next(v.now, &out); n++ {
		if n > 10_000 {
			v.t.Fatal("Next does not end")
		}
		v.checkOut(&out)
		v.env.Pool.ReleaseAll(out.Payload)
		if out.Header.Flags&wire.RST == 0 {
			v.last = out.Header
		}
	}
	v.conn.Events()
}

// checkOut checks a segment that the connection sends.
func (v *victim) checkOut(out *tcp.Out) {
	h, got := &out.Header, 0
	at := int(int32(h.Seq - v.iss))
	text := at - 1
	if h.Flags&wire.SYN != 0 {
		text++
	}
	for _, x := range out.Payload {
		if k := mismatchDuel(x.B, text+got); k >= 0 {
			v.t.Fatalf("byte %d sent is wrong", text+got+k)
		}
		got += len(x.B)
	}
	if got != out.Len || h.Len() > wire.MaxTCPHeaderLen || got > 0 && text+got > v.written {
		v.t.Fatalf("%d bytes of payload at %d of %d written for Len %d, a header of %d", got, text, v.written, out.Len, h.Len())
	}
	if ecn := wire.ECN(out.TOS & 3); ecn != wire.NotECT && (ecn != wire.ECT0 || got == 0 || v.cfg.ECN != tcp.ECNRequest) {
		v.t.Fatalf("%d bytes marked %v", got, ecn)
	}
	if h.Flags&wire.RST != 0 {
		return
	}
	if h.Options.HasWScale {
		v.shift = h.Options.WScale
	}
	last := text + 1 + got
	if h.Flags&wire.FIN != 0 {
		last++
	}
	switch {
	case at > v.nxt:
		v.t.Fatalf("a gap before %d, from %d", at, v.nxt)
	case h.Flags&wire.SYN == 0 && last > at && last > v.limit:
		v.t.Fatalf("sends up to %d, beyond the window's edge at %d", last, v.limit)
	}
	v.nxt = max(v.nxt, last)
	v.checkOptions(&h.Options)
	v.checkAck(h)
}

// checkOptions checks SACK blocks and timestamps. A DSACK may tell of anything that a peer claims to have sent long ago.
func (v *victim) checkOptions(o *wire.TCPOptions) {
	if p := &v.last.Options; o.HasTimestamps && p.HasTimestamps && int32(o.TSVal-p.TSVal) < 0 {
		v.t.Fatalf("timestamps run backwards, from %d to %d", p.TSVal, o.TSVal)
	}
	for k, b := range o.SACK[:o.NSACK] {
		left, right := int(int32(b.Left-v.irs)), int(int32(b.Right-v.irs))
		if k == 0 && left < 0 && int32(b.Left-b.Right) < 0 {
			continue
		}
		if left >= right || left < 0 {
			v.t.Fatalf("SACK for %d-%d", left, right)
		}
		if gap, missing := v.has.NextGap(uint64(left), uint64(right)); missing {
			v.t.Fatalf("SACK for %d-%d without %v", left, right, gap)
		}
	}
}

// checkAck checks that only what came is acknowledged, and that the window never shrinks. A flood of tiny segments may make
// it: then it is not judged.
func (v *victim) checkAck(h *wire.TCP) {
	if h.Flags&wire.ACK == 0 {
		return
	}
	ack := int(int32(h.Ack - v.irs))
	if gap, missing := v.has.NextGap(0, uint64(max(ack, 0))); missing {
		v.t.Fatalf("acknowledges %d without %v", ack, gap)
	}
	if h.Flags&wire.SYN != 0 {
		return
	}
	i := v.conn.Info(v.now)
	wnd := int(h.Window)
	if _, _, scaled := scales(i.Options); scaled {
		wnd <<= v.shift
	}
	if edge := ack + wnd; edge < v.edge && i.ReadQueue < i.RcvSpace {
		v.t.Fatalf("the right edge of the window moves left by %d", v.edge-edge)
	}
	v.edge = ack + wnd
}

// check checks what must hold between steps.
func (v *victim) check() {
	c := v.conn
	i := c.Info(v.now)
	if c.State() == tcp.StateClosed {
		if c.Deadline() != mono.Never || !c.Done() {
			v.t.Fatalf("closed, with deadline %v, done %v", c.Deadline(), c.Done())
		}
		return
	}
	if i.Unacked < 0 || i.Sacked > i.Unacked || i.Lost > i.Unacked || i.Lost < 0 {
		v.t.Fatalf("SND.NXT-SND.UNA is %d, %d SACKed, %d lost", i.Unacked, i.Sacked, i.Lost)
	}
	if (i.Unacked > 0 || i.NotSent > 0 || c.State() == tcp.StateTimeWait) && c.Deadline() == mono.Never {
		v.t.Fatalf("something to wait for, and no deadline: %+v", i)
	}
	if i.SndCwnd < 1 || i.RTO <= 0 || i.RTO > 120*time.Second {
		v.t.Fatalf("cwnd %d, RTO %v", i.SndCwnd, i.RTO)
	}
	// 512 bytes may hold one; a packet kept in place holds twice its bytes; a write under way holds a chunk.
	bound := 3*i.RcvSpace + 128<<10 + 2*c.Unacked() + 128<<10
	if used := v.env.Pool.Used(); used > bound {
		v.t.Fatalf("%d bytes of chunks, %d expected at most: %+v", used, bound, i)
	}
}
