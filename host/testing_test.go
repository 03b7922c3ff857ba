package host

import (
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// The cast: one host under test and one address elsewhere, of either family.
var (
	us4   = netip.MustParseAddr("10.0.0.1")
	them4 = netip.MustParseAddr("10.0.0.2")
	far4  = netip.MustParseAddr("198.51.100.7")
	us6   = netip.MustParseAddr("2001:db8::1")
	them6 = netip.MustParseAddr("2001:db8::2")
	link6 = netip.MustParseAddr("fe80::1")
)

const begin = mono.Time(10 * time.Second)

func prefixes(s ...string) (p []netip.Prefix) {
	for _, x := range s {
		p = append(p, netip.MustParsePrefix(x))
	}
	return p
}

func config() Config {
	return Config{Addrs: prefixes("10.0.0.1/24", "2001:db8::1/64", "fe80::1/64"), Secret: [32]byte{1, 2, 3}}
}

// bench drives one host by hand, with packets built by package wire.
type bench struct {
	testing.TB
	*Host
	at  mono.Time
	pkt Packet
}

func newBench(t testing.TB, cfg Config) *bench {
	return &bench{TB: t, Host: New(cfg), at: begin}
}

// recv hands the host a packet and returns what became of it: the drop it was counted as, and the packets it caused.
func (b *bench) recv(p []byte) (Drop, [][]byte) {
	return b.recvPacket(&link.Packet{Bytes: p})
}

func (b *bench) recvPacket(p *link.Packet) (Drop, [][]byte) {
	b.Helper()
	before := b.Counters().Drops
	b.Recv(b.at, p, nil)
	out := b.sent()
	for d, n := range b.Counters().Drops {
		if n != before[d] {
			return Drop(d), out
		}
	}
	return accepted, out
}

// sent drains the host and returns the packets it sends.
func (b *bench) sent() (out [][]byte) {
	for e := b.NextDirty(); e != nil; e = b.NextDirty() {
		if c, ok := e.(*Conn); ok {
			for c.NextPacket(b.at, &b.pkt) {
				out = append(out, b.take())
			}
		}
	}
	for b.NextPacket(&b.pkt) {
		out = append(out, b.take())
	}
	return out
}

func (b *bench) take() []byte {
	p := append([]byte(nil), b.pkt.Bytes...)
	for _, x := range b.pkt.Payload {
		p = append(p, x...)
	}
	b.pkt.Release(b.pool)
	return p
}

// advance lets time pass, timers fire, and returns what was sent meanwhile.
func (b *bench) advance(d time.Duration) (out [][]byte) {
	end := b.at.Add(d)
	for next := b.Deadline(); next <= end; next = b.Deadline() {
		b.at = max(b.at, next)
		b.Tick(b.at)
		out = append(out, b.sent()...)
	}
	b.at = end
	b.Tick(end)
	return append(out, b.sent()...)
}

// counted returns how often d happened.
func (b *bench) counted(d Drop) int { return int(b.Counters().Drops[d]) }

// checkLeaks closes the test: nothing may hold memory of the pool any more.
func (b *bench) checkLeaks() {
	b.Helper()
	if n := b.pool.Used(); n != 0 {
		b.Errorf("%d bytes of the pool are still in use", n)
	}
}

// ip4 returns an IPv4 packet; edit, if not nil, changes its header.
func ip4(src, dst netip.Addr, proto wire.Proto, payload []byte, edit func(*wire.IPv4)) []byte {
	h := wire.IPv4{TTL: 61, Proto: proto, Src: src, Dst: dst, DF: true}
	if edit != nil {
		edit(&h)
	}
	return append(h.AppendTo(nil, len(payload)), payload...)
}

// ip6 returns an IPv6 packet.
func ip6(src, dst netip.Addr, next wire.Proto, payload []byte, edit func(*wire.IPv6)) []byte {
	h := wire.IPv6{HopLimit: 61, NextHeader: next, Src: src, Dst: dst}
	if edit != nil {
		edit(&h)
	}
	return append(h.AppendTo(nil, len(payload)), payload...)
}

// ipAny returns a packet of the family of its addresses.
func ipAny(src, dst netip.Addr, proto wire.Proto, payload []byte) []byte {
	if src.Is4() {
		return ip4(src, dst, proto, payload, nil)
	}
	return ip6(src, dst, proto, payload, nil)
}

func udpBody(src, dst netip.AddrPort, payload []byte) []byte {
	h := wire.UDP{SrcPort: src.Port(), DstPort: dst.Port(), Length: uint16(wire.UDPHeaderLen + len(payload))}
	b := append(h.AppendTo(nil), payload...)
	sum := wire.UDPChecksum(wire.PseudoSum(wire.ProtoUDP, src.Addr(), dst.Addr(), len(b)), b)
	putUint16(b[udpChecksumOffset:], sum)
	return b
}

func udpPacket(src, dst netip.AddrPort, payload []byte) []byte {
	return ipAny(src.Addr(), dst.Addr(), wire.ProtoUDP, udpBody(src, dst, payload))
}

func tcpPacket(src, dst netip.AddrPort, h wire.TCP, payload []byte) []byte {
	h.SrcPort, h.DstPort, h.Checksum = src.Port(), dst.Port(), 0
	b := append(h.AppendTo(nil), payload...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src.Addr(), dst.Addr(), len(b)), b)
	putUint16(b[tcpChecksumOffset:], sum)
	return ipAny(src.Addr(), dst.Addr(), wire.ProtoTCP, b)
}

func echoPacket(src, dst netip.Addr, id, seq uint16, payload []byte) []byte {
	if src.Is4() {
		m := wire.ICMPv4{Type: wire.ICMPv4Echo, Rest: wire.EchoRest(id, seq)}
		return ip4(src, dst, wire.ProtoICMP, m.AppendTo(nil, payload), nil)
	}
	m := wire.ICMPv6{Type: wire.ICMPv6Echo, Rest: wire.EchoRest(id, seq)}
	return ip6(src, dst, wire.ProtoICMPv6, m.AppendTo(nil, src, dst, payload), nil)
}

// parsed is a packet the host sent, taken apart; whatever it is, its lengths and checksums have been verified.
type parsed struct {
	src, dst netip.Addr
	proto    wire.Proto
	tos, ttl uint8
	v4       wire.IPv4
	v6       wire.IPv6
	tcp      wire.TCP
	udp      wire.UDP
	icmp4    wire.ICMPv4
	icmp6    wire.ICMPv6
	payload  []byte // of the innermost header
}

func parse(t testing.TB, b []byte) (p parsed) {
	t.Helper()
	var body []byte
	var err error
	fragment := false
	if b[0]>>4 == 4 {
		p.v4, body, err = wire.ParseIPv4(b)
		p.src, p.dst, p.proto, p.tos, p.ttl = p.v4.Src, p.v4.Dst, p.v4.Proto, p.v4.TOS, p.v4.TTL
		fragment = p.v4.IsFragment()
	} else {
		p.v6, body, err = wire.ParseIPv6(b)
		p.src, p.dst, p.proto, p.tos, p.ttl = p.v6.Src, p.v6.Dst, p.v6.Proto, p.v6.TrafficClass, p.v6.HopLimit
		fragment = p.v6.IsFragment()
	}
	if err != nil {
		t.Fatalf("the host sent a malformed packet: %v\n%x", err, b)
	}
	if p.payload = body; fragment {
		return p
	}
	sumOK := true
	switch p.proto {
	case wire.ProtoTCP:
		p.tcp, p.payload, err = wire.ParseTCP(body)
		sumOK = wire.TransportChecksumOK(wire.ProtoTCP, p.src, p.dst, body)
	case wire.ProtoUDP:
		p.udp, p.payload, err = wire.ParseUDP(body)
		sumOK = p.udp.Checksum != 0 && p.udp.ChecksumOK(p.src, p.dst, body)
	case wire.ProtoICMP:
		p.icmp4, p.payload, err = wire.ParseICMPv4(body)
	case wire.ProtoICMPv6:
		p.icmp6, p.payload, err = wire.ParseICMPv6(body, p.src, p.dst)
	}
	if err != nil || !sumOK {
		t.Fatalf("the host sent a malformed packet: %v, checksum ok %v\n%x", err, sumOK, b)
	}
	return p
}

// one checks that exactly one packet was sent and takes it apart.
func one(t testing.TB, out [][]byte) parsed {
	t.Helper()
	if len(out) != 1 {
		t.Fatalf("%d packets sent, want 1", len(out))
	}
	return parse(t, out[0])
}

// vouched returns p as a device hands it over that vouches for its checksum, and as one that left it unfinished.
func vouched(p []byte) []*link.Packet {
	return []*link.Packet{{Bytes: p, CsumValid: true}, {Bytes: p, CsumStart: 20, CsumOffset: 6}}
}
