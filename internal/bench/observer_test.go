package bench

import (
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/wire"
)

// sent is a packet of a flow: payload from an offset on, that was lost or not.
type sent struct {
	offset, n uint32
	lost      bool
}

// newPacket returns an IPv4 packet with a TCP segment.
func newPacket(src, dst netip.AddrPort, seq uint32, flags wire.Flags, n int) []byte {
	h := wire.TCP{SrcPort: src.Port(), DstPort: dst.Port(), Seq: seq, Flags: flags}
	segment := append(h.AppendTo(nil), make([]byte, n)...)
	ip := wire.IPv4{TTL: 64, Proto: wire.ProtoTCP, Src: src.Addr(), Dst: dst.Addr()}
	return append(ip.AppendTo(nil, len(segment)), segment...)
}

var (
	endA = netip.MustParseAddrPort("10.0.0.1:1000")
	endB = netip.MustParseAddrPort("10.0.0.2:2000")
)

func TestObserver(t *testing.T) {
	for _, test := range []struct {
		name    string
		packets []sent
		want    Counts
	}{
		{"in order", []sent{{0, 100, false}, {100, 100, false}}, Counts{Packets: 2, Bytes: 200}},
		{
			"a loss is repaired", []sent{{0, 100, true}, {100, 100, false}, {0, 100, false}},
			Counts{Packets: 3, Bytes: 300, Lost: 1, Retransmits: 1, RetransmitBytes: 100},
		},
		{
			"a repair is lost and repaired", []sent{{0, 100, true}, {0, 100, true}, {0, 100, false}},
			Counts{Packets: 3, Bytes: 300, Lost: 2, Retransmits: 2, RetransmitBytes: 200},
		},
		{
			"what was delivered is sent again, and lost", []sent{{0, 100, false}, {0, 100, true}},
			Counts{Packets: 2, Bytes: 200, Lost: 1, Retransmits: 1, RetransmitBytes: 100, Spurious: 1, SpuriousBytes: 100},
		},
		{
			"two at once, of which one was lost", []sent{{0, 100, true}, {100, 100, false}, {0, 200, false}},
			Counts{Packets: 3, Bytes: 400, Lost: 1, Retransmits: 1, RetransmitBytes: 200, SpuriousBytes: 100},
		},
		{
			"delivered bytes together with new ones", []sent{{0, 100, false}, {50, 100, false}},
			Counts{Packets: 2, Bytes: 200, Retransmits: 1, RetransmitBytes: 50, Spurious: 1, SpuriousBytes: 50},
		},
		{
			"repaired in halves", []sent{{0, 100, true}, {100, 100, false}, {0, 50, false}, {50, 50, false}},
			Counts{Packets: 4, Bytes: 300, Lost: 1, Retransmits: 2, RetransmitBytes: 100},
		},
		{"overtaken before it is observed", []sent{{100, 100, false}, {0, 100, false}}, Counts{Packets: 2, Bytes: 200}},
		{"a probe before the stream", []sent{{0, 100, false}, {0xffffffff, 1, false}}, Counts{Packets: 1, Bytes: 100}},
	} {
		for _, isn := range []uint32{0, 5, 0xffffff9b, 0xffffffff, 0x7fffffff} {
			o := NewObserver()
			o.Observe(newPacket(endA, endB, isn, wire.SYN, 0), false)
			for _, s := range test.packets {
				o.Observe(newPacket(endA, endB, isn+1+s.offset, wire.ACK, int(s.n)), s.lost)
			}
			if got := o.Total(); got != test.want {
				t.Errorf("%s, from %#x: got %+v, want %+v", test.name, isn, got, test.want)
			}
		}
	}
}

// TestObserverFlows: flows do not mix, what carries no payload does not count, and a port may be used again.
func TestObserverFlows(t *testing.T) {
	o := NewObserver()
	other := netip.AddrPortFrom(endA.Addr(), 1001)
	third := netip.MustParseAddrPort("10.0.0.3:1000")
	for _, src := range []netip.AddrPort{endA, other, third} {
		o.Observe(newPacket(src, endB, 99, wire.SYN, 0), false)
		o.Observe(newPacket(src, endB, 100, wire.ACK, 0), false)
		o.Observe(newPacket(src, endB, 100, wire.ACK, 50), false)
		o.Observe(newPacket(src, endB, 150, wire.FIN|wire.ACK, 0), false)
	}
	o.Observe([]byte("no packet"), false)
	want := Counts{Packets: 3, Bytes: 150}
	if got := o.Total(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := o.From(endA.Addr()), (Counts{Packets: 2, Bytes: 100}); got != want {
		t.Errorf("from %v: got %+v, want %+v", endA.Addr(), got, want)
	}
	o.Observe(newPacket(endA, endB, 99, wire.SYN, 0), false) // a new connection with the same numbers
	o.Observe(newPacket(endA, endB, 100, wire.ACK, 50), false)
	if got := o.Total(); got.Retransmits != 0 {
		t.Errorf("a new connection: got %+v, want no retransmission", got)
	}
}

// TestObserverWrap: a stream longer than the sequence space keeps its order.
func TestObserverWrap(t *testing.T) {
	o := NewObserver()
	o.Observe(newPacket(endA, endB, 0, wire.SYN, 0), false)
	const n, step, size = 10, 1 << 30, 100 // what lies between was captured by nobody
	for i := range uint64(n) {
		o.Observe(newPacket(endA, endB, uint32(1+i*step), wire.ACK, size), false)
	}
	o.Observe(newPacket(endA, endB, uint32(1+(n-2)%4*step), wire.ACK, size), false)
	want := Counts{
		Packets: n + 1, Bytes: (n + 1) * size,
		Retransmits: 1, RetransmitBytes: size, Spurious: 1, SpuriousBytes: size,
	}
	if got := o.Total(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
