package wire

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// long4 and long6 return TCP super-packets with n bytes of payload.
func long4(n int) []byte {
	ip := IPv4{DF: true, TTL: 64, Proto: ProtoTCP, Src: host1, Dst: host2}
	h := TCP{SrcPort: 1, DstPort: 2, Flags: ACK}
	return append(h.AppendTo(ip.AppendTo(nil, h.Len()+n)), make([]byte, n)...)
}

func long6(n int) []byte {
	ip := IPv6{HopLimit: 64, NextHeader: ProtoTCP, Src: host1v6, Dst: host2v6}
	h := TCP{SrcPort: 1, DstPort: 2, Flags: ACK}
	return append(h.AppendTo(ip.AppendTo(nil, h.Len()+n)), make([]byte, n)...)
}

// The length of a super-packet that the length field cannot say is 0 over IPv4, and in a jumbo payload option over IPv6: from the
// first length on that does not fit.
func TestSuper(t *testing.T) {
	for _, n := range []int{1000, 65535 - 40, 65535 - 39, 192_000} {
		b := long4(n)
		long := n > 65535-40
		if got := binary.BigEndian.Uint16(b[2:]); long != (got == 0) {
			t.Errorf("total length %d of %d bytes", got, len(b))
		}
		if Checksum(b[:IPv4HeaderLen]) != 0 {
			t.Error("bad header checksum")
		}
		h, payload, err := ParseIPv4Super(b)
		if err != nil || h.TotalLen != len(b) || len(payload) != TCPHeaderLen+n {
			t.Errorf("ParseIPv4Super of %d bytes: %d with %d, %v", len(b), h.TotalLen, len(payload), err)
		}
		if _, _, err := ParseIPv4(b); long != errors.Is(err, ErrBadLength) {
			t.Errorf("ParseIPv4 of %d bytes: %v", len(b), err)
		}
	}
	for _, n := range []int{1000, 65535 - 20, 65535 - 19, 192_000} {
		b := long6(n)
		long := n > 65535-20
		if long != HasJumbo(b) || long != (binary.BigEndian.Uint16(b[4:]) == 0) {
			t.Errorf("payload length %d of %d bytes, jumbo %v", binary.BigEndian.Uint16(b[4:]), len(b), HasJumbo(b))
		}
		h, payload, err := ParseIPv6Super(b)
		if err != nil || h.PayloadLen != len(b)-IPv6HeaderLen || h.Proto != ProtoTCP || len(payload) != TCPHeaderLen+n {
			t.Errorf("ParseIPv6Super of %d bytes: %d with %d, %v", len(b), h.PayloadLen, len(payload), err)
		}
		if _, payload, err := ParseIPv6(b); long == (err == nil && len(payload) > 0) {
			t.Errorf("ParseIPv6 of %d bytes: %d, %v", len(b), len(payload), err)
		}
	}
}

func TestSuperErrors(t *testing.T) {
	udp := long4(100_000)
	udp[9] = byte(ProtoUDP)
	if _, _, err := ParseIPv4Super(resum(udp)); !errors.Is(err, ErrBadLength) {
		t.Errorf("UDP of total length 0: %v", err)
	}
	for _, c := range []struct {
		name   string
		length uint32
		want   error
	}{
		// RFC 2675, Section 3: "The Jumbo Payload Length must be greater than 65,535."
		{"a length that needs no option", 65535, ErrBadLength},
		{"longer than the packet", 100_029, ErrTruncated},
		{"negative as an int32", 1<<31 + 100_000, ErrTruncated},
	} {
		b := long6(100_000)
		binary.BigEndian.PutUint32(b[IPv6HeaderLen+4:], c.length)
		if _, _, err := ParseIPv6Super(b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if HasJumbo(long6(100_000)[:47]) {
		t.Error("half a jumbo payload option is none")
	}
}

func TestFormatSuper(t *testing.T) {
	for _, b := range [][]byte{long4(100_000), long6(100_000)} {
		if got := Format(b); !strings.HasSuffix(got, "length 100000") {
			t.Errorf("got %s", got)
		}
	}
}

// What is parsed as a super-packet is no longer than the packet, and what ParseIPv4 and ParseIPv6 take is taken alike.
func FuzzSuper(f *testing.F) {
	f.Add(long4(1))
	f.Add(long4(70_000))
	f.Add(long6(70_000))
	f.Add(long6(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		h4, p4, err := ParseIPv4Super(b)
		if err == nil && h4.TotalLen > len(b) {
			t.Errorf("total length %d of %d bytes", h4.TotalLen, len(b))
		}
		if _, p, err := ParseIPv4(b); err == nil && len(p) != len(p4) {
			t.Errorf("%d bytes of IPv4 payload, or %d", len(p), len(p4))
		}
		h6, p6, err := ParseIPv6Super(b)
		if err == nil && (h6.PayloadLen > len(b)-IPv6HeaderLen || len(p6) > h6.PayloadLen) {
			t.Errorf("payload length %d of %d bytes, with %d", h6.PayloadLen, len(b), len(p6))
		}
		if _, p, err := ParseIPv6(b); err == nil && len(p) != len(p6) && !HasJumbo(b) {
			t.Errorf("%d bytes of IPv6 payload, or %d", len(p), len(p6))
		}
	})
}
