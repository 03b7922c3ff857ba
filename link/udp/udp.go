// Package udp is a link over UDP: every IP packet of the stack is the text of one datagram of a kernel socket, and the other
// end is a stack with the same device. It takes no privilege, no TUN, and nothing of the network between but UDP.
//
//	dev, err := udp.Open(udp.Config{
//		Local:  netip.MustParseAddrPort("192.0.2.1:7000"),
//		Remote: netip.MustParseAddrPort("192.0.2.2:7000"), // where they swap the two
//	})
//	...
//	stack, err := antedon.New(dev, antedon.Config{Addrs: ...}) // 10.9.0.1/24 here, 10.9.0.2/24 there
//
// Either end may start first, stop, and start again: what nobody takes is lost, as on any link, and nothing else happens.
//
// There is no secret in it. Datagrams from another address and port than Remote's are dropped, which keeps out accidents
// and those who cannot forge source addresses; others can read and write what they like. Whoever minds runs TLS or ssh
// inside, as over any network.
//
// # Size
//
// Datagrams are never fragmented: they are sent with "don't fragment" set. DefaultMTU fits every path that carries IPv6.
// Whoever sets a larger MTU sets it at both ends, to what the path carries less 28 bytes (48 over IPv6). Should that be too
// much, the kernel learns it from the routers, and we tell the stack as a router would (RFC 1191, RFC 8201), which then sends
// smaller packets.
//
// # Offload
//
// The kernel is handed trains of datagrams of equal length (UDP_SEGMENT), and hands over such (UDP_GRO), up to 64 KiB at
// once; what makes no train goes by sendmmsg and recvmmsg. The stack sees single packets whose checksums are complete: they
// cross a real network, so that link.OffloadNone is announced, and are cut and joined beside the device (link.Cutter,
// link.Joiner). A kernel or interface that refuses trains is given none from then on: Stats says so.
//
// Concurrency: as link.Device, and TryRead may also be called while another goroutine waits in Read. The queue is a
// link.Waiter.
//
// Limitations: Linux only. One queue. Neither DSCP nor ECN of the packets is copied to the datagrams around them (RFC 6040,
// Section 4.1, compatibility mode), nor their TTL. No keep-alive for the sake of address translators between. Where the two ends
// are is settled when the link is opened, or by Learn: it does not follow either to another address.
package udp

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
)

const (
	// DefaultMTU is the least that IPv6 allows (RFC 8200, Section 5). In a datagram it is 1308 bytes over IPv4, 1328 over
	// IPv6.
	DefaultMTU = 1280

	// MaxMTU is the longest packet that fits a datagram over IPv4.
	MaxMTU = 65535 - 20 - 8

	minMTU = 68 // RFC 791

	// defaultBuffer is what a socket's buffers are set to, as far as the kernel lets us.
	defaultBuffer = 4 << 20
)

// Config says where the two ends are. Remote or Learn must be set.
type Config struct {
	// Local is the address and port of our end. The default is whatever address leads to Remote, and a free port.
	Local netip.AddrPort

	// Remote is the address and port of the other end.
	Remote netip.AddrPort

	// Learn takes for the other end, once and for all, whoever is first to send a datagram that holds an IP packet. That
	// is a convenience for ends behind an address translator, and no authentication: whoever comes first has the link.
	Learn bool

	// MTU is the size of the largest packet: DefaultMTU. The other end should have the same.
	MTU int

	// NoOffload turns off UDP_SEGMENT and UDP_GRO.
	NoOffload bool

	// RecvBuffer and SendBuffer are the sizes of the socket's buffers in bytes, 4 MiB each. Without CAP_NET_ADMIN the kernel
	// grants no more than net.core.rmem_max and wmem_max.
	RecvBuffer, SendBuffer int
}

// Device is an open socket.
type Device struct {
	name   string
	mtu    int
	ipv6   bool // outside
	learn  bool
	queue  queue
	queues []link.Queue

	noTrains atomic.Bool // UDP_SEGMENT is not there, not wanted, or refused
	peer     atomic.Pointer[netip.AddrPort]
	pathMTU  atomic.Int32 // of packets, last known; 0 before
	count    counters

	close    sync.Once
	closeErr error
}

var (
	_ link.Device = (*Device)(nil)
	_ link.Queued = (*Device)(nil)
	_ link.Cutter = (*Device)(nil)
)

// Open opens the device that cfg describes, in the calling thread's network namespace. The other end need not be there.
func Open(cfg Config) (*Device, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	fd, err := socket(&cfg)
	if err != nil {
		return nil, explain(&cfg, err)
	}
	d := &Device{mtu: cfg.MTU, ipv6: cfg.Local.Addr().Is6(), learn: cfg.Learn}
	d.name = "udp " + localOf(fd).String()
	d.noTrains.Store(cfg.NoOffload || !hasTrains(fd))
	if d.queue.FD, err = rawfd.New(fd, d.name); err != nil {
		return nil, explain(&cfg, err)
	}
	d.queue.init(d)
	d.queues = []link.Queue{&d.queue}
	if !cfg.Learn {
		d.peer.Store(&cfg.Remote)
		d.queue.in.setPeer(cfg.Remote)
		d.learnPathMTU(fd)
	}
	return d, nil
}

// Name implements link.Device.
func (d *Device) Name() string { return d.name }

// MTU implements link.Device.
func (d *Device) MTU() int { return d.mtu }

// Offload implements link.Device: none, since packets leave the machine.
func (d *Device) Offload() link.Offload { return link.OffloadNone }

// Cuts implements link.Cutter.
func (d *Device) Cuts() bool { return true }

// Queues implements link.Device.
func (d *Device) Queues() []link.Queue { return d.queues }

// LocalAddr returns the address and port of the socket. The address is unspecified until one end is known.
func (d *Device) LocalAddr() netip.AddrPort {
	var a netip.AddrPort
	_ = d.queue.Control(func(fd int) error { a = localOf(fd); return nil })
	return a
}

// RemoteAddr returns the other end's, the zero AddrPort if it is not known yet.
func (d *Device) RemoteAddr() netip.AddrPort {
	if p := d.peer.Load(); p != nil {
		return *p
	}
	return netip.AddrPort{}
}

// PathMTU returns the longest packet that the kernel believes the path to carry, 0 if it has no belief. It may be more than
// MTU.
func (d *Device) PathMTU() int { return int(d.pathMTU.Load()) }

// QueueLen implements link.Queued: the kernel counts the memory of each datagram against the receive buffer.
func (d *Device) QueueLen() int {
	const beside = 1024 // of an sk_buff, and of what its memory is rounded up by
	size := 0
	_ = d.queue.Control(func(fd int) (err error) {
		size, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
		return err
	})
	return size / (d.mtu + beside)
}

// Control calls fn with the socket's descriptor, which stays open until fn has returned: to set an option, say.
func (d *Device) Control(fn func(fd int) error) error { return d.queue.Control(fn) }

// Close closes the socket.
func (d *Device) Close() error {
	d.close.Do(func() { d.closeErr = d.queue.Close() })
	return d.closeErr
}

// errNoPeer is Write's answer while Learn has not come to anything.
var errNoPeer = errors.New("udp: the other end is not known yet")
