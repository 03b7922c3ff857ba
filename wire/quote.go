package wire

import (
	"encoding/binary"
	"net/netip"
)

// Quote is what an ICMP error tells of the packet it is about: it ends with the start of that packet, the IP header and
// at least 8 bytes more (RFC 792; RFC 4443, Section 2.4(c)).
type Quote struct {
	Proto    Proto
	Src, Dst netip.AddrPort // port 0 if the quote shows none
	Len      int            // of the IP packet, which the quote need not hold all of

	Seq             uint32 // of a TCP segment
	EchoID, EchoSeq uint16 // of an ICMP or ICMPv6 echo request
}

// ParseQuote reads the packet quoted in b, the payload of an ICMP or ICMPv6 error. Its checksum is not verified: routers
// change what they quote. transport is what there is of the upper-layer header and behind it.
func ParseQuote(b []byte) (q Quote, transport []byte, err error) {
	var src, dst netip.Addr
	switch {
	case len(b) >= IPv4HeaderLen && b[0]>>4 == 4:
		n := int(b[0]&0x0f) * 4
		if n < IPv4HeaderLen {
			return q, nil, ErrBadHeaderLength
		}
		if n > len(b) {
			return q, nil, ErrTruncated
		}
		src, dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		q.Proto, q.Len = Proto(b[9]), int(binary.BigEndian.Uint16(b[2:]))
		if binary.BigEndian.Uint16(b[6:])&ipv4Offset == 0 {
			transport = b[n:]
		}
	case len(b) >= IPv6HeaderLen && b[0]>>4 == 6:
		src, dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		q.Len = IPv6HeaderLen + int(binary.BigEndian.Uint16(b[4:]))
		q.Proto, transport = skipQuotedExtensions(Proto(b[6]), b[IPv6HeaderLen:])
	case len(b) > 0 && b[0]>>4 != 4 && b[0]>>4 != 6:
		return q, nil, ErrBadVersion
	default:
		return q, nil, ErrTruncated
	}
	q.Src, q.Dst = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0)
	q.readTransport(transport)
	return q, transport, nil
}

// readTransport reads the 8 bytes of the upper-layer header that every quote should hold.
func (q *Quote) readTransport(b []byte) {
	if len(b) < 8 {
		return
	}
	switch q.Proto {
	case ProtoTCP, ProtoUDP:
		q.Src = netip.AddrPortFrom(q.Src.Addr(), binary.BigEndian.Uint16(b[0:]))
		q.Dst = netip.AddrPortFrom(q.Dst.Addr(), binary.BigEndian.Uint16(b[2:]))
		if q.Proto == ProtoTCP {
			q.Seq = binary.BigEndian.Uint32(b[4:])
		}
	case ProtoICMP, ProtoICMPv6:
		if b[0] == ICMPv4Echo || b[0] == ICMPv6Echo {
			q.EchoID, q.EchoSeq = binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])
		}
	}
}

// skipQuotedExtensions returns the upper-layer protocol behind the extension headers in b, and what follows them: nothing
// if the quote ends before, or if it is of a fragment other than the first.
func skipQuotedExtensions(proto Proto, b []byte) (Proto, []byte) {
	for len(b) >= 8 {
		n := 8 + 8*int(b[1])
		switch proto {
		case ProtoHopByHop, ProtoRouting, ProtoDestOpts:
		case ProtoFragment:
			n = FragmentHeaderLen
			if binary.BigEndian.Uint16(b[2:])&fragmentOffset != 0 {
				return Proto(b[0]), nil
			}
		default:
			return proto, b
		}
		proto, b = Proto(b[0]), b[min(n, len(b)):]
	}
	switch proto {
	case ProtoHopByHop, ProtoRouting, ProtoDestOpts, ProtoFragment:
		return proto, nil
	}
	return proto, b
}
