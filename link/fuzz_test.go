package link_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// referenceSum is the sum of RFC 1071 as its text has it: 16 bits at a time.
func referenceSum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(b[i]) << 8
		if i+1 < len(b) {
			sum += uint32(b[i+1])
		}
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// pseudoHeader returns the pseudo-header of the packet b in IPv6's format, whose sum is that of IPv4's.
func pseudoHeader(b []byte, h link.Headers) []byte {
	addrs := b[12:20]
	if h.IPv6 {
		addrs = b[8:40]
	}
	p := bytes.Clone(addrs)
	p = binary.BigEndian.AppendUint32(p, uint32(len(b)-h.Transport))
	return append(p, 0, 0, 0, byte(h.Proto))
}

func FuzzSegment(f *testing.F) {
	for _, test := range superPackets {
		f.Add(unhex(f, test.packet), test.segSize, uint8(3))
	}
	long, data := longPacket("2001:db8::1", 1000, 70_000)
	f.Add(append(long.Bytes, data[:3000]...), uint16(1000), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, segSize uint16, pieces uint8) {
		h, err := link.ParseHeaders(b)
		p := link.Packet{Bytes: b, SegSize: max(segSize, 1)}
		if err == nil {
			p = spread(b, h.Payload, int(pieces)+1)
			p.SegSize = max(segSize, 1)
		}
		var s link.Segmenter
		if s.Reset(&p) != nil {
			return
		}
		scratch := make([]byte, s.Max())
		if wire.HasJumbo(b) { // the segments carry none
			b = append(bytes.Clone(b[:wire.IPv6HeaderLen]), b[wire.IPv6HeaderLen+wire.JumboLen:]...)
			wire.SetNextHeader(b, h.Proto)
			if h, err = link.ParseHeaders(b); err != nil {
				t.Fatal(err)
			}
		}
		var payload []byte
		for n := 0; ; n++ {
			got := s.Next(scratch)
			if got == nil {
				break
			}
			payload = append(payload, checkSegment(t, b, got, h, n, int(p.SegSize))...)
		}
		if !bytes.Equal(payload, b[h.Payload:]) {
			t.Errorf("payload of the segments is %x, want %x", payload, b[h.Payload:])
		}
	})
}

// checkSegment checks that got is the n-th segment of the super-packet b, and returns its payload.
func checkSegment(t *testing.T, b, got []byte, h link.Headers, n, size int) []byte {
	gh, err := link.ParseHeaders(got)
	if err != nil || gh != h {
		t.Fatalf("headers %+v, %v; want %+v", gh, err, h)
	}
	last := h.Payload+(n+1)*size >= len(b)
	if len(got) > h.Payload+size || !last && len(got) != h.Payload+size {
		t.Errorf("segment %d of %d bytes, size %d", n, len(got)-h.Payload, size)
	}
	if sum := referenceSum(append(pseudoHeader(got, gh), got[h.Transport:]...)); h.Transport%2 == 0 && sum != 0xffff {
		t.Errorf("segment %d: checksum is off by %#x", n, ^sum)
	}
	be := binary.BigEndian
	if h.IPv6 {
		if l := int(be.Uint16(got[4:])); l != len(got)-40 {
			t.Errorf("payload length %d in a packet of %d", l, len(got))
		}
	} else {
		if be.Uint16(got[2:]) != uint16(len(got)) || referenceSum(got[:h.Transport]) != 0xffff {
			t.Errorf("bad IPv4 header %x", got[:h.Transport])
		}
		if id := be.Uint16(got[4:]) - be.Uint16(b[4:]); id != uint16(n) {
			t.Errorf("segment %d has ID +%d", n, id)
		}
	}
	if h.Proto == 17 {
		return got[h.Payload:]
	}
	tcp, super := got[h.Transport:], b[h.Transport:]
	if d := be.Uint32(tcp[4:]) - be.Uint32(super[4:]); d != uint32(n*size) {
		t.Errorf("segment %d: sequence number +%d", n, d)
	}
	flags := super[13]
	if !last {
		flags &^= 0x09
	}
	if n > 0 {
		flags &^= 0x80
	}
	if tcp[13] != flags {
		t.Errorf("segment %d: flags %#x, want %#x", n, tcp[13], flags)
	}
	return got[h.Payload:]
}
