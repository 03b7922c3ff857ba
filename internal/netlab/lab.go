package netlab

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// OpenTUN makes a TUN device with IFF_NO_PI and flags inside the namespace and returns its descriptor: non-blocking,
// so that Close unblocks readers. The kernel's end still wants addresses and has to be brought up: see Address.
func (ns *Namespace) OpenTUN(name string, flags uint16) (f *os.File, err error) {
	err = ns.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
		}
		req, err := unix.NewIfreq(name)
		if err == nil {
			req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | flags)
			err = os.NewSyscallError("TUNSETIFF", unix.IoctlIfreq(fd, unix.TUNSETIFF, req))
		}
		if err != nil {
			unix.Close(fd)
			return err
		}
		f = os.NewFile(uintptr(fd), "/dev/net/tun")
		return nil
	})
	return f, err
}

// Address gives the link of that name its MTU and addresses and brings it up.
func (ns *Namespace) Address(name string, mtu int, addrs ...netip.Prefix) error {
	return ns.Do(func() error {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return fmt.Errorf("netlab: %s: %w", name, err)
		}
		return setUp(link, mtu, addrs)
	})
}
