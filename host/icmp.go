package host

import (
	"net/netip"

	"github.com/antedon-net/antedon/wire"
)

// This file sends ICMP errors; icmpin.go receives them.

// maxQuote bounds an error message: RFC 1812, Section 4.3.2.3: "as much of the original datagram as possible without the
// length of the ICMP datagram exceeding 576 bytes"; RFC 4443, Section 2.4(c): "without making the error message packet
// exceed the minimum IPv6 MTU".
const (
	maxErrorV4 = 576
	maxErrorV6 = minMTUv6
)

// sendError sends an ICMP error about in, whose addresses were checked. v4 and v6 are the message's type and code in
// either version of IP; rest is its second word.
//
// req: RFC792 2-1, 1-2, RFC1122 3.2.2-2, 3.2.2-4, 3.3.4.3-1, 3.3.8-1, RFC4443 2.2-1, 2.2-2, 2.2-3, 2.4-3, 2.4-9
func (h *Host) sendError(in *inbound, v4, v6 [2]uint8, rest uint32) {
	if !h.mayComplain(in) {
		return
	}
	if !h.icmp.errors.take(h.now, &h.rnd) {
		h.count.drop(DropICMPLimited)
		return
	}
	ip := ipHeader{src: in.dst, dst: in.src, proto: wire.ProtoICMP, ttl: ttl}
	if in.to != toOwn {
		src, ok := h.source(in.src)
		if !ok {
			return
		}
		ip.src = src
	}
	var d datagram
	if in.src.Is4() {
		quote := in.whole[:min(len(in.whole), maxErrorV4-wire.IPv4HeaderLen-wire.ICMPHeaderLen)]
		m := wire.ICMPv4{Type: v4[0], Code: v4[1], Rest: rest}
		d = h.compose(ip, wire.ICMPHeaderLen+len(quote))
		d.body = m.AppendTo(d.body, quote)
	} else {
		ip.proto = wire.ProtoICMPv6
		quote := in.whole[:min(len(in.whole), maxErrorV6-wire.IPv6HeaderLen-wire.ICMPHeaderLen)]
		m := wire.ICMPv6{Type: v6[0], Code: v6[1], Rest: rest}
		d = h.compose(ip, wire.ICMPHeaderLen+len(quote))
		d.body = m.AppendTo(d.body, ip.src, ip.dst, quote)
	}
	if h.send(d) {
		h.count.ICMPErrorsOut++
	}
}

// mayComplain reports whether an error may be sent about a packet.
//
// RFC 1122, Section 3.2.2: "An ICMP error message MUST NOT be sent as the result of receiving: an ICMP error message, or a
// datagram destined to an IP broadcast or IP multicast address, or a datagram sent as a link-layer broadcast, or a
// non-initial fragment, or a datagram whose source address does not define a single host". RFC 4443, Section 2.4(e) is the
// same with two exceptions for multicast, which the callers know.
//
// req: RFC792 2-2, RFC1122 3.2.2-5, 3.2.2-6, 3.2.2-9, RFC4443 2.4-4, 2.4-5, 2.4-6, 2.4-8
func (h *Host) mayComplain(in *inbound) bool {
	if in.src.IsUnspecified() || in.to == toForeign {
		return false
	}
	switch in.proto {
	case wire.ProtoICMP:
		// Its type is the first byte, if there is one: without, nobody can say that it is no error.
		return in.src.Is4() && len(in.payload) > 0 && !(&wire.ICMPv4{Type: in.payload[0]}).IsError()
	case wire.ProtoICMPv6:
		return in.src.Is6() && len(in.payload) > 0 && !(&wire.ICMPv6{Type: in.payload[0]}).IsError()
	}
	return true
}

var noType = [2]uint8{}

// sendProblem reports what the parser objected to.
//
// req: RFC1122 3.2.2.5-1, RFC4443 3.4-2, RFC8200 4-3
func (h *Host) sendProblem(in *inbound, p *wire.Problem) {
	if in.to != toOwn && p.Report != wire.ReportAlways {
		return
	}
	if in.src.Is4() {
		h.sendError(in, [2]uint8{wire.ICMPv4ParameterProblem, p.Code}, noType, wire.ICMPv4PointerRest(p.Pointer))
		return
	}
	h.sendError(in, noType, [2]uint8{wire.ICMPv6ParameterProblem, p.Code}, uint32(p.Pointer))
}

// sendProtocolUnreachable reports that nobody here speaks the packet's protocol.
//
// req: RFC1122 3.2.2.1-1, RFC8200 4-3
func (h *Host) sendProtocolUnreachable(in *inbound) {
	if in.to != toOwn {
		return
	}
	rest := uint32(0)
	if in.src.Is6() {
		rest = uint32(in.nextOffset) // RFC 4443, Section 3.4: points at the field that names the protocol
	}
	h.sendError(in, [2]uint8{wire.ICMPv4Unreachable, wire.ICMPv4ProtoUnreachable},
		[2]uint8{wire.ICMPv6ParameterProblem, wire.ICMPv6UnknownHeader}, rest)
}

// sendPortUnreachable reports that nobody here has the datagram's port.
//
// req: RFC792 2-4, RFC1122 3.2.2.1-1, 4.1.3.1-1, RFC4443 3.1-2
func (h *Host) sendPortUnreachable(in *inbound) {
	if in.to != toOwn {
		return
	}
	h.sendError(in, [2]uint8{wire.ICMPv4Unreachable, wire.ICMPv4PortUnreachable},
		[2]uint8{wire.ICMPv6Unreachable, wire.ICMPv6PortUnreachable}, 0)
}

// sendReassemblyTimeout reports that the rest of a datagram did not come. in is its first fragment.
func (h *Host) sendReassemblyTimeout(in *inbound) {
	if in.to != toOwn {
		return
	}
	h.sendError(in, [2]uint8{wire.ICMPv4TimeExceeded, wire.ICMPv4ReassemblyExceeded},
		[2]uint8{wire.ICMPv6TimeExceeded, wire.ICMPv6ReassemblyExceeded}, 0)
}

// sendEchoReply answers an echo request. RFC 1122, Section 3.2.2.6: "Data received in an ICMP Echo Request MUST be entirely
// included in the resulting Echo Reply."
//
// req: RFC792 3-1, 3-2, RFC1122 3.2.2.6-1, 3.2.2.6-3, 3.2.2.6-4, RFC4443 4.1-1, 4.2-1, 4.2-4
func (h *Host) sendEchoReply(in *inbound, id uint32, data []byte) {
	ip := ipHeader{src: in.dst, dst: in.src, proto: in.proto, tos: in.tos &^ 3, ttl: ttl}
	if h.sendEcho(ip, wire.ICMPv4EchoReply, wire.ICMPv6EchoReply, id, data) {
		h.count.Echoes++
	}
}

// sendEcho sends an echo request or reply.
func (h *Host) sendEcho(ip ipHeader, v4, v6 uint8, id uint32, data []byte) bool {
	d := h.compose(ip, wire.ICMPHeaderLen+len(data))
	if ip.dst.Is4() {
		m := wire.ICMPv4{Type: v4, Rest: id}
		d.body = m.AppendTo(d.body, data)
	} else {
		m := wire.ICMPv6{Type: v6, Rest: id}
		d.body = m.AppendTo(d.body, ip.src, ip.dst, data)
	}
	return h.send(d)
}

// icmpProto returns the protocol number of the ICMP for a's version of IP.
func icmpProto(a netip.Addr) wire.Proto {
	if a.Is4() {
		return wire.ProtoICMP
	}
	return wire.ProtoICMPv6
}
