package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/reactor"
)

// network is where a command's connections go: a session, or the kernel's sockets.
type network interface {
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	hosts(listening net.Addr) []string // where others reach a listener
}

// session is a stack on a device, for as long as a command runs.
type session struct {
	*antedon.Stack
	loop   *reactor.Loop // that drives it; nil if none does
	name   string        // of the device
	addrs  []netip.Prefix
	source netip.Addr      // valid if --source is given
	fast   bool            // --fast-open
	pcap   *capture.Writer // nil without --pcap
}

// withSession runs fn on a stack made as the flags say, and closes that in order: what fn sent, and the FINs, are
// delivered. Only a second signal cuts that short.
func (f *stackFlags) withSession(cmd *cobra.Command, fn func(ctx context.Context, s *session) error) error {
	s, err := f.open(antedon.New)
	if err != nil {
		return err
	}
	return f.use(cmd, s, fn)
}

// withLoop is withSession for a stack in an event loop, which runs meanwhile.
func (f *stackFlags) withLoop(cmd *cobra.Command, fn func(ctx context.Context, s *session) error) error {
	loop, err := reactor.New(reactor.Config{})
	if err != nil {
		return err
	}
	defer loop.Close()
	s, err := f.open(func(dev link.Device, cfg antedon.Config) (*antedon.Stack, error) {
		return antedon.NewInLoop(loop, dev, cfg)
	})
	if err != nil {
		return err
	}
	s.loop = loop
	ran := make(chan error, 1)
	go func() {
		err := loop.Run()
		loop.Close() // if it has failed, so does everything in it
		ran <- err
	}()
	err = f.use(cmd, s, fn)
	loop.Close()
	return errors.Join(err, <-ran)
}

// use runs fn on s and closes that.
func (f *stackFlags) use(cmd *cobra.Command, s *session, fn func(ctx context.Context, s *session) error) error {
	if f.verbose && f.overUDP != "" {
		tell(cmd.ErrOrStderr(), "%s: over %s", cmd.Name(), s.name)
	}
	err := fn(cmd.Context(), s)
	return errors.Join(orInterrupted(cmd.Context(), err), s.close())
}

// open has start make the stack.
func (f *stackFlags) open(start func(link.Device, antedon.Config) (*antedon.Stack, error)) (*session, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	raw, ours, err := f.openDevice()
	if err != nil {
		return nil, err
	}
	s := &session{name: raw.Name(), fast: f.fastOpen}
	if s.source, _ = f.sourceAddr(); s.source.IsValid() {
		ours = withSource(ours, s.source)
	}
	s.addrs = ours
	dev, err := f.wrap(s, raw)
	if err == nil {
		s.Stack, err = start(dev, antedon.Config{
			Addrs: ours, TCP: f.tcp(), Resolver: net.DefaultResolver,
		})
	}
	if err != nil {
		raw.Close()
		return nil, err
	}
	return s, nil
}

// withSource makes source one of our addresses.
func withSource(ours []netip.Prefix, source netip.Addr) []netip.Prefix {
	if slices.ContainsFunc(ours, func(p netip.Prefix) bool { return p.Addr() == source }) {
		return ours
	}
	return append(slices.Clone(ours), netip.PrefixFrom(source, source.BitLen()))
}

// wrap puts what --impair and --pcap ask for before the device. The capture shows what the stack sends and receives.
func (f *stackFlags) wrap(s *session, dev link.Device) (link.Device, error) {
	if f.impair != "" {
		plan, err := impair.Parse(f.impair)
		if err != nil {
			return nil, usagef("--impair: %w", err)
		}
		if dev, err = impair.New(dev, plan, plan); err != nil {
			return nil, err
		}
	}
	if f.pcap != "" {
		w, err := capture.Create(f.pcap, capture.Config{})
		if err != nil {
			return nil, err
		}
		s.pcap = w
		dev = capture.New(dev, w)
	}
	return dev, nil
}

// close ends the stack as antedon.Stack.Close does, within antedon.DefaultCloseTimeout.
func (s *session) close() error {
	err := s.Stack.Close(context.Background())
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("the last bytes were not acknowledged within %v: the peer is gone", antedon.DefaultCloseTimeout)
	}
	if s.pcap != nil {
		err = errors.Join(err, s.pcap.Close())
	}
	return err
}

// Dial connects from the address of --source.
func (s *session) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := antedon.Dialer{Stack: s.Stack, FastOpen: s.fast}
	if s.source.IsValid() {
		d.LocalAddr = &net.IPAddr{IP: s.source.AsSlice()}
	}
	return d.Dial(ctx, network, address)
}

// local returns address with the host of --source if it has none.
func (s *session) local(address string) string {
	if host, port, err := net.SplitHostPort(address); err == nil && host == "" && s.source.IsValid() {
		return net.JoinHostPort(s.source.String(), port)
	}
	return address
}

// fastOpenPending is how many connections of Fast Open are served before their handshake is over.
const fastOpenPending = 256

// Listen listens on the address of --source unless address names another.
func (s *session) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	lc := antedon.ListenConfig{Stack: s.Stack}
	if s.fast {
		lc.FastOpen = fastOpenPending
	}
	return lc.Listen(ctx, network, s.local(address))
}

// hosts returns the addresses that others reach a listener at, given the one it listens on.
func (s *session) hosts(listening net.Addr) []string {
	host, port, err := net.SplitHostPort(listening.String())
	if err != nil {
		return []string{listening.String()}
	}
	if a, err := netip.ParseAddr(host); err == nil && !a.IsUnspecified() {
		return []string{listening.String()}
	}
	var hosts []string
	for _, p := range s.addrs {
		hosts = append(hosts, net.JoinHostPort(p.Addr().String(), port))
	}
	return hosts
}

// kernel is the network of the kernel's own sockets.
type kernel struct{}

func (kernel) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (kernel) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, network, address)
}

func (kernel) hosts(listening net.Addr) []string { return []string{listening.String()} }
