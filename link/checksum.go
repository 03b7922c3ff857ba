package link

import (
	"encoding/binary"

	"github.com/antedon-net/antedon/wire"
)

// Where the checksum lies in a transport header, by which a partial checksum is known to be UDP's.
const (
	tcpChecksumOffset = 16
	udpChecksumOffset = 6
)

// CompleteChecksum finishes the partial transport checksum of p, if it has one, in place: it changes the two bytes of
// the checksum field in p.Bytes, and CsumStart. For a super-packet the result is the checksum of the whole, as if it
// were one packet.
func CompleteChecksum(p *Packet) error {
	if p.CsumStart == 0 {
		return nil
	}
	start := int(p.CsumStart)
	field := start + int(p.CsumOffset)
	if field+2 > len(p.Bytes) {
		return ErrMalformed
	}
	sum := wire.SumBytes(wire.Sum{}, p.Bytes[start:]) // the field itself brings in the pseudo-header
	for _, b := range p.Payload {
		sum = wire.SumBytes(sum, b)
	}
	putChecksum(p.Bytes[field:], ^wire.FoldSum(sum), p.CsumOffset == udpChecksumOffset)
	p.CsumStart, p.CsumOffset = 0, 0
	return nil
}

// putChecksum writes sum into the checksum field that begins b. "If the computed checksum is zero, it is transmitted as
// all ones" (RFC 768), since in UDP zero means that there is none.
func putChecksum(b []byte, sum uint16, udp bool) {
	if udp && sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b, sum)
}
