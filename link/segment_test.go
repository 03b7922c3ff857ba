package link_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/link"
)

// Packets and the segments they stand for, computed by a program that shares no code with this one.
var superPackets = []struct {
	name       string
	segSize    uint16
	csumStart  uint16
	csumOffset uint16
	packet     string
	segments   []string
}{
	{
		"TCP over IPv4, ID and sequence number wrap, FIN PSH CWR", 4, 20, 16,
		"4500003efffe4000400626ab0a0700020a070001c0000050fffffffc010203048099100092c300000101080a00000001" +
			"000000026162636465666768696a",
		[]string{
			"45000038fffe4000400626b10a0700020a070001c0000050fffffffc0102030480901000c90b00000101080a00000001" +
				"0000000261626364",
			"45000038ffff4000400626b00a0700020a070001c0000050000000000102030480101000c18000000101080a00000001" +
				"0000000265666768",
			"4500003600004000400626b20a0700020a070001c000005000000004010203048019100024da00000101080a00000001" +
				"00000002696a",
		},
	},
	{
		"TCP over IPv4 with router alert, even division", 5, 24, 16,
		"4600003600074000400691a60a0700020a07000194040000c0000050000000640102030450181000cbf7000061626364" +
			"65666768696a",
		[]string{
			"4600003100074000400691ab0a0700020a07000194040000c00000500000006401020304501010009d3d000061626364" +
				"65",
			"4600003100084000400691aa0a0700020a07000194040000c00000500000006901020304501810008e26000066676869" +
				"6a",
		},
	},
	{
		"TCP over IPv6 with hop-by-hop options", 3, 48, 16,
		"6001234500320040fd000000000000000000000000000002fd0000000000000000000000000000010600050200000100" +
			"c0000050000003e80102030480581000a92500000101080a00000001000000026162636465666768696a",
		[]string{
			"60012345002b0040fd000000000000000000000000000002fd0000000000000000000000000000010600050200000100" +
				"c0000050000003e80102030480501000dfd100000101080a0000000100000002616263",
			"60012345002b0040fd000000000000000000000000000002fd0000000000000000000000000000010600050200000100" +
				"c0000050000003eb0102030480501000d9cb00000101080a0000000100000002646566",
			"60012345002b0040fd000000000000000000000000000002fd0000000000000000000000000000010600050200000100" +
				"c0000050000003ee0102030480501000d3c500000101080a0000000100000002676869",
			"6001234500290040fd000000000000000000000000000002fd0000000000000000000000000000010600050200000100" +
				"c0000050000003f101020304805810003a2500000101080a00000001000000026a",
		},
	},
	{
		"UDP over IPv4, a checksum that comes to 0", 2, 20, 6,
		"4500002100014000401126bb0a0700020a07000113880035000dbbd71122d80c33",
		[]string{
			"4500001e00014000401126be0a0700020a07000113880035000ac6ea1122",
			"4500001e00024000401126bd0a0700020a07000113880035000affffd80c",
			"4500001d00034000401126bd0a0700020a070001138800350009a50e33",
		},
	},
	{
		"UDP over IPv6", 6, 40, 6,
		"6001234500121140fd000000000000000000000000000002fd000000000000000000000000000001138800350012f708" +
			"6162636465666768696a",
		[]string{
			"60012345000e1140fd000000000000000000000000000002fd00000000000000000000000000000113880035000ec7e3" +
				"616263646566",
			"60012345000c1140fd000000000000000000000000000002fd00000000000000000000000000000113880035000c2142" +
				"6768696a",
		},
	},
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// spread returns a packet whose first head bytes are Bytes and whose others are Payload, in slices of n bytes.
func spread(b []byte, head, n int) link.Packet {
	p := link.Packet{Bytes: b[:head:head]}
	for b = b[head:]; len(b) > n; b = b[n:] {
		p.Payload = append(p.Payload, b[:n])
	}
	p.Payload = append(p.Payload, b)
	return p
}

// cut returns the packets that p stands for, in hexadecimal.
func cut(t testing.TB, p *link.Packet) []string {
	t.Helper()
	var s link.Segmenter
	if err := s.Reset(p); err != nil {
		t.Fatal(err)
	}
	var got []string
	scratch := make([]byte, s.Max())
	for b := s.Next(scratch); b != nil; b = s.Next(scratch) {
		got = append(got, hex.EncodeToString(b))
	}
	return got
}

func TestSegment(t *testing.T) {
	for _, test := range superPackets {
		t.Run(test.name, func(t *testing.T) {
			b := unhex(t, test.packet)
			h, err := link.ParseHeaders(b)
			if err != nil {
				t.Fatal(err)
			}
			if h.Transport != int(test.csumStart) {
				t.Errorf("transport header at %d, want %d", h.Transport, test.csumStart)
			}
			for _, pieces := range []int{1, 3, 100} {
				p := spread(bytes.Clone(b), h.Payload, pieces)
				p.SegSize, p.CsumStart, p.CsumOffset = test.segSize, test.csumStart, test.csumOffset
				if got, want := strings.Join(cut(t, &p), "\n"), strings.Join(test.segments, "\n"); got != want {
					t.Errorf("payload in slices of %d bytes: got\n%s\nwant\n%s", pieces, got, want)
				}
			}
		})
	}
}

func TestSegmentOrdinary(t *testing.T) {
	test := superPackets[0]
	want := unhex(t, test.packet)
	p := spread(bytes.Clone(want), 52, 3)
	if got := cut(t, &p); len(got) != 1 || got[0] != test.packet {
		t.Errorf("complete packet: got %v, want it unchanged", got)
	}
	p = partial(t, test.packet, 20, 16)
	if got := cut(t, &p); len(got) != 1 || got[0] != test.packet {
		t.Errorf("partial checksum: got\n%v, want\n%v", got, test.packet)
	}
}

// partial returns the packet s with a partial checksum, its payload after 52 bytes in slices of 3.
func partial(t testing.TB, s string, start, offset uint16) link.Packet {
	b := unhex(t, s)
	field := b[start+offset:]
	field[0], field[1] = 0, 0
	h, err := link.ParseHeaders(b)
	if err != nil {
		t.Fatal(err)
	}
	sum := referenceSum(pseudoHeader(b, h))
	field[0], field[1] = byte(sum>>8), byte(sum)
	p := spread(b, h.Payload, 3)
	p.CsumStart, p.CsumOffset = start, offset
	return p
}

func TestCompleteChecksum(t *testing.T) {
	for _, test := range superPackets {
		for _, s := range append([]string{test.packet}, test.segments...) {
			p := partial(t, s, test.csumStart, test.csumOffset)
			if err := link.CompleteChecksum(&p); err != nil {
				t.Fatal(err)
			}
			got := bytes.Join(append([][]byte{p.Bytes}, p.Payload...), nil)
			if hex.EncodeToString(got) != s || p.CsumStart != 0 {
				t.Errorf("%s: got\n%x, want\n%s", test.name, got, s)
			}
		}
	}
	p := link.Packet{Bytes: make([]byte, 37), CsumStart: 20, CsumOffset: 16}
	if err := link.CompleteChecksum(&p); err != link.ErrMalformed {
		t.Errorf("checksum field beyond the end: got %v, want ErrMalformed", err)
	}
}

func TestSegmentRejects(t *testing.T) {
	good := unhex(t, superPackets[0].packet)
	change := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	tests := []struct {
		name   string
		packet link.Packet
		want   error
	}{
		{"no packet", link.Packet{SegSize: 1}, link.ErrMalformed},
		{"IP version 5", link.Packet{Bytes: change(0, 0x55), SegSize: 1}, link.ErrMalformed},
		{"short IP header", link.Packet{Bytes: change(0, 0x44), SegSize: 1}, link.ErrMalformed},
		{"fragment", link.Packet{Bytes: change(6, 0x20), SegSize: 1}, link.ErrMalformed},
		{"ICMP", link.Packet{Bytes: change(9, 1), SegSize: 1}, link.ErrMalformed},
		{"short TCP header", link.Packet{Bytes: change(32, 0x40), SegSize: 1}, link.ErrMalformed},
		{"TCP header beyond Bytes", link.Packet{Bytes: good[:45], Payload: [][]byte{good[45:]}, SegSize: 1}, link.ErrMalformed},
		{"too long", link.Packet{Bytes: good, Payload: [][]byte{make([]byte, link.MaxSuperPacket)}, SegSize: 1}, link.ErrTooLong},
		{"too long to be one packet", link.Packet{Bytes: good, Payload: [][]byte{make([]byte, 65535)}}, link.ErrTooLong},
	}
	for _, test := range tests {
		var s link.Segmenter
		if err := s.Reset(&test.packet); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestSegmentAllocs(t *testing.T) {
	p := bigPacket()
	var s link.Segmenter
	scratch := make([]byte, 1500)
	allocs := testing.AllocsPerRun(10, func() {
		if err := s.Reset(&p); err != nil {
			t.Fatal(err)
		}
		for s.Next(scratch) != nil {
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations per super-packet, want 0", allocs)
	}
}

// bigPacket returns a TCP super-packet of 44 segments of 1448 bytes.
func bigPacket() link.Packet {
	head, _ := hex.DecodeString(superPackets[0].packet[:104])
	total := len(head) + 44*1448
	head[2], head[3] = byte(total>>8), byte(total)
	p := link.Packet{Bytes: head, SegSize: 1448, HdrLen: 52, CsumStart: 20, CsumOffset: 16}
	for range 4 {
		p.Payload = append(p.Payload, make([]byte, 11*1448))
	}
	return p
}

func BenchmarkSegment(b *testing.B) {
	p := bigPacket()
	var s link.Segmenter
	scratch := make([]byte, 1500)
	b.SetBytes(int64(p.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Reset(&p); err != nil {
			b.Fatal(err)
		}
		for s.Next(scratch) != nil {
		}
	}
}
