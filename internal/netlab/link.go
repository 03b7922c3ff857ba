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
)

// queueLen is the transmit queue of our links, in packets: what the kernel sends should wait there and not be lost.
const queueLen = 10000

// setUp addresses a link of the namespace that the calling thread is in, and brings it up.
func setUp(link netlink.Link, mtu int, addrs []netip.Prefix) error {
	name := link.Attrs().Name
	if err := quiet(name); err != nil {
		return err
	}
	if err := netlink.LinkSetMTU(link, mtu); err != nil {
		return fmt.Errorf("netlab: set the MTU of %s to %d: %w", name, mtu, err)
	}
	if err := netlink.LinkSetTxQLen(link, queueLen); err != nil {
		return fmt.Errorf("netlab: set the queue length of %s: %w", name, err)
	}
	for _, p := range addrs {
		if err := netlink.AddrAdd(link, address(p)); err != nil {
			return fmt.Errorf("netlab: give %s the address %s: %w", name, p, err)
		}
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("netlab: bring up %s: %w", name, err)
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

// quiet keeps the kernel from sending, or believing, anything on the link of its own accord.
//
// These are niceties: a container may have /proc/sys read-only, or the kernel no IPv6.
func quiet(link string) error {
	for _, s := range []struct{ name, value string }{
		{"addr_gen_mode", "1"}, // no link-local address
		{"accept_ra", "0"},     // and hence no router solicitations
		{"accept_dad", "0"},
	} {
		path := "/proc/sys/net/ipv6/conf/" + link + "/" + s.name
		err := os.WriteFile(path, []byte(s.value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) &&
			!errors.Is(err, unix.EROFS) {
			return err
		}
	}
	return nil
}
