package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"

	"github.com/antedon-net/antedon/internal/tundev"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
)

// queueLen is the transmit queue of a device we make, in packets: what the kernel sends waits there while we are busy.
const queueLen = 10000

// openDevice opens the device that the flags name, and returns it with our addresses.
func (f *stackFlags) openDevice() (link.Device, []netip.Prefix, error) {
	if f.overUDP != "" {
		return f.openUDP()
	}
	return f.openTUN(tun.Config{})
}

// openTUN attaches to the device that --tun names, or makes it, and returns it with our addresses. A device that is
// made is gone as soon as it is closed, by whatever end of this process, and its addresses and routes with it.
func (f *stackFlags) openTUN(cfg tun.Config) (*tun.Device, []netip.Prefix, error) {
	if f.tun == "" {
		return nil, nil, errNoDevice()
	}
	cfg.Name = f.tun
	existing, err := tundev.Lookup(f.tun)
	switch {
	case err == nil:
		return f.attach(cfg, existing)
	case errors.Is(err, fs.ErrNotExist):
		return f.create(cfg)
	}
	return nil, nil, err
}

// errNoDevice says how to come by a device.
func errNoDevice() error {
	if os.Geteuid() == 0 {
		return usagef(`no device: give --tun tun0, which is made if need be, or make one that stays with "antedon tun up tun0"; or --over-udp`)
	}
	return usagef(`no device: run "sudo antedon tun up tun0 --user %s" once, then give --tun tun0; or --over-udp to another antedon`, userName())
}

// attach opens a device that exists. What the kernel's end of it is like was decided by whoever made it.
func (f *stackFlags) attach(cfg tun.Config, d *tundev.Device) (*tun.Device, []netip.Prefix, error) {
	for _, p := range f.peerAddr {
		if !slices.Contains(d.Kernel, p) {
			return nil, nil, usagef("--peer-addr %v: %s exists, and its address is %s", p, d.Name, orNone(d.Kernel))
		}
	}
	if f.mtu != 0 && f.mtu != d.MTU {
		return nil, nil, usagef("--mtu %d: %s exists, and its MTU is %d", f.mtu, d.Name, d.MTU)
	}
	ours := d.Ours
	if len(f.addr) > 0 || len(ours) == 0 {
		var err error
		if ours, err = f.ours(d.Kernel); err != nil {
			return nil, nil, err
		}
	}
	if len(ours) == 0 {
		return nil, nil, fmt.Errorf("%s has no address: give it one, as in \"ip address add %v dev %s\"", d.Name, defaultPeer, d.Name)
	}
	dev, err := tun.Open(cfg)
	if err != nil {
		return nil, nil, err
	}
	if !d.Up {
		if err := dev.SetUp(); err != nil {
			dev.Close()
			return nil, nil, fmt.Errorf("%s is down, bring it up as root with \"ip link set %s up\": %w", d.Name, d.Name, fs.ErrPermission)
		}
	}
	tundev.Await(d.Kernel)
	return dev, ours, nil
}

func orNone(list []netip.Prefix) string {
	if len(list) == 0 {
		return "none"
	}
	return joinPrefixes(list)
}

// create makes a device that lives as long as it is open.
func (f *stackFlags) create(cfg tun.Config) (*tun.Device, []netip.Prefix, error) {
	kernel := []netip.Prefix(f.peerAddr)
	if len(kernel) == 0 {
		kernel = []netip.Prefix{defaultPeer}
	}
	ours, err := f.ours(kernel)
	if err != nil {
		return nil, nil, err
	}
	if err := tundev.CheckFree(kernel); err != nil {
		return nil, nil, err
	}
	cfg.MTU = f.mtu
	dev, err := tun.Open(cfg)
	if err != nil {
		return nil, nil, err
	}
	source, _ := f.sourceAddr()
	if err := setUp(dev, kernel, ours, source); err != nil {
		dev.Close()
		return nil, nil, err
	}
	return dev, ours, nil
}

// setUp gives the kernel's end its addresses, and routes to ours that do not lie beside them.
func setUp(dev *tun.Device, kernel, ours []netip.Prefix, source netip.Addr) error {
	if err := dev.SetTxQueueLen(queueLen); err != nil {
		return err
	}
	for _, p := range kernel {
		if err := dev.AddAddr(p); err != nil {
			return err
		}
	}
	if err := dev.SetUp(); err != nil {
		return err
	}
	for _, r := range tundev.Beyond(kernel, ours, source) {
		if err := dev.AddRoute(tun.Route{Dst: r}); err != nil {
			return err
		}
	}
	return nil
}
