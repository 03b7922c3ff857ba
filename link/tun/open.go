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

// opened is what is known of an open device.
type opened struct {
	fds        []int // its queues
	name       string
	packetInfo bool
	vnet       bool // has the virtio-net header
}

// openQueues opens the queues of a device.
func openQueues(cfg *Config) (opened, error) {
	o := opened{name: cfg.Name, packetInfo: cfg.PacketInfo, vnet: !cfg.NoOffload}
	if o.name == "" {
		o.name = "tun%d"
	}
	flags := o.flags()
	if cfg.Queues > 1 {
		flags |= iffMultiQueue
	}
	for range max(1, cfg.Queues) {
		fd, name, err := openQueue(o.name, flags)
		if err == unix.EINVAL && cfg.Queues <= 1 {
			// An existing interface with several queues lets one be opened only by this name.
			flags |= iffMultiQueue
			fd, name, err = openQueue(o.name, flags)
		}
		if err != nil {
			closeAll(o.fds)
			return opened{}, explainOpen(o.name, cfg, err)
		}
		o.fds, o.name = append(o.fds, fd), name
	}
	return o, nil
}

func (o *opened) flags() uint16 {
	flags := uint16(unix.IFF_TUN)
	if o.vnet {
		flags |= unix.IFF_VNET_HDR
	}
	if !o.packetInfo {
		flags |= unix.IFF_NO_PI
	}
	return flags
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

// newDevice makes a Device of an open one, whose descriptors it closes if it fails.
func newDevice(o opened, cfg *Config) (*Device, error) {
	d := &Device{Interface: &Interface{name: o.name}}
	framing := fdqueue.Framing{PacketInfo: o.packetInfo}
	if o.vnet {
		framing.Vnet = vnetHdrLen
		if n, err := unix.IoctlGetInt(o.fds[0], unix.TUNGETVNETHDRSZ); err == nil {
			framing.Vnet = n
		}
	}
	d.state.InitOffload(negotiate(o.fds[0], o.vnet && !cfg.NoOffload, cfg.UDPOffload))
	if d.state.Offload().Has(link.OffloadTSO) && takesLong(kernelRelease()) {
		d.state.InitMaxSuper(link.MaxSuperPacket)
	}
	d.state.Gone = d.gone
	d.state.SetOffload = func(o link.Offload) {
		_ = d.fds[0].Control(func(fd int) error { return setOffload(fd, o) })
	}
	for i, fd := range o.fds {
		q, err := fdqueue.New(fd, o.name, framing, &d.state)
		if err != nil {
			closeAll(o.fds[i+1:])
			d.Close()
			return nil, fmt.Errorf("tun: %s: %w", o.name, err)
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
