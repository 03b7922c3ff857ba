package netlab

import (
	"fmt"

	"github.com/vishvananda/netlink"
)

// A Pair is two kernels that can talk to each other: A has the addresses of Options.Kernel, B those of Options.Ours.
type Pair struct{ A, B *Lab }

// NewPair makes two kernels joined by the kernel's own means, a pair of veths: what others are measured against. The
// labs have no Device.
func NewPair(o Options) (*Pair, error) { return newPair(o, joinVeth) }

// NewDevicePair makes two kernels that can talk once somebody, such as Join, carries packets between the devices of A
// and B.
func NewDevicePair(o Options) (*Pair, error) { return newPair(o, attachBoth) }

func newPair(o Options, connect func(*Pair) error) (*Pair, error) {
	o.setDefaults()
	mirrored := o
	mirrored.Kernel, mirrored.Ours = o.Ours, o.Kernel
	a, err := newLab(o)
	if err != nil {
		return nil, err
	}
	b, err := newLab(mirrored)
	if err != nil {
		a.Close()
		return nil, err
	}
	p := &Pair{a, b}
	if err := connect(p); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// joinVeth puts one end of a pair of veths into each namespace.
func joinVeth(p *Pair) error {
	a, b := &p.A.Options, &p.B.Options
	err := p.A.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = a.Name
		veth := &netlink.Veth{LinkAttrs: attrs, PeerName: b.Name, PeerNamespace: netlink.NsFd(p.B.file.Fd())}
		veth.NumTxQueues, veth.NumRxQueues = max(1, a.Queues), max(1, a.Queues)
		if err := netlink.LinkAdd(veth); err != nil {
			return fmt.Errorf("netlab: make a pair of veths: %w", err)
		}
		return setUpNamed(a.Name, a)
	})
	if err != nil {
		return err
	}
	err = p.B.Do(func() error { return firstError(setUpNamed(b.Name, b), awaitCarrier(b.Name)) })
	if err != nil {
		return err
	}
	return p.A.Do(func() error { return awaitCarrier(a.Name) })
}

// attachBoth gives each namespace a device.
func attachBoth(p *Pair) error {
	for _, l := range []*Lab{p.A, p.B} {
		err := l.Do(func() (err error) {
			l.dev, err = attach(&l.Options)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Close closes both labs.
func (p *Pair) Close() error {
	return firstError(p.A.Close(), p.B.Close())
}
