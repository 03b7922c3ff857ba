package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestIPv6(t *testing.T) {
	allRouters, allReports := netip.MustParseAddr("ff02::2"), netip.MustParseAddr("ff02::16")
	for _, tt := range []struct {
		name, packet string
		want         IPv6
		payloadLen   int
	}{
		{
			"TCP with a flow label", ip6SYN,
			IPv6{FlowLabel: 0x886ee, PayloadLen: 40, NextHeader: ProtoTCP, HopLimit: 64, Src: host1v6, Dst: host2v6,
				Proto: ProtoTCP, ProtoOffset: 40, NextOffset: 6},
			40,
		},
		{
			"router solicitation", ip6RS,
			IPv6{PayloadLen: 16, NextHeader: ProtoICMPv6, HopLimit: 255, Src: linkLocal1, Dst: allRouters,
				Proto: ProtoICMPv6, ProtoOffset: 40, NextOffset: 6},
			16,
		},
		{
			"frame padding is cut", ip6RS + "0000000000000000",
			IPv6{PayloadLen: 16, NextHeader: ProtoICMPv6, HopLimit: 255, Src: linkLocal1, Dst: allRouters,
				Proto: ProtoICMPv6, ProtoOffset: 40, NextOffset: 6},
			16,
		},
		{
			"hop-by-hop options", ip6MLD,
			IPv6{PayloadLen: 36, NextHeader: ProtoHopByHop, HopLimit: 1, Src: linkLocal1, Dst: allReports,
				Proto: ProtoICMPv6, ProtoOffset: 48, NextOffset: 40},
			28,
		},
		{
			"destination options", ip6DestOpt,
			IPv6{FlowLabel: 0x06182, PayloadLen: 19, NextHeader: ProtoDestOpts, HopLimit: 64, Src: host1v6, Dst: host2v6,
				Proto: ProtoUDP, ProtoOffset: 48, NextOffset: 40},
			11,
		},
		{
			"last fragment", ip6LastFragment + ip6FragmentText,
			IPv6{FlowLabel: 0x978dc, PayloadLen: 168, NextHeader: ProtoFragment, HopLimit: 64, Src: host1v6, Dst: host2v6,
				Proto: ProtoUDP, ProtoOffset: 48, NextOffset: 40,
				Fragment: Fragment{Present: true, Offset: 1448, ID: 0xa26772a9, Next: ProtoUDP, HeaderOffset: 40, NextOffset: 6}},
			160,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			packet := unhex(t, tt.packet)
			h, payload, err := ParseIPv6(packet)
			if err != nil || h != tt.want || len(payload) != tt.payloadLen {
				t.Fatalf("ParseIPv6 = %+v, %d bytes, %v\nwant %+v, %d bytes", h, len(payload), err, tt.want, tt.payloadLen)
			}
			if got := h.AppendTo(nil, h.PayloadLen); !bytes.Equal(got, packet[:IPv6HeaderLen]) {
				t.Errorf("appended %x\n    want %x", got, packet[:IPv6HeaderLen])
			}
		})
	}
}

// chain builds a packet: the fixed header with next, then rest.
func chain(t *testing.T, next Proto, rest string) []byte {
	t.Helper()
	payload := unhex(t, rest)
	h := IPv6{NextHeader: next, HopLimit: 64, Src: host1v6, Dst: host2v6}
	return append(h.AppendTo(nil, len(payload)), payload...)
}

// req: RFC8200 4-2, 4.1-1, 4.2-1, 4.2-3, 4.4-1
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

func zeros(n int) string { return string(bytes.Repeat([]byte("00"), n)) }

// req: RFC8200 4-1, 4-4, 4.2-2, 4.4-2, 4.5-8, 4.5-9, 4.5-10
func TestIPv6Errors(t *testing.T) {
	good := unhex(t, ip6UDP)
	const udp = "0001000200080000"
	for _, tt := range []struct {
		name    string
		packet  []byte
		err     error
		problem Problem
	}{
		{"empty", nil, ErrTruncated, Problem{}},
		{"header cut", good[:39], ErrTruncated, Problem{}},
		{"payload cut", good[:len(good)-1], ErrTruncated, Problem{}},
		{"IPv4", with(good, 0, 0x45), ErrBadVersion, Problem{}},
		{"no room for options", chain(t, ProtoHopByHop, "11000000000000"), ErrTruncated, Problem{}},
		{"options beyond the packet", chain(t, ProtoDestOpts, "1101010400000000"), ErrTruncated, Problem{}},
		{"routing header beyond the packet", chain(t, ProtoRouting, "1101000000000000"), ErrTruncated, Problem{}},
		{"fragment header cut", chain(t, ProtoFragment, "11000000"), ErrTruncated, Problem{}},
		{
			// RFC 8200, Section 4.1
			"hop-by-hop options not first", chain(t, ProtoDestOpts, "0000010400000000 | 1100010400000000"+udp),
			ErrUnknownHeader, Problem{ReportUnicast, ICMPv6UnknownHeader, 40},
		},
		{
			"two fragment headers", chain(t, ProtoFragment, "2c00000000000001 | 1100000000000002"+udp),
			ErrUnknownHeader, Problem{ReportUnicast, ICMPv6UnknownHeader, 40},
		},
		{
			// RFC 8200, Section 4.4; RFC 5095
			"routing header type 0", chain(t, ProtoRouting, "1102000100000000 20010db8000000000000000000000003"+udp),
			ErrBadRouting, Problem{ReportUnicast, ICMPv6BadField, 42},
		},
		{
			"option beyond its header", chain(t, ProtoDestOpts, "1100010500000000"+udp),
			ErrBadOption, Problem{ReportUnicast, ICMPv6BadField, 42},
		},
		{
			"option without a length", chain(t, ProtoDestOpts, "1100010300000005"+udp),
			ErrBadOption, Problem{ReportUnicast, ICMPv6BadField, 47},
		},
		{
			// RFC 8200, Section 4.2, the four actions; 00 is in TestIPv6Extensions.
			"unknown option 01: discard", chain(t, ProtoDestOpts, "11005e0400000000"+udp),
			ErrUnknownOption, Problem{},
		},
		{
			"unknown option 10: report always", unhex(t, ip6BadOpt),
			ErrUnknownOption, Problem{ReportAlways, ICMPv6UnknownOption, 42},
		},
		{
			"unknown option 11: report to unicast, second option", chain(t, ProtoHopByHop, "110005020000c200"+udp),
			ErrUnknownOption, Problem{ReportUnicast, ICMPv6UnknownOption, 46},
		},
		{
			// RFC 8200, Section 4.5
			"fragment of odd length is not the last", chain(t, ProtoFragment, "11000009deadbeef 01020304050607"),
			ErrBadLength, Problem{ReportUnicast, ICMPv6BadField, 4},
		},
		{
			"fragment ends beyond 65535", chain(t, ProtoFragment, "1100fff8deadbeef 0102030405060708"),
			ErrBadLength, Problem{ReportUnicast, ICMPv6BadField, 42},
		},
		{
			// RFC 7112
			"first fragment ends in the options", chain(t, ProtoFragment, "3c000001deadbeef 1101010c00000000"),
			ErrIncompleteChain, Problem{ReportUnicast, ICMPv6IncompleteChain, 0},
		},
		{
			"first fragment ends in the TCP header", chain(t, ProtoFragment, "06000001deadbeef"+zeros(16)),
			ErrIncompleteChain, Problem{ReportUnicast, ICMPv6IncompleteChain, 0},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload, err := ParseIPv6(tt.packet)
			if err != tt.err || payload != nil {
				t.Errorf("ParseIPv6 = %x, error %v, want %v", payload, err, tt.err)
			}
			if h.Problem != tt.problem {
				t.Errorf("Problem = %+v, want %+v", h.Problem, tt.problem)
			}
		})
	}
}

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

func FuzzIPv6(f *testing.F) {
	for _, p := range capturedIP6 {
		f.Add(unhex(f, p))
	}
	f.Add(unhex(f, ip6LastFragment+ip6FragmentText))
	f.Fuzz(func(t *testing.T, b []byte) {
		Format(b)
		ParseQuote(b)
		h, payload, err := ParseIPv6(b)
		if err == nil && h.Problem != (Problem{}) {
			t.Errorf("accepted, with problem %+v", h.Problem)
		}
		if err != nil {
			if h.Problem.Pointer > len(b) {
				t.Errorf("the problem is at %d of %d bytes", h.Problem.Pointer, len(b))
			}
			return
		}
		if got := h.AppendTo(nil, h.PayloadLen); !bytes.Equal(got, b[:IPv6HeaderLen]) {
			t.Errorf("%+v appended as %x, was %x", h, got, b[:IPv6HeaderLen])
		}
		if h.ProtoOffset+len(payload) != IPv6HeaderLen+h.PayloadLen || Proto(b[h.NextOffset]) != h.Proto {
			t.Errorf("%v at %d with %d bytes of %d, named by byte %d", h.Proto, h.ProtoOffset, len(payload), len(b), h.NextOffset)
		}
		if f := h.Fragment; f.Present {
			got, want := f.AppendTo(nil), with(b[f.HeaderOffset:][:8], 1, 0, 3, int(b[f.HeaderOffset+3]&^6))
			if !bytes.Equal(got, want) || Proto(b[f.NextOffset]) != ProtoFragment {
				t.Errorf("%+v appended as %x, was %x", f, got, want)
			}
		}
	})
}
