package wire

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Lengths of an Ethernet header, without and with a VLAN tag, and of the address in it.
const (
	EthernetHeaderLen = 14
	VLANTagLen        = 4
	MACLen            = 6
)

// MAC is an Ethernet address.
type MAC [MACLen]byte

// Broadcast is the address of all stations.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// IsMulticast reports whether m addresses a group; Broadcast is one.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// String returns m as "02:00:00:00:00:01".
func (m MAC) String() string { return string(m.appendText(nil)) }

func (m MAC) appendText(b []byte) []byte {
	const digits = "0123456789abcdef"
	for i, v := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[v>>4], digits[v&15])
	}
	return b
}

// MulticastMAC returns the Ethernet address of a multicast group (RFC 1112, Section 6.4; RFC 2464, Section 7).
func MulticastMAC(group netip.Addr) MAC {
	if group.Is4() {
		a := group.As4()
		return MAC{0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3]}
	}
	a := group.As16()
	return MAC{0x33, 0x33, a[12], a[13], a[14], a[15]}
}

// EtherType says what an Ethernet frame carries. Below 0x0600 it is the length of an IEEE 802.3 frame instead.
type EtherType uint16

const (
	EtherTypeIPv4 EtherType = 0x0800
	EtherTypeARP  EtherType = 0x0806
	EtherTypeRARP EtherType = 0x8035
	EtherTypeVLAN EtherType = 0x8100 // IEEE 802.1Q
	EtherTypeIPv6 EtherType = 0x86dd
	EtherTypeQinQ EtherType = 0x88a8 // IEEE 802.1ad, the outer of two tags

	minEtherType = 0x0600
)

func (t EtherType) String() string {
	switch t {
	case EtherTypeIPv4:
		return "IPv4"
	case EtherTypeARP:
		return "ARP"
	case EtherTypeRARP:
		return "RARP"
	case EtherTypeVLAN:
		return "802.1Q"
	case EtherTypeIPv6:
		return "IPv6"
	case EtherTypeQinQ:
		return "802.1ad"
	}
	if t < minEtherType {
		return "802.3 length " + strconv.Itoa(int(t))
	}
	return "ethertype 0x" + strconv.FormatUint(uint64(t), 16)
}

// Ethernet is an Ethernet header (RFC 894), with the tag of IEEE 802.1Q if there is one:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Destination Address                      |
//	+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                               |                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
//	|                        Source Address                         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           [ 0x8100            | PCP |D|       VLAN ID ]       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           EtherType           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type Ethernet struct {
	Dst, Src MAC
	Tagged   bool
	VLAN     VLAN      // if Tagged
	Type     EtherType // of the payload
}

// VLAN is the tag control information of IEEE 802.1Q, Section 9.6.
type VLAN struct {
	Priority     uint8 // 3 bits
	DropEligible bool
	ID           uint16 // 12 bits
}

// ParseEthernet reads the Ethernet header at the start of b. A second VLAN tag is left to the payload. The payload may end
// with padding, of which only the header in it tells.
func ParseEthernet(b []byte) (Ethernet, []byte, error) {
	if len(b) < EthernetHeaderLen {
		return Ethernet{}, nil, ErrTruncated
	}
	h := Ethernet{
		Dst:  MAC(b[0:]),
		Src:  MAC(b[6:]),
		Type: EtherType(binary.BigEndian.Uint16(b[12:])),
	}
	b = b[EthernetHeaderLen:]
	if h.Type != EtherTypeVLAN {
		return h, b, nil
	}
	if len(b) < VLANTagLen {
		return h, nil, ErrTruncated
	}
	tag := binary.BigEndian.Uint16(b)
	h.Tagged = true
	h.VLAN = VLAN{Priority: uint8(tag >> 13), DropEligible: tag&0x1000 != 0, ID: tag & 0x0fff}
	h.Type = EtherType(binary.BigEndian.Uint16(b[2:]))
	return h, b[VLANTagLen:], nil
}

// AppendTo appends the header to b.
func (h *Ethernet) AppendTo(b []byte) []byte {
	b = append(b, h.Dst[:]...)
	b = append(b, h.Src[:]...)
	if h.Tagged {
		tag := uint16(h.VLAN.Priority)<<13 | h.VLAN.ID&0x0fff
		if h.VLAN.DropEligible {
			tag |= 0x1000
		}
		b = binary.BigEndian.AppendUint16(b, uint16(EtherTypeVLAN))
		b = binary.BigEndian.AppendUint16(b, tag)
	}
	return binary.BigEndian.AppendUint16(b, uint16(h.Type))
}
