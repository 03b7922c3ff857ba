package host

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// FuzzRecv hands a host whatever it is given, cut into packets, and asks what a peer must not be able to do: make it
// panic, hold memory without bound, or send anything malformed.
func FuzzRecv(f *testing.F) {
	join := func(packets ...[]byte) (b []byte) {
		for _, p := range packets {
			b = binary.BigEndian.AppendUint16(b, uint16(len(p)))
			b = append(b, p...)
		}
		return b
	}
	from4, to4 := netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7)
	from6, to6 := netip.AddrPortFrom(them6, 9), netip.AddrPortFrom(us6, 7)
	f.Add(join(udpPacket(from4, to4, []byte("hello")), udpPacket(from6, to6, []byte("hello"))))
	f.Add(join(tcpPacket(from4, to4, wire.TCP{Flags: wire.SYN}, nil), tcpPacket(from6, to6, wire.TCP{Flags: wire.ACK}, []byte("x"))))
	f.Add(join(syn(1), syn(2), syn(1)))
	f.Add(join(echoPacket(them4, us4, 1, 2, []byte("data")), echoPacket(them6, us6, 1, 2, []byte("data"))))
	f.Add(join(fragmentsOf(us4, 1, pattern(100), 40)...))
	f.Add(join(fragmentsOf(us6, 1, pattern(100), 40)...))
	f.Add(join(portUnreachable(udpPacket(to4, from4, nil)), tooBig(udpPacket(to6, from6, nil), 1300)))
	f.Add(join(ip4(them4, us4, 99, nil, func(h *wire.IPv4) { h.Options = []byte{7, 7, 4, 0, 0, 0, 0} })))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg := config()
		cfg.Limits = Limits{UDPBuffer: 64 << 10, ReassemblyBytes: 256 << 10, Queue: 256 << 10, Backlog: 16}
		b := newBench(t, cfg)
		l := b.mustListen("0.0.0.0:80", 0, ListenOptions{})
		u := b.listenUDP()
		limit := 4 * (cfg.Limits.UDPBuffer + cfg.Limits.ReassemblyBytes + cfg.Limits.Queue)
		check := func(out [][]byte) {
			for _, p := range out {
				parse(t, p)
			}
			if n := b.pool.Used(); n > limit {
				t.Fatalf("%d bytes in use", n)
			}
		}
		for len(data) >= 2 {
			n := min(int(binary.BigEndian.Uint16(data)), len(data)-2)
			p := data[2 : 2+n]
			data = data[2+n:]
			for _, pkt := range []*link.Packet{{Bytes: p}, {Bytes: p, CsumValid: true}, {Bytes: repair(p), SegSize: 512}} {
				_, out := b.recvPacket(pkt)
				check(out)
			}
			check(b.advance(10 * time.Millisecond))
		}
		check(b.advance(time.Minute))
		u.Close()
		for c := l.Accept(); c != nil; c = l.Accept() {
			c.Abort(b.at)
			b.MarkDirty(c)
		}
		l.Close()
		for b.received() != nil {
		}
		check(b.sent())
		check(b.advance(10 * time.Minute))
		if !b.Idle() {
			t.Errorf("not idle: %d connections, %d datagrams", b.tcp.conns.n, b.frags.count)
		}
		b.checkLeaks()
	})
}

// repair returns p with its addresses and checksums put right, so that fuzzing gets beyond them.
func repair(p []byte) []byte {
	p = append([]byte(nil), p...)
	if len(p) < 40 {
		return p
	}
	src, dst, start, proto := them4, us4, int(p[0]&0xf)*4, wire.Proto(p[9])
	switch p[0] >> 4 {
	case 4:
		putUint16(p[2:], uint16(len(p)))
		copy(p[12:], them4.AsSlice())
		copy(p[16:], us4.AsSlice())
		if start < 20 || start > len(p) {
			return p
		}
		putUint16(p[10:], 0)
		putUint16(p[10:], wire.Checksum(p[:start]))
	case 6:
		src, dst, start, proto = them6, us6, 40, wire.Proto(p[6])
		putUint16(p[4:], uint16(len(p)-40))
		copy(p[8:], them6.AsSlice())
		copy(p[24:], us6.AsSlice())
	default:
		return p
	}
	at := map[wire.Proto]int{wire.ProtoTCP: 16, wire.ProtoUDP: 6, wire.ProtoICMP: 2, wire.ProtoICMPv6: 2}[proto]
	if body := p[start:]; at != 0 && len(body) >= at+2 {
		putUint16(body[at:], 0)
		pseudo := wire.PseudoSum(proto, src, dst, len(body))
		if proto == wire.ProtoICMP {
			pseudo = 0
		}
		putUint16(body[at:], wire.TransportChecksum(pseudo, body))
	}
	return p
}
