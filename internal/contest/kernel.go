package contest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/workload"
	"github.com/antedon-net/antedon/reactor"
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

// kernelInLoop is the same in an event loop, with the machine's congestion control.
type kernelInLoop struct {
	kernel
	loop *reactor.Loop
}

// openKernelEcho makes the network of an echo server.
func openKernelEcho(t *workload.EchoTask) (workload.Network, error) {
	if t.API != workload.Reactor {
		return kernel{}, nil
	}
	loop, err := reactor.New(reactor.Config{})
	return kernelInLoop{loop: loop}, err
}

// Loop implements workload.LoopNetwork.
func (k kernelInLoop) Loop() *reactor.Loop { return k.loop }

// DialInLoop implements workload.LoopNetwork.
func (k kernelInLoop) DialInLoop(network, address string, h reactor.Handler) (reactor.Conn, error) {
	return k.loop.Dial(network, address, h)
}

// ListenInLoop implements workload.LoopNetwork.
func (k kernelInLoop) ListenInLoop(network, address string, accept func(reactor.Conn) reactor.Handler) error {
	_, err := k.loop.Listen(network, address, accept)
	return err
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
