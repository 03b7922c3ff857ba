package netlab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/packet"
	"github.com/antedon-net/antedon/link/tun"
)

// queueLen is the transmit queue of our links, in packets: what the kernel sends should wait there and not be lost.
const queueLen = 10000

// farEnd is the name of the veth that the packet socket is on.
const farEnd = "antedon-far"

// Attach makes a link as New does, but in the namespace of the calling thread, and returns our end of it: for a process
// that a Command has started.
func Attach(o Options) (link.Device, error) {
	o.setDefaults()
	return attach(&o)
}

// attach makes the link in the namespace of the calling thread and returns our end of it.
func attach(o *Options) (link.Device, error) {
	if o.TUN == TUNNever {
		return attachPacket(o)
	}
	dev, err := attachTUN(o)
	if o.TUN == TUNIfUsable && isUnusable(err) {
		return attachPacket(o)
	}
	return dev, err
}

// isUnusable reports whether err says that there is no TUN driver, or none that we may use.
func isUnusable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) ||
		errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO)
}

func attachTUN(o *Options) (link.Device, error) {
	dev, err := tun.Open(tun.Config{Name: o.Name, MTU: o.MTU, Queues: o.Queues, NoOffload: o.NoOffload})
	if err != nil {
		return nil, err
	}
	if err := setUpNamed(o.Name, o); err != nil {
		dev.Close()
		return nil, err
	}
	return dev, nil
}

// attachPacket makes a pair of veths. Neither does ARP or neighbour discovery: there is but one way to go.
func attachPacket(o *Options) (link.Device, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = o.Name
	err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: farEnd})
	if err != nil {
		return nil, fmt.Errorf("netlab: make a pair of veths: %w", err)
	}
	for _, name := range []string{o.Name, farEnd} {
		end, err := netlink.LinkByName(name)
		if err == nil {
			err = netlink.LinkSetARPOff(end)
		}
		if err != nil {
			return nil, fmt.Errorf("netlab: %s: %w", name, err)
		}
	}
	if err := setUpNamed(farEnd, &Options{MTU: o.MTU}); err != nil {
		return nil, err
	}
	if err := setUpNamed(o.Name, o); err != nil {
		return nil, err
	}
	if err := awaitCarrier(farEnd); err != nil {
		return nil, err
	}
	return packet.Open(packet.Config{Interface: farEnd, NoOffload: o.NoOffload})
}

func setUpNamed(name string, o *Options) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("netlab: %s: %w", name, err)
	}
	return setUp(l, o)
}

// setUp gives a link its MTU, addresses and routes and brings it up, in the namespace of the calling thread.
func setUp(l netlink.Link, o *Options) error {
	name := l.Attrs().Name
	if err := quiet(name); err != nil {
		return err
	}
	if err := netlink.LinkSetMTU(l, o.MTU); err != nil {
		return fmt.Errorf("netlab: set the MTU of %s to %d: %w", name, o.MTU, err)
	}
	if err := netlink.LinkSetTxQLen(l, queueLen); err != nil {
		return fmt.Errorf("netlab: set the queue length of %s: %w", name, err)
	}
	for _, p := range o.Kernel {
		if err := netlink.AddrAdd(l, address(p)); err != nil {
			return fmt.Errorf("netlab: give %s the address %s: %w", name, p, err)
		}
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("netlab: bring up %s: %w", name, err)
	}
	if err := awaitAddresses(o.Kernel); err != nil {
		return err
	}
	for _, p := range o.Routes {
		if err := netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(p)}); err != nil {
			return fmt.Errorf("netlab: route %s to %s: %w", p, name, err)
		}
	}
	return nil
}

// address is p in netlink's terms, usable at once: without duplicate address detection.
func address(p netip.Prefix) *netlink.Addr {
	a := &netlink.Addr{IPNet: ipNet(p)}
	if p.Addr().Is6() {
		a.Flags = unix.IFA_F_NODAD
	}
	return a
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// quiet keeps the kernel from sending, or believing, anything on the link of its own accord, and undoes what a new
// namespace may have inherited from the machine's settings.
//
// These are niceties: a container may have /proc/sys read-only, or the kernel no IPv6.
func quiet(name string) error {
	for _, s := range []struct{ path, value string }{
		{"ipv6/conf/" + name + "/disable_ipv6", "0"},
		{"ipv6/conf/" + name + "/addr_gen_mode", "1"}, // no link-local address
		{"ipv6/conf/" + name + "/accept_ra", "0"},     // and hence no router solicitations
		{"ipv6/conf/" + name + "/accept_dad", "0"},
		{"ipv4/conf/" + name + "/rp_filter", "0"},
		{"ipv4/conf/all/rp_filter", "0"}, // the larger one counts
		{"ipv4/ip_forward", "0"},
	} {
		err := os.WriteFile("/proc/sys/net/"+s.path, []byte(s.value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) &&
			!errors.Is(err, unix.EROFS) {
			return err
		}
	}
	return nil
}
