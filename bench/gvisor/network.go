package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/antedon-net/antedon/internal/contest"
)

// nic is the only one.
const nic = 1

// largestBuffer is what a socket's buffers may grow to for gVisor at its best.
const largestBuffer = 8 << 20

// flavours are gVisor at its best, which its RACK keeps it from, and gVisor as it comes.
var flavours = map[contest.Stack]func(*stack.Stack) error{
	contest.GVisor:        tuneBest,
	contest.GVisorDefault: func(*stack.Stack) error { return nil },
}

func tuneBest(s *stack.Stack) error {
	cc := tcpip.CongestionControlOption("reno")
	recovery := tcpip.TCPRecovery(0)
	send := tcpip.TCPSendBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: tcp.DefaultSendBufferSize, Max: largestBuffer}
	recv := tcpip.TCPReceiveBufferSizeRangeOption{Min: tcp.MinBufferSize, Default: tcp.DefaultReceiveBufferSize, Max: largestBuffer}
	for _, o := range []tcpip.SettableTransportProtocolOption{&cc, &recovery, &send, &recv} {
		if err := s.SetTransportProtocolOption(tcp.ProtocolNumber, o); err != nil {
			return fmt.Errorf("%T: %v", o, err)
		}
	}
	return nil
}

// network is gVisor's stack as a workload.Network.
type network struct{ stack *stack.Stack }

// newNetwork makes a stack on a link endpoint.
func newNetwork(ep stack.LinkEndpoint, flavour contest.Stack, addrs []netip.Prefix) (*network, error) {
	tune, ok := flavours[flavour]
	if !ok {
		return nil, fmt.Errorf("no flavour %q", flavour)
	}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	if err := tune(s); err != nil {
		return nil, err
	}
	if err := s.CreateNIC(nic, ep); err != nil {
		return nil, fmt.Errorf("make a NIC: %v", err)
	}
	for _, p := range addrs {
		a := tcpip.ProtocolAddress{
			Protocol: protocol(p.Addr()),
			AddressWithPrefix: tcpip.AddressWithPrefix{
				Address: tcpip.AddrFromSlice(p.Addr().AsSlice()), PrefixLen: p.Bits(),
			},
		}
		if err := s.AddProtocolAddress(nic, a, stack.AddressProperties{}); err != nil {
			return nil, fmt.Errorf("add %v: %v", p, err)
		}
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic}, {Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	return &network{s}, nil
}

func protocol(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is6() {
		return ipv6.ProtocolNumber
	}
	return ipv4.ProtocolNumber
}

// Dial connects to a literal address.
func (n *network) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	c, err := gonet.DialContextTCP(ctx, n.stack, full(at), protocol(at.Addr()))
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Listen announces on a literal address, or with no host on all of the network's version of IP.
func (n *network) Listen(_ context.Context, network, address string) (net.Listener, error) {
	if strings.HasPrefix(address, ":") {
		address = map[string]string{"tcp4": "0.0.0.0", "tcp6": "[::]"}[network] + address
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	ln, err := gonet.ListenTCP(n.stack, full(at), protocol(at.Addr()))
	if err != nil {
		return nil, err
	}
	return ln, nil
}

// full returns an address in gVisor's terms, which has no bytes for the unspecified one.
func full(a netip.AddrPort) tcpip.FullAddress {
	f := tcpip.FullAddress{NIC: nic, Port: a.Port()}
	if !a.Addr().IsUnspecified() {
		f.Addr = tcpip.AddrFromSlice(a.Addr().AsSlice())
	}
	return f
}
