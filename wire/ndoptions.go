package wire

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Types of options of neighbour discovery (RFC 4861, Section 4.6; RFC 8106).
const (
	NDOptSourceLinkAddr = 1
	NDOptTargetLinkAddr = 2
	NDOptPrefix         = 3
	NDOptRedirected     = 4
	NDOptMTU            = 5
	NDOptRDNSS          = 25
)

// NDOption is an option of a neighbour discovery message, with its length in units of 8 bytes:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |    Length     |              ...              |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type NDOption struct {
	Type uint8
	Data []byte // without type and length; aliases the message
}

// NextNDOption returns the first option in b and what follows it. At the end of the list ok is false; err is ErrBadOption
// if that end was forced by an option whose length cannot be.
func NextNDOption(b []byte) (opt NDOption, rest []byte, ok bool, err error) {
	if len(b) == 0 {
		return NDOption{}, nil, false, nil
	}
	if len(b) < 2 || b[1] == 0 || int(b[1])*8 > len(b) {
		return NDOption{}, b, false, ErrBadOption
	}
	n := int(b[1]) * 8
	return NDOption{b[0], b[2:n:n]}, b[n:], true, nil
}

func checkNDOptions(b []byte) error {
	for {
		_, rest, ok, err := NextNDOption(b)
		if !ok {
			return err
		}
		b = rest
	}
}

// LinkAddr returns the address in a source or target link-layer address option of Ethernet's length.
func (o NDOption) LinkAddr() (MAC, bool) {
	if o.Type != NDOptSourceLinkAddr && o.Type != NDOptTargetLinkAddr || len(o.Data) != MACLen {
		return MAC{}, false
	}
	return MAC(o.Data), true
}

// MTU returns the value of an MTU option.
func (o NDOption) MTU() (int, bool) {
	if o.Type != NDOptMTU || len(o.Data) != 6 {
		return 0, false
	}
	return int(binary.BigEndian.Uint32(o.Data[2:])), true
}

// PrefixInfo is a prefix information option (RFC 4861, Section 4.6.2):
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |    Length     | Prefix Length |L|A| Reserved1 |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Valid Lifetime                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                       Preferred Lifetime                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                           Reserved2                           |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                      Prefix (four rows)                       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type PrefixInfo struct {
	Prefix     netip.Prefix  // as received: bits beyond its length may be set
	OnLink     bool          // hosts with this prefix are neighbours
	Autonomous bool          // hosts may form addresses with it (RFC 4862)
	Valid      time.Duration // in seconds; NDForever is for good
	Preferred  time.Duration
}

// NDForever is the lifetime of a prefix that does not end.
const NDForever = 0xffffffff * time.Second

// Prefix returns the content of a prefix information option.
func (o NDOption) Prefix() (PrefixInfo, bool) {
	if o.Type != NDOptPrefix || len(o.Data) != 30 || o.Data[0] > 128 {
		return PrefixInfo{}, false
	}
	return PrefixInfo{
		Prefix:     netip.PrefixFrom(netip.AddrFrom16([16]byte(o.Data[14:])), int(o.Data[0])),
		OnLink:     o.Data[1]&0x80 != 0,
		Autonomous: o.Data[1]&0x40 != 0,
		Valid:      time.Duration(binary.BigEndian.Uint32(o.Data[2:])) * time.Second,
		Preferred:  time.Duration(binary.BigEndian.Uint32(o.Data[6:])) * time.Second,
	}, true
}

// AppendTo appends the option to b.
func (p *PrefixInfo) AppendTo(b []byte) []byte {
	var flags byte
	if p.OnLink {
		flags |= 0x80
	}
	if p.Autonomous {
		flags |= 0x40
	}
	addr := p.Prefix.Addr().As16()
	b = append(b, NDOptPrefix, 4, byte(p.Prefix.Bits()), flags)
	b = binary.BigEndian.AppendUint32(b, uint32(p.Valid/time.Second))
	b = binary.BigEndian.AppendUint32(b, uint32(p.Preferred/time.Second))
	b = append(b, 0, 0, 0, 0)
	return append(b, addr[:]...)
}

// AppendNDLinkAddr appends a source or target link-layer address option to b.
func AppendNDLinkAddr(b []byte, kind uint8, addr MAC) []byte {
	b = append(b, kind, 1)
	return append(b, addr[:]...)
}

// AppendNDMTU appends an MTU option to b.
func AppendNDMTU(b []byte, mtu int) []byte {
	b = append(b, NDOptMTU, 1, 0, 0)
	return binary.BigEndian.AppendUint32(b, uint32(mtu))
}
