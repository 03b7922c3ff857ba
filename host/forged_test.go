package host

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// TestForgedICMP is RFC 5927: what somebody who sees nothing of a connection can do to it with ICMP. He would have to guess
// its ports and a sequence number in flight, and what he gains is little even then.
//
// req: RFC9293 MUST-55, MUST-56, RFC5927 6.2-1
func TestForgedICMP(t *testing.T) {
	unreachable := func(code uint8) func(quote []byte) wire.ICMPv4 {
		return func([]byte) wire.ICMPv4 { return wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: code} }
	}
	needs := func(mtu int) func(quote []byte) wire.ICMPv4 {
		return func([]byte) wire.ICMPv4 {
			return wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4FragNeeded, Rest: wire.ICMPv4MTURest(mtu)}
		}
	}
	put32 := func(at int, add uint32) func(q []byte) []byte {
		return func(q []byte) []byte {
			binary.BigEndian.PutUint32(q[at:], binary.BigEndian.Uint32(q[at:])+add)
			return q
		}
	}
	same := func(q []byte) []byte { return q }
	for _, c := range []struct {
		name  string
		edit  func(quote []byte) []byte // of the packet the error is about: 20 bytes of IP, 20 of TCP
		error func(quote []byte) wire.ICMPv4
		drop  Drop
		pmtu  int
		soft  error
	}{
		// Section 5: hard errors are soft once the connection is synchronized.
		{"protocol unreachable", same, unreachable(wire.ICMPv4ProtoUnreachable), accepted, 1500, syscall.ENOPROTOOPT},
		{"port unreachable", same, unreachable(wire.ICMPv4PortUnreachable), accepted, 1500, syscall.ECONNREFUSED},
		{"prohibited", same, unreachable(wire.ICMPv4AdminProhibited), accepted, 1500, syscall.EHOSTUNREACH},
		// Section 4.1: the segment has to be in flight.
		{"before the window", put32(24, 0xffff0000), unreachable(wire.ICMPv4PortUnreachable), DropICMPSequence, 1500, nil},
		{"acknowledged", put32(24, 0xffffffff), unreachable(wire.ICMPv4PortUnreachable), DropICMPSequence, 1500, nil},
		{"never sent", put32(24, 1400), unreachable(wire.ICMPv4PortUnreachable), DropICMPSequence, 1500, nil},
		{"never sent, too big", put32(24, 1400), needs(600), DropICMPSequence, 1500, nil},
		{"another port of ours", put32(20, 1<<16), unreachable(wire.ICMPv4PortUnreachable), DropICMPUnmatched, 1500, nil},
		{"another port of the peer", put32(20, 1), needs(600), DropICMPUnmatched, 1500, nil},
		{"another peer", put32(16, 1), needs(600), DropICMPUnmatched, 1500, nil},
		{"not from us", put32(12, 1), needs(600), DropICMPUnmatched, 1500, nil},
		{"UDP", func(q []byte) []byte { q[9] = byte(wire.ProtoUDP); return q }, needs(600), DropICMPUnmatched, 1500, nil},
		{"cut before the sequence number", func(q []byte) []byte { return q[:27] }, needs(600), DropBadICMP, 1500, nil},
		{"a later fragment", func(q []byte) []byte { q[7] = 1; return q }, needs(600), DropBadICMP, 1500, nil},
		{"a header too long", func(q []byte) []byte { q[0] = 0x4f; return q }, needs(600), DropBadICMP, 1500, nil},
		// Section 6: source quench (RFC 6633).
		{"source quench", same, func([]byte) wire.ICMPv4 { return wire.ICMPv4{Type: 4} }, DropICMPIgnored, 1500, nil},
		// Section 7: path MTUs that are of use to nobody but an attacker.
		{"too big, as large as it was", same, needs(1440), DropICMPMTU, 1500, nil},
		{"too big, larger", same, needs(1450), DropICMPMTU, 1500, nil},
		{"too big, less than there is", same, needs(67), DropICMPMTU, 1500, nil},
		{"too big, absurd", same, needs(68), accepted, 552, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			l := b.mustListen("10.0.0.1:80", 0, ListenOptions{})
			x := client{netip.AddrPortFrom(them4, 5000), l.Addr(), 1000, wire.TCPOptions{HasMSS: true, MSS: 1460}}
			_, out := b.recv(x.syn(0))
			b.recv(x.ack(one(t, out).tcp, ""))
			conn := l.Accept()
			conn.Commit(b.at, len(conn.Reserve(1400)), true) // in a packet of 1440 bytes
			b.MarkDirty(conn)
			quote := append([]byte(nil), b.sent()[0][:40]...)
			before := conn.Info(b.at)

			m := c.error(quote)
			quote = c.edit(quote)
			if d, _ := b.recv(ip4(far4, us4, wire.ProtoICMP, m.AppendTo(nil, quote), nil)); d != c.drop {
				t.Errorf("counted as %q, want %q", d, c.drop)
			}
			i := conn.Info(b.at)
			if i.State != tcp.StateEstablished || i.PMTU != c.pmtu || conn.SoftError() != c.soft || i.SndSsthresh != before.SndSsthresh {
				t.Errorf("%v, path MTU %d, soft error %v; want ESTABLISHED, %d, %v", i.State, i.PMTU, conn.SoftError(), c.pmtu, c.soft)
			}
			if got := b.mtu(them4); got != c.pmtu {
				t.Errorf("the path's MTU is %d, want %d", got, c.pmtu)
			}
			if c.drop != accepted && i.SndCwnd != before.SndCwnd {
				t.Errorf("window of %d, before %d", i.SndCwnd, before.SndCwnd)
			}
		})
	}
}
