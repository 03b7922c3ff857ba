// Package packet is a link over one end of a pair of veths, by a packet socket (AF_PACKET): what takes the place of a
// TUN device where /dev/net/tun may not be opened.
//
//	dev, err := packet.Open(packet.Config{Interface: "veth-far"})
//	...
//	stack, err := antedon.New(dev, antedon.Config{Addrs: ...})
//
// The Ethernet below is used as a point-to-point link: every frame we send goes to the address of the other end, and
// every IPv4 or IPv6 packet that arrives is taken, whatever address its frame has. We answer no ARP and no neighbour
// discovery, so the other end must do without:
//
//	ip link add veth type veth peer name veth-far
//	ip link set veth arp off up
//	ip link set veth-far arp off up
//	ip addr add 10.7.0.1/24 dev veth
//
// Our end must be up and have no addresses of the kernel's, which would answer beside us. Opening it takes CAP_NET_RAW in
// the user namespace that owns the network namespace; a private one does.
//
// With offload, the default, super-packets and unfinished checksums cross the link as in a TUN device (PACKET_VNET_HDR),
// with the same fall-back. Without, the kernel at the other end may go on sending them, and they are cut here.
//
// Concurrency: as link.Device; in addition TryRead may be called while another goroutine waits in Read, but not with
// NoOffload.
//
// Conformance: packet(7); RFC 894 and RFC 2464 without their address resolution.
//
// Limitations: Linux only (4.20 or later). One queue. The kernel drops what does not fit into the socket's receive
// buffer, which only real root can make larger than net.core.rmem_max. The MTU is read when the device is opened.
package packet

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/fdqueue"
	"github.com/antedon-net/antedon/link/internal/rtnl"
)

// Config says how to open a device.
type Config struct {
	// Interface is the name of our end of the link. It is the only field that must be set.
	Interface string

	// Peer is the hardware address of the other end. The default is the address of the veth's other end, if that is in
	// the same network namespace.
	Peer net.HardwareAddr

	// NoOffload turns off segmentation and checksum offload.
	NoOffload bool
}

// Stats counts what the device had to do about packets beside carrying them.
type Stats struct {
	fdqueue.Stats
	Overflowed uint64 // packets the kernel dropped because we did not read them in time
}

// Device is an open packet socket.
type Device struct {
	name   string
	index  int
	state  fdqueue.State
	fd     *fdqueue.Queue
	queues []link.Queue
	nl     *rtnl.Conn

	overflowed atomic.Uint64
	close      sync.Once
	closeErr   error
}

var _ link.Device = (*Device)(nil)

// Open opens the device that cfg describes, in the calling thread's network namespace.
func Open(cfg Config) (*Device, error) {
	nl, err := rtnl.Open()
	if err != nil {
		return nil, fmt.Errorf("packet: %w", err)
	}
	d, err := open(&cfg, nl)
	if err != nil {
		nl.Close()
		return nil, explain(cfg.Interface, err)
	}
	return d, nil
}

func open(cfg *Config, nl *rtnl.Conn) (*Device, error) {
	l, err := nl.LinkByName(cfg.Interface)
	if err != nil {
		return nil, err
	}
	addresses, err := addresses(cfg, nl, &l)
	if err != nil {
		return nil, err
	}
	d := &Device{name: cfg.Interface, index: l.Index, nl: nl}
	d.state.Gone = d.gone
	d.state.SetMTU(l.MTU)
	if !cfg.NoOffload {
		d.state.InitOffload(link.OffloadChecksum | link.OffloadTSO)
	}
	fd, err := socket(l.Index)
	if err != nil {
		return nil, err
	}
	d.fd, err = fdqueue.New(fd, cfg.Interface, fdqueue.Framing{Vnet: vnetHdrLen, Ethernet: addresses}, &d.state)
	if err != nil {
		return nil, err
	}
	d.queues = []link.Queue{d.fd}
	if cfg.NoOffload {
		d.queues[0] = link.SoftwareQueue(d.fd)
	}
	return d, nil
}

// gone recognises the errors that say that the interface was deleted under us, and not just taken down.
func (d *Device) gone(err error) error {
	if err == unix.ENETDOWN {
		_, err = d.nl.LinkByIndex(d.index)
	}
	if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("packet: %s was deleted: %w", d.name, net.ErrClosed)
	}
	return nil
}

// Name implements link.Device.
func (d *Device) Name() string { return d.name }

// MTU implements link.Device.
func (d *Device) MTU() int { return d.state.MTU() }

// Offload implements link.Device.
func (d *Device) Offload() link.Offload { return d.state.Offload() }

// Queues implements link.Device.
func (d *Device) Queues() []link.Queue { return d.queues }

// Stats returns the device's counters.
func (d *Device) Stats() Stats {
	_ = d.fd.Control(func(fd int) error {
		s, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS) // since the last call
		if err == nil {
			d.overflowed.Add(uint64(s.Drops))
		}
		return err
	})
	return Stats{d.state.Stats(), d.overflowed.Load()}
}

// Control calls fn with the socket's descriptor, which stays open until fn has returned: to wait for packets, say.
func (d *Device) Control(fn func(fd int) error) error { return d.fd.Control(fn) }

// Close closes the socket. The interface stays.
func (d *Device) Close() error {
	d.close.Do(func() { d.closeErr = errors.Join(d.fd.Close(), d.nl.Close()) })
	return d.closeErr
}
