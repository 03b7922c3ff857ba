package tun

import (
	"fmt"
	"net"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/fdqueue"
)

// What linux/if_tun.h has and golang.org/x/sys/unix has not, or as an int.
const (
	iffTAP        = 0x0002
	iffMultiQueue = uint16(unix.IFF_MULTI_QUEUE)
	iffExclusive  = uint16(unix.IFF_TUN_EXCL)
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
	multi      bool // the interface was made for several queues
	grows      bool // and may be given more
}

// openQueues opens the queues of a device.
func openQueues(cfg *Config) (opened, error) {
	o := opened{name: cfg.Name, packetInfo: cfg.PacketInfo, vnet: !cfg.NoOffload, multi: cfg.Queues > 1}
	if o.name == "" {
		o.name = "tun%d"
	}
	if cfg.Queues == 0 && !cfg.Persist && !cfg.NoOffload && o.create() == nil {
		return o, nil
	}
	for range max(1, cfg.Queues) {
		fd, name, err := openQueue(o.name, o.flags())
		if err == unix.EINVAL && cfg.Queues <= 1 {
			// An existing interface with several queues lets one be opened only by this name.
			o.multi = true
			fd, name, err = openQueue(o.name, o.flags())
			if err == nil && cfg.Queues == 0 {
				err = o.claim(fd, name)
			}
		}
		if err != nil {
			closeAll(o.fds)
			return opened{}, explainOpen(o.name, cfg, err)
		}
		o.fds, o.name = append(o.fds, fd), name
	}
	return o, nil
}

// flags returns those with which all queues of the interface are opened.
func (o *opened) flags() uint16 {
	flags := uint16(unix.IFF_TUN)
	if o.vnet {
		flags |= unix.IFF_VNET_HDR
	}
	if !o.packetInfo {
		flags |= unix.IFF_NO_PI
	}
	if o.multi {
		flags |= iffMultiQueue
	}
	return flags
}

// openQueue opens one queue and returns the name of its interface. It returns the name given together with an error.
func openQueue(name string, flags uint16) (int, string, error) {
	fd, err := openUnattached()
	if err != nil {
		return -1, name, err
	}
	got, err := attachTo(fd, name, flags)
	if err != nil {
		return -1, name, closeWith(fd, err)
	}
	return fd, got, nil
}

// openUnattached returns a descriptor that has a network namespace, that of the calling thread, but no interface yet.
func openUnattached() (int, error) {
	return unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
}

// attachTo makes fd a queue of the interface of that name, which it creates if there is none, and returns the whole name.
func attachTo(fd int, name string, flags uint16) (string, error) {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return "", err
	}
	req.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return "", err
	}
	return req.Name(), nil
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
	d.more = growth{never: errFixed, flags: o.flags(), framing: framing}
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
