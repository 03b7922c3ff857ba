package load

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Target is a server that Plain may load. Only ParseTarget makes one.
type Target struct{ netip.AddrPort }

// IsLoopback reports whether it is on this machine for certain.
func (t Target) IsLoopback() bool { return t.Addr().IsLoopback() }

// ParseTarget understands PORT and :PORT, which are on loopback, and HOST:PORT. A name is looked up once, and what it stands for
// is then loaded: so a name must not stand for a private address. Whoever means that writes it.
func ParseTarget(ctx context.Context, s string) (Target, error) {
	if !strings.Contains(s, ":") {
		s = ":" + s
	}
	host, service, err := net.SplitHostPort(s)
	if err != nil {
		return Target{}, fmt.Errorf("%q: want [HOST:]PORT", s)
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil || port == 0 {
		return Target{}, fmt.Errorf("%q is no port", service)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	addr, err := netip.ParseAddr(host)
	named := err != nil
	if named {
		if addr, err = lookUp(ctx, host); err != nil {
			return Target{}, err
		}
	}
	addr = addr.Unmap()
	if err := checkTarget(addr, named, host); err != nil {
		return Target{}, err
	}
	return Target{netip.AddrPortFrom(addr, uint16(port))}, nil
}

// checkTarget reports why an address cannot be a target.
func checkTarget(addr netip.Addr, named bool, host string) error {
	broadcast := netip.AddrFrom4([4]byte{255, 255, 255, 255})
	switch {
	case addr.IsUnspecified() || addr.IsMulticast() || addr == broadcast || addr.Is4() && addr.As4()[0] == 0:
		return fmt.Errorf("%s: %v is nobody's address", host, addr)
	case named && (addr.IsPrivate() || addr.IsLinkLocalUnicast()):
		return fmt.Errorf("%s stands for the private address %v: if that is meant, name the address", host, addr)
	}
	return nil
}

// lookUp returns the first address of a name.
func lookUp(ctx context.Context, host string) (netip.Addr, error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	if len(addrs) == 0 {
		return netip.Addr{}, fmt.Errorf("%s has no address", host)
	}
	return addrs[0], nil
}
