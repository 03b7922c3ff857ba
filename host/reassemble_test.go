package host

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// cut4 returns the fragments of an IPv4 datagram, n bytes of payload each.
func cut4(src, dst netip.Addr, proto wire.Proto, id uint16, body []byte, n int) (out [][]byte) {
	for off := 0; off < len(body); off += n {
		end := min(off+n, len(body))
		out = append(out, ip4(src, dst, proto, body[off:end], func(h *wire.IPv4) {
			h.ID, h.FragOffset, h.MF, h.DF = id, off, end < len(body), false
		}))
	}
	return out
}

// cut6 returns the fragments of an IPv6 datagram, with a destination options header before the fragment header if ext.
func cut6(src, dst netip.Addr, proto wire.Proto, id uint32, body []byte, n int, ext bool) (out [][]byte) {
	for off := 0; off < len(body); off += n {
		end := min(off+n, len(body))
		f := wire.Fragment{Offset: off, More: end < len(body), ID: id, Next: proto}
		next, pkt := wire.ProtoFragment, append(f.AppendTo(nil), body[off:end]...)
		if ext {
			next, pkt = wire.ProtoDestOpts, append(wire.AppendOptionsHeader(nil, wire.ProtoFragment, []byte{1, 0}), pkt...)
		}
		out = append(out, ip6(src, dst, next, pkt, nil))
	}
	return out
}

func fragmentsOf(us netip.Addr, id int, payload []byte, n int) [][]byte {
	if us.Is4() {
		return cut4(them4, us, wire.ProtoUDP, uint16(id), udpBody(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us, 7), payload), n)
	}
	return cut6(them6, us, wire.ProtoUDP, uint32(id), udpBody(netip.AddrPortFrom(them6, 9), netip.AddrPortFrom(us, 7), payload), n, false)
}

// listenUDP opens a socket for both families on port 7.
func (b *bench) listenUDP() *UDP {
	b.Helper()
	u, err := b.OpenUDP(netip.MustParseAddrPort("0.0.0.0:7"), netip.AddrPort{}, UDPOptions{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.OpenUDP(netip.MustParseAddrPort("[::]:7"), netip.AddrPort{}, UDPOptions{}); err != nil {
		b.Fatal(err)
	}
	return u
}

// received returns the payload of the datagram that reached port 7, nil if none did.
func (b *bench) received() []byte {
	for u := b.udp.bound[7]; u != nil; u = u.next {
		if d, ok := u.Receive(); ok {
			p := append([]byte{}, d.B...)
			b.pool.Release(d.Chunk)
			return p
		}
	}
	return nil
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7 >> 3)
	}
	return p
}

// TestReassemblyInAnyOrder shuffles the fragments of datagrams of many sizes and duplicates some.
//
// req: RFC791 3.1-1, 3.2-3, 3.2-5, RFC1122 3.2.1.4-1, 3.3.2-1, 3.3.2-2, 3.3.2-3, RFC8200 5-3
func TestReassemblyInAnyOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := newBench(t, config())
	b.listenUDP()
	for id := range 200 {
		us := us4
		if id&1 == 1 {
			us = us6
		}
		want := pattern(1 + rnd.IntN(5000))
		if id < 4 {
			want = pattern(65535 - 20 - 8) // as long as can be
		}
		frags := fragmentsOf(us, id, want, 8*(1+rnd.IntN(180))+len(want)/60&^7)
		for range rnd.IntN(3) {
			frags = append(frags, frags[rnd.IntN(len(frags))])
		}
		rnd.Shuffle(len(frags), func(i, j int) { frags[i], frags[j] = frags[j], frags[i] })
		for _, f := range frags {
			b.recv(f)
		}
		n := 0
		for got := b.received(); got != nil; got = b.received() {
			if n++; !bytes.Equal(got, want) {
				t.Fatalf("datagram %d: %d bytes, want %d, from %d fragments", id, len(got), len(want), len(frags))
			}
		}
		if n == 0 { // more than once if all fragments were duplicated
			t.Fatalf("datagram %d did not arrive", id)
		}
	}
	b.advance(time.Hour) // duplicates that came after their datagram was complete
	b.checkLeaks()
}

func TestReassemblyBehindExtensionHeaders(t *testing.T) {
	b := newBench(t, config())
	b.listenUDP()
	want := pattern(3000)
	for _, f := range cut6(them6, us6, wire.ProtoUDP, 5, udpBody(netip.AddrPortFrom(them6, 9), netip.AddrPortFrom(us6, 7), want), 800, true) {
		if d, _ := b.recv(f); d != accepted {
			t.Errorf("counted as %q", d)
		}
	}
	if got := b.received(); !bytes.Equal(got, want) {
		t.Errorf("%d bytes, want %d", len(got), len(want))
	}
	b.checkLeaks()
}

// RFC 6946: a datagram in one fragment is whole, whatever else is under way with its identification.
//
// req: RFC8200 4.5-5
func TestAtomicFragment(t *testing.T) {
	b := newBench(t, config())
	b.listenUDP()
	b.recv(fragmentsOf(us6, 77, pattern(100), 16)[1])
	want := pattern(9)
	if d, _ := b.recv(fragmentsOf(us6, 77, want, 1000)[0]); d != accepted {
		t.Errorf("counted as %q", d)
	}
	if got := b.received(); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestBadFragments sends fragments that contradict each other; the datagram must not come of them, in whatever follows.
func TestBadFragments(t *testing.T) {
	body := udpBody(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), pattern(56)) // 64 bytes
	frag := func(from, to int, more bool, flip bool) []byte {
		p := append([]byte{}, body[from:min(to, len(body))]...)
		p = append(p, make([]byte, to-from-len(p))...)
		if flip {
			p[0] ^= 1
		}
		return ip4(them4, us4, wire.ProtoUDP, p, func(h *wire.IPv4) {
			h.ID, h.FragOffset, h.MF, h.DF = 1, from, more, false
		})
	}
	rest := [][]byte{frag(0, 16, true, false), frag(16, 32, true, false), frag(32, 48, true, false), frag(48, 64, false, false)}
	for _, c := range []struct {
		name    string
		packets [][]byte
		want    Drop
		whole   bool // the datagram is still delivered once the rest has come
	}{
		{"overlap at the end", [][]byte{rest[1], frag(8, 24, true, false)}, DropFragmentOverlap, false},
		{"overlap at the start", [][]byte{rest[1], frag(24, 40, true, false)}, DropFragmentOverlap, false},
		{"superset", [][]byte{rest[1], frag(0, 48, true, false)}, DropFragmentOverlap, false},
		{"subset with other bytes", [][]byte{rest[1], frag(24, 32, true, true)}, DropFragmentOverlap, false},
		{"copy with other bytes", [][]byte{rest[1], frag(16, 32, true, true)}, DropFragmentOverlap, false},
		{"copy", [][]byte{rest[1], rest[1]}, DropFragmentDuplicate, true},
		{"two ends", [][]byte{rest[3], frag(32, 48, false, false)}, DropFragmentBad, false},
		{"beyond the end", [][]byte{rest[3], frag(64, 72, true, false)}, DropFragmentBad, false},
		{"end before what is there", [][]byte{rest[2], frag(16, 24, false, false)}, DropFragmentBad, false},
		{"empty", [][]byte{frag(16, 16, true, false)}, DropFragmentBad, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			b.listenUDP()
			var d Drop
			for _, p := range c.packets {
				d, _ = b.recv(p)
			}
			if d != c.want {
				t.Errorf("counted as %q, want %q", d, c.want)
			}
			for _, p := range rest {
				b.recv(p)
			}
			if got := b.received(); (got != nil) != c.whole {
				t.Errorf("delivered %d bytes, want the datagram: %v", len(got), c.whole)
			}
			b.advance(time.Minute)
			if b.frags.count != 0 || b.Deadline() != mono.Never {
				t.Errorf("%d datagrams still remembered", b.frags.count)
			}
			b.checkLeaks()
		})
	}
}

// req: RFC792 2-3, 2-5, RFC1122 3.3.2-5, 3.3.2-6, 3.3.2-8, RFC8200 4.5-6, 4.5-7
func TestReassemblyTimeout(t *testing.T) {
	for _, c := range []struct {
		us   netip.Addr
		life time.Duration
	}{{us4, reassemblyTimeV4}, {us6, reassemblyTimeV6}} {
		b := newBench(t, config())
		b.listenUDP()
		frags := fragmentsOf(c.us, 5, pattern(3000), 1000)
		b.recv(frags[0])
		b.recv(frags[2])
		if out := b.advance(c.life - time.Millisecond); len(out) != 0 || b.frags.count != 1 {
			t.Errorf("%v: given up early", c.us)
		}
		p := one(t, b.advance(time.Millisecond))
		typ, code := p.icmp4.Type, p.icmp4.Code
		if c.us.Is6() {
			typ, code = p.icmp6.Type, p.icmp6.Code
		}
		if c.us.Is4() && (typ != wire.ICMPv4TimeExceeded || code != wire.ICMPv4ReassemblyExceeded) ||
			c.us.Is6() && (typ != wire.ICMPv6TimeExceeded || code != wire.ICMPv6ReassemblyExceeded) {
			t.Errorf("%v: got type %d code %d", c.us, typ, code)
		}
		b.recv(frags[1]) // without its first fragment nobody is told
		if out := b.advance(2 * c.life); len(out) != 0 {
			t.Errorf("%v: %d packets sent about a later fragment", c.us, len(out))
		}
		if b.counted(DropReassemblyTimeout) != 2 {
			t.Errorf("%d timeouts counted, want 2", b.counted(DropReassemblyTimeout))
		}
		b.checkLeaks()
	}
}

// TestReassemblyIsBounded floods the host with first fragments of datagrams that never end.
func TestReassemblyIsBounded(t *testing.T) {
	cfg := config()
	cfg.Limits.ReassemblyBytes, cfg.Limits.ReassemblyCount = 1<<20, 100
	b := newBench(t, cfg)
	b.listenUDP()
	for id := range 1000 {
		us := us4
		if id%3 == 0 {
			us = us6
		}
		frags := fragmentsOf(us, id, pattern(60_000), 1024)
		b.recv(frags[id%len(frags)])
		if b.frags.bytes > 1<<20 || b.frags.count > 100 || b.pool.Used() > 1<<20 {
			t.Fatalf("%d bytes in %d datagrams, pool %d", b.frags.bytes, b.frags.count, b.pool.Used())
		}
	}
	if b.counted(DropReassemblyEvicted) == 0 {
		t.Error("nothing was evicted")
	}
	// A datagram that comes quickly still gets through.
	want := pattern(4000)
	for _, f := range fragmentsOf(us4, 5000, want, 1024) {
		b.recv(f)
	}
	if got := b.received(); !bytes.Equal(got, want) {
		t.Error("a datagram did not get through the flood")
	}
	b.advance(time.Hour)
	b.checkLeaks()
}

func TestTooManyHoles(t *testing.T) {
	b := newBench(t, config())
	b.listenUDP()
	frags := fragmentsOf(us4, 1, pattern(8*200), 8)
	var d Drop
	for i := 0; i < len(frags) && d == accepted; i += 2 {
		d, _ = b.recv(frags[i])
	}
	if d != DropFragmentTooMany {
		t.Errorf("counted as %q, want %q", d, DropFragmentTooMany)
	}
	b.checkLeaks()
}

// RFC 3168, Section 5.3: "Reassembly of a fragmented packet MUST NOT lose indications of congestion"; and it "MUST NOT
// change the ECN codepoint when all of the fragments carry the same codepoint".
//
// req: RFC1122 3.2.1.6-2, RFC3168 5.3-1, 5.3-2, 5.3-3, 5.3-4
func TestReassemblyKeepsCongestionMarks(t *testing.T) {
	for _, c := range []struct {
		name  string
		marks [3]wire.ECN
		want  wire.ECN
		drop  Drop
	}{
		{"none", [3]wire.ECN{}, wire.NotECT, accepted},
		{"ECT", [3]wire.ECN{wire.ECT0, wire.ECT0, wire.ECT0}, wire.ECT0, accepted},
		{"the other ECT", [3]wire.ECN{wire.ECT1, wire.ECT1, wire.ECT1}, wire.ECT1, accepted},
		{"CE alone", [3]wire.ECN{wire.CE, wire.CE, wire.CE}, wire.CE, accepted},
		{"CE", [3]wire.ECN{wire.ECT0, wire.CE, wire.ECT0}, wire.CE, accepted},
		{"CE last", [3]wire.ECN{wire.ECT0, wire.ECT0, wire.CE}, wire.CE, accepted},
		{"CE and Not-ECT", [3]wire.ECN{wire.NotECT, wire.CE, wire.ECT0}, 0, DropFragmentECN},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			u := b.listenUDP()
			body := udpBody(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), pattern(3000))
			var drop Drop
			for i, f := range cut4(them4, us4, wire.ProtoUDP, 1, body, 1016) {
				h, p, _ := wire.ParseIPv4(f)
				h.TOS = 0x40 | uint8(c.marks[i])
				drop, _ = b.recv(append(h.AppendTo(nil, len(p)), p...))
			}
			if drop != c.drop {
				t.Fatalf("counted as %q, want %q", drop, c.drop)
			}
			if d, ok := u.Receive(); ok {
				if d.TOS != 0x40|uint8(c.want) {
					t.Errorf("TOS %#x, want %#x", d.TOS, 0x40|uint8(c.want))
				}
				b.pool.Release(d.Chunk)
			}
			b.checkLeaks()
		})
	}
}
