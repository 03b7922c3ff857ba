package host

import (
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/wire"
)

// TestDropNames checks that every drop has a name of its own.
func TestDropNames(t *testing.T) {
	seen := map[string]bool{}
	for d := range NumDrops {
		name := Drop(d).String()
		if name == "" || seen[name] {
			t.Errorf("drop %d: name %q is missing or taken", d, name)
		}
		seen[name] = true
	}
}

// TestDrops has one packet for each way to be refused before any transport sees it.
//
// req: RFC9293 MUST-3, MUST-57, MUST-63, RFC792 2-6, RFC1122 3.2.1.1-1, 3.2.1.2-1, 3.2.1.3-2, 3.2.1.3-3, 3.2.1.3-4
// req: RFC1122 3.2.2-6, 3.2.2.1-1, 3.2.2.5-1, 3.2.2-9, 4.1.3.4-3, 4.1.3.6-2, RFC4443 2.4-8, 3.4-1, 3.4-2
// req: RFC6864 5.2-2, RFC8200 4-3, 4.7-1
func TestDrops(t *testing.T) {
	body := udpBody(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), []byte("x"))
	v4 := func(edit func(*wire.IPv4)) []byte { return ip4(them4, us4, wire.ProtoUDP, body, edit) }
	v6from := func(src string) []byte {
		return ip6(netip.MustParseAddr(src), us6, wire.ProtoUDP, body, nil)
	}
	from := func(src string) []byte {
		return v4(func(h *wire.IPv4) { h.Src = netip.MustParseAddr(src) })
	}
	to := func(dst string) []byte {
		return udpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(netip.MustParseAddr(dst), 7), nil)
	}
	edit := func(p []byte, f func([]byte)) []byte { f(p); return p }
	option := func(b ...byte) []byte { return v4(func(h *wire.IPv4) { h.Options = b }) }
	for _, c := range []struct {
		name   string
		packet []byte
		want   Drop
		answer bool // an ICMP error is sent
	}{
		{"empty", nil, DropTruncated, false},
		{"version 0", []byte{0x05}, DropBadVersion, false},
		{"version 7", make7(v4(nil)), DropBadVersion, false},
		{"IPv4 cut off", v4(nil)[:19], DropTruncated, false},
		{"IPv4 payload cut off", v4(nil)[:25], DropTruncated, false},
		{"IPv4 header length", edit(v4(nil), func(b []byte) { b[0] = 0x44 }), DropBadHeader, false},
		{"IPv4 checksum", edit(v4(nil), func(b []byte) { b[10]++ }), DropBadIPChecksum, false},
		{"IPv4 option length", option(wire.IPv4OptSecurity, 9, 0, 0), DropBadOption, true},
		{"loose source route", option(wire.IPv4OptLSRR, 7, 4, 10, 0, 0, 9), DropSourceRoute, false},
		{"IPv6 cut off", v6from("2001:db8::2")[:39], DropTruncated, false},
		{"IPv6 unknown option", ip6(them6, us6, wire.ProtoDestOpts, wire.AppendOptionsHeader(nil, wire.ProtoNone, []byte{0x9e, 0}), nil), DropBadOption, true},
		{"IPv6 option to be discarded", ip6(them6, us6, wire.ProtoDestOpts, wire.AppendOptionsHeader(nil, wire.ProtoNone, []byte{0x5e, 0}), nil), DropBadOption, false},
		{"IPv6 routing header", ip6(them6, us6, wire.ProtoRouting, []byte{59, 0, 0, 1, 0, 0, 0, 0}, nil), DropBadExtension, true},

		{"from limited broadcast", from("255.255.255.255"), DropMartianSource, false},
		{"from subnet broadcast", from("10.0.0.255"), DropMartianSource, false},
		{"from multicast", from("224.0.0.9"), DropMartianSource, false},
		{"from class E", from("240.0.0.1"), DropMartianSource, false},
		{"from loopback", from("127.0.0.1"), DropMartianSource, false},
		{"from this network", from("0.0.0.0"), DropMartianSource, false},
		{"from ourselves", from("10.0.0.1"), DropOwnSource, false},
		{"from multicast, IPv6", v6from("ff02::1"), DropMartianSource, false},
		{"from loopback, IPv6", v6from("::1"), DropMartianSource, false},
		{"from nobody, IPv6", v6from("::"), DropMartianSource, false},
		{"from a mapped address", v6from("::ffff:10.0.0.2"), DropMartianSource, false},
		{"from ourselves, IPv6", v6from("2001:db8::1"), DropOwnSource, false},

		{"to loopback", to("127.0.0.1"), DropMartianDestination, false},
		{"to nobody", to("0.0.0.0"), DropMartianDestination, false},
		{"to a neighbour", to("10.0.0.3"), DropNotForUs, false},
		{"to another group", to("224.0.0.251"), DropNotMember, false},
		{"to loopback, IPv6", ip6(them6, netip.IPv6Loopback(), wire.ProtoUDP, body, nil), DropMartianDestination, false},

		{"no socket", v4(nil), DropNoUDPSocket, true},
		{"no socket, broadcast", udpPacket(netip.AddrPortFrom(them4, 9), netip.MustParseAddrPort("10.0.0.255:7"), nil), DropNoUDPSocket, false},
		{"UDP checksum", edit(v4(nil), func(b []byte) { b[len(b)-1]++ }), DropBadTransportChecksum, false},
		{"UDP length", edit(v4(nil), func(b []byte) { b[25] = 200 }), DropBadTransportHeader, false},
		{"UDP without checksum over IPv6", ip6(them6, us6, wire.ProtoUDP, []byte{0, 9, 0, 7, 0, 8, 0, 0}, nil), DropBadTransportChecksum, false},
		{"TCP checksum", edit(tcpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), wire.TCP{}, nil), func(b []byte) { b[36]++ }), DropBadTransportChecksum, false},
		{"TCP garbage", ip4(them4, us4, wire.ProtoTCP, []byte{0, 9, 0, 7, 0xff, 0xef}, nil), DropBadTransportChecksum, false},
		{"TCP to a broadcast address", tcpPacket(netip.AddrPortFrom(them4, 9), netip.MustParseAddrPort("10.0.0.255:7"), wire.TCP{Flags: wire.SYN}, nil), DropGroup, false},
		{"TCP to another group", tcpPacket(netip.AddrPortFrom(them4, 9), netip.MustParseAddrPort("224.0.0.9:7"), wire.TCP{Flags: wire.SYN}, nil), DropNotMember, false},
		{"ICMP cut off", ip4(them4, us4, wire.ProtoICMP, []byte("short"), nil), DropBadICMP, false},
		{"ICMP checksum", edit(echoPacket(them4, us4, 1, 1, nil), func(b []byte) { b[22]++ }), DropBadTransportChecksum, false},
		{"ICMP echo to a broadcast address", echoPacket(them4, netip.MustParseAddr("10.0.0.255"), 1, 1, nil), DropGroup, false},
		{"ICMP redirect", ip4(them4, us4, wire.ProtoICMP, (&wire.ICMPv4{Type: wire.ICMPv4Redirect}).AppendTo(nil, nil), nil), DropICMPIgnored, false},
		{"ICMPv6 of unknown type", ip6(them6, us6, wire.ProtoICMPv6, (&wire.ICMPv6{Type: 200}).AppendTo(nil, them6, us6, nil), nil), DropICMPIgnored, false},
		{"echo reply", ip4(them4, us4, wire.ProtoICMP, (&wire.ICMPv4{}).AppendTo(nil, nil), nil), DropEchoUnmatched, false},

		{"unknown protocol", ip4(them4, us4, 99, []byte("?"), nil), DropUnknownProtocol, true},
		{"unknown protocol, IPv6", ip6(them6, us6, 99, []byte("?"), nil), DropUnknownProtocol, true},
		{"unknown protocol, group", ip4(them4, netip.MustParseAddr("224.0.0.9"), 99, nil, nil), DropNotMember, false},
		{"unknown protocol, foreign", ip4(them4, far4, 99, nil, nil), DropNotForUs, false},
		{"unknown protocol, broadcast", ip4(them4, netip.MustParseAddr("10.0.0.255"), 99, nil, nil), DropUnknownProtocol, false},
		{"ICMPv6 over IPv4", ip4(them4, us4, wire.ProtoICMPv6, []byte("12345678"), nil), DropUnknownProtocol, false},
		{"IGMP", ip4(them4, netip.MustParseAddr("224.0.0.22"), wire.ProtoIGMP, []byte("12345678"), nil), accepted, false},
		{"no next header", ip6(them6, us6, wire.ProtoNone, nil, nil), accepted, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			got, out := b.recv(c.packet)
			if got != c.want {
				t.Errorf("counted as %q, want %q", got, c.want)
			}
			if c.answer != (len(out) == 1) {
				t.Errorf("%d packets sent, want an answer: %v", len(out), c.answer)
			}
			for _, p := range out {
				parse(t, p)
			}
			b.checkLeaks()
		})
	}
}

func make7(b []byte) []byte { b[0] = b[0]&0xf | 0x70; return b }

// req: RFC1122 3.1-2
func TestCountersNameEverything(t *testing.T) {
	b := newBench(t, config())
	b.recv([]byte{0x05})
	b.recv(echoPacket(them4, us4, 1, 1, nil))
	got := map[string]uint64{}
	for name, n := range b.Counters().All() {
		got[name] = n
	}
	for name, want := range map[string]uint64{
		"packets in": 2, "bytes in": 29, "packets out": 1, "bytes out": 28, "echo requests answered": 1,
		DropBadVersion.String(): 1,
	} {
		if got[name] != want {
			t.Errorf("%s: %d, want %d", name, got[name], want)
		}
		delete(got, name)
	}
	if len(got) != 0 {
		t.Errorf("also counted: %v", got)
	}
}

// The device vouches for a checksum, or left it unfinished: then nobody looks at it.
func TestTrustedChecksums(t *testing.T) {
	b := newBench(t, config())
	u, err := b.OpenUDP(netip.AddrPortFrom(us4, 7), netip.AddrPort{}, UDPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := udpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), []byte("x"))
	p[26]++
	if d, _ := b.recv(p); d != DropBadTransportChecksum {
		t.Errorf("counted as %q, want %q", d, DropBadTransportChecksum)
	}
	for _, pkt := range vouched(p) {
		b.recvPacket(pkt)
		d, ok := u.Receive()
		if !ok || string(d.B) != "x" {
			t.Fatalf("datagram not received")
		}
		b.pool.Release(d.Chunk)
	}
	b.checkLeaks()
}
