package host

import (
	"errors"
	"net/netip"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// inbound is an IP packet on its way up.
type inbound struct {
	src, dst netip.Addr
	proto    wire.Proto
	tos, ttl uint8
	to       destination
	self     bool // sent by this host
	sumOK    bool // the transport checksum needs no look
	segSize  int  // of a super-packet, else 0

	reassembled bool

	whole      []byte        // from the IP header on: what an ICMP error quotes
	payload    []byte        // transport header and what follows
	owner      *buffer.Chunk // that both lie in, or nil
	nextOffset int           // IPv6: the byte that names proto
}

// ecn returns the congestion mark.
func (in *inbound) ecn() wire.ECN { return wire.ECN(in.tos & 3) }

// Recv takes a packet that came over the link. owner is the chunk its bytes lie in, nil if in none: the host takes
// references to it for what it keeps in place.
//
// req: RFC1122 3.1-2, RFC8200 5-1
func (h *Host) Recv(now mono.Time, p *link.Packet, owner *buffer.Chunk) {
	h.now = max(h.now, now)
	h.count.In.add(len(p.Bytes))
	in := inbound{owner: owner, segSize: int(p.SegSize), sumOK: p.CsumValid || p.CsumStart != 0}
	h.count.drop(h.recvIP(&in, p.Bytes))
}

// recvIP takes an IP packet.
//
// req: RFC1122 3.1-1, 3.2.1.1-1
func (h *Host) recvIP(in *inbound, b []byte) Drop {
	if len(b) == 0 {
		return DropTruncated
	}
	switch b[0] >> 4 {
	case 4:
		return h.recvIPv4(in, b)
	case 6:
		return h.recvIPv6(in, b)
	}
	return DropBadVersion
}

// req: RFC9293 MUST-50
func (h *Host) recvIPv4(in *inbound, b []byte) Drop {
	parse := wire.ParseIPv4
	if in.segSize > 0 {
		parse = wire.ParseIPv4Super
	}
	ip, payload, err := parse(b)
	in.src, in.dst, in.proto, in.tos, in.ttl = ip.Src, ip.Dst, ip.Proto, ip.TOS, ip.TTL
	if err != nil {
		in.whole = b
		return h.refuseHeader(in, &ip.Problem, err)
	}
	in.whole, in.payload = b[:ip.TotalLen], payload
	if ip.Options != nil && ip.HasSourceRoute() {
		return DropSourceRoute
	}
	if d := h.admit(in); d != accepted {
		return d
	}
	if ip.IsFragment() {
		f := fragment{
			key:  fragmentKey{ip.Src, ip.Dst, uint32(ip.ID), ip.Proto},
			head: b[:len(in.whole)-len(payload)], payload: payload, offset: ip.FragOffset, more: ip.MF,
		}
		return h.recvFragment(in, &f)
	}
	return h.deliver(in)
}

func (h *Host) recvIPv6(in *inbound, b []byte) Drop {
	parse := wire.ParseIPv6
	if in.segSize > 0 {
		parse = wire.ParseIPv6Super
	}
	ip, payload, err := parse(b)
	in.src, in.dst, in.proto, in.tos, in.ttl = ip.Src, ip.Dst, ip.Proto, ip.TrafficClass, ip.HopLimit
	if err != nil {
		in.whole = b
		return h.refuseHeader(in, &ip.Problem, err)
	}
	in.whole, in.payload, in.nextOffset = b[:wire.IPv6HeaderLen+ip.PayloadLen], payload, ip.NextOffset
	if d := h.admit(in); d != accepted {
		return d
	}
	if ip.IsFragment() {
		// RFC 8200, Section 4.5: "An original packet is reassembled only from fragment packets that have the same
		// Source Address, Destination Address, and Fragment Identification": the protocol is not in the key.
		f := fragment{
			key:  fragmentKey{ip.Src, ip.Dst, ip.Fragment.ID, 0},
			head: b[:ip.Fragment.HeaderOffset], payload: payload, offset: ip.Fragment.Offset, more: ip.Fragment.More,
			next: ip.Fragment.Next, nextOffset: ip.Fragment.NextOffset,
		}
		return h.recvFragment(in, &f)
	}
	return h.deliver(in)
}

// admit checks the addresses of a packet.
func (h *Host) admit(in *inbound) (d Drop) {
	if in.self {
		return accepted
	}
	if d = h.checkSource(in); d == accepted {
		in.to, d = h.classify(in.dst)
	}
	return d
}

// refuseHeader drops a packet whose IP header, options or extension headers are wrong, and reports that if it is to be
// reported.
//
// req: RFC792 2-6, RFC4443 3.4-1
func (h *Host) refuseHeader(in *inbound, p *wire.Problem, err error) Drop {
	if p.Report != wire.ReportNever && h.admit(in) == accepted {
		h.sendProblem(in, p)
	}
	switch {
	case errors.Is(err, wire.ErrTruncated):
		return DropTruncated
	case errors.Is(err, wire.ErrBadChecksum):
		return DropBadIPChecksum
	case errors.Is(err, wire.ErrBadOption), errors.Is(err, wire.ErrUnknownOption):
		return DropBadOption
	case errors.Is(err, wire.ErrUnknownHeader), errors.Is(err, wire.ErrBadRouting), errors.Is(err, wire.ErrIncompleteChain):
		return DropBadExtension
	}
	return DropBadHeader
}

// deliver hands a whole datagram to its protocol.
//
// req: RFC768 3-1, RFC792 1-1, RFC4443 2-1, RFC8200 4.7-1
func (h *Host) deliver(in *inbound) Drop {
	switch in.proto {
	case wire.ProtoTCP:
		return h.recvTCP(in)
	case wire.ProtoUDP:
		return h.recvUDP(in)
	case wire.ProtoICMP:
		if in.src.Is4() {
			return h.recvICMPv4(in)
		}
	case wire.ProtoICMPv6:
		if in.src.Is6() {
			return h.recvICMPv6(in)
		}
	case wire.ProtoIGMP:
		h.count.GroupReports++
		return accepted
	case wire.ProtoNone:
		return accepted // RFC 8200, Section 4.7: nothing follows, and nothing is wrong with that
	}
	switch in.to {
	case toForeign:
		return DropNotForUs
	case toOtherGroup:
		return DropNotMember
	}
	h.sendProtocolUnreachable(in)
	return DropUnknownProtocol
}
