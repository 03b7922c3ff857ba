package host

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
)

// Route says that the destinations in Prefix lie behind the link. The longest prefix that holds an address counts.
type Route struct {
	Prefix netip.Prefix
	// Source is the address to send from; if it is not valid, the best of the host's addresses.
	Source netip.Addr
	// MTU is that of the path: the link's.
	MTU int
}

// routes are ordered by length of prefix, longest first.
type routes []Route

// req: RFC1122 3.3.1.1-1, 3.3.1.1-2, 3.2.2.9-1
func newRoutes(addrs addresses, given []Route) routes {
	var t routes
	if given == nil {
		for _, all := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
			t = append(t, Route{Prefix: netip.PrefixFrom(all, 0)})
		}
	}
	for _, r := range given {
		r.Prefix = r.Prefix.Masked()
		t = append(t, r)
	}
	for _, p := range addrs {
		t = append(t, Route{Prefix: p.Masked()})
	}
	slices.SortStableFunc(t, func(a, b Route) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	return t
}

// lookup returns the route to dst, nil if there is none.
func (t routes) lookup(dst netip.Addr) *Route {
	for i := range t {
		if t[i].Prefix.Contains(dst) {
			return &t[i]
		}
	}
	return nil
}

// isSelf reports whether a packet to dst stays in the host.
func (h *Host) isSelf(dst netip.Addr) bool { return dst.IsLoopback() || h.addrs.own(dst) }

// source returns the address to send from to dst, and false if there is no way there.
//
// req: RFC9293 MUST-44, RFC1122 3.3.4.3-3
func (h *Host) source(dst netip.Addr) (netip.Addr, bool) {
	if h.isSelf(dst) {
		return dst, true
	}
	r := h.routes.lookup(dst)
	if r == nil {
		return netip.Addr{}, false
	}
	if r.Source.IsValid() {
		return r.Source, true
	}
	best := netip.Addr{}
	for _, p := range h.addrs {
		if a := p.Addr(); a.Is4() == dst.Is4() && (!best.IsValid() || betterSource(a, best, dst)) {
			best = a
		}
	}
	return best, best.IsValid()
}

// betterSource reports whether a is a better address than b to send from to dst; if neither is, the one configured first
// stays. Of RFC 6724, Section 5, the rules 2 (scope) and 8 (longest match); rule 1 is in source.
func betterSource(a, b, dst netip.Addr) bool {
	if sa, sb := scope(a), scope(b); sa != sb {
		// "If Scope(SA) < Scope(SB): If Scope(SA) < Scope(D), then prefer SB and otherwise prefer SA."
		if sa < sb {
			return sa >= scope(dst)
		}
		return sb < scope(dst)
	}
	return commonPrefix(a, dst) > commonPrefix(b, dst)
}

// scope returns the scope of an address as the number that stands for it in multicast addresses (RFC 6724, Section 3.1).
func scope(a netip.Addr) int {
	switch {
	case a.Is6() && a.IsMulticast():
		return int(a.As16()[1] & 0xf)
	case a.IsLoopback(), a.IsLinkLocalUnicast():
		return 2
	default:
		return 14
	}
}

// commonPrefix returns how many leading bits a and b share; of IPv6 addresses only the first 64, the prefix, count.
func commonPrefix(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	if a.Is4() {
		return bits.LeadingZeros32(binary.BigEndian.Uint32(x[12:]) ^ binary.BigEndian.Uint32(y[12:]))
	}
	return bits.LeadingZeros64(binary.BigEndian.Uint64(x[:]) ^ binary.BigEndian.Uint64(y[:]))
}
