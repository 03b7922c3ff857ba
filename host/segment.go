package host

import (
	"net/netip"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// recvTCP takes a TCP segment.
//
// req: RFC9293 MUST-3
func (h *Host) recvTCP(in *inbound) Drop {
	switch {
	case in.to == toGroup:
		// RFC 9293, Section 3.9.2.3: "A TCP implementation MUST silently discard an incoming SYN segment that is
		// addressed to a broadcast or multicast address".
		//
		// req: RFC9293 MUST-57
		return DropGroup
	case in.to == toOtherGroup:
		return DropNotMember
	case !in.sumOK && !wire.TransportChecksumOK(wire.ProtoTCP, in.src, in.dst, in.payload):
		return DropBadTransportChecksum
	}
	header, payload, err := wire.ParseTCP(in.payload)
	if err != nil {
		return DropBadTransportHeader
	}
	seg := tcp.Segment{
		Header: header, Payload: payload, Owner: in.owner, SegSize: in.segSize,
		ECT: in.ecn() != wire.NotECT, CE: in.ecn() == wire.CE,
	}
	key := tuple{in.dst.As16(), in.src.As16(), header.DstPort, header.SrcPort}
	if c := h.connFor(&key); c != nil {
		if !c.CanReuse(&seg) || h.listenerFor(in, header.DstPort) == nil {
			return h.recvConn(c, &seg)
		}
		h.forget(c) // a SYN for a new incarnation, and somebody listens
	}
	return h.recvUnconnected(in, &seg, &key)
}

// recvConn takes a segment of connection c.
func (h *Host) recvConn(c *Conn, seg *tcp.Segment) Drop {
	if c.embryo && c.young.listener.full() && !seg.Has(wire.RST) {
		return DropAcceptQueueFull // it stays in SYN-RECEIVED and is asked again
	}
	h.count.TCPDrops[c.Recv(h.now, seg)]++
	if c.embryo && c.State() != tcp.StateSynReceived {
		h.hatch(c)
	}
	h.MarkDirty(c)
	return accepted
}

// recvUnconnected takes a segment that belongs to no connection: LISTEN and CLOSED of RFC 9293, Sections 3.10.7.2 and
// 3.10.7.1.
func (h *Host) recvUnconnected(in *inbound, seg *tcp.Segment, key *tuple) Drop {
	l := h.listenerFor(in, key.LocalPort)
	switch {
	case l == nil && in.to == toForeign:
		return DropNotForUs
	case l != nil && seg.Header.Flags&(wire.ACK|wire.RST|wire.SYN) == wire.ACK && l.sentCookies(h.now):
		return h.recvCookie(l, in, seg, key)
	case l == nil, seg.Has(wire.ACK) && !seg.Has(wire.RST):
		h.sendReset(in, seg)
		return DropNoListener
	case seg.Has(wire.RST), !seg.Has(wire.SYN):
		return DropNoListener // "An incoming RST should be ignored."
	}
	return h.onSYN(l, in, seg, key)
}

// sendReset answers a segment that belongs to nothing.
func (h *Host) sendReset(in *inbound, seg *tcp.Segment) {
	header, ok := tcp.ResetFor(seg)
	if !ok {
		return
	}
	if !h.tcp.resets.take(h.now, &h.rnd) {
		h.count.drop(DropResetLimited)
		return
	}
	ip := ipHeader{src: in.dst, dst: in.src, ttl: ttl}
	if h.sendHeader(ip, &header) {
		h.count.ResetsOut++
	}
}

// ends returns the two ends a segment's key stands for.
func (in *inbound) ends(key *tuple) (local, remote netip.AddrPort) {
	return netip.AddrPortFrom(in.dst, key.LocalPort), netip.AddrPortFrom(in.src, key.RemotePort)
}
