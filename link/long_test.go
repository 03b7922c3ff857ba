package link_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/wire"
)

// longPacket returns a super-packet longer than an IP packet can be, and its payload.
func longPacket(addr string, size, n int) (link.Packet, []byte) {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i ^ i>>8)
	}
	end := netip.AddrPortFrom(netip.MustParseAddr(addr), 1000)
	c := linktest.Conn{Local: end, Remote: end, MSS: size}
	return c.Packet(&wire.TCP{Flags: wire.ACK | wire.PSH | wire.CWR}, data, true), data
}

// The packets that a long super-packet stands for are like those of any other: with lengths that their headers can say, and
// without a jumbo payload option.
func TestSegmentLong(t *testing.T) {
	for _, addr := range []string{"192.0.2.1", "2001:db8::1"} {
		p, data := longPacket(addr, 1000, link.MaxSuperPacket-1000)
		want := data
		var s link.Segmenter
		if err := s.Reset(&p); err != nil {
			t.Fatal(addr, err)
		}
		scratch := make([]byte, s.Max())
		for b := s.Next(scratch); b != nil; b = s.Next(scratch) {
			at := fmt.Sprintf("%s at %d", addr, len(data)-len(want))
			segment, src := parseWhole(t, at, b)
			if !wire.TransportChecksumOK(wire.ProtoTCP, src, src, segment) {
				t.Fatalf("%s: bad checksum: %s", at, wire.Format(b))
			}
			h, payload, err := wire.ParseTCP(segment)
			if err != nil {
				t.Fatal(at, err)
			}
			first, last := len(want) == len(data), len(want) <= 1000
			if h.Flags&wire.CWR != 0 != first || h.Flags&wire.PSH != 0 != last || int(h.Seq) != len(data)-len(want) {
				t.Fatalf("%s: %s", at, wire.Format(b))
			}
			if n := min(1000, len(want)); !bytes.Equal(payload, want[:n]) {
				t.Fatalf("%s: got %d bytes, which are others", at, len(payload))
			}
			want = want[len(payload):]
		}
		if len(want) != 0 {
			t.Errorf("%s: %d bytes missing", addr, len(want))
		}
	}
}

// parseWhole returns the segment in an IP packet that fills b.
func parseWhole(t *testing.T, at string, b []byte) (segment []byte, src netip.Addr) {
	t.Helper()
	if b[0]>>4 == 4 {
		h, segment, err := wire.ParseIPv4(b)
		if err != nil || h.TotalLen != len(b) || h.Proto != wire.ProtoTCP {
			t.Fatalf("%s: %v, total length %d of %d", at, err, h.TotalLen, len(b))
		}
		return segment, h.Src
	}
	h, segment, err := wire.ParseIPv6(b)
	if err != nil || h.PayloadLen != len(b)-wire.IPv6HeaderLen || h.NextHeader != wire.ProtoTCP {
		t.Fatalf("%s: %v, payload length %d of %d, next header %v", at, err, h.PayloadLen, len(b), h.NextHeader)
	}
	return segment, h.Src
}

// A device that takes no long super-packets says ErrTooLong, and one without offload cuts them.
func TestLongPackets(t *testing.T) {
	a, b := pipe.New(pipe.Config{Offload: allOffload})
	if n := link.MaxSuper(a); n != link.MaxPacket {
		t.Errorf("MaxSuper of a device that does not say: %d, want %d", n, link.MaxPacket)
	}
	p, _ := longPacket("192.0.2.1", 1000, 100_000)
	if n, err := a.Queues()[0].Write([]link.Packet{p}); n != 0 || err != link.ErrTooLong {
		t.Errorf("Write: %d, %v; want ErrTooLong", n, err)
	}
	for _, addr := range []string{"192.0.2.1", "2001:db8::1"} {
		p, _ := longPacket(addr, 1000, 100_000)
		if n, err := link.WithoutOffload(a).Queues()[0].Write([]link.Packet{p}); n != 1 || err != nil {
			t.Errorf("Write without offload: %d, %v", n, err)
		}
		pkts := linktest.Packets(200)
		if n, err := b.Queues()[0].TryRead(pkts); n != 100 || err != nil {
			t.Errorf("%s: %d packets, %v; want 100", addr, n, err)
		}
	}
}

// stretcher says what it says.
type stretcher struct {
	link.Device
	n int
}

func (s stretcher) MaxSuper() int { return s.n }

func TestMaxSuper(t *testing.T) {
	a, _ := pipe.New(pipe.Config{Offload: allOffload})
	for _, c := range [][2]int{{0, link.MaxPacket}, {100_000, 100_000}, {1 << 30, link.MaxSuperPacket}} {
		if got := link.MaxSuper(stretcher{a, c[0]}); got != c[1] {
			t.Errorf("MaxSuper of a device that says %d: got %d, want %d", c[0], got, c[1])
		}
	}
	if got := link.MaxSuper(link.WithoutOffload(stretcher{a, 100_000})); got != link.MaxPacket {
		t.Errorf("MaxSuper without offload: got %d, want %d", got, link.MaxPacket)
	}
}
