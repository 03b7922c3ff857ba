package antedon

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/runner"
)

// PacketConn is a UDP socket on a Stack: a net.PacketConn, and a net.Conn if it was dialled. It behaves as *net.UDPConn
// does.
type PacketConn struct {
	c             *runner.PacketConn
	network       string
	local, remote *net.UDPAddr // remote is nil unless connected
}

var (
	_ net.Conn       = (*PacketConn)(nil)
	_ net.PacketConn = (*PacketConn)(nil)
)

func newPacketConn(network string, c *runner.PacketConn) *PacketConn {
	local, remote := c.Addrs()
	p := &PacketConn{c: c, network: network, local: udpAddr(local)}
	if remote.IsValid() {
		p.remote = udpAddr(remote)
	}
	return p
}

// ListenPacket announces on a local address: "udp", "udp4" or "udp6". An empty host or an unspecified one receives
// datagrams to any of the stack's addresses; port 0 chooses a free one.
func (s *Stack) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	fail := func(a net.Addr, err error) (net.PacketConn, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: a, Err: err}
	}
	f, err := parseNetwork(network, "udp")
	if err != nil {
		return fail(nil, err)
	}
	addrs, err := s.resolve(ctx, network, address, f)
	if err != nil {
		return fail(nil, err)
	}
	c, err := s.shard.OpenUDP(addrs[0], netip.AddrPort{}, host.UDPOptions{})
	if err != nil {
		return fail(udpAddr(addrs[0]), err)
	}
	return newPacketConn(network, c), nil
}

// DialPacket connects a UDP socket to address: it receives only from there, and hears of errors the network reports.
func (s *Stack) DialPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	return (&Dialer{Stack: s}).dialPacket(ctx, network, address)
}

func (d *Dialer) dialPacket(ctx context.Context, network, address string) (*PacketConn, error) {
	fail := func(remote net.Addr, err error) (*PacketConn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: remote, Err: err}
	}
	f, err := parseNetwork(network, "udp")
	if err != nil {
		return fail(nil, err)
	}
	local, ok := toAddrPort(d.LocalAddr)
	if !ok {
		return fail(nil, &net.AddrError{Err: "unusable local address", Addr: d.LocalAddr.String()})
	}
	addrs, err := d.Stack.resolve(ctx, network, address, f)
	if err != nil {
		return fail(nil, err)
	}
	remote := orLoopback(addrs[0])
	c, err := d.Stack.shard.OpenUDP(local, remote, host.UDPOptions{AnyAddress: d.Transparent})
	if err != nil {
		return fail(udpAddr(remote), err)
	}
	return newPacketConn(network, c), nil
}

func (p *PacketConn) wrap(op string, to net.Addr, err error) error {
	if err == nil {
		return nil
	}
	if to == nil && p.remote != nil {
		to = p.remote
	}
	return &net.OpError{Op: op, Net: p.network, Source: p.local, Addr: to, Err: err}
}

// Read receives a datagram. What does not fit b is lost.
func (p *PacketConn) Read(b []byte) (int, error) {
	n, _, _, err := p.c.Read(b)
	return n, p.wrap("read", nil, err)
}

// ReadFrom receives a datagram and says who sent it, a *net.UDPAddr.
func (p *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, _, err := p.c.Read(b)
	if err != nil {
		return 0, nil, p.wrap("read", nil, err)
	}
	return n, udpAddr(from), nil
}

// ReadFromUDPAddrPort is ReadFrom without an allocation.
func (p *PacketConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, _, err := p.c.Read(b)
	return n, from, p.wrap("read", nil, err)
}

// Write sends a datagram to the peer of a connected socket.
func (p *PacketConn) Write(b []byte) (int, error) {
	return p.WriteToUDPAddrPort(b, netip.AddrPort{})
}

// WriteTo sends a datagram to addr, a *net.UDPAddr. It is copied before WriteTo returns.
func (p *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, ok := toAddrPort(addr)
	if !ok || !to.IsValid() {
		return 0, p.wrap("write", addr, &net.AddrError{Err: "not a UDP address", Addr: addrString(addr)})
	}
	return p.WriteToUDPAddrPort(b, to)
}

func addrString(a net.Addr) string {
	if a == nil {
		return "<nil>"
	}
	return a.String()
}

// WriteToUDPAddrPort is WriteTo without an allocation.
func (p *PacketConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if err := p.c.Write(b, to, host.SendOptions{}); err != nil {
		var addr net.Addr
		if to.IsValid() {
			addr = udpAddr(to)
		}
		return 0, p.wrap("write", addr, err)
	}
	return len(b), nil
}

// Close closes the socket.
func (p *PacketConn) Close() error { return p.wrap("close", nil, p.c.Close()) }

// LocalAddr returns our end, a *net.UDPAddr.
func (p *PacketConn) LocalAddr() net.Addr { return p.local }

// RemoteAddr returns the peer's end, a *net.UDPAddr, or nil if the socket is not connected.
func (p *PacketConn) RemoteAddr() net.Addr {
	if p.remote == nil {
		return nil
	}
	return p.remote
}

// SetDeadline sets the read and the write deadline; the zero time means none.
func (p *PacketConn) SetDeadline(t time.Time) error {
	return p.wrap("set", nil, p.c.SetDeadlines(t, true, true))
}

// SetReadDeadline sets the deadline of reads, those that wait now included.
func (p *PacketConn) SetReadDeadline(t time.Time) error {
	return p.wrap("set", nil, p.c.SetDeadlines(t, true, false))
}

// SetWriteDeadline sets the deadline of writes, which never wait.
func (p *PacketConn) SetWriteDeadline(t time.Time) error {
	return p.wrap("set", nil, p.c.SetDeadlines(t, false, true))
}
