package antedon

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/tcp"
)

// Dial connects to address on the named network: "tcp", "tcp4", "tcp6", "udp", "udp4" or "udp6". It fits
// http.Transport.DialContext.
func (s *Stack) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return (&Dialer{Stack: s}).Dial(ctx, network, address)
}

// Dialer holds the options of a connection to be.
type Dialer struct {
	// Stack is the stack to dial on.
	Stack *Stack

	// LocalAddr is the address to dial from, as a *net.TCPAddr, *net.UDPAddr or *net.IPAddr. Nil, an unspecified
	// address or port 0 let the stack choose. Any address may be used, even one that is not the stack's own, if
	// Transparent is set.
	LocalAddr net.Addr

	// Transparent lets LocalAddr be an address that nobody owns here. It is up to the network to bring the answers.
	Transparent bool

	// FastOpen lets the SYN carry what is written first (TCP Fast Open, RFC 7413), which saves a round trip. The first
	// connection to a server asks it for a cookie. For later ones Dial returns at once; the SYN leaves with the first
	// Write or Read, or a little later without, and errors of the connection appear there. If the server does not play along the connection is made
	// as usual. The server's application may get what the SYN carries twice, as when a web page is loaded again.
	FastOpen bool

	// Timeout bounds the whole Dial, besides its context.
	Timeout time.Duration

	// TCP, if not nil, replaces the stack's configuration for this connection.
	TCP *tcp.Config
}

// Dial connects to address on the named network. The addresses of a host name are tried one after the other.
func (d *Dialer) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if d.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d.Timeout)
		defer cancel()
	}
	fail := func(remote net.Addr, err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: remote, Err: err}
	}
	if len(network) >= 3 && network[:3] == "udp" {
		c, err := d.dialPacket(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	local, remotes, err := d.ends(ctx, network, address)
	if err != nil {
		return fail(nil, err)
	}
	var first error
	for _, r := range remotes {
		c, err := d.Stack.shard.Dial(ctx, local, r, d.options())
		if err == nil {
			return newConn(network, c), nil
		}
		if first == nil {
			_, first = fail(tcpAddr(r), err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// ends returns where a connection is from and the addresses to try.
func (d *Dialer) ends(ctx context.Context, network, address string) (local netip.AddrPort, remotes []netip.AddrPort, err error) {
	f, err := parseNetwork(network, "tcp")
	if err != nil {
		return local, nil, err
	}
	local, ok := toAddrPort(d.LocalAddr)
	if !ok {
		return local, nil, &net.AddrError{Err: "unusable local address", Addr: d.LocalAddr.String()}
	}
	if remotes, err = d.Stack.resolve(ctx, network, address, f); err != nil {
		return local, nil, err
	}
	for i := range remotes {
		remotes[i] = orLoopback(remotes[i])
	}
	return local, remotes, nil
}

func (d *Dialer) options() host.DialOptions {
	return host.DialOptions{TCP: netTCP(d.TCP), Transparent: d.Transparent, FastOpen: d.FastOpen}
}

// DefaultBacklog is how many connections wait to be accepted.
const DefaultBacklog = 4096

// Listen announces on a local address: "tcp", "tcp4" or "tcp6". An empty host or an unspecified one accepts connections
// to any of the stack's addresses; port 0 chooses a free one.
func (s *Stack) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return (&ListenConfig{Stack: s}).Listen(ctx, network, address)
}

// ListenConfig holds the options of a listener.
type ListenConfig struct {
	// Stack is the stack to listen on.
	Stack *Stack

	// Backlog bounds the connections that wait to be accepted, and those not yet established: DefaultBacklog. Further
	// handshakes are answered with SYN cookies.
	Backlog int

	// FastOpen accepts connections with what their SYN carries (TCP Fast Open, RFC 7413), before the handshake is over:
	// this many at a time at most. 0 switches it off. What a SYN carries may arrive twice, on two connections.
	FastOpen int

	// DeferAccept makes Accept return connections only when their peer has sent something, or after so long: a server
	// that has to hear first is not woken twice.
	DeferAccept time.Duration

	// AnyAddress accepts connections to every address, AnyPort to every port that no other listener has. The
	// accepted Conn's LocalAddr says which.
	AnyAddress, AnyPort bool

	// TCP, if not nil, replaces the stack's configuration for accepted connections.
	TCP *tcp.Config
}

// Listen announces on a local address.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	l, err := lc.listen(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (lc *ListenConfig) listen(ctx context.Context, network, address string) (*Listener, error) {
	fail := func(a net.Addr, err error) (*Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: a, Err: err}
	}
	f, err := parseNetwork(network, "tcp")
	if err != nil {
		return fail(nil, err)
	}
	addrs, err := lc.Stack.resolve(ctx, network, address, f)
	if err != nil {
		return fail(nil, err)
	}
	backlog := lc.Backlog
	if backlog == 0 {
		backlog = DefaultBacklog
	}
	l, err := lc.Stack.shard.Listen(addrs[0], backlog, host.ListenOptions{
		AnyAddress: lc.AnyAddress, AnyPort: lc.AnyPort, TCP: netTCP(lc.TCP), FastOpen: lc.FastOpen,
		DeferAccept: lc.DeferAccept,
	})
	if err != nil {
		return fail(tcpAddr(addrs[0]), err)
	}
	return &Listener{l: l, network: network}, nil
}

// netTCP gives a configuration the one default in which package net differs from tcp.Config.
func netTCP(cfg *tcp.Config) *tcp.Config {
	if cfg == nil {
		return nil
	}
	c := *cfg
	c.NoDelay = true
	return &c
}
