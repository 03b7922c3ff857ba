package tun

import (
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/fdqueue"
)

// What linux/if_tun.h has and golang.org/x/sys/unix has not: offloads for TUNSETOFFLOAD, and a flag of TUNGETIFF.
const (
	offloadCsum   = 0x01
	offloadTSO4   = 0x02
	offloadTSO6   = 0x04
	offloadTSOECN = 0x08 // a super-packet may carry CWR
	offloadUSO4   = 0x20
	offloadUSO6   = 0x40

	iffTAP        = 0x0002
	iffMultiQueue = 0x0100
	iffVnetHdr    = unix.IFF_VNET_HDR
	iffNoPI       = unix.IFF_NO_PI
)

const (
	maxQueues  = 256
	vnetHdrLen = 10
)

func (c *Config) check() error {
	switch {
	case len(c.Name) >= unix.IFNAMSIZ:
		return fmt.Errorf("tun: the name %q is longer than %d bytes", c.Name, unix.IFNAMSIZ-1)
	case strings.ContainsAny(c.Name, "/ \t\n:") || c.Name == "." || c.Name == "..":
		return fmt.Errorf("tun: %q cannot be the name of an interface", c.Name)
	case c.Queues < 0 || c.Queues > maxQueues:
		return fmt.Errorf("tun: %d queues: must be 1 to %d", c.Queues, maxQueues)
	}
	return nil
}

// openQueues opens the queues of a device and returns their descriptors, the interface's name and its flags.
func openQueues(cfg *Config) (fds []int, name string, flags uint16, err error) {
	name = cfg.Name
	if name == "" {
		name = "tun%d"
	}
	flags = unix.IFF_TUN | iffVnetHdr
	if cfg.NoOffload {
		flags = unix.IFF_TUN
	}
	if !cfg.PacketInfo {
		flags |= iffNoPI
	}
	if cfg.Queues > 1 {
		flags |= iffMultiQueue
	}
	for range max(1, cfg.Queues) {
		var fd int
		fd, name, err = openQueue(name, flags)
		if err == unix.EINVAL && cfg.Queues <= 1 {
			// An existing interface with several queues lets one be opened only by this name.
			flags |= iffMultiQueue
			fd, name, err = openQueue(name, flags)
		}
		if err != nil {
			closeAll(fds)
			return nil, "", 0, explainOpen(name, cfg, err)
		}
		fds = append(fds, fd)
	}
	return fds, name, flags, nil
}

// openQueue opens one queue and returns the name of its interface. It returns the name given together with an error.
func openQueue(name string, flags uint16) (int, string, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, name, err
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		return -1, name, closeWith(fd, err)
	}
	req.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return -1, name, closeWith(fd, err)
	}
	return fd, req.Name(), nil
}

// attached returns the name and flags of the interface to which the TUN descriptor fd belongs.
func attached(fd int) (string, uint16, error) {
	req, err := unix.NewIfreq("")
	if err != nil {
		return "", 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.TUNGETIFF, req); err != nil {
		return "", 0, explainInherited(err)
	}
	if flags := req.Uint16(); flags&iffTAP != 0 {
		return "", 0, fmt.Errorf("tun: %s is a TAP device, which carries Ethernet frames: open it with IFF_TUN", req.Name())
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return "", 0, fmt.Errorf("tun: %s: %w", req.Name(), err)
	}
	return req.Name(), req.Uint16(), nil
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

// newDevice makes a Device of descriptors of an interface with those flags, and closes them if it fails.
func newDevice(fds []int, name string, flags uint16, cfg *Config) (*Device, error) {
	d := &Device{Interface: &Interface{name: name}}
	framing := fdqueue.Framing{PacketInfo: flags&iffNoPI == 0}
	if flags&iffVnetHdr != 0 {
		framing.Vnet = vnetHdrLen
		if n, err := unix.IoctlGetInt(fds[0], unix.TUNGETVNETHDRSZ); err == nil {
			framing.Vnet = n
		}
	}
	d.state.InitOffload(negotiate(fds[0], flags&iffVnetHdr != 0 && !cfg.NoOffload, cfg.UDPOffload))
	d.state.Gone = d.gone
	d.state.SetOffload = func(o link.Offload) {
		_ = d.fds[0].Control(func(fd int) error { return setOffload(fd, o) })
	}
	for i, fd := range fds {
		q, err := fdqueue.New(fd, name, framing, &d.state)
		if err != nil {
			closeAll(fds[i+1:])
			d.Close()
			return nil, fmt.Errorf("tun: %s: %w", name, err)
		}
		d.fds = append(d.fds, q)
		d.queues = append(d.queues, q)
	}
	return d, nil
}

// gone recognises the error that says that the interface was deleted under us.
func (d *Device) gone(err error) error {
	if err == unix.EBADFD {
		return fmt.Errorf("tun: %s was deleted: %w", d.name, net.ErrClosed)
	}
	return nil
}

// negotiate turns on as much offload as the kernel has, and returns it. It must be turned off as well: an interface
// keeps what its last user asked for.
func negotiate(fd int, want, udp bool) link.Offload {
	const tcp = link.OffloadChecksum | link.OffloadTSO
	var tries []link.Offload
	if want && udp {
		tries = append(tries, tcp|link.OffloadUSO)
	}
	if want {
		tries = append(tries, tcp, link.OffloadChecksum)
	}
	for _, o := range tries {
		if setOffload(fd, o) == nil {
			return o
		}
	}
	_ = setOffload(fd, link.OffloadNone)
	return link.OffloadNone
}

// setOffload tells the kernel what it may hand over.
func setOffload(fd int, o link.Offload) error {
	bits := 0
	for _, x := range [...]struct {
		o    link.Offload
		bits int
	}{
		{link.OffloadChecksum, offloadCsum},
		{link.OffloadTSO4, offloadTSO4 | offloadTSOECN},
		{link.OffloadTSO6, offloadTSO6 | offloadTSOECN},
		{link.OffloadUSO, offloadUSO4 | offloadUSO6},
	} {
		if o.Has(x.o) {
			bits |= x.bits
		}
	}
	return unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, bits)
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

// closeWith closes fd and returns err.
func closeWith(fd int, err error) error {
	unix.Close(fd)
	return err
}
