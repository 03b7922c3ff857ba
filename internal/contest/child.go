package contest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/internal/workload"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/reactor"
)

// Child is what this program does in a process that a run has started. role is the last word of what it was started with.
func Child(ctx context.Context, role string, in io.Reader, out io.Writer) error {
	switch Stack(role) {
	case Kernel:
		return workload.Main(ctx, in, out, func(*workload.Task) (workload.Network, error) { return kernel{}, nil })
	case Antedon:
		return workload.Main(ctx, in, out, openAntedon)
	case server4:
		return serve(ctx, "tcp4", in, out)
	case server6:
		return serve(ctx, "tcp6", in, out)
	case echoKernel:
		return workload.EchoMain(ctx, in, out, openKernelEcho)
	case echoAntedon:
		return workload.EchoMain(ctx, in, out, func(t *workload.EchoTask) (workload.Network, error) {
			return openAntedon(&workload.Task{API: t.API})
		})
	case echoLoad:
		return workload.EchoLoadMain(ctx, in, out)
	}
	return fmt.Errorf("contest: no role %q", role)
}

// The roles of the other side, and those of bench echo.
const (
	server4     = "server4"
	server6     = "server6"
	echoKernel  = "echo-kernel"
	echoAntedon = "echo-antedon"
	echoLoad    = "echo-load"
)

// ready is what the other side says when it listens.
const ready = "ready\n"

// serve is the other side, until its input ends.
func serve(ctx context.Context, network string, in io.Reader, out io.Writer) error {
	s, err := workload.Serve(ctx, kernel{}, network)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, ready); err != nil {
		return errors.Join(err, s.Close())
	}
	_, err = io.Copy(io.Discard, in)
	return errors.Join(err, s.Close())
}

// openAntedon makes a stack of ours with its defaults.
func openAntedon(t *workload.Task) (workload.Network, error) {
	dev, err := openDevice(t, netlab.TUNIfUsable)
	if err != nil {
		return nil, err
	}
	cfg := antedon.Config{Addrs: ours}
	var n workload.Network
	if t.API == workload.Reactor {
		n, err = newInLoop(dev, cfg)
	} else {
		n, err = antedon.New(dev, cfg)
	}
	if err != nil {
		dev.Close()
		return nil, err
	}
	return n, nil
}

// inLoop is a stack of ours in an event loop.
type inLoop struct {
	*antedon.Stack
	loop *reactor.Loop
}

func newInLoop(dev link.Device, cfg antedon.Config) (workload.Network, error) {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		return nil, err
	}
	stack, err := antedon.NewInLoop(loop, dev, cfg)
	if err != nil {
		loop.Close()
		return nil, err
	}
	return inLoop{stack, loop}, nil
}

// Loop implements workload.LoopNetwork.
func (s inLoop) Loop() *reactor.Loop { return s.loop }

// DialInLoop implements workload.LoopNetwork.
func (s inLoop) DialInLoop(network, address string, h reactor.Handler) (reactor.Conn, error) {
	d := antedon.Dialer{Stack: s.Stack}
	return d.DialInLoop(network, address, h)
}

// ListenInLoop implements workload.LoopNetwork.
func (s inLoop) ListenInLoop(network, address string, accept func(reactor.Conn) reactor.Handler) error {
	lc := antedon.ListenConfig{Stack: s.Stack}
	_, err := lc.ListenInLoop(network, address, accept)
	return err
}

// OpenTUN makes the TUN device of a contestant that is a program of its own, whose addresses are Ours.
func OpenTUN(t *workload.Task) (link.Device, error) { return openDevice(t, netlab.TUNAlways) }

// Ours are the addresses of every contestant.
func Ours() []netip.Prefix { return slices.Clone(ours) }

// openDevice makes a device in the namespace that this process is in.
func openDevice(t *workload.Task, use netlab.UseTUN) (link.Device, error) {
	return netlab.Attach(netlab.Options{MTU: t.MTU, NoOffload: t.NoOffload, TUN: use, Kernel: theirs, Ours: ours})
}
