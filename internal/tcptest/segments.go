package tcptest

import (
	"encoding/hex"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// Recv lets the connection receive segments, in one batch, and drains it. Drop returns what became of the last.
func (s *Script) Recv(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		seg := s.build(text)
		s.drop = s.conn.Recv(s.now, &seg)
		s.checkConn()
	}
	s.Drain()
}

// build makes a segment from its notation.
func (s *Script) build(text string) tcp.Segment {
	s.t.Helper()
	n, err := notation.Parse(text)
	if err != nil {
		s.t.Fatal(err)
	}
	seg := tcp.Segment{
		SegSize: n.GSO, Payload: make([]byte, n.Data), ECT: n.ECN != wire.NotECT, CE: n.ECN == wire.CE,
	}
	notation.Fill(seg.Payload, n.TextAt())
	id := s.id()
	h := &seg.Header
	*h = wire.TCP{
		SrcPort: id.Remote.Port(), DstPort: id.Local.Port(),
		Seq: s.setup.IRS + uint32(n.Seq), Flags: n.Ctl, Window: uint16(n.Wnd), Urgent: uint16(n.Urg),
	}
	if n.Ctl.Has(wire.ACK) {
		h.Ack = s.setup.ISS + uint32(n.Ack)
	}
	if n.Named["URG"] {
		h.Flags |= wire.URG
	}
	s.putOptions(n, &h.Options)
	if !n.Named["WND"] {
		h.Window = uint16(s.peer.Wnd)
	}
	s.noteWindow(h)
	x := notation.Describe(h, len(seg.Payload), seg.SegSize, s.received())
	x.ECN = n.ECN
	s.note("> %s", x)
	s.record.Add(s.now, false, tcp.ID{Local: id.Remote, Remote: id.Local}, n.ECN, h, seg.Payload)
	return seg
}

func (s *Script) putOptions(n notation.Segment, o *wire.TCPOptions) {
	syn := n.Ctl.Has(wire.SYN)
	offer := n
	if syn && !n.Named["MSS"] && !n.Named["WS"] && !n.Named["SACKOK"] {
		offer = s.peer
	}
	o.HasMSS, o.MSS = offer.Named["MSS"], uint16(offer.MSS)
	o.HasWScale, o.WScale = offer.Named["WS"], uint8(offer.WS)
	o.SACKPermitted = offer.Named["SACKOK"]
	switch {
	case n.Named["NOTS"]:
	case n.Named["TS"]:
		o.HasTimestamps, o.TSVal, o.TSEcr = true, s.setup.TSBase+uint32(n.TSVal), s.tsOurs+uint32(n.TSEcr)
	case s.peer.Named["TS"] && syn, s.tsOn:
		o.HasTimestamps, o.TSVal, o.TSEcr = true, s.setup.TSBase+uint32(s.elapsed().Milliseconds()), s.tsLatest
	}
	if !n.Ctl.Has(wire.ACK) && !n.Named["TS"] {
		o.TSEcr = 0
	}
	if n.Named["FO"] {
		cookie, err := hex.DecodeString(n.FO)
		if err != nil {
			s.t.Fatal(err)
		}
		o.HasFastOpen, o.FastOpenLen = true, uint8(len(cookie))
		copy(o.FastOpen[:], cookie)
	}
	for i, b := range n.SACK {
		o.SACK[i] = wire.SACKBlock{Left: s.setup.ISS + uint32(b[0]), Right: s.setup.ISS + uint32(b[1])}
		o.NSACK++
	}
	if syn {
		s.tsOn = o.HasTimestamps && !s.setup.Config.NoTimestamps
	}
}

// noteWindow follows how far the peer's window lets the connection send.
func (s *Script) noteWindow(h *wire.TCP) {
	if !h.Flags.Has(wire.ACK) && !h.Flags.Has(wire.SYN) {
		return
	}
	wnd := int(h.Window)
	if !h.Flags.Has(wire.SYN) && s.peer.Named["WS"] && !s.setup.Config.NoWindowScale {
		wnd <<= min(s.peer.WS, 14)
	}
	ack := seq.Number(h.Ack)
	if !h.Flags.Has(wire.ACK) {
		ack = seq.Number(s.setup.ISS + 1)
	}
	s.sndLimit = seq.Max(s.sndLimit, ack.Add(wnd))
}

// received and transmitted say where the numbers of segments to and from the connection begin.
func (s *Script) received() notation.Base {
	return notation.Base{Seq: s.setup.IRS, Ack: s.setup.ISS, TSVal: s.setup.TSBase, TSEcr: s.tsOurs}
}

func (s *Script) transmitted() notation.Base {
	return notation.Base{Seq: s.setup.ISS, Ack: s.setup.IRS, TSVal: s.tsOurs, TSEcr: s.setup.TSBase}
}

// Drain takes what the connection wants to send.
func (s *Script) Drain() {
	s.t.Helper()
	s.checkConn()
	var out tcp.Out
	out.Payload = make([]buffer.View, 0, 8)
	for n := 0; s.conn.Next(s.now, &out); n++ {
		s.take(&out)
		if n > 10_000 {
			s.fail("Next does not end")
		}
	}
	s.events |= s.conn.Events()
	s.checkArmed()
}

// take records one segment the connection sends.
func (s *Script) take(out *tcp.Out) {
	s.t.Helper()
	var payload []byte
	n, at := 0, seq.Number(out.Header.Seq).Sub(seq.Number(s.setup.ISS))
	if out.Header.Flags.Has(wire.SYN) {
		at++
	}
	for _, v := range out.Payload {
		if i := notation.Mismatch(v.B, at+n); i >= 0 {
			s.fail("byte %d sent is wrong", at+n+i)
		}
		n += len(v.B)
		payload = append(payload, v.B...)
	}
	if n != out.Len {
		s.fail("Len is %d, the views hold %d", out.Len, n)
	}
	s.env.Pool.ReleaseAll(out.Payload)
	h := out.Header
	if o := &h.Options; o.HasTimestamps {
		if !s.tsSeen {
			s.tsOurs, s.tsSeen = o.TSVal-uint32(s.elapsed().Milliseconds()), true
		}
		s.tsLatest = o.TSVal
	}
	x := notation.Describe(&h, n, out.SegSize, s.transmitted())
	x.ECN = wire.ECN(out.TOS & 3)
	s.note("< %s", x)
	s.record.Add(s.now, true, s.id(), x.ECN, &h, payload)
	s.checkSent(out)
	s.sent = append(s.sent, sentSegment{x, s.now, h, n})
}

// checkSent checks what must hold of every segment.
func (s *Script) checkSent(out *tcp.Out) {
	s.t.Helper()
	h := &out.Header
	if h.Flags.Has(wire.RST) {
		return
	}
	if h.Options.HasWScale {
		s.shift = h.Options.WScale
	}
	if end := seq.Number(h.Seq).Add(out.Len); out.Len > 0 && s.sndLimit.Less(end) && !h.Flags.Has(wire.SYN) {
		s.fail("sends %d bytes beyond every window offered", end.Sub(s.sndLimit))
	}
	if !h.Flags.Has(wire.ACK) {
		return
	}
	shift := s.shift
	if h.Flags.Has(wire.SYN) || !s.peer.Named["WS"] {
		shift = 0
	}
	edge := seq.Number(h.Ack).Add(int(h.Window) << shift)
	if i := s.conn.Info(s.now); h.Window == 0 && i.ReadQueue+i.RcvMSS > s.env.Pool.Room() {
		return // no memory: the one reason to take a window back
	}
	if s.hasEdge && edge.Less(s.edge) {
		s.fail("the right edge of the window moves left by %d", s.edge.Sub(edge))
	}
	s.edge, s.hasEdge = edge, true
}

// checkConn checks what must hold between steps.
func (s *Script) checkConn() {
	s.t.Helper()
	i := s.conn.Info(s.now)
	if i.Unacked < 0 {
		s.fail("SND.UNA is beyond SND.NXT")
	}
}

// checkArmed checks that a connection with something to wait for has a deadline.
func (s *Script) checkArmed() {
	s.t.Helper()
	i := s.conn.Info(s.now)
	waits := i.Unacked > 0 || i.NotSent > 0 || s.conn.State() == tcp.StateTimeWait
	if waits && !s.writing && s.conn.State() != tcp.StateClosed && s.conn.Deadline() == neverDeadline {
		s.fail("data in flight or to be sent, and no deadline")
	}
}

// Expect takes the next segment the connection sent and compares it.
func (s *Script) Expect(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		want, err := notation.Parse(text)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(s.sent) == 0 {
			s.fail("nothing sent\nwant %s", text)
		}
		got := s.sent[0]
		s.sent = s.sent[1:]
		if d := notation.Differences(got.Segment, want); len(d) > 0 {
			s.fail("got  %v\nwant %s\n%v", got.Segment, text, d)
		}
	}
}

// ExpectNone checks that the connection sent nothing more.
func (s *Script) ExpectNone() {
	s.t.Helper()
	if len(s.sent) > 0 {
		s.fail("got  %v\nwant nothing", s.sent[0].Segment)
	}
}

// ExpectOnly is Expect and then ExpectNone.
func (s *Script) ExpectOnly(texts ...string) {
	s.t.Helper()
	s.Expect(texts...)
	s.ExpectNone()
}

// ExpectAfter checks that the connection sends nothing for d less a nanosecond, and then these segments.
func (s *Script) ExpectAfter(d time.Duration, texts ...string) {
	s.t.Helper()
	s.ExpectNone()
	s.Advance(d - 1)
	s.ExpectNone()
	s.Advance(1)
	s.Expect(texts...)
}

// Ignore forgets what the connection sent so far and was not expected.
func (s *Script) Ignore() { s.sent = nil }
