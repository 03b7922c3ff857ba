package wire

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"
)

// req: RFC791 3.2-1, RFC6864 4.1-3
func TestIPv4(t *testing.T) {
	for _, tt := range []struct {
		name, packet string
		want         IPv4
		payloadLen   int
	}{
		{
			"TCP", ip4SYN,
			IPv4{TotalLen: 60, ID: 0xe48c, DF: true, TTL: 64, Proto: ProtoTCP, Checksum: 0xd22b, Src: host1, Dst: host2},
			40,
		},
		{
			"TOS", ip4PortUnreach,
			IPv4{TOS: 0xc0, TotalLen: 61, ID: 0x382b, TTL: 64, Proto: ProtoICMP, Checksum: 0xbdd1, Src: host2, Dst: host1},
			41,
		},
		{
			"frame padding is cut", ip4RST + "000000000000",
			IPv4{TotalLen: 40, DF: true, TTL: 64, Proto: ProtoTCP, Checksum: 0xb6cc, Src: host2, Dst: host1},
			20,
		},
		{
			"last fragment", ip4LastFragment + ip4FragmentText,
			IPv4{TotalLen: 148, ID: 0x5997, FragOffset: 1480, TTL: 64, Proto: ProtoUDP, Checksum: 0x9c05, Src: host1, Dst: host2},
			128,
		},
		{
			"record route", ip4RecordRoute,
			IPv4{TOS: 0xb9, TotalLen: 42, ID: 0x59df, DF: true, TTL: 64, Proto: ProtoUDP, Checksum: 0x485a, Src: host1, Dst: host2,
				Options: []byte{7, 11, 8, 192, 0, 2, 1, 0, 0, 0, 0, 0}},
			10,
		},
		{
			"router alert", ip4RouterAlert,
			IPv4{TotalLen: 34, ID: 0x59ea, DF: true, TTL: 64, Proto: ProtoUDP, Checksum: 0xc7d8, Src: host1, Dst: host2,
				Options: []byte{0x94, 4, 0, 0}},
			10,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			packet := unhex(t, tt.packet)
			h, payload, err := ParseIPv4(packet)
			if err != nil || !reflect.DeepEqual(h, tt.want) || len(payload) != tt.payloadLen {
				t.Fatalf("ParseIPv4 = %+v, %d bytes, %v\nwant %+v, %d bytes", h, len(payload), err, tt.want, tt.payloadLen)
			}
			packet = packet[:h.TotalLen]
			if got := append(h.AppendTo(nil, len(payload)), payload...); !bytes.Equal(got, packet) {
				t.Errorf("appended %x\n    want %x", got, packet)
			}
			if h.Len() != len(packet)-len(payload) {
				t.Errorf("Len = %d, want %d", h.Len(), len(packet)-len(payload))
			}
		})
	}
}

// resum returns the IPv4 packet b with a correct header checksum.
func resum(b []byte) []byte {
	b[10], b[11] = 0, 0
	sum := Checksum(b[:int(b[0]&15)*4])
	b[10], b[11] = byte(sum>>8), byte(sum)
	return b
}

// req: RFC791 3.1-3, RFC1122 3.2.1.2-1
func TestIPv4Errors(t *testing.T) {
	good := unhex(t, ip4Data)
	route := unhex(t, ip4RecordRoute)
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrTruncated},
		{"header cut", good[:19], ErrTruncated},
		{"payload cut", good[:len(good)-1], ErrTruncated},
		{"options cut", route[:31], ErrTruncated},
		{"IPv6", with(good, 0, 0x65), ErrBadVersion},
		{"header of 16 bytes", with(good, 0, 0x44), ErrBadHeaderLength},
		{"header of no bytes", with(good, 0, 0x40), ErrBadHeaderLength},
		{"total length below the header's", resum(with(good, 2, 0, 3, 19)), ErrBadLength},
		{"total length 0", resum(with(good, 2, 0, 3, 0)), ErrBadLength},
		{"a bit flipped", with(good, 8, 63), ErrBadChecksum},
		{"fragment of odd length is not the last", resum(with(good, 6, 0x20, 7, 0)), ErrBadLength},
		{"fragment ends beyond 65535", resum(with(good, 6, 0x1f, 7, 0xff)), ErrBadLength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload, err := ParseIPv4(tt.b)
			if err != tt.want || payload != nil {
				t.Errorf("ParseIPv4 = %x, error %v, want %v", payload, err, tt.want)
			}
			if h.Problem != (Problem{}) {
				t.Errorf("Problem = %+v: a wrong header is dropped in silence", h.Problem)
			}
		})
	}
}

// req: RFC791 3.2-6, RFC1122 3.2.1.8-3
func TestIPv4BadOptions(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options []byte
		pointer int // 0: none
	}{
		{"only padding", []byte{0, 9, 9, 9}, 0},
		{"NOPs", []byte{1, 1, 1, 1}, 0},
		{"unknown option is skipped", []byte{200, 4, 1, 2}, 0},
		{"length 0", []byte{1, 7, 0, 0}, 21},
		{"length 1", []byte{7, 1, 0, 0}, 20},
		{"beyond the header", []byte{7, 5, 0, 0}, 20},
		{"no room for a length", []byte{1, 1, 1, 7}, 23},
		{"the second is bad", []byte{7, 3, 4, 68, 9, 0, 0, 0}, 23},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := IPv4{TTL: 64, Proto: ProtoUDP, Src: host1, Dst: host2, Options: tt.options}
			got, _, err := ParseIPv4(h.AppendTo(nil, 0))
			want := Problem{}
			if tt.pointer != 0 {
				want = Problem{Report: ReportUnicast, Pointer: tt.pointer}
			}
			if got.Problem != want || (err == ErrBadOption) != (tt.pointer != 0) {
				t.Errorf("error %v, Problem %+v, want %+v", err, got.Problem, want)
			}
		})
	}
}

// RFC 1122, Section 3.2.2: "An ICMP error message MUST NOT be sent as the result of receiving: [...] a non-initial fragment".
//
// req: RFC1122 3.2.2-8
func TestIPv4BadOptionOfFragment(t *testing.T) {
	h := IPv4{FragOffset: 8, TTL: 64, Proto: ProtoUDP, Src: host1, Dst: host2, Options: []byte{7, 1, 0, 0}}
	got, _, err := ParseIPv4(h.AppendTo(nil, 0))
	if err != ErrBadOption || got.Problem != (Problem{}) {
		t.Errorf("error %v, Problem %+v, want %v and none to report", err, got.Problem, ErrBadOption)
	}
}

// req: RFC791 3.2-7
func TestIPv4Options(t *testing.T) {
	h := IPv4{Src: host1, Dst: host2, Options: []byte{1, 131, 3, 4, 1, 68, 4, 5, 0, 0, 0}}
	if h.Len() != 32 {
		t.Errorf("Len = %d, want the options padded to 12", h.Len())
	}
	got, _, err := ParseIPv4(h.AppendTo(nil, 0))
	if err != nil {
		t.Fatal(err)
	}
	var types []uint8
	var copied []bool
	for opt, rest, ok, _ := NextIPv4Option(got.Options); ok; opt, rest, ok, _ = NextIPv4Option(rest) {
		types, copied = append(types, opt.Type), append(copied, opt.Copied())
	}
	if !reflect.DeepEqual(types, []uint8{IPv4OptLSRR, IPv4OptTimestamp}) || !reflect.DeepEqual(copied, []bool{true, false}) {
		t.Errorf("options %v, copied %v", types, copied)
	}
	if !got.HasSourceRoute() {
		t.Error("HasSourceRoute = false for a loose source route")
	}
	if h := (IPv4{Options: []byte{7, 3, 4, 0}}); h.HasSourceRoute() {
		t.Error("HasSourceRoute = true for record route")
	}
}

func TestIPv4AppendPanicsOnIPv6Address(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an IPv6 address went into an IPv4 header")
		}
	}()
	h := IPv4{Src: host1, Dst: netip.IPv6Loopback()}
	h.AppendTo(nil, 0)
}

func TestTOSBits(t *testing.T) {
	h4, h6 := IPv4{TOS: 0xb9}, IPv6{TrafficClass: 0xbb}
	if h4.DSCP() != 46 || h4.ECN() != ECT1 || h6.DSCP() != 46 || h6.ECN() != CE {
		t.Errorf("TOS 0xb9: DSCP %d, %v; traffic class 0xbb: DSCP %d, %v", h4.DSCP(), h4.ECN(), h6.DSCP(), h6.ECN())
	}
}

// req: RFC791 3.2-1
func FuzzIPv4(f *testing.F) {
	for _, p := range capturedIP4 {
		f.Add(unhex(f, p))
	}
	f.Add(unhex(f, ip4LastFragment+ip4FragmentText))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= IPv4HeaderLen && int(b[0]&15)*4 <= len(b) && b[0]&15 >= 5 {
			b = resum(append([]byte(nil), b...)) // the fuzzer would hardly guess it
		}
		Format(b)
		ParseQuote(b)
		h, payload, err := ParseIPv4(b)
		if err != nil {
			return
		}
		again := append(h.AppendTo(nil, len(payload)), payload...)
		// The unused bit of the flags is written as 0; everything else is as it was.
		want := append([]byte(nil), b[:h.TotalLen]...)
		want[6] &^= 0x80
		if !bytes.Equal(again[12:], want[12:]) || !bytes.Equal(again[:10], want[:10]) {
			t.Errorf("%+v appended as %x, was %x", h, again, want)
		}
		if _, _, err := ParseIPv4(again); err != nil {
			t.Errorf("our own header: %v", err)
		}
	})
}
