package link_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// stream is a TCP super-packet of several segments: what Joiner has to make of them.
type stream struct {
	name     string
	packet   link.Packet
	segments [][]byte
}

// streams returns super-packets over both versions of IP, and what they are cut into.
func streams(t testing.TB) []stream {
	// A window, an acknowledgment and timestamps, as TCP sends them; the sequence number wraps.
	const tcp = "c0000050" + "fffffb00" + "01020304" + "8018" + "00ff" + "0000" + "0000" + "0101080a" + "00000001" + "00000002"
	v4 := unhex(t, "4502"+"0000"+"0007"+"4000"+"4006"+"0000"+"0a070002"+"0a070001"+tcp)
	v6 := unhex(t, "60212345"+"0000"+"06"+"40"+"fd000000000000000000000000000002"+"fd000000000000000000000000000001"+tcp)
	text := make([]byte, 10_500)
	for i := range text {
		text[i] = byte(i * i >> 3)
	}
	var all []stream
	for _, s := range []struct {
		name   string
		header []byte
		ip     int
	}{{"IPv4", v4, wire.IPv4HeaderLen}, {"IPv6", v6, wire.IPv6HeaderLen}} {
		b := append(bytes.Clone(s.header), text...)
		if s.ip == wire.IPv4HeaderLen {
			binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
			binary.BigEndian.PutUint16(b[10:], wire.Checksum(b[:s.ip]))
		} else {
			binary.BigEndian.PutUint16(b[4:], uint16(len(b)-s.ip))
		}
		src, dst := b[12:16], b[16:20]
		if s.ip == wire.IPv6HeaderLen {
			src, dst = b[8:24], b[24:40]
		}
		n := len(b) - s.ip
		pseudo := wire.SumBytes(wire.Sum{}, append(append(bytes.Clone(src), dst...), 0, 6, byte(n>>8), byte(n)))
		binary.BigEndian.PutUint16(b[s.ip+16:], wire.FoldSum(pseudo))
		p := link.Packet{
			Bytes: b, SegSize: 1000, HdrLen: uint16(len(s.header)), CsumStart: uint16(s.ip), CsumOffset: 16, CsumValid: true,
		}
		var segments [][]byte
		for _, c := range cut(t, &p) {
			segments = append(segments, unhex(t, c))
		}
		all = append(all, stream{s.name, p, segments})
	}
	return all
}

// join returns what a Joiner with so much memory makes of the packets.
func join(packets [][]byte, room int) []link.Packet {
	var j link.Joiner
	var out []link.Packet
	for _, b := range packets {
		p := &link.Packet{Bytes: b}
		if out == nil {
			out = []link.Packet{}
		} else if j.Add(p) {
			continue
		} else {
			out = append(out, j.Packet())
		}
		j.Start(p, make([]byte, room))
	}
	return append(out, j.Packet())
}

func TestJoin(t *testing.T) {
	for _, s := range streams(t) {
		got := join(s.segments, link.MaxPacket)
		if len(got) != 1 {
			t.Fatalf("%s: %d segments became %d packets, want 1", s.name, len(s.segments), len(got))
		}
		p, want := got[0], s.packet
		if !bytes.Equal(p.Bytes, want.Bytes) {
			t.Errorf("%s: got  %x\nwant %x", s.name, p.Bytes[:80], want.Bytes[:80])
		}
		p.Bytes, want.Bytes = nil, nil
		if p.SegSize != want.SegSize || p.HdrLen != want.HdrLen || p.CsumStart != want.CsumStart ||
			p.CsumOffset != want.CsumOffset || !p.CsumValid {
			t.Errorf("%s: got %+v, want %+v", s.name, p, want)
		}
	}
}

// TestJoinOutOfOrder: what does not follow begins anew, and comes out in the order in which it came.
func TestJoinOutOfOrder(t *testing.T) {
	for _, s := range streams(t) {
		x := s.segments
		order := [][]byte{x[3], x[4], x[0], x[1], x[2], x[2], x[6], x[5], x[9], x[10], x[7]}
		want := []int{2, 3, 1, 1, 1, 2, 1}
		got := join(order, link.MaxPacket)
		if len(got) != len(want) {
			t.Fatalf("%s: got %d packets, want %d", s.name, len(got), len(want))
		}
		at := 0
		for i := range got {
			pieces := cut(t, &got[i])
			if len(pieces) != want[i] {
				t.Errorf("%s: packet %d stands for %d segments, want %d", s.name, i, len(pieces), want[i])
			}
			for _, c := range pieces {
				if at < len(order) && !sameButID(unhex(t, c), order[at]) {
					t.Errorf("%s: segment %d: got %s, want %x", s.name, at, c, order[at])
				}
				at++
			}
		}
	}
}

// sameButID compares packets without the identification of IPv4, PSH, and the checksums with them.
func sameButID(a, b []byte) bool {
	a, b = bytes.Clone(a), bytes.Clone(b)
	for _, p := range [][]byte{a, b} {
		if p[0]>>4 == 4 {
			clear(p[4:6])
			clear(p[10:12])
		}
		if h, err := link.ParseHeaders(p); err == nil && h.Proto == wire.ProtoTCP {
			p[h.Transport+13] &^= byte(wire.PSH)
			clear(p[h.Transport+16 : h.Transport+18])
		}
	}
	return bytes.Equal(a, b)
}

// TestJoinPSH: one that says that nothing is to be waited for is not waited for, nor forgotten.
func TestJoinPSH(t *testing.T) {
	for _, s := range streams(t) {
		x := [][]byte{bytes.Clone(s.segments[0]), bytes.Clone(s.segments[1]), s.segments[2]}
		for i := range 2 {
			x[i][s.packet.CsumStart+13] ^= byte(wire.PSH)
			fixSums(x[i])
			if got := join(x, link.MaxPacket); len(got) != 1 || got[0].Bytes[s.packet.CsumStart+13] != byte(wire.ACK|wire.PSH) {
				t.Errorf("%s: PSH in segment %d: %d packets, flags %#x", s.name, i, len(got), got[0].Bytes[s.packet.CsumStart+13])
			}
			x[i] = s.segments[i]
		}
	}
}

// fixSums makes the checksums of a packet correct.
func fixSums(b []byte) {
	ip := wire.IPv6HeaderLen
	addrs := b[8:40]
	if b[0]>>4 == 4 {
		ip = int(b[0]&0xf) * 4
		addrs = b[12:20]
		clear(b[10:12])
		binary.BigEndian.PutUint16(b[10:], wire.Checksum(b[:ip]))
	}
	n := len(b) - ip
	clear(b[ip+16 : ip+18])
	sum := wire.SumBytes(wire.SumBytes(wire.Sum{}, addrs), []byte{0, 6, byte(n >> 8), byte(n)})
	binary.BigEndian.PutUint16(b[ip+16:], ^wire.FoldSum(wire.SumBytes(sum, b[ip:])))
}

// TestJoinRefuses changes one thing about the second of two segments that would be joined, or about both.
func TestJoinRefuses(t *testing.T) {
	tests := []struct {
		name string
		both bool
		ip4  func(b []byte) []byte // nil: as the other
		tcp  func(h, b []byte) []byte
	}{
		{name: "another port", tcp: func(h, b []byte) []byte { h[1]++; return b }},
		{name: "a later sequence number", tcp: func(h, b []byte) []byte { h[7]++; return b }},
		{name: "another acknowledgment", tcp: func(h, b []byte) []byte { h[11]++; return b }},
		{name: "another window", tcp: func(h, b []byte) []byte { h[15]++; return b }},
		{name: "a later timestamp", tcp: func(h, b []byte) []byte { h[27]++; return b }},
		{name: "another echo", tcp: func(h, b []byte) []byte { h[31]++; return b }},
		{name: "FIN", tcp: func(h, b []byte) []byte { h[13] |= 1; return b }},
		{name: "SYN", tcp: func(h, b []byte) []byte { h[13] |= 2; return b }},
		{name: "RST", tcp: func(h, b []byte) []byte { h[13] |= 4; return b }},
		{name: "URG", tcp: func(h, b []byte) []byte { h[13] |= 0x20; return b }},
		{name: "ECE", tcp: func(h, b []byte) []byte { h[13] |= 0x40; return b }},
		{name: "CWR", tcp: func(h, b []byte) []byte { h[13] |= 0x80; return b }},
		{name: "a reserved bit", tcp: func(h, b []byte) []byte { h[12] |= 1; return b }},
		{name: "no ACK in both", both: true, tcp: func(h, b []byte) []byte { h[13] = 0; return b }},
		{name: "URG in both", both: true, tcp: func(h, b []byte) []byte { h[13] |= 0x20; return b }},
		{name: "urgent pointers in both", both: true, tcp: func(h, b []byte) []byte { h[19] = 1; return b }},
		{name: "a shorter one before", tcp: func(h, b []byte) []byte { return b }},
		{name: "no text", tcp: func(h, b []byte) []byte { return b[:len(b)-1000] }},
		{name: "padding", tcp: func(h, b []byte) []byte { return append(b, 0) }},
		{name: "other ECN bits", ip4: func(b []byte) []byte { b[1] ^= 1; return b }},
		{name: "another TTL", ip4: func(b []byte) []byte { b[8]--; return b }},
		{name: "DF", ip4: func(b []byte) []byte { b[6] ^= 0x40; return b }},
		{name: "fragments", both: true, ip4: func(b []byte) []byte { b[6] |= 0x20; return b }},
		{name: "another source", ip4: func(b []byte) []byte { b[15]++; return b }},
		{name: "another destination", ip4: func(b []byte) []byte { b[19]++; return b }},
		{name: "another protocol", both: true, ip4: func(b []byte) []byte { b[9] = 17; return b }},
	}
	for _, test := range tests {
		for _, s := range streams(t) {
			if test.tcp == nil && s.name != "IPv4" {
				continue
			}
			a, b := bytes.Clone(s.segments[0]), bytes.Clone(s.segments[1])
			change := func(b []byte) []byte {
				if test.tcp != nil {
					b = test.tcp(b[s.packet.CsumStart:], b)
				} else {
					b = test.ip4(b)
				}
				setLength(b, test.name == "padding")
				fixSums(b)
				return b
			}
			if test.both {
				a = change(a)
			}
			if test.name == "a shorter one before" {
				a = a[:len(a)-1]
				a[s.packet.CsumStart+7]++
				setLength(a, false)
				fixSums(a)
			}
			b = change(b)
			keepA, keepB := bytes.Clone(a), bytes.Clone(b)
			got := join([][]byte{a, b}, link.MaxPacket)
			if len(got) != 2 || !bytes.Equal(got[0].Bytes, keepA) || !bytes.Equal(got[1].Bytes, keepB) {
				t.Errorf("%s, %s: joined, or changed", test.name, s.name)
			}
		}
	}
}

// setLength writes the length of b into its IP header, one less if it is padded.
func setLength(b []byte, padded bool) {
	n := len(b)
	if padded {
		n--
	}
	if b[0]>>4 == 4 {
		binary.BigEndian.PutUint16(b[2:], uint16(n))
	} else {
		binary.BigEndian.PutUint16(b[4:], uint16(n-wire.IPv6HeaderLen))
	}
}

// TestJoinChecksums: a wrong checksum is left to the stack to find, and nobody vouches for it.
func TestJoinChecksums(t *testing.T) {
	for _, s := range streams(t) {
		for _, at := range []int{-1, int(s.packet.CsumStart) + 16, 10} {
			if at == 10 && s.name == "IPv6" {
				continue
			}
			for which := range 2 {
				x := [][]byte{bytes.Clone(s.segments[0]), bytes.Clone(s.segments[1])}
				bad := x[which]
				if at < 0 {
					bad[len(bad)-1] ^= 0x10
				} else {
					bad[at] ^= 0x10
				}
				got := join(x, link.MaxPacket)
				if len(got) != 2 {
					t.Fatalf("%s: byte %d of segment %d is wrong, and they are joined", s.name, at, which)
				}
				if at != 10 && got[which].CsumValid {
					t.Errorf("%s: byte %d of segment %d is wrong, and the checksum vouched for", s.name, at, which)
				}
			}
		}
	}
}

// TestJoinRoom: nothing is written beyond the memory, whatever its size.
func TestJoinRoom(t *testing.T) {
	for _, s := range streams(t) {
		head := int(s.packet.HdrLen)
		for _, n := range []int{0, head, head + 1000, head + 1999, head + 2000, head + 3500} {
			got := join(s.segments[:4], n)
			want := max(1, (n-head)/1000)
			if k := len(cut(t, &got[0])); k != want {
				t.Errorf("%s: %d bytes hold %d segments, want %d", s.name, n, k, want)
			}
		}
	}
}

// FuzzJoin: whatever comes, cutting gives the same packets again.
func FuzzJoin(f *testing.F) {
	for _, s := range streams(f) {
		f.Add(s.segments[0], s.segments[1], uint64(1))
		f.Add(s.segments[9], s.segments[10], uint64(2))
	}
	f.Fuzz(func(t *testing.T, a, b []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		packets := [][]byte{a, b}
		for range 4 {
			packets = append(packets, bytes.Clone(packets[rnd.IntN(len(packets))]))
		}
		keep := make([][]byte, len(packets))
		for i := range packets {
			keep[i] = bytes.Clone(packets[i])
		}
		at := 0
		for _, p := range join(packets, link.MaxPacket) {
			if p.SegSize == 0 {
				if !bytes.Equal(p.Bytes, keep[at]) {
					t.Fatalf("packet %d: got %x, want %x", at, p.Bytes, keep[at])
				}
				at++
				continue
			}
			for _, c := range cut(t, &p) {
				if got, _ := hex.DecodeString(c); at == len(keep) || !sameButID(got, keep[at]) {
					t.Fatalf("segment %d: got %s", at, c)
				}
				at++
			}
		}
		if at != len(keep) {
			t.Fatalf("%d packets became %d", len(keep), at)
		}
	})
}

func TestJoinAllocatesNothing(t *testing.T) {
	s := streams(t)[0]
	pkts := make([]link.Packet, len(s.segments))
	memory := make([]byte, link.MaxPacket)
	var j link.Joiner
	var got link.Packet
	n := testing.AllocsPerRun(10, func() {
		for i := range pkts {
			pkts[i] = link.Packet{Bytes: s.segments[i]}
			if i == 0 {
				j.Start(&pkts[i], memory)
			} else {
				j.Add(&pkts[i])
			}
		}
		got = j.Packet()
	})
	if n != 0 || got.Len() != s.packet.Len() {
		t.Errorf("%v allocations, and a packet of %d bytes; want none, and %d", n, got.Len(), s.packet.Len())
	}
}

func BenchmarkJoin(b *testing.B) {
	for _, s := range streams(b) {
		b.Run(s.name, func(b *testing.B) {
			memory := make([]byte, link.MaxPacket)
			var j link.Joiner
			b.SetBytes(int64(s.packet.Len()))
			b.ReportAllocs()
			for b.Loop() {
				j.Start(&link.Packet{Bytes: s.segments[0]}, memory)
				for _, x := range s.segments[1:] {
					if !j.Add(&link.Packet{Bytes: x}) {
						b.Fatal("not joined")
					}
				}
				_ = j.Packet()
			}
		})
	}
}
