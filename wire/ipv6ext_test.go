package wire

import (
	"bytes"
	"testing"
)

// chain builds a packet: the fixed header with next, then rest.
func chain(t *testing.T, next Proto, rest string) []byte {
	t.Helper()
	payload := unhex(t, rest)
	h := IPv6{NextHeader: next, HopLimit: 64, Src: host1v6, Dst: host2v6}
	return append(h.AppendTo(nil, len(payload)), payload...)
}

// req: RFC8200 4-2, 4.1-1, 4.2-1, 4.2-3, 4.4-1, 4.5-5
func TestIPv6Extensions(t *testing.T) {
	const udp = "0001000200080000"
	for _, tt := range []struct {
		name   string
		packet []byte
		proto  Proto
		offset int
		next   int
	}{
		{"no next header", chain(t, ProtoNone, "0102"), ProtoNone, 40, 6},
		{"unknown protocol is the host's to refuse", chain(t, ProtoSCTP, ""), ProtoSCTP, 40, 6},
		{"unknown protocol behind options", chain(t, ProtoDestOpts, "fd00010400000000"), 0xfd, 48, 40},
		{"all of them", chain(t, ProtoHopByHop, "3c00010400000000 | 2b01010c000000000000000000000000 | 2c00040000000000 | 3c000000deadbeef | 1100010400000000 |"+udp),
			ProtoUDP, 88, 80},
		{"routing header without segments left", chain(t, ProtoRouting, "1100ff0000000000"+udp), ProtoUDP, 48, 40},
		{"atomic fragment (RFC 6946)", chain(t, ProtoFragment, "11000000deadbeef"+udp), ProtoUDP, 48, 40},
		{"Pad1 to the end", chain(t, ProtoDestOpts, "1100000000000000"+udp), ProtoUDP, 48, 40},
		{"unknown option to skip", chain(t, ProtoDestOpts, "11003e0401020304"+udp), ProtoUDP, 48, 40},
		{"options of 264 bytes", chain(t, ProtoDestOpts, "1120"+"01fe"+zeros(254)+"0104"+zeros(4)+udp), ProtoUDP, 304, 40},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload, err := ParseIPv6(tt.packet)
			if err != nil || h.Proto != tt.proto || h.ProtoOffset != tt.offset || h.NextOffset != tt.next {
				t.Errorf("payload of %v at %d, named at %d, error %v; want %v at %d, named at %d",
					h.Proto, h.ProtoOffset, h.NextOffset, err, tt.proto, tt.offset, tt.next)
			}
			if len(payload) != len(tt.packet)-tt.offset {
				t.Errorf("payload has %d bytes, want %d", len(payload), len(tt.packet)-tt.offset)
			}
			if h.IsFragment() {
				t.Error("IsFragment = true for a whole packet")
			}
		})
	}
}

// A first fragment is taken if it shows the upper-layer header, whatever else may be wrong with it once reassembled.
func TestIPv6FirstFragment(t *testing.T) {
	for _, tt := range []struct{ name, rest string }{
		{"UDP header", "11000001deadbeef | 0001000200100000"},
		{"TCP header", "06000001deadbeef" + zeros(24)},
		{"ICMPv6 header", "3a000001deadbeef | 8000000000000000"},
		{"options and UDP header", "3c000001deadbeef | 1100010400000000 | 0001000200100000"},
		{"options that the whole packet will be refused for", "3c000001deadbeef | 1100810400000000 | 0001000200100000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload, err := ParseIPv6(chain(t, ProtoFragment, tt.rest))
			if err != nil || !h.IsFragment() || h.ProtoOffset != 48 || h.Fragment.ID != 0xdeadbeef || len(payload)%8 != 0 {
				t.Errorf("ParseIPv6 = %v, Fragment %+v, %d bytes, %v", h, h.Fragment, len(payload), err)
			}
			if h.Problem != (Problem{}) {
				t.Errorf("Problem = %+v, want none", h.Problem)
			}
		})
	}
}

func zeros(n int) string { return string(bytes.Repeat([]byte("00"), n)) }

// What a first fragment says of itself is enough to put the packet together again.
func TestIPv6Reassembly(t *testing.T) {
	want := chain(t, ProtoDestOpts, "1100010400000000 | 0001000200180000 | 000102030405060708090a0b0c0d0e0f")
	cut := func(f Fragment, text []byte) []byte {
		h := IPv6{NextHeader: ProtoDestOpts, HopLimit: 64, Src: host1v6, Dst: host2v6}
		b := h.AppendTo(nil, 8+FragmentHeaderLen+len(text))
		b = AppendOptionsHeader(b, ProtoFragment, nil)
		return append(f.AppendTo(b), text...)
	}
	first, text1, err1 := ParseIPv6(cut(Fragment{Next: ProtoUDP, ID: 7, More: true}, want[48:64]))
	last, text2, err2 := ParseIPv6(cut(Fragment{Next: ProtoUDP, ID: 7, Offset: 16}, want[64:]))
	if err1 != nil || err2 != nil || !first.IsFragment() || !last.IsFragment() {
		t.Fatalf("first: %+v, %v; last: %+v, %v", first, err1, last, err2)
	}
	if !first.Fragment.More || last.Fragment.More || last.Fragment.Offset != len(text1) || first.Fragment.ID != 7 {
		t.Fatalf("first %+v, last %+v", first.Fragment, last.Fragment)
	}
	got := cut(Fragment{}, nil)[:first.Fragment.HeaderOffset]
	got[first.Fragment.NextOffset] = byte(first.Fragment.Next)
	got[5] = byte(8 + len(text1) + len(text2))
	got = append(append(got, text1...), text2...)
	if !bytes.Equal(got, want) {
		t.Errorf("reassembled %x\n       want %x", got, want)
	}
}

func TestAppendOptionsHeader(t *testing.T) {
	for n := range 40 {
		options := make([]byte, n) // of Pad1
		b := AppendOptionsHeader(nil, ProtoUDP, options)
		packet := chain(t, ProtoHopByHop, "")
		packet[5] = byte(len(b))
		h, _, err := ParseIPv6(append(packet, b...))
		if err != nil || h.Proto != ProtoUDP || h.ProtoOffset != 40+len(b) || len(b) > n+9 {
			t.Errorf("%d bytes of options: header %x, parsed as %v at %d, %v", n, b, h.Proto, h.ProtoOffset, err)
		}
	}
}
