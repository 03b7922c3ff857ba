package wire

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// The messages of neighbour discovery (RFC 4861, Section 4) are ICMPv6 messages. Their receiver also has to check that
// the hop limit was 255, which the ICMPv6 message does not show.

// Neighbor is a neighbor solicitation or advertisement (RFC 4861, Sections 4.3 and 4.4), from the second word on:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|R|S|O|                     Reserved                            |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                                                               |
//	+                        Target Address                         +
//	|                          (four rows)                          |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|   Options ...
//	+-+-+-+-+-+-+-+-+-+-+-+-
type Neighbor struct {
	Advertisement bool // else a solicitation, which has no flags
	Router        bool
	Solicited     bool
	Override      bool
	Target        netip.Addr
}

const (
	ndRouter    = 1 << 31
	ndSolicited = 1 << 30
	ndOverride  = 1 << 29
)

// ParseNeighbor reads the neighbor message that ParseICMPv6 returned as h and payload. It checks what RFC 4861, Sections
// 7.1.1 and 7.1.2, ask of the message itself, and returns its options for NextNDOption.
func ParseNeighbor(h *ICMPv6, payload []byte) (n Neighbor, options []byte, err error) {
	switch h.Type {
	case ICMPv6NeighborSolicitation:
	case ICMPv6NeighborAdvertisement:
		n.Advertisement = true
		n.Router = h.Rest&ndRouter != 0
		n.Solicited = h.Rest&ndSolicited != 0
		n.Override = h.Rest&ndOverride != 0
	default:
		return n, nil, ErrBadType
	}
	if len(payload) < 16 {
		return n, nil, ErrTruncated
	}
	n.Target = netip.AddrFrom16([16]byte(payload))
	if h.Code != 0 || n.Target.IsMulticast() {
		return n, nil, ErrBadType
	}
	return n, payload[16:], checkNDOptions(payload[16:])
}

// Header returns the ICMPv6 header of the message.
func (n *Neighbor) Header() ICMPv6 {
	if !n.Advertisement {
		return ICMPv6{Type: ICMPv6NeighborSolicitation}
	}
	h := ICMPv6{Type: ICMPv6NeighborAdvertisement}
	if n.Router {
		h.Rest |= ndRouter
	}
	if n.Solicited {
		h.Rest |= ndSolicited
	}
	if n.Override {
		h.Rest |= ndOverride
	}
	return h
}

// AppendTo appends what stands between Header and the options to b: with the options, it is the payload of the message.
func (n *Neighbor) AppendTo(b []byte) []byte {
	target := n.Target.As16()
	return append(b, target[:]...)
}

// RouterAdvertisement is a router's message about its link (RFC 4861, Section 4.2), from the second word on:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	| Cur Hop Limit |M|O|  Reserved |       Router Lifetime         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Reachable Time                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                          Retrans Timer                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|   Options ...
//	+-+-+-+-+-+-+-+-+-+-+-+-
//
// Zero means that the router does not say; of Lifetime, that it is no default router.
type RouterAdvertisement struct {
	HopLimit  uint8
	Managed   bool          // addresses come by DHCPv6
	Other     bool          // other configuration comes by DHCPv6
	Lifetime  time.Duration // in seconds
	Reachable time.Duration // in milliseconds
	Retrans   time.Duration // in milliseconds
}

const (
	raManaged = 1 << 23
	raOther   = 1 << 22
)

// ParseRouterAdvertisement reads the message that ParseICMPv6 returned as h and payload, as ParseNeighbor does.
func ParseRouterAdvertisement(h *ICMPv6, payload []byte) (r RouterAdvertisement, options []byte, err error) {
	if h.Type != ICMPv6RouterAdvertisement || h.Code != 0 {
		return r, nil, ErrBadType
	}
	if len(payload) < 8 {
		return r, nil, ErrTruncated
	}
	r = RouterAdvertisement{
		HopLimit:  uint8(h.Rest >> 24),
		Managed:   h.Rest&raManaged != 0,
		Other:     h.Rest&raOther != 0,
		Lifetime:  time.Duration(h.Rest&0xffff) * time.Second,
		Reachable: time.Duration(binary.BigEndian.Uint32(payload)) * time.Millisecond,
		Retrans:   time.Duration(binary.BigEndian.Uint32(payload[4:])) * time.Millisecond,
	}
	return r, payload[8:], checkNDOptions(payload[8:])
}

// Header returns the ICMPv6 header of the message.
func (r *RouterAdvertisement) Header() ICMPv6 {
	rest := uint32(r.HopLimit)<<24 | uint32(uint16(r.Lifetime/time.Second))
	if r.Managed {
		rest |= raManaged
	}
	if r.Other {
		rest |= raOther
	}
	return ICMPv6{Type: ICMPv6RouterAdvertisement, Rest: rest}
}

// AppendTo appends what stands between Header and the options to b: with the options, it is the payload of the message.
func (r *RouterAdvertisement) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(r.Reachable/time.Millisecond))
	return binary.BigEndian.AppendUint32(b, uint32(r.Retrans/time.Millisecond))
}

// ParseRouterSolicitation checks a router solicitation (RFC 4861, Section 4.1), which has nothing but options.
func ParseRouterSolicitation(h *ICMPv6, payload []byte) (options []byte, err error) {
	if h.Type != ICMPv6RouterSolicitation || h.Code != 0 {
		return nil, ErrBadType
	}
	return payload, checkNDOptions(payload)
}

// Redirect names a better first hop for a destination (RFC 4861, Section 4.5); they are equal if it is a neighbour.
type Redirect struct {
	Target, Destination netip.Addr
}

// ParseRedirect reads the message that ParseICMPv6 returned as h and payload, as ParseNeighbor does.
func ParseRedirect(h *ICMPv6, payload []byte) (r Redirect, options []byte, err error) {
	if h.Type != ICMPv6Redirect || h.Code != 0 {
		return r, nil, ErrBadType
	}
	if len(payload) < 32 {
		return r, nil, ErrTruncated
	}
	r.Target = netip.AddrFrom16([16]byte(payload))
	r.Destination = netip.AddrFrom16([16]byte(payload[16:]))
	return r, payload[32:], checkNDOptions(payload[32:])
}
