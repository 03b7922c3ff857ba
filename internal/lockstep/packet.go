package lockstep

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/antedon-net/antedon/wire"
)

// header is a TCP segment in its IP packet.
type header struct {
	src, dst netip.Addr
	tos, ttl uint8
	df       bool
	tcp      wire.TCP
	options  []byte // as they came
	text     []byte
}

var errNotTCP = errors.New("not a TCP segment")

// parsePacket takes an IP packet apart.
func parsePacket(b []byte) (header, error) {
	var h header
	var body []byte
	var proto wire.Proto
	if len(b) > 0 && b[0]>>4 == 4 {
		ip, rest, err := wire.ParseIPv4(b)
		if err != nil {
			return h, err
		}
		h.src, h.dst, h.tos, h.ttl, h.df, body, proto = ip.Src, ip.Dst, ip.TOS, ip.TTL, ip.DF, rest, ip.Proto
	} else {
		ip, rest, err := wire.ParseIPv6(b)
		if err != nil {
			return h, err
		}
		h.src, h.dst, h.tos, h.ttl, h.df, body, proto = ip.Src, ip.Dst, ip.TrafficClass, ip.HopLimit, true, rest, ip.Proto
	}
	if proto != wire.ProtoTCP {
		return h, errNotTCP
	}
	if !wire.TransportChecksumOK(wire.ProtoTCP, h.src, h.dst, body) {
		return h, errors.New("wrong checksum")
	}
	var err error
	h.tcp, h.text, err = wire.ParseTCP(body)
	if err == nil {
		h.options = body[wire.TCPHeaderLen : len(body)-len(h.text)]
	}
	return h, err
}

// makeSegment returns the IP packet of a segment from src to dst.
func makeSegment(src, dst netip.AddrPort, tos uint8, h *wire.TCP, text []byte) []byte {
	h.SrcPort, h.DstPort, h.Checksum = src.Port(), dst.Port(), 0
	body := append(h.AppendTo(nil), text...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src.Addr(), dst.Addr(), len(body)), body)
	body[16], body[17] = byte(sum>>8), byte(sum)
	return makePacket(src.Addr(), dst.Addr(), wire.ProtoTCP, tos, body)
}

// makePacket returns the IP packet with a body.
func makePacket(src, dst netip.Addr, proto wire.Proto, tos uint8, body []byte) []byte {
	if src.Is4() {
		b := (&wire.IPv4{TOS: tos, TTL: 64, DF: true, Proto: proto, Src: src, Dst: dst}).AppendTo(nil, len(body))
		return append(b, body...)
	}
	b := (&wire.IPv6{TrafficClass: tos, HopLimit: 64, NextHeader: proto, Src: src, Dst: dst}).AppendTo(nil, len(body))
	return append(b, body...)
}

// normal writes down what of a segment scripts do not name and is nevertheless to be the same on both sides. The
// identification of IPv4 is not among it: RFC 6864, Section 4.1 leaves it to whoever sends what is never fragmented.
func (h *header) normal() string {
	o := &h.tcp.Options
	var b strings.Builder
	fmt.Fprintf(&b, "tos %02x, ttl %d, df %v, options [%s]", h.tos, h.ttl, h.df, layout(h.options))
	if o.HasMSS {
		fmt.Fprintf(&b, ", mss %d", o.MSS)
	}
	if o.HasWScale {
		fmt.Fprintf(&b, ", shift %d", o.WScale)
	}
	if h.tcp.Window == 0 && !h.tcp.Flags.Has(wire.RST) {
		b.WriteString(", window closed")
	}
	if h.tcp.Urgent != 0 {
		fmt.Fprintf(&b, ", urgent %d", h.tcp.Urgent)
	}
	return b.String()
}

var optionNames = map[byte]string{
	wire.TCPOptEnd: "end", wire.TCPOptNOP: "nop", wire.TCPOptMSS: "mss", wire.TCPOptWindowScale: "ws",
	wire.TCPOptSACKPermitted: "sackok", wire.TCPOptSACK: "sack", wire.TCPOptTimestamps: "ts",
	wire.TCPOptFastOpen: "fastopen",
}

// layout names the options of a header in their order.
func layout(b []byte) string {
	var names []string
	for len(b) > 0 {
		name := optionNames[b[0]]
		if name == "" {
			name = fmt.Sprint(b[0])
		}
		names = append(names, name)
		n := 1
		if b[0] != wire.TCPOptEnd && b[0] != wire.TCPOptNOP {
			n = int(b[1]) // the parser has checked it
		}
		b = b[n:]
	}
	return strings.Join(names, " ")
}
