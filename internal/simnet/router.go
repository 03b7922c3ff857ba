package simnet

import (
	"net/netip"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// The addresses of the routers of all paths.
var (
	router4 = netip.MustParseAddr("192.0.2.1")
	router6 = netip.MustParseAddr("2001:db8:1::1")
)

// tooBig sends the ICMP error that a router sends for a packet that does not fit the next link (RFC 1191, Section 4;
// RFC 4443, Section 3.2). It may get lost on the way back like any packet.
func (p *Path) tooBig(pkt *link.Packet) {
	back := p.net.paths[[2]*Node{p.to, p.from}]
	if back == nil || p.net.now < back.down || p.net.now >= back.dead {
		return
	}
	src, _ := addresses(pkt.Bytes)
	back.carry(&link.Packet{Bytes: tooBigError(pkt.Bytes, src, p.mtu)}, sighting{})
}

func tooBigError(b []byte, dst netip.Addr, mtu int) []byte {
	if dst.Is4() {
		m := wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4FragNeeded, Rest: wire.ICMPv4MTURest(mtu)}
		body := m.AppendTo(nil, b[:min(len(b), 548)])
		ip := wire.IPv4{TTL: 64, Proto: wire.ProtoICMP, Src: router4, Dst: dst}
		return append(ip.AppendTo(nil, len(body)), body...)
	}
	m := wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, Rest: uint32(mtu)}
	body := m.AppendTo(nil, router6, dst, b[:min(len(b), 1232)])
	ip := wire.IPv6{HopLimit: 64, NextHeader: wire.ProtoICMPv6, Src: router6, Dst: dst}
	return append(ip.AppendTo(nil, len(body)), body...)
}

// addresses returns where a packet comes from and where it wants to go.
func addresses(b []byte) (src, dst netip.Addr) {
	if b[0]>>4 == 4 {
		return netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
	}
	return netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
}
