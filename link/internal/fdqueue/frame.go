package fdqueue

import (
	"encoding/binary"

	"github.com/antedon-net/antedon/link"
)

// The parts of what may precede an IP packet, in this order.
const (
	piLen       = 4  // struct tun_pi: flags, EtherType
	vnetLen     = 10 // struct virtio_net_hdr: what is defined of it; a device may ask for more
	ethernetLen = 14

	maxPrefix = 64
)

const (
	etherTypeIPv4 = 0x0800
	etherTypeIPv6 = 0x86dd

	piStripped = 1 // TUN_PKT_STRIP: the packet was cut to fit the buffer
)

// Framing says what precedes each IP packet that crosses the descriptor.
type Framing struct {
	PacketInfo bool // the 4-byte header of a TUN without IFF_NO_PI

	// Vnet is the length of the virtio-net header, or 0 if there is none. Without it there is no offload.
	Vnet int

	// Ethernet is the destination and source address of an Ethernet header, 12 bytes, or empty. Frames are accepted
	// whatever their addresses.
	Ethernet string
}

// Len returns the length of the prefix.
func (f *Framing) Len() int {
	n := f.Vnet
	if f.PacketInfo {
		n += piLen
	}
	if f.Ethernet != "" {
		n += ethernetLen
	}
	return n
}

// put writes the prefix of p to b and returns its length. If plain is set the virtio-net header asks for nothing.
func (f *Framing) put(b []byte, p *link.Packet, plain bool) int {
	n := 0
	if f.PacketInfo {
		binary.BigEndian.PutUint16(b, 0)
		binary.BigEndian.PutUint16(b[2:], etherType(p.Bytes))
		n += piLen
	}
	if f.Vnet > 0 {
		h := b[n : n+f.Vnet]
		clear(h)
		if !plain {
			putVnet(h, p, f.ethernetLen())
		}
		n += f.Vnet
	}
	if f.Ethernet != "" {
		n += copy(b[n:], f.Ethernet)
		binary.BigEndian.PutUint16(b[n:], etherType(p.Bytes))
		n += 2
	}
	return n
}

// parse fills in p from the frame that was read into the first n bytes of p.Buf. It reports false for what is no whole
// IP packet.
func (f *Framing) parse(p *link.Packet, n int) bool {
	b := p.Buf[:n]
	if n <= f.Len() {
		return false
	}
	*p = link.Packet{Buf: p.Buf, Bytes: b[f.Len():]}
	typ := etherType(p.Bytes)
	if typ == 0 {
		return false
	}
	if f.PacketInfo {
		if binary.NativeEndian.Uint16(b)&piStripped != 0 {
			return false
		}
		b = b[piLen:]
	}
	if f.Ethernet != "" && binary.BigEndian.Uint16(b[f.Vnet+len(f.Ethernet):]) != typ {
		return false
	}
	return f.Vnet == 0 || parseVnet(b, p, f.ethernetLen())
}

func (f *Framing) ethernetLen() int {
	if f.Ethernet == "" {
		return 0
	}
	return ethernetLen
}

// etherType returns the EtherType of the IP packet b, or 0 if it is none.
func etherType(b []byte) uint16 {
	if len(b) == 0 {
		return 0
	}
	switch b[0] >> 4 {
	case 4:
		return etherTypeIPv4
	case 6:
		return etherTypeIPv6
	}
	return 0
}
