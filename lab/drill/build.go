package drill

import (
	"encoding/binary"
	"fmt"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// Where fields are in a header.
const (
	offsetAt   = 12
	checksumAt = 16
)

// fullWindow is the window that segments to the program offer if the script does not say.
const fullWindow = 65535

// value returns a field of a segment to the program.
func (s *segment) value(c *conversation, name string, otherwise uint32) uint32 {
	if f, ok := s.fields[name]; ok {
		return f.low.at(c)
	}
	return otherwise
}

// optionBytes returns the options as they are in the header, padded.
func (s *segment) optionBytes() []byte {
	var b []byte
	if f, ok := s.fields["MSS"]; ok {
		b = binary.BigEndian.AppendUint16(append(b, wire.TCPOptMSS, 4), uint16(f.low.add))
	}
	if f, ok := s.fields["WS"]; ok {
		b = append(b, wire.TCPOptWindowScale, 3, byte(f.low.add))
	}
	if s.sackOK {
		b = append(b, wire.TCPOptSACKPermitted, 2)
	}
	b = append(b, s.options...)
	for len(b)%4 != 0 {
		b = append(b, wire.TCPOptEnd)
	}
	return b
}

func (s *segment) headerLen() int { return wire.TCPHeaderLen + len(s.optionBytes()) }

// build makes a segment to the program. whole says that it is one that the program has to be able to read.
func (s *segment) build(c *conversation) (b []byte, h wire.TCP, text []byte, whole bool) {
	h = wire.TCP{
		SrcPort: c.name.Dst.Port(), DstPort: c.name.Src.Port(), Seq: s.value(c, "SEQ", 0), Ack: s.value(c, "ACK", 0), Flags: s.ctl,
		Window: uint16(s.value(c, "WND", fullWindow)), Urgent: uint16(s.value(c, "URG", 0)),
	}
	if s.data.named {
		text = s.data.at(int(int32(h.Seq - c.irs - 1)))
		if h.Flags.Has(wire.SYN) {
			text = s.data.at(int(int32(h.Seq - c.irs)))
		}
	}
	options := s.optionBytes()
	b = append(h.AppendTo(nil), options...)
	b[offsetAt] = byte(s.value(c, "OFFSET", uint32(len(b)/4)) << 4)
	b = append(b, text...)
	b = b[:min(uint32(len(b)), s.value(c, "CUT", uint32(len(b))))]
	if len(b) >= checksumAt+2 {
		pseudo := wire.PseudoSum(wire.ProtoTCP, c.name.Dst.Addr(), c.name.Src.Addr(), len(b))
		sum := wire.TransportChecksum(pseudo, b)
		if s.badSum {
			sum ^= 0x0101
		}
		binary.BigEndian.PutUint16(b[checksumAt:], sum)
	}
	_, hasOffset := s.fields["OFFSET"]
	_, hasCut := s.fields["CUT"]
	if !hasOffset && !hasCut {
		if parsed, _, err := wire.ParseTCP(b); err == nil {
			h = parsed
		}
	}
	return b, h, text, !s.badSum && !hasOffset && !hasCut
}

// oddities are what a description of the segment does not show.
func (s *segment) oddities() string {
	text := ""
	if s.badSum {
		text += "<CHECKSUM=bad>"
	}
	for _, name := range []string{"WS", "OFFSET", "CUT"} {
		if f, ok := s.fields[name]; ok {
			text += "<" + name + "=" + f.String() + ">"
		}
	}
	if len(s.options) > 0 {
		text += fmt.Sprintf("<OPT=%x>", s.options)
	}
	return text
}

// at returns the text, if it is at this place of a stream.
func (t *text) at(place int) []byte {
	if t.bytes != nil {
		return t.bytes
	}
	b := make([]byte, t.low)
	for i := range b {
		b[i] = patternAt(place + i)
	}
	return b
}

// patternAt returns a byte of the pattern: numbers that say where they are, 8 bytes each, so that what is in a wrong place
// is seen.
func patternAt(place int) byte {
	const digits = 7
	word, i := uint32(place)/(digits+1), uint32(place)%(digits+1)
	if i == digits {
		return ' '
	}
	for range digits - 1 - i {
		word /= 10
	}
	return '0' + byte(word%10)
}

// write adds to what the application has written, and returns it.
func (c *conversation) write(t *text) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := t.at(len(c.wrote))
	c.wrote = append(c.wrote, b...)
	return b
}

// message makes a message to the program.
func (c *conversation) message(flags exp4.Flags, b []byte) *exp4.Message {
	return &exp4.Message{Conn: c.name, Flags: flags, Bytes: b}
}
