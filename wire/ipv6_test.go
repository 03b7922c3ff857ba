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

func TestIPv6AppendPanicsOnIPv4Address(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an IPv4 address went into an IPv6 header")
		}
	}()
	h := IPv6{Src: host1v6, Dst: host2}
	h.AppendTo(nil, 0)
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
