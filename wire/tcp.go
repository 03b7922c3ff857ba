package wire

import (
	"encoding/binary"
	"strconv"
)

// TCPHeaderLen is the length of a TCP header without options; MaxTCPHeaderLen of one with as many as fit.
const (
	TCPHeaderLen    = 20
	MaxTCPHeaderLen = 60
)

// TCP is a TCP header (RFC 9293, Section 3.1):
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
//	|                           [Options]                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                                                               :
//	:                             Data                              :
//	:                                                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// The lowest bit of Rsrvd is AE (RFC 9768, Section 3.1); the other three are ignored and written as 0.
type TCP struct {
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            Flags
	Window           uint16
	Checksum         uint16 // neither checked by ParseTCP nor computed by AppendTo
	Urgent           uint16
	Options          TCPOptions
}

// Flags are the control bits of a TCP header.
type Flags uint16

const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE // accurate ECN; formerly NS

	allFlags = 1<<9 - 1
)

var flagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"}

// Has reports whether all of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// String returns the flags by name: "SYN|ACK".
func (f Flags) String() string {
	s := ""
	for i, name := range flagNames {
		if f&(1<<i) == 0 {
			continue
		}
		if s != "" {
			s += "|"
		}
		s += name
	}
	if rest := f &^ allFlags; rest != 0 {
		s += "+0x" + strconv.FormatUint(uint64(rest), 16)
	}
	if s == "" {
		return "none"
	}
	return s
}

// ParseTCP reads the TCP header at the start of b, which ends where the segment ends. Together with ErrBadOption it
// returns the header without options and the payload, so that the drop can be told by port.
//
// req: RFC9293 MUST-1, MUST-5
func ParseTCP(b []byte) (TCP, []byte, error) {
	if len(b) < TCPHeaderLen {
		return TCP{}, nil, ErrTruncated
	}
	h := TCP{
		SrcPort:  binary.BigEndian.Uint16(b[0:]),
		DstPort:  binary.BigEndian.Uint16(b[2:]),
		Seq:      binary.BigEndian.Uint32(b[4:]),
		Ack:      binary.BigEndian.Uint32(b[8:]),
		Flags:    Flags(binary.BigEndian.Uint16(b[12:])) & allFlags,
		Window:   binary.BigEndian.Uint16(b[14:]),
		Checksum: binary.BigEndian.Uint16(b[16:]),
		Urgent:   binary.BigEndian.Uint16(b[18:]),
	}
	n := int(b[12]>>4) * 4
	switch {
	case n < TCPHeaderLen:
		return h, nil, ErrBadHeaderLength
	case n > len(b):
		return h, nil, ErrTruncated
	case n > TCPHeaderLen:
		if err := h.Options.parse(b[TCPHeaderLen:n]); err != nil {
			h.Options = TCPOptions{}
			return h, b[n:], err
		}
	}
	return h, b[n:], nil
}

// Len returns the length of the header AppendTo writes.
func (h *TCP) Len() int { return TCPHeaderLen + h.Options.Len() }

// AppendTo appends the header, options included, to b. The checksum field is written as h.Checksum.
func (h *TCP) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, h.SrcPort)
	b = binary.BigEndian.AppendUint16(b, h.DstPort)
	b = binary.BigEndian.AppendUint32(b, h.Seq)
	b = binary.BigEndian.AppendUint32(b, h.Ack)
	b = binary.BigEndian.AppendUint16(b, uint16(h.Len()/4)<<12|uint16(h.Flags&allFlags))
	b = binary.BigEndian.AppendUint16(b, h.Window)
	b = binary.BigEndian.AppendUint16(b, h.Checksum)
	b = binary.BigEndian.AppendUint16(b, h.Urgent)
	return h.Options.appendTo(b)
}
