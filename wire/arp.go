package wire

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// ARPLen is the length of an ARP message for IPv4 over Ethernet.
const ARPLen = 28

// ARPOp says what an ARP message does.
type ARPOp uint16

const (
	ARPRequest ARPOp = 1
	ARPReply   ARPOp = 2
)

func (o ARPOp) String() string {
	switch o {
	case ARPRequest:
		return "Request"
	case ARPReply:
		return "Reply"
	}
	return "op " + strconv.Itoa(int(o))
}

// ARP is an ARP message for IPv4 over Ethernet (RFC 826):
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|      Hardware Type (1)        |    Protocol Type (0x0800)     |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	| Hw Length (6) | Pr Length (4) |           Operation           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Sender Hardware Address                    |
//	+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                               |       Sender Protocol         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           Address             |                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
//	|                    Target Hardware Address                    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Target Protocol Address                    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type ARP struct {
	Op        ARPOp
	SenderMAC MAC
	SenderIP  netip.Addr
	TargetMAC MAC
	TargetIP  netip.Addr
}

// arpPrefix is hardware type, protocol type and both lengths; arpHardware is Ethernet's hardware type.
const (
	arpHardware = 1
	arpPrefix   = arpHardware<<48 | uint64(EtherTypeIPv4)<<32 | MACLen<<24 | 4<<16
)

// ParseARP reads an ARP message. What follows it in b is the frame's padding.
func ParseARP(b []byte) (ARP, error) {
	if len(b) < 8 {
		return ARP{}, ErrTruncated
	}
	first := binary.BigEndian.Uint64(b)
	if first&^0xffff != arpPrefix {
		return ARP{}, ErrBadHardware
	}
	if len(b) < ARPLen {
		return ARP{}, ErrTruncated
	}
	return ARP{
		Op:        ARPOp(first),
		SenderMAC: MAC(b[8:]),
		SenderIP:  netip.AddrFrom4([4]byte(b[14:])),
		TargetMAC: MAC(b[18:]),
		TargetIP:  netip.AddrFrom4([4]byte(b[24:])),
	}, nil
}

// AppendTo appends the message to b. It panics if an address is not IPv4.
func (a *ARP) AppendTo(b []byte) []byte {
	sender, target := a.SenderIP.As4(), a.TargetIP.As4()
	b = binary.BigEndian.AppendUint64(b, arpPrefix|uint64(a.Op))
	b = append(b, a.SenderMAC[:]...)
	b = append(b, sender[:]...)
	b = append(b, a.TargetMAC[:]...)
	return append(b, target[:]...)
}
