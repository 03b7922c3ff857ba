// Package tun is a TUN device: IP packets exchanged with the kernel of the machine we run on.
//
//	dev, err := tun.Open(tun.Config{Name: "tun0"})
//	...
//	err = dev.AddAddr(netip.MustParsePrefix("10.7.0.1/24")) // the kernel's end
//	err = dev.SetUp()
//	stack, err := antedon.New(dev, antedon.Config{Addrs: ...}) // ours is 10.7.0.2, say
//
// Open creates the interface, for as long as the device stays open, or attaches to one that exists. Creating takes
// CAP_NET_ADMIN in the network namespace; attaching to a persistent device does not, unless its owner is somebody else.
// An interface that Open creates can have further queues: see AttachQueue.
// A descriptor that was opened by someone else is taken over by FromFile or FromFD, with whatever flags it was opened
// with.
//
// With offload, the default, the kernel hands over and takes TCP segments of up to 64 KiB and unfinished checksums, and since
// Linux 6.3 it takes, but does not hand over, segments longer than an IP packet can be: see link.Stretcher.
// Some kernels refuse packets they promised to take; then the device does without long ones, or turns segmentation off, cuts
// that packet in software and goes on: Stats says so.
//
// Concurrency: as link.Device; in addition TryRead may be called while another goroutine waits in Read. Everything else
// may be called from any goroutine. The interface is looked for in the network namespace of the thread that opened the
// device, whichever thread the later calls run on.
//
// Conformance: linux/if_tun.h, and the virtio-net header of virtio 1.2, Section 5.1.6, in the machine's byte order.
//
// Limitations: Linux only. No TAP. The MTU is read when the device is opened: who changes it later by other means than
// SetMTU opens the device anew, or without offload loses packets that are longer.
package tun

import (
	"errors"
	"os"
	"sync"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/fdqueue"
)

// Config says how to open a device. The zero Config makes a new device with a name of the kernel's choice.
type Config struct {
	// Name of the interface, at most 15 bytes. It may contain one %d, for which the kernel puts the first number that
	// is free. Default "tun%d".
	Name string

	// Queues is how many queues the device gets and keeps, at most 256. More than one needs an interface that was
	// created with several queues. The default is one, to which AttachQueue adds others if the interface allows it: one
	// that Open creates does, but with Persist, for other programs may come to open it, most of which want an interface
	// of a single queue, and with NoOffload, where it has not been found to help.
	Queues int

	// Persist keeps the interface after Close, until Delete. The default leaves a persistent interface as it is.
	Persist bool

	// MTU to give the interface; 0 leaves it (1500 in a new one). FromFile and FromFD do not set it: see there.
	MTU int

	// NoOffload turns off segmentation and checksum offload.
	NoOffload bool

	// UDPOffload asks for UDP segmentation offload too, where the kernel has it (Linux 6.2): the reader must then
	// expect UDP super-packets.
	UDPOffload bool

	// PacketInfo has each packet preceded by the 4-byte header of a TUN without IFF_NO_PI, on the descriptor only:
	// packets look the same.
	PacketInfo bool
}

// Stats counts what the device had to do about packets beside carrying them.
type Stats = fdqueue.Stats

// Device is an open TUN device. The methods of Interface set up the kernel's side of it.
type Device struct {
	*Interface

	state  fdqueue.State
	fds    []*fdqueue.Queue
	queues []link.Queue
	more   growth

	close    sync.Once
	closeErr error
}

var (
	_ link.Attacher  = (*Device)(nil)
	_ link.Stretcher = (*Device)(nil)
)

// Open opens the device that cfg describes.
func Open(cfg Config) (*Device, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	o, err := openQueues(&cfg)
	if err != nil {
		return nil, err
	}
	d, err := newDevice(o, &cfg)
	if err != nil {
		return nil, err
	}
	if err := d.setUpOpened(&cfg); err != nil {
		d.Close()
		return nil, err
	}
	if o.grows {
		d.more.prepare()
	}
	return d, nil
}

// setUpOpened does what is left to do when a device was opened by name.
func (d *Device) setUpOpened(cfg *Config) error {
	var err error
	if d.Interface, err = Lookup(d.name); err != nil {
		return err
	}
	if cfg.Persist {
		if err := d.SetPersist(true); err != nil {
			return err
		}
	}
	if cfg.MTU != 0 && cfg.MTU != d.mtu {
		return d.SetMTU(cfg.MTU)
	}
	d.state.SetMTU(d.mtu)
	return nil
}

// FromFile takes over f, an open TUN device, such as one a parent process or a service manager handed down. f is closed.
// See FromFD.
func FromFile(f *os.File, cfg Config) (*Device, error) {
	fd, err := takeFile(f)
	if err != nil {
		return nil, err
	}
	return FromFD(fd, cfg)
}

// FromFD takes over the descriptor fd of an open TUN device, with whatever flags it was opened with: of cfg only MTU,
// PacketInfo, NoOffload and UDPOffload are looked at. The descriptor becomes non-blocking for all processes that share
// it.
//
// The interface may lie in a network namespace that the caller cannot see into. Then cfg.MTU has to say what its MTU is,
// and cfg.PacketInfo whether it has packet information, and it cannot be set up from here. Without cfg.MTU the interface
// is asked for both.
func FromFD(fd int, cfg Config) (*Device, error) {
	o, err := attached(fd)
	if err != nil {
		return nil, closeWith(fd, err)
	}
	iface := &Interface{name: o.name, mtu: cfg.MTU, packetInfo: cfg.PacketInfo}
	iface.queueLen.Store(defaultQueueLen)
	if cfg.MTU == 0 {
		if iface, err = Lookup(o.name); err != nil {
			return nil, closeWith(fd, errors.New("tun: the MTU of "+o.name+
				" cannot be read, as the interface lies in another network namespace: set Config.MTU"))
		}
	}
	o.packetInfo = iface.packetInfo
	d, err := newDevice(o, &cfg)
	if err != nil {
		iface.Close()
		return nil, err
	}
	d.Interface = iface
	d.state.SetMTU(iface.mtu)
	return d, nil
}

// MTU implements link.Device.
func (d *Device) MTU() int { return d.state.MTU() }

// SetMTU sets the interface's MTU.
func (d *Device) SetMTU(n int) error {
	if err := d.Interface.SetMTU(n); err != nil {
		return err
	}
	d.state.SetMTU(n)
	return nil
}

// Offload implements link.Device.
func (d *Device) Offload() link.Offload { return d.state.Offload() }

// MaxSuper implements link.Stretcher.
func (d *Device) MaxSuper() int { return d.state.MaxSuper() }

// Cuts implements link.Cutter.
func (d *Device) Cuts() bool { return true }

// Queues implements link.Device.
func (d *Device) Queues() []link.Queue { return d.queues }

// Stats returns the device's counters.
func (d *Device) Stats() Stats { return d.state.Stats() }

// Delete removes the interface, persistent or not, and closes the device.
func (d *Device) Delete() error {
	err := d.Interface.Delete()
	return errors.Join(err, d.Close())
}

// Close closes the device. The interface is gone then, unless it is persistent.
func (d *Device) Close() error {
	d.close.Do(func() {
		d.closeErr = d.more.close() // first: who attaches a queue relies on the others
		for _, q := range d.fds {
			d.closeErr = errors.Join(d.closeErr, q.Close())
		}
		if d.Interface != nil {
			d.closeErr = errors.Join(d.closeErr, d.Interface.Close())
		}
	})
	return d.closeErr
}
