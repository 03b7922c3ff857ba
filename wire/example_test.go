package wire_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/antedon-net/antedon/wire"
)

// A packet is built from the front, one header behind the other; the checksum of the transport comes last.
func Example() {
	src, dst := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	tcp := wire.TCP{SrcPort: 40000, DstPort: 80, Seq: 1000, Flags: wire.SYN, Window: 64240}
	tcp.Options = wire.TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasWScale: true, WScale: 8}
	ip := wire.IPv4{DF: true, TTL: 64, Proto: wire.ProtoTCP, Src: src, Dst: dst}

	packet := ip.AppendTo(nil, tcp.Len())
	packet = tcp.AppendTo(packet)

	segment := packet[ip.Len():]
	pseudo := wire.PseudoSum(wire.ProtoTCP, src, dst, len(segment))
	binary.BigEndian.PutUint16(segment[16:], wire.TransportChecksum(pseudo, segment))

	fmt.Println(wire.Format(packet))
	fmt.Println("checksum ok:", wire.TransportChecksumOK(wire.ProtoTCP, src, dst, segment))
	// Output:
	// IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S], seq 1000, win 64240, options [mss 1460,sackOK,wscale 8], length 0
	// checksum ok: true
}

// An echo request is answered by turning it round.
func ExampleParseICMPv4() {
	request := wire.ICMPv4{Type: wire.ICMPv4Echo, Rest: wire.EchoRest(7, 1)}
	message := request.AppendTo(nil, []byte("hello"))

	h, payload, err := wire.ParseICMPv4(message)
	if err != nil || h.Type != wire.ICMPv4Echo {
		return
	}
	h.Type = wire.ICMPv4EchoReply
	answer := h.AppendTo(nil, payload)

	h, payload, _ = wire.ParseICMPv4(answer)
	fmt.Printf("%v: %s\n", h, payload)
	// Output: ICMP echo reply, id 7, seq 1: hello
}
