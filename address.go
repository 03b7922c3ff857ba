package antedon

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
)

// errNoResolver is returned for a host name when Config.Resolver is nil.
var errNoResolver = errors.New("no resolver is configured: use an IP address, or set Config.Resolver")

// StackResolver returns a resolver that asks the DNS server at addr through the stack that dial belongs to.
func StackResolver(addr netip.AddrPort, dial func(ctx context.Context, network, address string) (net.Conn, error)) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, addr.String())
	}}
}

// family restricts addresses to what a network's name allows.
type family uint8

const (
	anyFamily family = iota
	onlyIPv4
	onlyIPv6
)

func (f family) allows(a netip.Addr) bool {
	switch f {
	case onlyIPv4:
		return a.Is4()
	case onlyIPv6:
		return a.Is6()
	}
	return true
}

// parseNetwork splits a network's name into protocol ("tcp" or "udp") and family.
func parseNetwork(network, proto string) (family, error) {
	switch network {
	case proto:
		return anyFamily, nil
	case proto + "4":
		return onlyIPv4, nil
	case proto + "6":
		return onlyIPv6, nil
	}
	return 0, net.UnknownNetworkError(network)
}

// resolve turns "host:port" into addresses to try in order. An empty host gives the unspecified address of the family, or
// the zero Addr, which stands for both.
func (s *Stack) resolve(ctx context.Context, network, address string, f family) ([]netip.AddrPort, error) {
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := net.DefaultResolver.LookupPort(ctx, network, service)
	if err != nil {
		return nil, err
	}
	addrs, err := s.resolveHost(ctx, host, f)
	if err != nil {
		return nil, err
	}
	var out []netip.AddrPort
	for _, a := range addrs {
		if a = a.Unmap().WithZone(""); f.allows(a) || !a.IsValid() {
			out = append(out, netip.AddrPortFrom(a, uint16(port)))
		}
	}
	if len(out) == 0 {
		return nil, &net.AddrError{Err: "no suitable address found", Addr: host}
	}
	return out, nil
}

func (s *Stack) resolveHost(ctx context.Context, host string, f family) ([]netip.Addr, error) {
	a, err := netip.ParseAddr(host)
	switch {
	case host == "" && f == onlyIPv4:
		return []netip.Addr{netip.IPv4Unspecified()}, nil
	case host == "" && f == onlyIPv6:
		return []netip.Addr{netip.IPv6Unspecified()}, nil
	case host == "", f == anyFamily && a == netip.IPv6Unspecified():
		return []netip.Addr{{}}, nil // both families, as in package net
	case err == nil:
		return []netip.Addr{a}, nil
	}
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}, nil
	}
	if s.resolver == nil {
		return nil, &net.DNSError{Err: errNoResolver.Error(), Name: host}
	}
	return s.resolver.LookupNetIP(ctx, "ip", host)
}

func tcpAddr(a netip.AddrPort) *net.TCPAddr { return net.TCPAddrFromAddrPort(orUnspecified(a)) }
func udpAddr(a netip.AddrPort) *net.UDPAddr { return net.UDPAddrFromAddrPort(orUnspecified(a)) }

// orUnspecified shows the address of both families as package net does: [::].
func orUnspecified(a netip.AddrPort) netip.AddrPort {
	if !a.Addr().IsValid() {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port())
	}
	return a
}

// orLoopback is where dialling an unspecified address leads, as in package net.
func orLoopback(a netip.AddrPort) netip.AddrPort {
	switch {
	case a.Addr() == netip.IPv6Unspecified():
		return netip.AddrPortFrom(netip.IPv6Loopback(), a.Port())
	case !a.Addr().IsValid() || a.Addr().IsUnspecified():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	}
	return a
}

// toAddrPort understands the addresses a Dialer's LocalAddr may be.
func toAddrPort(a net.Addr) (netip.AddrPort, bool) {
	switch a := a.(type) {
	case nil:
		return netip.AddrPort{}, true
	case *net.TCPAddr:
		return unmap(a.AddrPort()), true
	case *net.UDPAddr:
		return unmap(a.AddrPort()), true
	case *net.IPAddr:
		ip, ok := netip.AddrFromSlice(a.IP)
		return netip.AddrPortFrom(ip.Unmap(), 0), ok
	}
	return netip.AddrPort{}, false
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
