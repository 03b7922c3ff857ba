package wire

import "encoding/binary"

// ECN is the congestion mark of an IP packet: the two low bits of its TOS or traffic class (RFC 3168, Section 5).
type ECN uint8

const (
	NotECT ECN = 0
	ECT1   ECN = 1
	ECT0   ECN = 2
	CE     ECN = 3
)

func (e ECN) String() string {
	return [...]string{"Not-ECT", "ECT(1)", "ECT(0)", "CE"}[e&3]
}

// MarkCE is what a congested router does to a packet instead of dropping it: if its sender understands marks, it sets CE,
// and reports true.
//
// RFC 3168, Section 5: "The CE codepoint '11' is set by a router to indicate congestion to the end nodes." It must not be
// on a packet that is Not-ECT.
func MarkCE(packet []byte) bool {
	switch {
	case len(packet) >= IPv4HeaderLen && packet[0]>>4 == 4:
		old := binary.BigEndian.Uint16(packet)
		if ECN(old&3) == NotECT {
			return false
		}
		packet[1] |= byte(CE)
		// RFC 1624: HC' = ~(~HC + ~m + m'), a sum in ones' complement.
		sum := uint32(^binary.BigEndian.Uint16(packet[10:])) + uint32(^old) + uint32(binary.BigEndian.Uint16(packet))
		sum = sum>>16 + sum&0xffff
		binary.BigEndian.PutUint16(packet[10:], ^uint16(sum>>16+sum))
	case len(packet) >= IPv6HeaderLen && packet[0]>>4 == 6:
		if ECN(packet[1]>>4&3) == NotECT {
			return false
		}
		packet[1] |= byte(CE) << 4
	default:
		return false
	}
	return true
}
