package main

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/udp"
)

// anybody is what stands for REMOTE where it is not known.
const anybody = "any"

// openUDP opens the link that --over-udp describes, and returns it with our addresses.
func (f *stackFlags) openUDP() (link.Device, []netip.Prefix, error) {
	cfg, err := f.udpConfig()
	if err != nil {
		return nil, nil, err
	}
	dev, err := udp.Open(cfg)
	if err != nil {
		return nil, nil, err
	}
	return dev, f.addr, nil
}

func (f *stackFlags) udpConfig() (udp.Config, error) {
	cfg := udp.Config{MTU: f.mtu}
	local, remote, ok := strings.Cut(f.overUDP, ",")
	switch {
	case f.tun != "":
		return cfg, usagef("--tun and --over-udp exclude each other")
	case len(f.peerAddr) > 0:
		return cfg, usagef("--peer-addr: the other end of --over-udp has its own --addr")
	case len(f.addr) == 0:
		return cfg, usagef("--over-udp needs --addr, such as 10.9.0.1/24 here and 10.9.0.2/24 at the other end")
	case f.mtu > udp.MaxMTU:
		return cfg, usagef("--mtu %d: want at most %d over UDP", f.mtu, udp.MaxMTU)
	case !ok:
		return cfg, usagef("--over-udp %s: want LOCAL,REMOTE, or LOCAL,%s", f.overUDP, anybody)
	}
	var err error
	cfg.Learn = remote == anybody
	if !cfg.Learn {
		if cfg.Remote, err = endpoint("", remote); err != nil {
			return cfg, usagef("--over-udp: the other end: %w", err)
		}
	}
	if cfg.Local, err = endpoint(unspecified(cfg.Remote), local); err != nil {
		return cfg, usagef("--over-udp: our end: %w", err)
	}
	return cfg, nil
}

// unspecified returns the address of none in particular, of the family of the other end.
func unspecified(remote netip.AddrPort) string {
	if remote.Addr().Is6() {
		return netip.IPv6Unspecified().String()
	}
	return netip.IPv4Unspecified().String()
}

// endpoint parses an address, or name, and port. In place of no address it takes another one, if there is one.
func endpoint(none, s string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(s)
	switch {
	case err != nil:
		return netip.AddrPort{}, fmt.Errorf("%q is no ADDRESS:PORT", s)
	case host == "" && none == "":
		return netip.AddrPort{}, fmt.Errorf("%q lacks an address", s)
	case host == "":
		host = none
	}
	a, err := net.ResolveUDPAddr("udp", net.JoinHostPort(host, port))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q: %s", s, describe(err))
	}
	p := a.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port()), nil
}
