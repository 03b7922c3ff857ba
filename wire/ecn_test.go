package wire

import "testing"

// A mark leaves a correct packet: the checksum of every IPv4 header is that of a new sum.
func TestMarkCE(t *testing.T) {
	for tos := range 256 {
		for id := 0; id < 1<<16; id += 257 {
			h := IPv4{TOS: uint8(tos), ID: uint16(id), TTL: 64, Proto: ProtoTCP, Src: host1, Dst: host2}
			b := h.AppendTo(nil, 0)
			marked := MarkCE(b)
			if want := tos&3 != 0; marked != want {
				t.Fatalf("TOS %#x: got %v, want %v", tos, marked, want)
			}
			if marked {
				h.TOS |= 3
			}
			if want := h.AppendTo(nil, 0); string(b) != string(want) {
				t.Fatalf("TOS %#x, ID %d:\ngot  %x\nwant %x", tos, id, b, want)
			}
		}
		h := IPv6{TrafficClass: uint8(tos), FlowLabel: 0xfffff, HopLimit: 64, NextHeader: ProtoTCP, Src: host1v6, Dst: host2v6}
		b := h.AppendTo(nil, 0)
		if MarkCE(b) {
			h.TrafficClass |= 3
		}
		if want := h.AppendTo(nil, 0); string(b) != string(want) {
			t.Fatalf("traffic class %#x:\ngot  %x\nwant %x", tos, b, want)
		}
	}
	for _, b := range [][]byte{nil, {0x45, 1}, make([]byte, 60), {0x60, 0x10}} {
		if MarkCE(b) {
			t.Errorf("%x: marked", b)
		}
	}
}
