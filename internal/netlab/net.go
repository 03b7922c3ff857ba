package netlab

import (
	"context"
	"net"
)

// Dial connects to address from inside the namespace, over the kernel's TCP or UDP. Addresses must be literal: names
// would be looked up outside.
func (ns *Namespace) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	return ns.DialWith(ctx, &net.Dialer{}, network, address)
}

// DialWith is Dial with a dialer of the caller's, for a local address or socket options.
func (ns *Namespace) DialWith(ctx context.Context, d *net.Dialer, network, address string) (conn net.Conn, err error) {
	err = ns.Do(func() (err error) {
		conn, err = d.DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Listen announces on address inside the namespace. It is plain TCP: net's own Listen would offer Multipath TCP.
func (ns *Namespace) Listen(ctx context.Context, network, address string) (ln net.Listener, err error) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	err = ns.Do(func() (err error) {
		ln, err = lc.Listen(ctx, network, address)
		return err
	})
	return ln, err
}

// ListenPacket announces on a UDP or raw IP address inside the namespace.
func (ns *Namespace) ListenPacket(ctx context.Context, network, address string) (conn net.PacketConn, err error) {
	err = ns.Do(func() (err error) {
		conn, err = new(net.ListenConfig).ListenPacket(ctx, network, address)
		return err
	})
	return conn, err
}
