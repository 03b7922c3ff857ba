package tun

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// attached returns what there is to know of the device to which the TUN descriptor fd belongs. Whether it has packet
// information is not: TUNGETIFF uses the bit of IFF_NO_PI to say that no filter is attached.
func attached(fd int) (opened, error) {
	req, err := unix.NewIfreq("")
	if err != nil {
		return opened{}, err
	}
	if err := unix.IoctlIfreq(fd, unix.TUNGETIFF, req); err != nil {
		return opened{}, explainInherited(err)
	}
	name, flags := req.Name(), req.Uint16()
	if flags&iffTAP != 0 {
		return opened{}, fmt.Errorf("tun: %s is a TAP device, which carries Ethernet frames: open it with IFF_TUN", name)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return opened{}, fmt.Errorf("tun: %s: %w", name, err)
	}
	return opened{fds: []int{fd}, name: name, vnet: flags&unix.IFF_VNET_HDR != 0}, nil
}

// takeFile returns a descriptor of its own for what f has open, and closes f.
func takeFile(f *os.File) (int, error) {
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd, dupErr := -1, error(nil)
	err = raw.Control(func(old uintptr) { fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = dupErr
	}
	if err != nil {
		return -1, fmt.Errorf("tun: %w", err)
	}
	return fd, nil
}
