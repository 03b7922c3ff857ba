package link

import (
	"encoding/binary"

	"github.com/antedon-net/antedon/wire"
)

// Joiner joins TCP segments that follow each other into super-packets, as a device with offload does before it hands them
// over: the Segmenter the other way round. A stack that is handed one super-packet looks at one header, and acknowledges
// once, as RFC 9293, Section 3.8.6.3 notes that receive offload does.
//
//	j.Start(&pkts[0], memory)
//	for i := range pkts[1:] {
//		if p := &pkts[1+i]; !j.Add(p) {
//			use(j.Packet())
//			j.Start(p, memory)
//		}
//	}
//	use(j.Packet())
//
// Joined are segments of one connection that carry text in order, with correct checksums, no flags but ACK and PSH, the same
// acknowledgment number, window and options, in IP packets without options that differ in nothing but their identification.
// All but the last one are of the same length. So the Segmenter would cut the same packets again, but for those fields that
// do not matter: identifications, and PSH, which says that nothing is to be waited for, and nobody has.
//
// The zero Joiner is ready for Start. It allocates nothing.
type Joiner struct {
	packet Packet // under way
	memory []byte // for it, once there are several segments in it
	count  int    // how many there are
	open   bool   // more may follow

	transport, payload int    // offsets of the first segment's header and text
	size               int    // of its text
	seq                uint32 // of the text that follows
	pseudo             uint16 // folded sum of the pseudo-header but for the length
}

// Start begins with p, to be joined with what follows in memory: as much as there is room for. The bytes of p stay where
// they are unless something is joined to them.
func (j *Joiner) Start(p *Packet, memory []byte) {
	*j = Joiner{packet: *p, memory: memory[:min(len(memory), MaxPacket)], count: 1}
	b := p.Bytes
	if p.SegSize != 0 || p.CsumStart != 0 || !j.parse(b) {
		return
	}
	j.packet.CsumValid = p.CsumValid || j.checksumOK(b)
	j.open = j.packet.CsumValid
}

// parse finds the headers of a packet that may be joined with others, and reports whether b is one.
func (j *Joiner) parse(b []byte) bool {
	h, err := ParseHeaders(b)
	if err != nil || h.Proto != wire.ProtoTCP || h.Payload >= len(b) {
		return false
	}
	j.transport, j.payload, j.size = h.Transport, h.Payload, len(b)-h.Payload
	if h.IPv6 && h.Transport != wire.IPv6HeaderLen || !h.IPv6 && h.Transport != wire.IPv4HeaderLen {
		return false // with options
	}
	segment := b[j.transport:]
	j.seq = binary.BigEndian.Uint32(segment[4:]) + uint32(j.size)
	j.pseudo = h.pseudoSum(b)
	noUrgent := segment[18] == 0 && segment[19] == 0
	return noUrgent && hasOnlyACK(segment) && hasOwnLength(b)
}

// hasOnlyACK reports whether a TCP header has the flag ACK, perhaps PSH, and no other.
func hasOnlyACK(segment []byte) bool {
	return segment[12]&0xf == 0 && segment[13]&^byte(wire.PSH) == byte(wire.ACK)
}

// hasOwnLength reports whether the IP header of b, without options, says that b is all of the packet; in IPv4 whether its
// checksum is correct too.
func hasOwnLength(b []byte) bool {
	if b[0]>>4 == 4 {
		return int(binary.BigEndian.Uint16(b[2:])) == len(b) && wire.Checksum(b[:wire.IPv4HeaderLen]) == 0
	}
	return int(binary.BigEndian.Uint16(b[4:])) == len(b)-wire.IPv6HeaderLen
}

// checksumOK reports whether the TCP checksum of b is correct.
func (j *Joiner) checksumOK(b []byte) bool {
	segment := b[j.transport:]
	// The length is added apart, since the sum of both may carry out of 16 bits.
	sum := wire.SumBytes(wire.StartSum(j.pseudo), []byte{byte(len(segment) >> 8), byte(len(segment))})
	return wire.FoldSum(wire.SumBytes(sum, segment)) == 0xffff
}

// Add joins p to the packet under way and reports true, or false if it is not its continuation.
func (j *Joiner) Add(p *Packet) bool {
	b := p.Bytes
	n := len(b) - j.payload
	if !j.open || n <= 0 || n > j.size || len(j.packet.Bytes)+n > len(j.memory) || !j.isNext(b) ||
		p.SegSize != 0 || p.CsumStart != 0 || !p.CsumValid && !j.checksumOK(b) {
		return false
	}
	at := len(j.packet.Bytes)
	if j.count == 1 {
		copy(j.memory, j.packet.Bytes)
	}
	copy(j.memory[at:], b[j.payload:])
	j.packet.Bytes = j.memory[:at+n]
	j.count++
	j.seq += uint32(n)
	j.memory[j.transport+13] |= b[j.transport+13] // PSH
	j.open = n == j.size
	return true
}

// isNext reports whether the headers of b are those of the segment that follows.
func (j *Joiner) isNext(b []byte) bool {
	first := j.packet.Bytes
	if b[0] != first[0] || b[1] != first[1] || !hasOwnLength(b) {
		return false
	}
	if j.transport == wire.IPv4HeaderLen {
		if string(b[6:10]) != string(first[6:10]) || string(b[12:20]) != string(first[12:20]) {
			return false
		}
	} else if string(b[2:4]) != string(first[2:4]) || string(b[6:40]) != string(first[6:40]) {
		return false
	}
	b, first = b[j.transport:j.payload], first[j.transport:j.payload]
	return binary.BigEndian.Uint32(b[4:]) == j.seq && string(b[:4]) == string(first[:4]) &&
		string(b[8:12]) == string(first[8:12]) && b[12] == first[12] && hasOnlyACK(b) &&
		string(b[14:16]) == string(first[14:16]) && string(b[18:]) == string(first[18:])
}

// Joined reports whether the packet under way stands for several, and lies in the memory given to Start.
func (j *Joiner) Joined() bool { return j.count > 1 }

// Packet returns the packet under way: the one given to Start as it was, or a super-packet that lies in the memory given
// to it. Of a segment that could have been continued it says that the checksum is correct.
func (j *Joiner) Packet() Packet {
	p := j.packet
	j.open = false
	if j.count == 1 {
		return p
	}
	b, n := p.Bytes, len(p.Bytes)-j.transport
	if j.transport == wire.IPv4HeaderLen {
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
		b[10], b[11] = 0, 0
		binary.BigEndian.PutUint16(b[10:], wire.Checksum(b[:wire.IPv4HeaderLen]))
	} else {
		binary.BigEndian.PutUint16(b[4:], uint16(n))
	}
	partial := wire.FoldSum(wire.SumBytes(wire.StartSum(j.pseudo), []byte{byte(n >> 8), byte(n)}))
	binary.BigEndian.PutUint16(b[j.transport+tcpChecksumOffset:], partial)
	p.SegSize, p.HdrLen = uint16(j.size), uint16(j.payload)
	p.CsumStart, p.CsumOffset = uint16(j.transport), tcpChecksumOffset
	return p
}
