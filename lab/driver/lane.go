package driver

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/link"
)

// lanes are ways to the links below that take a run of segments as one packet, to be cut there or never: segmentation
// offload, which raw sockets do not have. What goes there passes by the kernel's IP layer and its rules, so the namespace
// has to be one in which there are no others than ours. Nothing but such runs takes a lane.
type lanes struct {
	links *netlink.Handle
	fd    int // a packet socket that receives nothing
	to    map[netip.Addr]*lane

	joiner      link.Joiner
	first, next []byte // packets under way into joined
	joined      []byte
}

// A lane is the way to a destination, or that there is none.
type lane struct {
	index    int // of the interface, 0 if there is no lane
	mtu      int
	ethernet [14]byte
	until    time.Time // after which it is looked up again
}

// laneAge is how long a lane is good for: a neighbour may move.
const laneAge = time.Second

// openLanes works in the network namespace of the calling thread.
func openLanes() (*lanes, error) {
	links, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		if err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1); err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		links.Close()
		return nil, os.NewSyscallError("packet socket", err)
	}
	return &lanes{links: links, fd: fd, to: make(map[netip.Addr]*lane), joined: make([]byte, link.MaxPacket)}, nil
}

// find returns the lane to a destination, nil if there is none.
func (l *lanes) find(dst netip.Addr) *lane {
	way := l.to[dst]
	if now := time.Now(); way == nil || now.After(way.until) {
		way = &lane{until: now.Add(laneAge)}
		if l.resolve(way, dst) != nil {
			way.index = 0
		}
		if len(l.to) >= maxLanes {
			clear(l.to)
		}
		l.to[dst] = way
	}
	if way.index == 0 {
		return nil
	}
	return way
}

const maxLanes = 1 << 10

// errNoLane says that a destination is not known to be on an Ethernet link.
var errNoLane = errors.New("no way around the kernel's IP layer")

// resolve asks the kernel for the route and for its neighbour. One that has not been talked to has no lane yet.
func (l *lanes) resolve(way *lane, dst netip.Addr) error {
	routes, err := l.links.RouteGetWithOptions(dst.AsSlice(), &netlink.RouteGetOptions{Mark: markOurs})
	if err != nil || len(routes) == 0 {
		return errNoLane
	}
	hop := routes[0].Gw
	if hop == nil {
		hop = dst.AsSlice()
	}
	out, err := l.links.LinkByIndex(routes[0].LinkIndex)
	if err != nil || out.Attrs().EncapType != "ether" {
		return errNoLane
	}
	family := unix.AF_INET
	if dst.Is6() {
		family = unix.AF_INET6
	}
	neighbours, err := l.links.NeighList(out.Attrs().Index, family)
	if err != nil {
		return err
	}
	const usable = netlink.NUD_REACHABLE | netlink.NUD_STALE | netlink.NUD_DELAY | netlink.NUD_PROBE | netlink.NUD_PERMANENT
	for _, n := range neighbours {
		if n.IP.Equal(hop) && n.State&usable != 0 && len(n.HardwareAddr) == 6 {
			way.set(out.Attrs(), n.HardwareAddr, family)
			return nil
		}
	}
	return errNoLane
}

func (way *lane) set(out *netlink.LinkAttrs, to net.HardwareAddr, family int) {
	way.index, way.mtu = out.Index, out.MTU
	copy(way.ethernet[:], to)
	copy(way.ethernet[6:], out.HardwareAddr)
	binary.BigEndian.PutUint16(way.ethernet[12:], map[int]uint16{unix.AF_INET: unix.ETH_P_IP, unix.AF_INET6: unix.ETH_P_IPV6}[family])
}

// leads reports whether b follows a in a run for which there is a lane.
func (l *lanes) leads(aName, bName exp4.Conn, a, b []byte) bool {
	if l == nil || aName != bName || len(a) < 20 || len(b) < 20 {
		return false
	}
	at, bt := textLen(a), textLen(b)
	return at > 0 && bt > 0 && bt <= at && binary.BigEndian.Uint32(b[4:]) == binary.BigEndian.Uint32(a[4:])+uint32(at) &&
		l.find(aName.Dst.Addr()) != nil
}

// textLen returns how much text a segment has, if it is one.
func textLen(segment []byte) int { return len(segment) - int(segment[12]>>4)*4 }

// send sends the first segments of a queue as one packet, and returns how many those were: 0 if there is no lane, or nothing
// to join.
func (l *lanes) send(q *outbox[exp4.Conn]) int {
	name, segment := q.at(0)
	way := l.find(name.Dst.Addr())
	if way == nil {
		return 0
	}
	l.first = appendPacket(l.first[:0], name, segment)
	if len(l.first) > way.mtu {
		return 0 // to be cut into fragments
	}
	l.joiner.Start(&link.Packet{Bytes: l.first}, l.joined)
	n := 1
	for ; n < q.waiting(); n++ {
		more, segment := q.at(n)
		if more != name {
			break
		}
		l.next = appendPacket(l.next[:0], name, segment)
		if !l.joiner.Add(&link.Packet{Bytes: l.next}) {
			break
		}
	}
	p := l.joiner.Packet()
	if n == 1 {
		return 0
	}
	switch err := way.send(l.fd, &p); {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOBUFS): // a full queue
		return 0
	case err != nil:
		way.index = 0 // until it is looked up again
		return 0
	}
	return n
}

// send sends a packet that is to be cut.
func (way *lane) send(fd int, p *link.Packet) error {
	const needsChecksum, tcp4, tcp6 = 1, 1, 4 // VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4 and TCPV6
	h := [10]byte{needsChecksum, tcp4}
	if p.Bytes[0]>>4 == 6 {
		h[1] = tcp6
	}
	for i, n := range []uint16{uint16(len(way.ethernet)) + p.HdrLen, p.SegSize, uint16(len(way.ethernet)) + p.CsumStart, p.CsumOffset} {
		binary.NativeEndian.PutUint16(h[2+2*i:], n)
	}
	protocol := binary.NativeEndian.Uint16(way.ethernet[12:])
	to := unix.SockaddrLinklayer{Protocol: protocol, Ifindex: way.index}
	_, err := unix.SendmsgBuffers(fd, [][]byte{h[:], way.ethernet[:], p.Bytes}, nil, &to, unix.MSG_DONTWAIT)
	return err
}

func (l *lanes) close() {
	l.links.Close()
	unix.Close(l.fd)
}
