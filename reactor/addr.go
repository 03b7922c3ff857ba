package reactor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Addr is the address of a socket of the kernel: an IP address with its port, or the name of a unix socket, which begins
// with @ if it is abstract. Addresses can be compared.
type Addr struct {
	netip.AddrPort        // the address is invalid if it stands for all of both families
	Name           string // of a unix socket
}

// String returns the address in the form ParseAddr takes.
func (a Addr) String() string {
	switch {
	case a.Name != "":
		return a.Name
	case !a.Addr().IsValid():
		return ":" + strconv.Itoa(int(a.Port()))
	}
	return a.AddrPort.String()
}

var errNoNames = errors.New("names are not resolved, which would block: use an IP address or localhost")

// ParseAddr parses the address of a network: "tcp", "udp", either with a final 4 or 6, "unix" or "unixgram". Host names
// other than localhost and names of services are refused, since to resolve them may block.
func ParseAddr(network, address string) (Addr, error) {
	if network == "unix" || network == "unixgram" {
		if address == "" || address[0] != '@' && strings.IndexByte(address, 0) >= 0 {
			return Addr{}, &net.AddrError{Err: "no name of a file, nor one that begins with @", Addr: address}
		}
		return Addr{Name: address}, nil
	}
	base := strings.TrimRight(network, "46")
	if base != "tcp" && base != "udp" || len(network) > len(base)+1 {
		return Addr{}, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return Addr{}, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		return Addr{}, &net.AddrError{Err: "the port is not a number below 65536", Addr: address}
	}
	ip, err := parseHost(host, network[len(base):])
	if err != nil {
		return Addr{}, &net.AddrError{Err: err.Error(), Addr: address}
	}
	return Addr{AddrPort: netip.AddrPortFrom(ip, uint16(port))}, nil
}

// parseHost returns the address of a host in a family, "4", "6" or "" for both.
func parseHost(host, family string) (netip.Addr, error) {
	switch {
	case host == "" && family == "":
		return netip.Addr{}, nil
	case host == "" && family == "4":
		return netip.IPv4Unspecified(), nil
	case host == "":
		return netip.IPv6Unspecified(), nil
	case host == "localhost" && family == "6":
		return netip.IPv6Loopback(), nil
	case host == "localhost":
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return netip.Addr{}, errNoNames
	case family == "4" && !ip.Unmap().Is4(), family == "6" && !ip.Is6():
		return netip.Addr{}, fmt.Errorf("not an address of IPv%s", family)
	}
	return ip.Unmap(), nil
}

// toLoopback is where dialling an unspecified address leads.
func (a Addr) toLoopback() Addr {
	switch {
	case a.Name != "" || a.Addr().IsValid() && !a.Addr().IsUnspecified():
		return a
	case a.Addr() == netip.IPv6Unspecified():
		return Addr{AddrPort: netip.AddrPortFrom(netip.IPv6Loopback(), a.Port())}
	}
	return Addr{AddrPort: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())}
}

// netAddr returns the address as package net has it.
func (a Addr) netAddr(network string) net.Addr {
	switch strings.TrimRight(network, "46") {
	case "unix", "unixgram":
		return &net.UnixAddr{Name: a.Name, Net: network}
	case "udp":
		return net.UDPAddrFromAddrPort(a.orUnspecified())
	}
	return net.TCPAddrFromAddrPort(a.orUnspecified())
}

func (a Addr) orUnspecified() netip.AddrPort {
	if !a.Addr().IsValid() {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), a.Port())
	}
	return a.AddrPort
}
