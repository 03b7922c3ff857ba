package contest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// kernel is the network of the kernel's sockets. It is set to CUBIC, whatever the machine's default: other algorithms pace,
// and would be slow for that reason alone. Accepted sockets inherit it.
type kernel struct{}

func (kernel) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Control: useCubic}
	return d.DialContext(ctx, network, address)
}

// Listen announces plain TCP: package net would offer Multipath TCP.
func (kernel) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	lc := net.ListenConfig{Control: useCubic}
	lc.SetMultipathTCP(false)
	return lc.Listen(ctx, network, address)
}

func useCubic(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
	})
	if failed != nil {
		failed = fmt.Errorf("the kernel does not give us CUBIC: %w", failed)
	}
	return errors.Join(err, failed)
}
