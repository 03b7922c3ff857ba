package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// appendND appends what a message of neighbour discovery says and its options; nothing for other messages.
func appendND(b []byte, h *ICMPv6, payload []byte) []byte {
	var options []byte
	var err error
	var says fmt.Stringer
	switch h.Type {
	case ICMPv6RouterSolicitation:
		options, err = ParseRouterSolicitation(h, payload)
	case ICMPv6RouterAdvertisement:
		says, options, err = ParseRouterAdvertisement(h, payload)
	case ICMPv6NeighborSolicitation, ICMPv6NeighborAdvertisement:
		says, options, err = ParseNeighbor(h, payload)
	case ICMPv6Redirect:
		says, options, err = ParseRedirect(h, payload)
	}
	if err != nil {
		return fmt.Appendf(b, " [%v]", err)
	}
	if says != nil {
		b = fmt.Appendf(b, ", %v", says)
	}
	for opt, rest, ok, _ := NextNDOption(options); ok; opt, rest, ok, _ = NextNDOption(rest) {
		b = fmt.Appendf(b, ", %v", opt)
	}
	return b
}

// String returns the target and the flags as tcpdump prints them.
func (n Neighbor) String() string {
	if !n.Advertisement {
		return fmt.Sprintf("who has %v", n.Target)
	}
	var flags []string
	if n.Router {
		flags = append(flags, "router")
	}
	if n.Solicited {
		flags = append(flags, "solicited")
	}
	if n.Override {
		flags = append(flags, "override")
	}
	return fmt.Sprintf("tgt is %v, Flags [%s]", n.Target, strings.Join(flags, ","))
}

// String returns what matters most to a host.
func (r RouterAdvertisement) String() string {
	s := fmt.Sprintf("hop limit %d, lifetime %v", r.HopLimit, r.Lifetime)
	if r.Managed {
		s += ", managed"
	}
	if r.Other {
		s += ", other"
	}
	return s
}

// String returns which destination is redirected where.
func (r Redirect) String() string { return fmt.Sprintf("%v to %v", r.Destination, r.Target) }

// String returns the content of the options we know, of others the type.
func (o NDOption) String() string {
	if mac, ok := o.LinkAddr(); ok {
		if o.Type == NDOptSourceLinkAddr {
			return "source " + mac.String()
		}
		return "target " + mac.String()
	}
	if mtu, ok := o.MTU(); ok {
		return "mtu " + strconv.Itoa(mtu)
	}
	if p, ok := o.Prefix(); ok {
		return "prefix " + p.Prefix.String()
	}
	return "option " + strconv.Itoa(int(o.Type))
}
