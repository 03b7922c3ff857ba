package simnet

import (
	"net/netip"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// datagram is an IP packet taken apart.
type datagram struct {
	src, dst netip.Addr
	proto    wire.Proto
	ecn      wire.ECN
	body     []byte
}

func parseIP(p *link.Packet) (d datagram, err error) {
	parse4, parse6 := wire.ParseIPv4, wire.ParseIPv6
	if p.SegSize > 0 {
		parse4, parse6 = wire.ParseIPv4Super, wire.ParseIPv6Super
	}
	if p.Bytes[0]>>4 == 4 {
		var ip wire.IPv4
		ip, d.body, err = parse4(p.Bytes)
		d.src, d.dst, d.proto, d.ecn = ip.Src, ip.Dst, ip.Proto, ip.ECN()
	} else {
		var ip wire.IPv6
		ip, d.body, err = parse6(p.Bytes)
		d.src, d.dst, d.proto, d.ecn = ip.Src, ip.Dst, ip.Proto, ip.ECN()
	}
	return d, err
}

// inspect checks everything about a packet that can be seen from outside. e is the end that sent it, nil if it is of no
// connection.
func (n *Net) inspect(nd *Node, p *link.Packet, e *end) (s sighting) {
	d, err := parseIP(p)
	if err != nil {
		n.fail("%v sends a malformed packet: %v: %x", nd, err, p.Bytes)
		return s
	}
	if p.SegSize == 0 && len(p.Bytes) > nd.host.Config().MTU {
		n.fail("%v sends a packet of %d bytes: %s", nd, len(p.Bytes), wire.Format(p.Bytes))
	}
	if !checksumOK(p, &d) {
		n.fail("%v sends a wrong checksum: %s", nd, wire.Format(p.Bytes))
	}
	if d.proto != wire.ProtoTCP {
		return s
	}
	h, payload, err := wire.ParseTCP(d.body)
	if err != nil {
		n.fail("%v sends a malformed segment: %v: %s", nd, err, wire.Format(p.Bytes))
		return s
	}
	if e == nil {
		if h.Flags&wire.RST == 0 || len(payload) > 0 {
			n.fail("%v sends of no connection: %s", nd, wire.Format(p.Bytes))
		}
		return s
	}
	what := e.inspectECN(&h, payload, d.ecn)
	if what == "" {
		what = e.inspect(&h, payload, int(p.SegSize))
	}
	if what != "" {
		n.fail("%v %s: %s", nd, what, wire.Format(p.Bytes))
	}
	if e.peer != nil && h.Flags&wire.ACK != 0 {
		s = sighting{e, e.said.ack, e.said.edge, e.said.at, e.said.last}
	}
	return s
}

// checksumOK reports whether the transport checksum is right. A partial one is that of the pseudo-header.
func checksumOK(p *link.Packet, d *datagram) bool {
	switch d.proto {
	case wire.ProtoTCP, wire.ProtoICMPv6:
	case wire.ProtoICMP:
		return wire.Checksum(d.body) == 0
	default:
		return true
	}
	if p.CsumStart == 0 {
		return p.SegSize == 0 && wire.TransportChecksumOK(d.proto, d.src, d.dst, d.body)
	}
	field := d.body[p.CsumOffset:]
	return uint16(field[0])<<8|uint16(field[1]) == wire.PseudoSum(d.proto, d.src, d.dst, len(d.body))
}

// inspect checks a segment against what the end has said before, and returns what is wrong with it.
func (e *end) inspect(h *wire.TCP, payload []byte, segSize int) string {
	e.note(h, payload, segSize)
	l := &e.said
	l.at, l.last = 0, 0
	if h.Flags&wire.RST != 0 {
		l.resets++
		return ""
	}
	if h.Flags&wire.SYN != 0 {
		if what := e.inspectSYN(h); what != "" {
			return what
		}
	} else if !l.opened {
		return "sends before its SYN"
	}
	if h.Flags&wire.ACK != 0 {
		if !e.node.net.pair(e, h.Ack) {
			return "acknowledges what nobody sent"
		}
		if what := e.inspectACK(h); what != "" {
			return what
		}
	} else if h.Flags&wire.SYN == 0 {
		return "sends without ACK"
	}
	if what := e.inspectOptions(h, payload, segSize); what != "" {
		return what
	}
	return e.inspectText(h, payload)
}

// inspectECN checks that only new text can be marked, and only if both ends agreed on it (RFC 3168, Section 6.1).
func (e *end) inspectECN(h *wire.TCP, payload []byte, ecn wire.ECN) string {
	const setup = wire.ECE | wire.CWR
	n, l := e.node.net, &e.said
	dialler := l
	if e.side == 1 && e.peer != nil {
		dialler = &e.peer.said
	}
	asked := dialler.syn.Flags&setup == setup
	switch marked := ecn != wire.NotECT; {
	case h.Flags&wire.SYN != 0:
		if marked {
			return "sends a SYN that can be marked"
		}
		return ""
	case marked && ecn != wire.ECT0:
		return "sends a mark of its own"
	case marked && len(payload) == 0:
		return "sends a segment without text that can be marked"
	case marked && l.offset(h.Seq) < l.nxt:
		return "sends text again that can be marked"
	case (marked || h.Flags&setup != 0) && !asked:
		return "uses ECN, which nobody asked for"
	case h.Flags&wire.CWR != 0 && !marked:
		return "tells of a reduction with what is no new text"
	}
	if h.Flags&wire.CWR != 0 {
		n.sights[sightCWR]++
	}
	if h.Flags&wire.ECE != 0 {
		n.sights[sightECE]++
	}
	return ""
}

// inspectSYN checks a SYN or SYN-ACK.
func (e *end) inspectSYN(h *wire.TCP) string {
	l := &e.said
	if !l.opened {
		l.opened, l.iss, l.syn, l.nxt = true, h.Seq, *h, 0
		e.node.net.ends[e.id] = append(e.node.net.ends[e.id], e)
	}
	if h.Flags&wire.ACK != 0 {
		l.synAcks++
	} else {
		l.syns++
	}
	switch cfg := e.cfg; {
	case h.Seq != l.iss:
		return "changes its initial sequence number"
	case l.syns > cfg.SYNRetries+1+l.resets: // a half-open peer is reset, and asked again at once
		return "repeats its SYN too often"
	case h.Options.HasMSS != l.syn.Options.HasMSS, h.Options.MSS != l.syn.Options.MSS:
		return "changes its MSS"
	}
	return ""
}

// inspectACK checks acknowledgment and window.
func (e *end) inspectACK(h *wire.TCP) string {
	l, peer := &e.said, &e.peer.said
	ack := peer.offset(h.Ack)
	wnd := int64(h.Window)
	if h.Flags&wire.SYN == 0 {
		wnd <<= e.shift()
	}
	edge := ack + wnd
	switch {
	case ack > peer.nxt:
		return "acknowledges what was not sent"
	case ack < l.ack:
		return "takes an acknowledgment back"
	case edge < l.edge && !e.mayShrink(h, l.edge-edge):
		return "moves the right edge of its window to the left"
	}
	l.ack, l.edge = ack, max(l.edge, edge)
	return ""
}

// mayShrink reports whether the right edge may move to the left by so much. A repeated SYN-ACK cannot tell of more than
// 64 KiB; a buffer filled beyond its size by many small segments is told in whole units of the window; and where memory is
// exhausted the window is closed until there is some.
func (e *end) mayShrink(h *wire.TCP, by int64) bool {
	i := e.conn.Info(e.node.net.now)
	if h.Window == 0 && i.ReadQueue+i.RcvMSS > e.node.pool.Room() {
		return true
	}
	full := i.ReadQueue+i.RcvWnd >= i.RcvSpace+32<<10 // 64 KiB when the packet was made
	return h.Flags&wire.SYN != 0 || full && by < 1<<e.shift()
}

// shift returns the scale of the windows that e tells.
func (e *end) shift() uint8 {
	if both(e, func(o *wire.TCPOptions) bool { return o.HasWScale }) {
		return e.said.syn.Options.WScale
	}
	return 0
}

// both reports whether both ends' SYNs had an option. e has been paired.
func both(e *end, has func(*wire.TCPOptions) bool) bool {
	return has(&e.said.syn.Options) && has(&e.peer.said.syn.Options)
}

// inspectOptions checks that options are those agreed upon, and that the segment is no larger than the peer takes.
func (e *end) inspectOptions(h *wire.TCP, payload []byte, segSize int) string {
	l, o := &e.said, &h.Options
	if h.Flags&wire.SYN != 0 {
		return ""
	}
	if segSize == 0 {
		segSize = len(payload)
	}
	mss := e.peer.said.syn.Options.MSS
	switch ts := both(e, func(o *wire.TCPOptions) bool { return o.HasTimestamps }); {
	case o.HasMSS, o.HasWScale, o.SACKPermitted:
		return "sends an option of SYNs"
	case ts != o.HasTimestamps:
		return "sends timestamps against the agreement, or none"
	case ts && int32(o.TSVal-l.tsval) < 0 && l.tsval != 0:
		return "lets its timestamps run backwards"
	case segSize+h.Len()-wire.TCPHeaderLen > int(mss):
		return "sends more than the MSS"
	case o.NSACK > 0 && !both(e, func(o *wire.TCPOptions) bool { return o.SACKPermitted }):
		return "sends SACK against the agreement"
	}
	l.tsval = o.TSVal
	for i, b := range o.SACK[:o.NSACK] {
		left, right := e.peer.said.offset(b.Left), e.peer.said.offset(b.Right)
		switch duplicate := i == 0 && right <= l.ack; {
		case left >= right:
			return "sends an empty SACK block"
		case right > e.peer.said.nxt:
			return "sends SACK for what was not sent"
		case left <= l.ack && !duplicate && i > 0:
			return "sends SACK for what it acknowledges"
		}
	}
	return ""
}

// inspectText checks sequence numbers and text.
func (e *end) inspectText(h *wire.TCP, payload []byte) string {
	l := &e.said
	first := l.offset(h.Seq)
	at := first
	if h.Flags&wire.SYN != 0 {
		at++
	}
	last := at + int64(len(payload))
	if h.Flags&wire.FIN != 0 {
		if l.fin != 0 && l.fin != last {
			return "moves its FIN"
		}
		l.fin = last
		last++
	}
	switch {
	case first > l.nxt:
		return "leaves a gap"
	case last == first && first < l.acked-1:
		return "sends an old sequence number"
	case last > l.limit && last > at && h.Flags&wire.SYN == 0: // Fast Open does not know the window
		return "sends beyond the peer's window"
	case l.fin != 0 && last > l.fin+1:
		return "sends beyond its FIN"
	case len(payload) > 0 && e.talk != nil && !e.out().matches(payload, uint64(at-1)):
		return "sends bytes nobody wrote"
	}
	l.noteRepeat(at, last)
	l.at, l.last = at, last
	l.nxt = max(l.nxt, last)
	return ""
}
