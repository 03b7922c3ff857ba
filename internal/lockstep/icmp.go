package lockstep

import (
	"fmt"

	"github.com/antedon-net/antedon/wire"
)

// verbICMP is a step in which a router says that a segment of the endpoint did not arrive: "icmp CODE MTU SEQ", with the code
// of the message "destination unreachable".
func verbICMP(args string) (func(*player) error, error) {
	var code, mtu, at int
	_, err := fmt.Sscanf(args, "%d %d %d", &code, &mtu, &at)
	return func(p *player) error { return p.act(func() error { return p.unreachable(code, mtu, at) }) }, err
}

// unreachable hands the endpoint the message about the segment at number at, of 1500 bytes. It quotes as much as RFC 792
// asks for.
func (p *player) unreachable(code, mtu, at int) error {
	h := wire.TCP{Seq: p.iss + uint32(at), Flags: wire.ACK}
	quote := makeSegment(p.local(p.endpointPort()), p.remote(p.port), 0, &h, make([]byte, 1460))[:wire.IPv4HeaderLen+8]
	m := wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: uint8(code), Rest: wire.ICMPv4MTURest(mtu)}
	b := makePacket(p.setup.remote, p.setup.local, wire.ProtoICMP, 0, m.AppendTo(nil, quote))
	p.note("> ICMP: unreachable, code %d, MTU %d, about <SEQ=%d>", code, mtu, at)
	p.record.add(p.end.now(), false, b)
	return p.end.inject(b)
}
