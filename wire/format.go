package wire

import (
	"fmt"
	"net/netip"
)

// Format returns the IP packet b on one line, in the manner of tcpdump:
//
//	IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 7, win 64240, options [mss 1460,sackOK,wscale 8], length 0
//
// What is wrong with the packet stands in brackets. What is longer than an IP packet can be is taken for a super-packet. TCP and UDP checksums are not looked at: on a device with offload
// they are not finished.
func Format(b []byte) string { return string(AppendFormat(nil, b)) }

// AppendFormat appends what Format returns to dst.
func AppendFormat(dst, b []byte) []byte {
	switch {
	case len(b) == 0:
		return append(dst, "empty packet"...)
	case b[0]>>4 == 4:
		return appendIPv4(dst, b)
	case b[0]>>4 == 6:
		return appendIPv6(dst, b)
	}
	return fmt.Appendf(dst, "IP version %d, length %d", b[0]>>4, len(b))
}

// FormatEthernet returns the Ethernet frame b on one line.
func FormatEthernet(b []byte) string { return string(AppendFormatEthernet(nil, b)) }

// AppendFormatEthernet appends what FormatEthernet returns to dst.
func AppendFormatEthernet(dst, b []byte) []byte {
	h, payload, err := ParseEthernet(b)
	if err != nil {
		return fmt.Appendf(dst, "Ethernet [%v]", err)
	}
	dst = h.appendAddrs(dst)
	switch h.Type {
	case EtherTypeIPv4, EtherTypeIPv6:
		return AppendFormat(append(dst, ": "...), payload)
	case EtherTypeARP:
		a, err := ParseARP(payload)
		if err != nil {
			return fmt.Appendf(dst, ": ARP [%v]", err)
		}
		return a.appendText(append(dst, ": "...))
	}
	return fmt.Appendf(dst, ", %v, length %d", h.Type, len(payload))
}

// String returns the addresses and the type.
func (h Ethernet) String() string { return fmt.Sprintf("%s, %v", h.appendAddrs(nil), h.Type) }

func (h *Ethernet) appendAddrs(b []byte) []byte {
	b = fmt.Appendf(b, "%v > %v", h.Src, h.Dst)
	if h.Tagged {
		b = fmt.Appendf(b, ", vlan %d, p %d", h.VLAN.ID, h.VLAN.Priority)
		if h.VLAN.DropEligible {
			b = append(b, ", DEI"...)
		}
	}
	return b
}

// String returns the message as tcpdump prints it.
func (a ARP) String() string { return string(a.appendText(nil)) }

func (a *ARP) appendText(b []byte) []byte {
	switch a.Op {
	case ARPRequest:
		return fmt.Appendf(b, "ARP, Request who-has %v tell %v", a.TargetIP, a.SenderIP)
	case ARPReply:
		return fmt.Appendf(b, "ARP, Reply %v is-at %v", a.SenderIP, a.SenderMAC)
	}
	return fmt.Appendf(b, "ARP, %v, %v (%v) to %v (%v)", a.Op, a.SenderIP, a.SenderMAC, a.TargetIP, a.TargetMAC)
}

// String returns all fields but lengths and checksum.
func (h IPv4) String() string {
	b := fmt.Appendf(nil, "IP %v > %v: %v, ttl %d, id %d", h.Src, h.Dst, h.Proto, h.TTL, h.ID)
	b = appendTOS(b, h.TOS)
	if h.DF {
		b = append(b, ", DF"...)
	}
	b = h.appendFragment(b)
	return string(h.appendOptions(b))
}

// String returns all fields but the length.
func (h IPv6) String() string {
	b := fmt.Appendf(nil, "IP6 %v > %v: %v, hlim %d", h.Src, h.Dst, h.Proto, h.HopLimit)
	if h.FlowLabel != 0 {
		b = fmt.Appendf(b, ", flow 0x%05x", h.FlowLabel)
	}
	b = appendTOS(b, h.TrafficClass)
	return string(h.appendFragment(b))
}

func appendTOS(b []byte, tos uint8) []byte {
	if dscp := tos >> 2; dscp != 0 {
		b = fmt.Appendf(b, ", dscp %d", dscp)
	}
	if ecn := ECN(tos & 3); ecn != NotECT {
		b = fmt.Appendf(b, ", %v", ecn)
	}
	return b
}

func appendIPv4(dst, b []byte) []byte {
	h, payload, err := parseIPv4(b, len(b) > maxDatagram)
	if err != nil {
		return appendBadIP(dst, "IP", h.Src, h.Dst, err)
	}
	dst = append(dst, "IP "...)
	if h.FragOffset > 0 {
		dst = fmt.Appendf(dst, "%v > %v: %v, length %d", h.Src, h.Dst, h.Proto, len(payload))
	} else {
		dst = appendTransport(dst, packet{h.Proto, h.Src, h.Dst, payload, !h.MF})
	}
	return h.appendOptions(h.appendFragment(dst))
}

func appendIPv6(dst, b []byte) []byte {
	h, payload, err := parseIPv6(b, len(b) > maxDatagram)
	if err != nil {
		return appendBadIP(dst, "IP6", h.Src, h.Dst, err)
	}
	dst = append(dst, "IP6 "...)
	if h.Fragment.Offset > 0 {
		dst = fmt.Appendf(dst, "%v > %v: %v, length %d", h.Src, h.Dst, h.Proto, len(payload))
	} else {
		dst = appendTransport(dst, packet{h.Proto, h.Src, h.Dst, payload, !h.Fragment.More})
	}
	return h.appendFragment(dst)
}

func appendBadIP(dst []byte, name string, src, dstAddr netip.Addr, err error) []byte {
	dst = append(dst, name...)
	if src.IsValid() {
		dst = fmt.Appendf(dst, " %v > %v:", src, dstAddr)
	}
	return fmt.Appendf(dst, " [%v]", err)
}

func (h *IPv4) appendFragment(b []byte) []byte {
	if !h.IsFragment() {
		return b
	}
	return appendFragment(b, uint32(h.ID), h.FragOffset, h.MF)
}

func (h *IPv6) appendFragment(b []byte) []byte {
	if !h.Fragment.Present {
		return b
	}
	return appendFragment(b, h.Fragment.ID, h.Fragment.Offset, h.Fragment.More)
}

func appendFragment(b []byte, id uint32, offset int, more bool) []byte {
	b = fmt.Appendf(b, ", fragment of %d at %d", id, offset)
	if more {
		b = append(b, '+')
	}
	return b
}

var ipv4OptNames = map[uint8]string{
	IPv4OptRecordRoute: "RR",
	IPv4OptTimestamp:   "TS",
	IPv4OptSecurity:    "SEC",
	IPv4OptLSRR:        "LSRR",
	IPv4OptStreamID:    "SID",
	IPv4OptSSRR:        "SSRR",
	IPv4OptRouterAlert: "RA",
}

func (h *IPv4) appendOptions(b []byte) []byte {
	sep := ", IP options "
	for opt, rest, ok, _ := NextIPv4Option(h.Options); ok; opt, rest, ok, _ = NextIPv4Option(rest) {
		b = append(b, sep...)
		sep = ","
		if name, known := ipv4OptNames[opt.Type]; known {
			b = append(b, name...)
		} else {
			b = fmt.Appendf(b, "%d", opt.Type)
		}
	}
	return b
}
