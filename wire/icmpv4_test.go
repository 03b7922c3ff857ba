package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestICMPv4(t *testing.T) {
	for _, tt := range []struct {
		name    string
		message []byte
		want    ICMPv4
		isError bool
	}{
		{"echo request", ipPayload(t, ip4Echo), ICMPv4{ICMPv4Echo, 0, 0xa2ef, 0x12340001}, false},
		{"echo reply", ipPayload(t, ip4EchoReply), ICMPv4{ICMPv4EchoReply, 0, 0xaaef, 0x12340001}, false},
		{"port unreachable", ipPayload(t, ip4PortUnreach), ICMPv4{ICMPv4Unreachable, ICMPv4PortUnreachable, 0x811f, 0}, true},
		{"nothing behind the header", unhex(t, "0800f7ff00000000"), ICMPv4{ICMPv4Echo, 0, 0xf7ff, 0}, false},
		{"a byte behind the header", unhex(t, "080037ff00004000 80"), ICMPv4{ICMPv4Echo, 0, 0x37ff, 0x4000}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload, err := ParseICMPv4(tt.message)
			if err != nil || h != tt.want || h.IsError() != tt.isError {
				t.Fatalf("ParseICMPv4 = %v %#04x, %v\nwant %v %#04x", h, h.Checksum, err, tt.want, tt.want.Checksum)
			}
			if got := h.AppendTo(nil, payload); !bytes.Equal(got, tt.message) {
				t.Errorf("appended %x\n    want %x", got, tt.message)
			}
		})
	}
}

func TestICMPv4Rest(t *testing.T) {
	h := ICMPv4{Rest: EchoRest(0x1234, 0xfedc)}
	if h.ID() != 0x1234 || h.Seq() != 0xfedc {
		t.Errorf("ID %#x, Seq %#x", h.ID(), h.Seq())
	}
	h.Rest = ICMPv4MTURest(1400)
	if h.MTU() != 1400 {
		t.Errorf("MTU %d, want 1400", h.MTU())
	}
	h.Rest = ICMPv4PointerRest(22)
	if h.Pointer() != 22 || h.Rest != 0x16000000 {
		t.Errorf("Pointer %d, want 22", h.Pointer())
	}
	h.Rest = 0xc0000202
	if h.Gateway() != netip.MustParseAddr("192.0.2.2") {
		t.Errorf("Gateway %v, want 192.0.2.2", h.Gateway())
	}
}

// req: RFC792 1-3
func TestICMPv4Errors(t *testing.T) {
	good := ipPayload(t, ip4Echo)
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrTruncated},
		{"header cut", good[:7], ErrTruncated},
		{"payload cut", good[:20], ErrBadChecksum},
		{"a bit flipped", with(good, 10, 0), ErrBadChecksum},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, payload, err := ParseICMPv4(tt.b); err != tt.want || payload != nil {
				t.Errorf("ParseICMPv4 = %x, error %v, want %v", payload, err, tt.want)
			}
		})
	}
}

func FuzzICMPv4(f *testing.F) {
	f.Add(ipPayload(f, ip4Echo))
	f.Add(ipPayload(f, ip4PortUnreach))
	f.Add(ipPayload(f, ip4TTLExceeded))
	f.Fuzz(func(t *testing.T, b []byte) {
		ip := IPv4{TTL: 64, Proto: ProtoICMP, Src: host1, Dst: host2}
		Format(append(ip.AppendTo(nil, len(b)), b...))
		if len(b) < ICMPHeaderLen {
			return
		}
		rest := uint32(b[4])<<24 | uint32(b[5])<<16 | uint32(b[6])<<8 | uint32(b[7])
		h := ICMPv4{Type: b[0], Code: b[1], Rest: rest}
		message := h.AppendTo(nil, b[ICMPHeaderLen:])
		got, payload, err := ParseICMPv4(message)
		got.Checksum = 0
		if err != nil || got != h || !bytes.Equal(payload, b[ICMPHeaderLen:]) {
			t.Errorf("%v appended is %x, parsed %v, %v", h, message, got, err)
		}
	})
}
