package wire

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestUDP(t *testing.T) {
	for _, tt := range []struct {
		name     string
		datagram []byte
		want     UDP
		payload  string
	}{
		{"over IPv4", ipPayload(t, ip4UDP), UDP{35370, 9, 13, 0xadca}, "hello"},
		{"over IPv6", ipPayload(t, ip6UDP), UDP{47443, 9, 14, 0xa6f8}, "hello6"},
		{"empty", unhex(t, "0001000200080000"), UDP{1, 2, 8, 0}, ""},
		{"followed by bytes of nobody", append(ipPayload(t, ip4UDP), 1, 2, 3), UDP{35370, 9, 13, 0xadca}, "hello"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload, err := ParseUDP(tt.datagram)
			if err != nil || h != tt.want || string(payload) != tt.payload {
				t.Fatalf("ParseUDP = %+v, %q, %v\nwant %+v, %q", h, payload, err, tt.want, tt.payload)
			}
			if got := append(h.AppendTo(nil), payload...); !bytes.Equal(got, tt.datagram[:h.Length]) {
				t.Errorf("appended %x\n    want %x", got, tt.datagram[:h.Length])
			}
		})
	}
}

// req: RFC768 1-2
func TestUDPErrors(t *testing.T) {
	for _, tt := range []struct {
		name, datagram string
		want           error
	}{
		{"empty", "", ErrTruncated},
		{"header cut", "00010002000800", ErrTruncated},
		{"payload cut", "0001000200090000", ErrTruncated},
		{"length below the header's", "0001000200070000", ErrBadLength},
		{"length 0 is a jumbogram's", "0001000200000000", ErrBadLength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, payload, err := ParseUDP(unhex(t, tt.datagram)); err != tt.want || payload != nil {
				t.Errorf("ParseUDP = %x, error %v, want %v", payload, err, tt.want)
			}
		})
	}
}

// req: RFC768 1-3, 1-4, RFC1122 4.1.3.4-1, RFC8200 8.1-1, 8.1-3
func TestUDPChecksum(t *testing.T) {
	good4, good6 := ipPayload(t, ip4UDP), ipPayload(t, ip6UDP)
	for _, tt := range []struct {
		name     string
		datagram []byte
		v6       bool
		want     bool
	}{
		{"right over IPv4", good4, false, true},
		{"right over IPv6", good6, true, true},
		{"bytes behind it do not count", append(bytes.Clone(good4), 1, 2, 3), false, true},
		{"wrong", with(good4, 8, 'H'), false, false},
		{"cut", good4[:12], false, false},
		{"none over IPv4", with(good4, 6, 0, 7, 0), false, true},
		{"none over IPv6", with(good6, 6, 0, 7, 0), true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, _, err := ParseUDP(tt.datagram)
			if err != nil && tt.name != "cut" {
				t.Fatal(err)
			}
			src, dst := host1, host2
			if tt.v6 {
				src, dst = host1v6, host2v6
			}
			if got := h.ChecksumOK(src, dst, tt.datagram); got != tt.want {
				t.Errorf("ChecksumOK = %v, want %v", got, tt.want)
			}
		})
	}
}

// RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
//
// req: RFC768 1-4, RFC8200 8.1-2
func TestUDPChecksumIsNeverZero(t *testing.T) {
	datagram := unhex(t, "00010002000a0000 0000")
	pseudo := PseudoSum(ProtoUDP, host1, host2, len(datagram))
	// The one payload that makes the sum all ones.
	binary.BigEndian.PutUint16(datagram[8:], TransportChecksum(pseudo, datagram))
	if sum := TransportChecksum(pseudo, datagram); sum != 0 {
		t.Fatalf("checksum is %#04x, the test wants 0", sum)
	}
	sum := UDPChecksum(pseudo, datagram)
	if sum != 0xffff {
		t.Errorf("UDPChecksum = %#04x, want 0xffff", sum)
	}
	binary.BigEndian.PutUint16(datagram[6:], sum)
	if h, _, _ := ParseUDP(datagram); !h.ChecksumOK(host1, host2, datagram) {
		t.Error("ChecksumOK = false for it")
	}
}

func FuzzUDP(f *testing.F) {
	f.Add(ipPayload(f, ip4UDP))
	f.Add(ipPayload(f, ip6UDP))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, payload, err := ParseUDP(b)
		_ = h.String()
		h.ChecksumOK(host1, host2, b)
		if err != nil {
			return
		}
		if got := append(h.AppendTo(nil), payload...); !bytes.Equal(got, b[:h.Length]) {
			t.Errorf("%+v appended as %x, was %x", h, got, b)
		}
	})
}
