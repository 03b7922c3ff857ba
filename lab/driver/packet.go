package driver

import (
	"encoding/binary"
	"iter"
	"net/netip"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// turned is a connection as the other end sees it.
func turned(c exp4.Conn) exp4.Conn { return exp4.Conn{Src: c.Dst, Dst: c.Src} }

// appendPacket appends the IP packet that carries a segment from name.Src.
func appendPacket(b []byte, name exp4.Conn, segment []byte) []byte {
	src, dst := name.Src.Addr(), name.Dst.Addr()
	if dst.Is4() {
		h := wire.IPv4{TTL: 64, DF: true, Proto: wire.ProtoTCP, Src: src, Dst: dst}
		b = h.AppendTo(b, len(segment))
	} else {
		h := wire.IPv6{HopLimit: 64, NextHeader: wire.ProtoTCP, Src: src, Dst: dst}
		b = h.AppendTo(b, len(segment))
	}
	return append(b, segment...)
}

// parsePacket finds the connection and the segment again, even if the path has changed the packet.
func parsePacket(b []byte) (name exp4.Conn, segment []byte, ok bool) {
	var src, dst netip.Addr
	if len(b) > 0 && b[0]>>4 == 4 {
		h, payload, err := wire.ParseIPv4(b)
		if err != nil || h.IsFragment() || h.Proto != wire.ProtoTCP {
			return exp4.Conn{}, nil, false
		}
		src, dst, segment = h.Src, h.Dst, payload
	} else {
		h, payload, err := wire.ParseIPv6(b)
		if err != nil || h.IsFragment() || h.Proto != wire.ProtoTCP {
			return exp4.Conn{}, nil, false
		}
		src, dst, segment = h.Src, h.Dst, payload
	}
	if len(segment) < 20 {
		return exp4.Conn{}, nil, false
	}
	return exp4.Conn{
		Src: netip.AddrPortFrom(src, binary.BigEndian.Uint16(segment)),
		Dst: netip.AddrPortFrom(dst, binary.BigEndian.Uint16(segment[2:])),
	}, segment, true
}

// setDstPort changes the destination port of a segment, and its checksum with it (RFC 1624), right or wrong as it was.
func setDstPort(segment []byte, port uint16) {
	const portAt, sumAt = 2, 16
	sum := uint32(^binary.BigEndian.Uint16(segment[sumAt:])) + uint32(^binary.BigEndian.Uint16(segment[portAt:])) + uint32(port)
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(segment[portAt:], port)
	binary.BigEndian.PutUint16(segment[sumAt:], ^uint16(sum))
}

// impairedSize is the most text in a segment on an impaired path: what receive offload has joined is cut again, so that
// a loss is that of one packet.
const impairedSize = 1440

// pieces cuts a segment of a connection, towards us, into some with at most size bytes of text. If there are several they
// lie in memory of their own.
func pieces(name exp4.Conn, segment []byte, size int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		h, text, err := wire.ParseTCP(segment)
		if err != nil || len(text) <= size {
			yield(segment)
			return
		}
		header := segment[:len(segment)-len(text)]
		for off := 0; off < len(text); off += size {
			end := min(off+size, len(text))
			piece := append(append(make([]byte, 0, len(header)+size), header...), text[off:end]...)
			binary.BigEndian.PutUint32(piece[4:], h.Seq+uint32(off))
			if end < len(text) {
				piece[13] &^= 0x01 | 0x08 // FIN and PSH are the last one's
			}
			piece[16], piece[17] = 0, 0
			pseudo := wire.PseudoSum(wire.ProtoTCP, name.Dst.Addr(), name.Src.Addr(), len(piece))
			binary.BigEndian.PutUint16(piece[16:], wire.TransportChecksum(pseudo, piece))
			if !yield(piece) {
				return
			}
		}
	}
}
