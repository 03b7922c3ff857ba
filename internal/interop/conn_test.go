package interop

import (
	"context"
	"net"
	"testing"
	"time"

	"golang.org/x/net/nettest"
)

// TestConnConformance runs nettest.TestConn over pairs of which one end is the stack's and the other the kernel's.
func TestConnConformance(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ln := c.listen(t)
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return c.netPair(ln) })
	})
}

// netPair is a nettest.MakePipe.
func (c corner) netPair(ln net.Listener) (client, server net.Conn, stop func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(limit))
	if client, err = c.client.Dial(ctx, "tcp", ln.Addr().String()); err != nil {
		return nil, nil, nil, err
	}
	if server, err = ln.Accept(); err != nil {
		client.Close()
		return nil, nil, nil, err
	}
	return client, server, func() { client.Close(); server.Close() }, nil
}
