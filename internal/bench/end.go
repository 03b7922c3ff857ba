package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// Who says whose TCP an end of a path runs.
type Who string

// The contestants.
const (
	Antedon Who = "antedon"
	Kernel  Who = "kernel"
)

// Algorithms names the congestion control of each contestant.
type Algorithms struct{ Antedon, Kernel string }

// Check returns an error that says which algorithm is not to be had.
func (a Algorithms) Check() error {
	if _, err := congestion.New(a.Antedon, congestion.Options{MSS: 1460, Initial: 10}); err != nil {
		return err
	}
	return checkKernel(a.Kernel)
}

// checkKernel finds out whether the kernel has an algorithm, and lets us use it in a namespace of ours.
func checkKernel(name string) error {
	ns, err := netlab.NewNamespace()
	if err != nil {
		return err
	}
	defer ns.Close()
	return ns.Do(func() error { return trySocket(name) })
}

func trySocket(name string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer unix.Close(fd)
	return setCongestion(fd, name)
}

func setCongestion(fd int, name string) error {
	err := unix.SetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
	switch {
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("the kernel has no congestion control %q: load its module (modprobe tcp_%[1]s)", name)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("the kernel reserves congestion control %q to root: see net.ipv4.tcp_allowed_congestion_control", name)
	}
	return err
}

// An end is one end of a path.
type end interface {
	dial(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	listen(ctx context.Context, at netip.AddrPort) (net.Listener, error)
	ping(ctx context.Context, to netip.Addr, seq uint16) (time.Duration, error)
	close()
}

// newEnd makes an end with an address, and its port on the path.
func newEnd(who Who, addr netip.Prefix, cc Algorithms, b *bell) (end, port, error) {
	if who == Kernel {
		return newKernelEnd(addr, cc.Kernel)
	}
	return newStackEnd(addr, cc.Antedon, b)
}

// kernelEnd is a kernel in a namespace of its own.
type kernelEnd struct {
	lab *netlab.Lab
	cc  string
}

// newKernelEnd makes a kernel with a TUN device or, where that may not be had, a packet socket on a pair of veths.
func newKernelEnd(addr netip.Prefix, cc string) (end, port, error) {
	lab, err := netlab.New(netlab.Options{
		Name: "path", Kernel: []netip.Prefix{addr}, NoOffload: true,
	})
	if err != nil {
		return nil, nil, err
	}
	p, err := newKernelPort(lab.Device())
	if err != nil {
		lab.Close()
		return nil, nil, err
	}
	return &kernelEnd{lab, cc}, p, nil
}

func (e *kernelEnd) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var failed error
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		err := c.Control(func(fd uintptr) { failed = setCongestion(int(fd), e.cc) })
		return errors.Join(err, failed)
	}}
	return e.lab.DialWith(ctx, &d, "tcp4", to.String())
}

func (e *kernelEnd) listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	return e.lab.Listen(ctx, "tcp4", at.String())
}

func (e *kernelEnd) close() { e.lab.Close() }

// stackEnd is a stack of ours.
type stackEnd struct{ stack *antedon.Stack }

func newStackEnd(addr netip.Prefix, cc string, b *bell) (end, port, error) {
	dev, p := newStackPort(b)
	stack, err := antedon.New(dev, antedon.Config{Addrs: []netip.Prefix{addr}, TCP: tcp.Config{Congestion: cc}})
	if err != nil {
		p.close()
		return nil, nil, err
	}
	return &stackEnd{stack}, p, nil
}

func (e *stackEnd) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	return e.stack.Dial(ctx, "tcp4", to.String())
}

func (e *stackEnd) listen(ctx context.Context, at netip.AddrPort) (net.Listener, error) {
	return e.stack.Listen(ctx, "tcp4", at.String())
}

// close does not wait for anything that is still under way.
func (e *stackEnd) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = e.stack.Close(ctx)
}
