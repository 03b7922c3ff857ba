package link

import (
	"encoding/binary"

	"github.com/antedon-net/antedon/wire"
)

// Segmenter does in software what a device with offload does in the stack's stead: it cuts a super-packet into the
// packets it stands for, and completes partial checksums.
//
//	if err := s.Reset(p); err != nil {
//		return err
//	}
//	for packet := s.Next(scratch); packet != nil; packet = s.Next(scratch) {
//		...
//	}
//
// The zero Segmenter is ready for Reset. It allocates nothing, and refers to the packet's bytes until Next has returned
// nil. An ordinary packet comes out as the one packet it is.
type Segmenter struct {
	head    []byte // IP and transport headers of the super-packet; all of Bytes of an ordinary packet
	jumbo   int    // length of the jumbo payload option's header among them, which is for the super-packet only
	payload []byte // the slice the payload is being taken from,
	rest    [][]byte
	left    int // how many payload bytes are left in all,
	size    int // and how many of them go into each packet
	index   int // of the next packet
	count   int
	headers Headers
	pseudo  uint16 // folded sum of the pseudo-header but for the length
	super   bool
	csumAt  int // ordinary packets: where the partial checksum begins, or 0
	csumOff int
}

// Reset begins with p.
func (s *Segmenter) Reset(p *Packet) error {
	total := p.Len()
	if total > MaxSuperPacket || total > MaxPacket && p.SegSize == 0 {
		return ErrTooLong
	}
	if p.SegSize == 0 {
		return s.resetOrdinary(p, total)
	}
	h, err := ParseHeaders(p.Bytes)
	if err != nil {
		return err
	}
	if h.Proto != wire.ProtoTCP && h.Proto != wire.ProtoUDP {
		return ErrMalformed
	}
	*s = Segmenter{
		head:    p.Bytes[:h.Payload],
		payload: p.Bytes[h.Payload:],
		rest:    p.Payload,
		left:    total - h.Payload,
		size:    int(p.SegSize),
		headers: h,
		pseudo:  h.pseudoSum(p.Bytes),
		super:   true,
	}
	s.count = max(1, (s.left+s.size-1)/s.size)
	s.dropJumbo()
	return nil
}

// dropJumbo sees to it that the packets carry no jumbo payload option: "the Jumbo Payload option must not be used in a packet
// that carries" less than 65,536 bytes (RFC 2675, Section 3).
func (s *Segmenter) dropJumbo() {
	if !s.headers.IPv6 || !wire.HasJumbo(s.head) {
		return
	}
	s.jumbo = wire.JumboLen
	s.headers.Transport -= wire.JumboLen
	s.headers.Payload -= wire.JumboLen
}

func (s *Segmenter) resetOrdinary(p *Packet, total int) error {
	if p.CsumStart != 0 && int(p.CsumStart)+int(p.CsumOffset)+2 > len(p.Bytes) {
		return ErrMalformed
	}
	*s = Segmenter{
		head:    p.Bytes,
		rest:    p.Payload,
		left:    total - len(p.Bytes),
		size:    total - len(p.Bytes),
		count:   1,
		csumAt:  int(p.CsumStart),
		csumOff: int(p.CsumOffset),
	}
	return nil
}

// Left returns how many packets are left.
func (s *Segmenter) Left() int { return s.count - s.index }

// Max returns the length of the largest packet Next will return.
func (s *Segmenter) Max() int { return len(s.head) - s.jumbo + min(s.size, s.left) }

// Next writes the next packet to dst, which has room for Max bytes, and returns the part of dst that it fills, or nil if
// there is none left. The packet's checksums are complete.
func (s *Segmenter) Next(dst []byte) []byte {
	if s.index == s.count {
		*s = Segmenter{}
		return nil
	}
	n := min(s.size, s.left)
	heads := len(s.head) - s.jumbo
	packet := dst[:heads+n]
	s.copyHead(packet)
	s.take(packet[heads:])
	switch {
	case s.super:
		s.finish(packet)
	case s.csumAt != 0:
		sum := ^wire.FoldSum(wire.SumBytes(wire.Sum{}, packet[s.csumAt:]))
		putChecksum(packet[s.csumAt+s.csumOff:], sum, s.csumOff == udpChecksumOffset)
	}
	s.index++
	return packet
}

// copyHead copies the headers to dst.
func (s *Segmenter) copyHead(dst []byte) {
	if s.jumbo == 0 {
		copy(dst, s.head)
		return
	}
	n := copy(dst, s.head[:wire.IPv6HeaderLen])
	copy(dst[n:], s.head[n+s.jumbo:])
	wire.SetNextHeader(dst, s.headers.Proto)
}

// take fills dst with the next bytes of the payload.
func (s *Segmenter) take(dst []byte) {
	s.left -= len(dst)
	for {
		n := copy(dst, s.payload)
		dst, s.payload = dst[n:], s.payload[n:]
		if len(dst) == 0 {
			return
		}
		s.payload, s.rest = s.rest[0], s.rest[1:]
	}
}

// finish turns the copied headers of the super-packet into those of its segment number s.index.
func (s *Segmenter) finish(packet []byte) {
	if s.headers.IPv6 {
		binary.BigEndian.PutUint16(packet[4:], uint16(len(packet)-wire.IPv6HeaderLen))
	} else {
		s.finishIPv4(packet)
	}
	segment := packet[s.headers.Transport:]
	udp := s.headers.Proto == wire.ProtoUDP
	field := segment[udpChecksumOffset:]
	if udp {
		binary.BigEndian.PutUint16(segment[4:], uint16(len(segment)))
	} else {
		s.finishTCP(segment)
		field = segment[tcpChecksumOffset:]
	}
	field[0], field[1] = 0, 0
	// The length is added apart, since the sum of both may carry out of 16 bits.
	sum := wire.SumBytes(wire.StartSum(s.pseudo), []byte{byte(len(segment) >> 8), byte(len(segment))})
	putChecksum(field, ^wire.FoldSum(wire.SumBytes(sum, segment)), udp)
}

func (s *Segmenter) finishIPv4(packet []byte) {
	binary.BigEndian.PutUint16(packet[2:], uint16(len(packet)))
	id := binary.BigEndian.Uint16(packet[4:])
	binary.BigEndian.PutUint16(packet[4:], id+uint16(s.index))
	packet[10], packet[11] = 0, 0
	binary.BigEndian.PutUint16(packet[10:], wire.Checksum(packet[:s.headers.Transport]))
}

// finishTCP moves the sequence number on and keeps each flag on the segment it is meant for: FIN follows the last byte,
// PSH says that no more is to be waited for, and CWR is sent once (RFC 3168, Section 6.1.2).
func (s *Segmenter) finishTCP(segment []byte) {
	seq := binary.BigEndian.Uint32(segment[4:])
	binary.BigEndian.PutUint32(segment[4:], seq+uint32(s.index*s.size))
	if s.index != s.count-1 {
		segment[13] &^= byte(wire.FIN | wire.PSH)
	}
	if s.index > 0 {
		segment[13] &^= byte(wire.CWR)
	}
}
