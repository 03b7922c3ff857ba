package netlab

import (
	"net/netip"

	"github.com/antedon-net/antedon/link"
)

// Options say what a Lab's link is like. The zero Options are a good start.
type Options struct {
	// Name of the kernel's end. Default "antedon0".
	Name string

	// Kernel are the addresses of the kernel's end, with the prefix that is on the link. Default 10.7.0.1/24 and
	// fd07::1/64.
	Kernel []netip.Prefix

	// Ours are the addresses meant for our end. They are not put anywhere, only told by Ours4 and Ours6. Default
	// 10.7.0.2/24 and fd07::2/64.
	Ours []netip.Prefix

	// Routes are further destinations that the kernel sends to our end.
	Routes []netip.Prefix

	// MTU of the link. Default 1500.
	MTU int

	// Queues of the device. Default: one, and more when it wants them (link.Attacher); a packet socket has but one.
	Queues int

	// TUN says whether the device is a TUN.
	TUN UseTUN

	// NoOffload turns off segmentation and checksum offload.
	NoOffload bool
}

// UseTUN says whether a Lab's device is a TUN or, what takes its place, a packet socket on a pair of veths.
type UseTUN int

const (
	TUNIfUsable UseTUN = iota // a TUN if /dev/net/tun is there and may be opened
	TUNAlways
	TUNNever
)

func (o *Options) setDefaults() {
	if o.Name == "" {
		o.Name = "antedon0"
	}
	if o.Kernel == nil {
		o.Kernel = []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24"), netip.MustParsePrefix("fd07::1/64")}
	}
	if o.Ours == nil {
		o.Ours = []netip.Prefix{netip.MustParsePrefix("10.7.0.2/24"), netip.MustParsePrefix("fd07::2/64")}
	}
	if o.MTU == 0 {
		o.MTU = 1500
	}
}

// A Lab is a namespace with a link between the kernel inside and us: everything sent to the kernel's end is answered
// by a real kernel, everything the kernel sends on the link comes out of Device.
type Lab struct {
	*Namespace
	Options Options // with the defaults filled in

	dev link.Device
}

// New makes a Lab.
func New(o Options) (*Lab, error) {
	o.setDefaults()
	l, err := newLab(o)
	if err != nil {
		return nil, err
	}
	err = l.Do(func() (err error) {
		l.dev, err = attach(&l.Options)
		return err
	})
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// newLab makes a Lab without a link.
func newLab(o Options) (*Lab, error) {
	ns, err := NewNamespace()
	if err != nil {
		return nil, err
	}
	return &Lab{Namespace: ns, Options: o}, nil
}

// Device returns our end of the link. Closing it, as a stack does in the end, takes the link down.
func (l *Lab) Device() link.Device { return l.dev }

// Kernel4 returns the first IPv4 address of the kernel's end, or the zero Addr.
func (l *Lab) Kernel4() netip.Addr { return first(l.Options.Kernel, netip.Addr.Is4) }

// Kernel6 returns the first IPv6 address of the kernel's end, or the zero Addr.
func (l *Lab) Kernel6() netip.Addr { return first(l.Options.Kernel, netip.Addr.Is6) }

// Ours4 returns the first IPv4 address meant for our end, or the zero Addr.
func (l *Lab) Ours4() netip.Addr { return first(l.Options.Ours, netip.Addr.Is4) }

// Ours6 returns the first IPv6 address meant for our end, or the zero Addr.
func (l *Lab) Ours6() netip.Addr { return first(l.Options.Ours, netip.Addr.Is6) }

func first(prefixes []netip.Prefix, is func(netip.Addr) bool) netip.Addr {
	for _, p := range prefixes {
		if is(p.Addr()) {
			return p.Addr()
		}
	}
	return netip.Addr{}
}

// Close ends all processes in the namespace, closes the device and lets go of the namespace.
func (l *Lab) Close() error {
	err := l.Namespace.Close()
	if l.dev != nil {
		err = firstError(err, l.dev.Close())
	}
	return err
}
