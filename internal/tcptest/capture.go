package tcptest

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// packet is a segment as an IP packet, for the capture of a failure.
type packet struct {
	at    mono.Time
	bytes []byte
}

// capture remembers a segment; ours says that the connection sent it.
func (s *Script) capture(ours bool, h *wire.TCP, payload [][]byte) {
	src, dst := s.id().Remote.Addr(), s.id().Local.Addr()
	if ours {
		src, dst = dst, src
	}
	n := 0
	for _, p := range payload {
		n += len(p)
	}
	segment := h.AppendTo(nil)
	for _, p := range payload {
		segment = append(segment, p...)
	}
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src, dst, len(segment)), segment)
	segment[16], segment[17] = byte(sum>>8), byte(sum)
	var ip []byte
	if src.Is4() {
		ip = (&wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: src, Dst: dst}).AppendTo(nil, len(segment))
	} else {
		ip = (&wire.IPv6{HopLimit: 64, NextHeader: wire.ProtoTCP, Proto: wire.ProtoTCP, Src: src, Dst: dst}).AppendTo(nil, len(segment))
	}
	s.packets = append(s.packets, packet{s.now, append(ip, segment...)})
}
func (s *Script) writeCapture() string { return "" }
