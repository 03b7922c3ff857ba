package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/wire"
)

var (
	v4Broadcast  = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	v4AllHosts   = netip.AddrFrom4([4]byte{224, 0, 0, 1})
	v6AllNodes   = netip.MustParseAddr("ff02::1")
	v6AllNodesIf = netip.MustParseAddr("ff01::1")
)

// addresses are the host's own.
type addresses []netip.Prefix

// own reports whether a is one of the host's addresses.
//
// req: RFC791 2.3-1
func (l addresses) own(a netip.Addr) bool {
	for i := range l {
		if l[i].Addr() == a {
			return true
		}
	}
	return false
}

// broadcast reports whether a is the limited broadcast address or that of one of the host's subnets.
//
// RFC 1122, Section 3.2.1.3: "(c) { -1, -1 } Limited broadcast … (d) { <Network-number>, -1 } Directed broadcast".
//
// req: RFC1122 3.3.6-1
func (l addresses) broadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	if a == v4Broadcast {
		return true
	}
	for _, p := range l {
		if p.Addr().Is4() && p.Bits() <= 30 && p.Contains(a) {
			b := a.As4()
			if host := ^uint32(0) >> p.Bits(); binary.BigEndian.Uint32(b[:])&host == host {
				return true
			}
		}
	}
	return false
}

// group reports whether a is a multicast group the host is a member of: all hosts, and the solicited-node groups of its
// addresses (RFC 4291, Section 2.8).
func (l addresses) group(a netip.Addr) bool {
	if a.Is4() {
		return a == v4AllHosts
	}
	if a == v6AllNodes || a == v6AllNodesIf {
		return true
	}
	for _, p := range l {
		if p.Addr().Is6() && a == solicitedNode(p.Addr()) {
			return true
		}
	}
	return false
}

// solicitedNode returns the group in which neighbours look for a (RFC 4291, Section 2.7.1).
func solicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

// martianV4 reports whether a cannot be the address of one host elsewhere: RFC 1122, Section 3.2.1.3: "{ 0, 0 } This host
// on this network. MUST NOT be sent, except as a source address as part of an initialization procedure", loopback
// "MUST NOT appear outside a host", and classes D and E.
func martianV4(a netip.Addr) bool {
	b := a.As4()
	return b[0] == 0 || b[0] == 127 || b[0] >= 224
}

// martianV6 is the same for IPv6, except for the unspecified address. Addresses that stand for IPv4 never appear on a wire: RFC 4291, Section 2.5.5.2.
func martianV6(a netip.Addr) bool {
	return a.IsMulticast() || a.IsLoopback() || a.Is4In6()
}

// checkSource drops packets from outside that pretend to come from nowhere, from a group, or from this host.
//
// RFC 1122, Section 3.2.1.3: "A host MUST silently discard an incoming datagram containing an IP source address that is
// invalid by the rules of this section."
//
// req: RFC9293 MUST-63, RFC1122 3.2.1.3-3, 4.1.3.6-2
func (h *Host) checkSource(in *inbound) Drop {
	switch {
	case in.src.Is4() && (martianV4(in.src) || h.addrs.broadcast(in.src)):
		return DropMartianSource
	case in.src.Is6() && martianV6(in.src):
		return DropMartianSource
	case in.src.IsUnspecified() && in.proto != wire.ProtoICMPv6: // with which neighbour discovery begins
		return DropMartianSource
	case h.addrs.own(in.src):
		return DropOwnSource
	}
	return 0
}

// destination says what the destination address of a packet is to the host.
type destination uint8

const (
	toOwn        destination = iota
	toGroup                  // a broadcast address, or a multicast group the host is a member of
	toOtherGroup             // any other multicast group
	toForeign                // a unicast address of somebody else
)

// classify drops packets to addresses that are nobody's and returns what the others are to the host. Foreign ones are
// not dropped yet: a connection or a listener may have been told to take them.
//
// req: RFC1122 3.2.1.3-2, 3.2.1.3-4
func (h *Host) classify(dst netip.Addr) (destination, Drop) {
	switch {
	case h.addrs.own(dst):
		return toOwn, 0
	case dst.IsMulticast():
		if h.addrs.group(dst) {
			return toGroup, 0
		}
		return toOtherGroup, 0
	case h.addrs.broadcast(dst):
		return toGroup, 0
	case dst.IsUnspecified(), dst.Is4() && martianV4(dst), dst.Is6() && martianV6(dst):
		return 0, DropMartianDestination
	case h.cfg.AnyAddress:
		return toOwn, 0
	}
	return toForeign, 0
}
