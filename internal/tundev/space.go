package tundev

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
)

// CheckFree reports that an interface of this machine lies in one of the prefixes already.
func CheckFree(prefixes []netip.Prefix) error {
	addrs, err := dump(func() ([]netlink.Addr, error) { return netlink.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return fmt.Errorf("list addresses: %w", err)
	}
	for _, a := range addrs {
		used, ok := fromIPNet(a.IPNet)
		if !ok || used.Addr().IsLinkLocalUnicast() {
			continue
		}
		for _, p := range prefixes {
			if p.Overlaps(used) {
				return fmt.Errorf("%v overlaps with %v of %s: choose others with --addr and --peer-addr", p, used, nameOf(a.LinkIndex))
			}
		}
	}
	return nil
}

func nameOf(index int) string {
	l, err := netlink.LinkByIndex(index)
	if err != nil {
		return fmt.Sprintf("interface %d", index)
	}
	return l.Attrs().Name
}

// Beyond returns those of our addresses, and source if that is valid, which do not lie in the prefixes of the kernel's
// end, so that it needs routes to them.
func Beyond(kernel, ours []netip.Prefix, source netip.Addr) []netip.Prefix {
	addrs := make([]netip.Addr, 0, len(ours)+1)
	for _, p := range ours {
		addrs = append(addrs, p.Addr())
	}
	if source.IsValid() && !slices.Contains(addrs, source) {
		addrs = append(addrs, source)
	}
	var routes []netip.Prefix
	for _, a := range addrs {
		if !slices.ContainsFunc(kernel, func(p netip.Prefix) bool { return p.Contains(a) }) {
			routes = append(routes, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return routes
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func fromIPNet(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	bits, size := n.Mask.Size()
	if a = a.Unmap(); !ok || size != a.BitLen() {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, bits), true
}
