package main

import (
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/antedon-net/antedon/sdk/go/api"
)

// The control bits of a header that matter here.
const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
)

// headerLen is the length of a header without options.
const headerLen = 20

// segment is a TCP segment (RFC 9293, Section 3.1):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|          Source Port          |       Destination Port        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                        Sequence Number                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Acknowledgment Number                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Data |       |C|E|U|A|P|R|S|F|                               |
//	| Offset| Rsrvd |W|C|R|C|S|S|Y|I|            Window             |
//	|       |       |R|E|G|K|H|T|N|N|                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           Checksum            |         Urgent Pointer        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                  [Options], then the data                     :
type segment struct {
	seq, ack uint32
	flags    uint8
	window   uint16
	data     []byte
}

func (s *segment) has(flags uint8) bool { return s.flags&flags == flags }

// length is what the segment takes of the sequence numbers: a SYN and a FIN take one each.
func (s *segment) length() uint32 {
	n := uint32(len(s.data))
	if s.has(syn) {
		n++
	}
	if s.has(fin) {
		n++
	}
	return n
}

// end is the sequence number behind the segment.
func (s *segment) end() uint32 { return s.seq + s.length() }

// before reports whether a comes before b. Sequence numbers wrap around, so that the sign of the difference decides
// (Section 3.4).
func before(a, b uint32) bool { return int32(a-b) < 0 }

var errTooShort = errors.New("too short for a TCP header")

// parseSegment reads a segment. The driver has checked its checksum. Options are passed over.
func parseSegment(b []byte) (segment, error) {
	if len(b) < headerLen {
		return segment{}, errTooShort
	}
	offset := int(b[12]>>4) * 4 // counted in words of four bytes
	if offset < headerLen || offset > len(b) {
		return segment{}, errTooShort
	}
	return segment{
		seq:    binary.BigEndian.Uint32(b[4:]),
		ack:    binary.BigEndian.Uint32(b[8:]),
		flags:  b[13],
		window: binary.BigEndian.Uint16(b[14:]),
		data:   b[offset:],
	}, nil
}

// bytes returns the segment as it leaves on conn.
func (s *segment) bytes(conn api.Conn) []byte {
	b := make([]byte, headerLen, headerLen+len(s.data))
	binary.BigEndian.PutUint16(b[0:], uint16(conn.Src.Port))
	binary.BigEndian.PutUint16(b[2:], uint16(conn.Dst.Port))
	binary.BigEndian.PutUint32(b[4:], s.seq)
	binary.BigEndian.PutUint32(b[8:], s.ack)
	b[12] = headerLen / 4 << 4
	b[13] = s.flags
	binary.BigEndian.PutUint16(b[14:], s.window)
	b = append(b, s.data...)
	binary.BigEndian.PutUint16(b[16:], checksum(conn, b))
	return b
}

// checksum computes the checksum of a segment whose checksum field is 0. It covers a pseudo-header as well: "the Source
// Address, the Destination Address, the Protocol, and the TCP length" (Section 3.1), so that a segment that went to the
// wrong machine is found out.
func checksum(conn api.Conn, b []byte) uint16 {
	const protocolTCP = 6
	sum := uint64(protocolTCP + len(b))
	sum += sumWords(address(conn.Src.IP)) + sumWords(address(conn.Dst.IP)) + sumWords(b)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff // a one's complement sum: what is carried out comes in again
	}
	return ^uint16(sum)
}

// address returns the bytes of an IP address, 4 or 16.
func address(text string) []byte {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return nil // the driver writes addresses, we do not
	}
	return ip.AsSlice()
}

// sumWords adds up the 16-bit words of b. An odd last byte counts as if a zero followed it.
func sumWords(b []byte) uint64 {
	var sum uint64
	for ; len(b) >= 2; b = b[2:] {
		sum += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return sum
}
