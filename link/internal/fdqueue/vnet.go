package fdqueue

import (
	"encoding/binary"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// struct virtio_net_hdr (linux/virtio_net.h), in the byte order of the machine:
//
//	 0        1         2               4               6               8              10
//	+--------+---------+---------------+---------------+---------------+---------------+
//	| flags  | gso type| header length | gso size      | csum start    | csum offset   |
//	+--------+---------+---------------+---------------+---------------+---------------+
const (
	flagNeedsCsum = 1 // the transport checksum is partial
	flagDataValid = 2 // the transport checksum was verified

	gsoNone  = 0
	gsoTCPv4 = 1
	gsoTCPv6 = 4
	gsoUDPL4 = 5
	gsoECN   = 0x80 // added to the above: CWR is set, for the first segment only
)

// The offsets of the checksum field, by which a partial checksum tells its protocol.
const (
	tcpChecksum = 16
	udpChecksum = 6
	tcpFlags    = 13
	tcpDataOff  = 12
)

// putVnet writes p's virtio-net header to the zeroed bytes h. base is the length of the header between it and the IP
// packet.
func putVnet(h []byte, p *link.Packet, base int) {
	if p.CsumStart == 0 {
		return
	}
	ne := binary.NativeEndian
	h[0] = flagNeedsCsum
	ne.PutUint16(h[6:], p.CsumStart+uint16(base))
	ne.PutUint16(h[8:], p.CsumOffset)
	if p.SegSize == 0 {
		return
	}
	h[1] = gsoType(p)
	ne.PutUint16(h[2:], p.HdrLen+uint16(base))
	ne.PutUint16(h[4:], p.SegSize)
}

func gsoType(p *link.Packet) uint8 {
	if p.CsumOffset == udpChecksum {
		return gsoUDPL4
	}
	t := uint8(gsoTCPv4)
	if p.Bytes[0]>>4 == 6 {
		t = gsoTCPv6
	}
	if at := int(p.CsumStart) + tcpFlags; at < len(p.Bytes) && p.Bytes[at]&byte(wire.CWR) != 0 {
		t |= gsoECN
	}
	return t
}

// parseVnet fills in p's offload fields from the virtio-net header h. p.Bytes is set. It reports false if they
// contradict the packet.
func parseVnet(h []byte, p *link.Packet, base int) bool {
	ne := binary.NativeEndian
	switch {
	case h[0]&flagNeedsCsum != 0:
		start, offset := int(ne.Uint16(h[6:]))-base, int(ne.Uint16(h[8:]))
		if start <= 0 || start+offset+2 > len(p.Bytes) {
			return false
		}
		p.CsumStart, p.CsumOffset = uint16(start), uint16(offset)
		p.CsumValid = true
	case h[0]&flagDataValid != 0:
		p.CsumValid = true
	}
	switch h[1] &^ gsoECN {
	case gsoNone:
		return true
	case gsoTCPv4, gsoTCPv6, gsoUDPL4:
	default:
		return false
	}
	p.SegSize = ne.Uint16(h[4:])
	// The kernel's hdr_len is how much of the packet lies in one piece of its memory: only a hint.
	p.HdrLen = uint16(headerLen(p))
	return p.SegSize > 0 && p.HdrLen > 0
}

// headerLen returns the length of p's IP and transport headers, or 0 if they are malformed.
func headerLen(p *link.Packet) int {
	start := int(p.CsumStart)
	if start == 0 || p.CsumOffset != tcpChecksum || start+wire.TCPHeaderLen > len(p.Bytes) {
		h, err := link.ParseHeaders(p.Bytes)
		if err != nil {
			return 0
		}
		return h.Payload
	}
	n := start + int(p.Bytes[start+tcpDataOff]>>4)*4
	if n < start+wire.TCPHeaderLen || n > len(p.Bytes) {
		return 0
	}
	return n
}
