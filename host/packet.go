package host

import (
	"net/netip"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

const (
	maxHead  = wire.IPv6HeaderLen + wire.JumboLen + wire.MaxTCPHeaderLen
	maxViews = 16
	ttl      = 64 // unless somebody says otherwise
)

// Packet is a packet to be sent, with the memory for its headers: NextPacket fills it without allocating. Its link.Packet
// refers to that memory, so a Packet stays where it is until the device has taken it, and then is Released.
type Packet struct {
	link.Packet

	head  [maxHead]byte
	parts [maxViews][]byte
	pins  [maxViews]buffer.View // what Payload, or Bytes, lies in
	npins int
}

// Release drops the references to the bytes of the packet, which came from pool.
func (p *Packet) Release(pool *buffer.Pool) {
	pool.ReleaseAll(p.pins[:p.npins])
	p.npins = 0
}

// ipHeader is what the headers of both versions of IP need to be told.
type ipHeader struct {
	src, dst netip.Addr
	proto    wire.Proto
	tos, ttl uint8
	label    uint32 // IPv6 flow label (RFC 6437)
}

// len returns the length of the header of an ordinary packet.
func (ip *ipHeader) len() int {
	if ip.dst.Is4() {
		return wire.IPv4HeaderLen
	}
	return wire.IPv6HeaderLen
}

// appendTo appends the header of an atomic datagram.
//
// RFC 6864, Section 4.1: "Originating sources MAY set the IPv4 ID field of atomic datagrams to any value": 0.
//
// req: RFC6864 4.1-2
func (ip *ipHeader) appendTo(b []byte, payload int) []byte {
	if ip.dst.Is4() {
		v4 := wire.IPv4{TOS: ip.tos, DF: true, TTL: ip.ttl, Proto: ip.proto, Src: ip.src, Dst: ip.dst}
		return v4.AppendTo(b, payload)
	}
	v6 := wire.IPv6{
		TrafficClass: ip.tos, FlowLabel: ip.label, NextHeader: ip.proto, HopLimit: ip.ttl, Src: ip.src, Dst: ip.dst,
	}
	return v6.AppendTo(b, payload)
}

// putTCP makes p the packet of a segment, whose payload's views lie in p.pins already.
//
// req: RFC9293 MUST-2
func (p *Packet) putTCP(ip *ipHeader, out *tcp.Out, partial bool) {
	tcpLen := out.Header.Len()
	p.Packet = link.Packet{}
	p.npins = len(out.Payload)
	for i := range out.Payload {
		p.parts[i] = out.Payload[i].B
	}
	p.Payload = p.parts[:p.npins]

	p.Bytes = ip.appendTo(p.head[:0], tcpLen+out.Len)
	ipLen := len(p.Bytes)
	sum := wire.PseudoSum(wire.ProtoTCP, ip.src, ip.dst, tcpLen+out.Len)
	out.Header.Checksum = 0
	if partial {
		out.Header.Checksum = sum
		p.CsumStart, p.CsumOffset = uint16(ipLen), tcpChecksumOffset
	}
	p.Bytes = out.Header.AppendTo(p.Bytes)
	if !partial {
		s := wire.SumBytes(wire.StartSum(sum), p.Bytes[ipLen:])
		for _, b := range p.Payload {
			s = wire.SumBytes(s, b)
		}
		putUint16(p.Bytes[ipLen+tcpChecksumOffset:], ^wire.FoldSum(s))
	}
	if out.SegSize > 0 {
		p.SegSize, p.HdrLen = uint16(out.SegSize), uint16(ipLen+tcpLen)
	}
}

// Where transport headers have their checksum.
const (
	tcpChecksumOffset = 16
	udpChecksumOffset = 6
)

func putUint16(b []byte, v uint16) { b[0], b[1] = byte(v>>8), byte(v) }
