package wire

import (
	"fmt"
	"net/netip"
)

// packet is an IP packet whose IP header has been read.
type packet struct {
	proto    Proto
	src, dst netip.Addr
	payload  []byte
	whole    bool // not a fragment: lengths and checksums must be right
}

func appendTransport(b []byte, p packet) []byte {
	switch p.proto {
	case ProtoTCP:
		return appendTCP(b, p)
	case ProtoUDP:
		return appendUDP(b, p)
	case ProtoICMP:
		if p.src.Is4() {
			return appendICMPv4(b, p)
		}
	case ProtoICMPv6:
		if p.src.Is6() {
			return appendICMPv6(b, p)
		}
	}
	return fmt.Appendf(b, "%v > %v: %v, length %d", p.src, p.dst, p.proto, len(p.payload))
}

func appendTCP(b []byte, p packet) []byte {
	h, text, err := ParseTCP(p.payload)
	if err != nil && len(p.payload) < TCPHeaderLen {
		return fmt.Appendf(b, "%v > %v: TCP [%v]", p.src, p.dst, err)
	}
	b = fmt.Appendf(b, "%v.%d > %v.%d: ", p.src, h.SrcPort, p.dst, h.DstPort)
	b = h.appendFields(b, len(text))
	if err != nil {
		b = fmt.Appendf(b, " [%v]", err)
	}
	return fmt.Appendf(b, ", length %d", len(text))
}

// String returns all fields but the checksum.
func (h TCP) String() string {
	return string(h.appendFields(fmt.Appendf(nil, "%d > %d: ", h.SrcPort, h.DstPort), 0))
}

func (h *TCP) appendFields(b []byte, textLen int) []byte {
	b = append(b, "Flags ["...)
	b = append(h.Flags.appendShort(b), ']')
	switch {
	case textLen > 0:
		b = fmt.Appendf(b, ", seq %d:%d", h.Seq, h.Seq+uint32(textLen))
	case h.Flags&(SYN|FIN|RST) != 0:
		b = fmt.Appendf(b, ", seq %d", h.Seq)
	}
	if h.Flags.Has(ACK) {
		b = fmt.Appendf(b, ", ack %d", h.Ack)
	}
	b = fmt.Appendf(b, ", win %d", h.Window)
	if h.Flags.Has(URG) {
		b = fmt.Appendf(b, ", urg %d", h.Urgent)
	}
	if h.Options.Len() == 0 {
		return b
	}
	return append(h.Options.appendText(append(b, ", options ["...)), ']')
}

// appendShort appends the flags as tcpdump writes them, ACK as a dot: "S.".
func (f Flags) appendShort(b []byte) []byte {
	if f&allFlags == 0 {
		return append(b, "none"...)
	}
	for i, c := range "FSRP.UEWe" {
		if f&(1<<i) != 0 {
			b = append(b, byte(c))
		}
	}
	return b
}

// String returns the options as tcpdump writes them, without the padding: "mss 1460,sackOK,wscale 8".
func (o TCPOptions) String() string { return string(o.appendText(nil)) }

func (o *TCPOptions) appendText(b []byte) []byte {
	start := len(b)
	next := func(format string, args ...any) {
		if len(b) > start {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, format, args...)
	}
	if o.HasMSS {
		next("mss %d", o.MSS)
	}
	if o.SACKPermitted {
		next("sackOK")
	}
	if o.HasTimestamps {
		next("TS val %d ecr %d", o.TSVal, o.TSEcr)
	}
	if o.HasWScale {
		next("wscale %d", o.WScale)
	}
	if o.HasUserTimeout {
		next("user timeout %v", o.UserTimeoutValue())
	}
	if n := min(int(o.NSACK), MaxSACKBlocks); n > 0 {
		next("sack %d ", n)
		for _, s := range o.SACK[:n] {
			b = fmt.Appendf(b, "{%d:%d}", s.Left, s.Right)
		}
	}
	switch {
	case o.HasFastOpen && o.FastOpenLen == 0:
		next("tfo cookiereq")
	case o.HasFastOpen:
		next("tfo cookie %x", o.Cookie())
	}
	return b
}

func appendUDP(b []byte, p packet) []byte {
	h, payload, err := ParseUDP(p.payload)
	if err != nil && len(p.payload) < UDPHeaderLen {
		return fmt.Appendf(b, "%v > %v: UDP [%v]", p.src, p.dst, err)
	}
	b = fmt.Appendf(b, "%v.%d > %v.%d: UDP", p.src, h.SrcPort, p.dst, h.DstPort)
	switch {
	case err == nil:
		return fmt.Appendf(b, ", length %d", len(payload))
	case p.whole || err != ErrTruncated:
		return fmt.Appendf(b, " [%v]", err)
	}
	return fmt.Appendf(b, ", length %d", int(h.Length)-UDPHeaderLen)
}

// String returns ports and length of the payload.
func (h UDP) String() string {
	return fmt.Sprintf("%d > %d: UDP, length %d", h.SrcPort, h.DstPort, int(h.Length)-UDPHeaderLen)
}
