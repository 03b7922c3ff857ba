package fdqueue

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/antedon-net/antedon/link"
)

var addresses = "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02"

var framings = []Framing{
	{},
	{PacketInfo: true},
	{Vnet: 10},
	{Vnet: 12, PacketInfo: true},
	{Vnet: 10, Ethernet: addresses},
	{Ethernet: addresses},
}

// tcp4 returns an IPv4 TCP packet of which only what devices look at is filled in.
func tcp4(payload int, flags byte) []byte {
	b := make([]byte, 40+payload)
	b[0], b[9], b[32], b[33] = 0x45, 6, 0x50, flags
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	return b
}

func tcp6(payload int) []byte {
	b := make([]byte, 60+payload)
	b[0], b[6], b[52] = 0x60, 6, 0x50
	b[4], b[5] = byte((20+payload)>>8), byte(20+payload)
	return b
}

func udp4(payload int) []byte {
	b := make([]byte, 28+payload)
	b[0], b[9] = 0x45, 17
	return b
}

func TestFraming(t *testing.T) {
	packets := []link.Packet{
		{Bytes: tcp4(5, 0)},
		{Bytes: tcp6(5)},
		{Bytes: tcp4(5, 0), CsumStart: 20, CsumOffset: 16, CsumValid: true},
		{Bytes: udp4(5), CsumStart: 20, CsumOffset: 6, CsumValid: true},
		{Bytes: tcp4(5000, 0x80), CsumStart: 20, CsumOffset: 16, CsumValid: true, SegSize: 1460, HdrLen: 40},
		{Bytes: tcp6(5000), CsumStart: 40, CsumOffset: 16, CsumValid: true, SegSize: 1440, HdrLen: 60},
		{Bytes: udp4(5000), CsumStart: 20, CsumOffset: 6, CsumValid: true, SegSize: 1000, HdrLen: 28},
	}
	for _, f := range framings {
		for i, p := range packets {
			if f.Vnet == 0 && p.CsumStart != 0 {
				continue
			}
			got := link.Packet{Buf: make([]byte, link.ReadRoom)}
			n := f.put(got.Buf, &p, false)
			if n != f.Len() {
				t.Errorf("%+v: prefix of %d bytes, want %d", f, n, f.Len())
			}
			n += copy(got.Buf[n:], p.Bytes)
			ok := f.parse(&got, n)
			if !ok || !bytes.Equal(got.Bytes, p.Bytes) || fields(&got) != fields(&p) {
				t.Errorf("%+v: packet %d: got %v %s, want %s", f, i, ok, fields(&got), fields(&p))
			}
		}
	}
}

func fields(p *link.Packet) string {
	return fmt.Sprintf("seg %d hdr %d csum %d+%d valid %v", p.SegSize, p.HdrLen, p.CsumStart, p.CsumOffset, p.CsumValid)
}

func TestVnetBytes(t *testing.T) {
	f := Framing{Vnet: 10, Ethernet: addresses}
	p := link.Packet{Bytes: tcp4(3000, 0x80), CsumStart: 20, CsumOffset: 16, SegSize: 1460, HdrLen: 40}
	b := make([]byte, maxPrefix)
	got := fmt.Sprintf("%x", b[:f.put(b, &p, false)])
	// flags, TCPv4 with ECN, 54 bytes of headers, 1460, checksum at 34+16; in little-endian order.
	want := "0181" + "3600" + "b405" + "2200" + "1000" + fmt.Sprintf("%x", addresses) + "0800"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestParseRejects(t *testing.T) {
	vnet := Framing{Vnet: 10}
	tests := []struct {
		name string
		f    Framing
		b    []byte
	}{
		{"nothing", Framing{}, nil},
		{"no IP", Framing{}, []byte{0x50, 0}},
		{"prefix only", vnet, make([]byte, 10)},
		{"cut by the kernel", Framing{PacketInfo: true}, append([]byte{1, 0, 8, 0}, tcp4(0, 0)...)},
		{"ARP", Framing{Ethernet: addresses}, append([]byte(addresses+"\x08\x06"), tcp4(0, 0)...)},
		{"IPv6 announced, IPv4 there", Framing{Ethernet: addresses}, append([]byte(addresses+"\x86\xdd"), tcp4(0, 0)...)},
		{"checksum beyond the end", vnet, append([]byte{1, 0, 0, 0, 0, 0, 39, 0, 0, 0}, tcp4(0, 0)...)},
		{"UDP fragmentation offload", vnet, append([]byte{0, 3, 0, 0, 9, 0, 0, 0, 0, 0}, udp4(20)...)},
		{"segments of no size", vnet, append([]byte{1, 1, 40, 0, 0, 0, 20, 0, 16, 0}, tcp4(20, 0)...)},
		{"super-packet without a TCP header", vnet, append([]byte{1, 1, 40, 0, 9, 0, 20, 0, 16, 0}, tcp4(20, 0)[:30]...)},
	}
	for _, test := range tests {
		p := link.Packet{Buf: make([]byte, 200)}
		if test.f.parse(&p, copy(p.Buf, test.b)) {
			t.Errorf("%s: accepted", test.name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(append([]byte{1, 1, 40, 0, 9, 0, 20, 0, 16, 0}, tcp4(20, 0)...), uint8(2))
	f.Add(append([]byte(addresses+"\x86\xdd"), tcp6(10)...), uint8(5))
	f.Fuzz(func(t *testing.T, b []byte, which uint8) {
		framing := framings[int(which)%len(framings)]
		p := link.Packet{Buf: b}
		if !framing.parse(&p, len(b)) {
			return
		}
		if int(p.CsumStart)+int(p.CsumOffset)+2 > len(p.Bytes) && p.CsumStart != 0 {
			t.Errorf("checksum field at %d+%d of %d bytes", p.CsumStart, p.CsumOffset, len(p.Bytes))
		}
		if p.SegSize > 0 && int(p.HdrLen) > len(p.Bytes) {
			t.Errorf("headers of %d in %d bytes", p.HdrLen, len(p.Bytes))
		}
	})
}
