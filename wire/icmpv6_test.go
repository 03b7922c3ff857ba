package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestICMPv6(t *testing.T) {
	for _, tt := range []struct {
		name, packet string
		want         ICMPv6
		payloadLen   int
		isError      bool
	}{
		{"echo request", ip6Echo, ICMPv6{ICMPv6Echo, 0, 0xcf28, 0x12340001}, 15, false},
		{"port unreachable", ip6PortUnreach, ICMPv6{ICMPv6Unreachable, ICMPv6PortUnreachable, 0x31dc, 0}, 54, true},
		{"listener report behind hop-by-hop options", ip6MLD, ICMPv6{ICMPv6MLDv2Report, 0, 0x7207, 1}, 20, false},
		{"router solicitation", ip6RS, ICMPv6{ICMPv6RouterSolicitation, 0, 0x7b2c, 0}, 8, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ip, message, err := ParseIPv6(unhex(t, tt.packet))
			if err != nil {
				t.Fatal(err)
			}
			h, payload, err := ParseICMPv6(message, ip.Src, ip.Dst)
			if err != nil || h != tt.want || len(payload) != tt.payloadLen || h.IsError() != tt.isError {
				t.Fatalf("ParseICMPv6 = %v %#04x, %d bytes, %v\nwant %v %#04x, %d bytes",
					h, h.Checksum, len(payload), err, tt.want, tt.want.Checksum, tt.payloadLen)
			}
			if got := h.AppendTo(nil, ip.Src, ip.Dst, payload); !bytes.Equal(got, message) {
				t.Errorf("appended %x\n    want %x", got, message)
			}
		})
	}
}

func TestICMPv6Rest(t *testing.T) {
	h := ICMPv6{Rest: EchoRest(0x1234, 0xfedc)}
	if h.ID() != 0x1234 || h.Seq() != 0xfedc {
		t.Errorf("ID %#x, Seq %#x", h.ID(), h.Seq())
	}
	h.Rest = 1280
	if h.MTU() != 1280 || h.Pointer() != 1280 {
		t.Errorf("MTU %d, Pointer %d, want 1280", h.MTU(), h.Pointer())
	}
	for typ, want := range map[uint8]bool{1: true, 127: true, 128: false, ICMPv6Redirect: true, ICMPv6NeighborAdvertisement: false} {
		if h := (ICMPv6{Type: typ}); h.IsError() != want {
			t.Errorf("type %d: IsError = %v", typ, h.IsError())
		}
	}
}

func TestICMPv6Errors(t *testing.T) {
	good := ipPayload(t, ip6Echo)
	for _, tt := range []struct {
		name string
		b    []byte
		src  netip.Addr
		want error
	}{
		{"empty", nil, host1v6, ErrTruncated},
		{"header cut", good[:7], host1v6, ErrTruncated},
		{"payload cut", good[:20], host1v6, ErrBadChecksum},
		{"a bit flipped", with(good, 10, 0), host1v6, ErrBadChecksum},
		{"not for this pseudo-header", good, linkLocal1, ErrBadChecksum},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, payload, err := ParseICMPv6(tt.b, tt.src, host2v6); err != tt.want || payload != nil {
				t.Errorf("ParseICMPv6 = %x, error %v, want %v", payload, err, tt.want)
			}
		})
	}
}

func FuzzICMPv6(f *testing.F) {
	for _, p := range []string{ip6Echo, ip6PortUnreach, ip6MLD, ip6RS, ip6RA, ip6NS, ip6NA} {
		f.Add(ipPayload(f, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < ICMPHeaderLen {
			ParseICMPv6(b, host1v6, host2v6)
			return
		}
		rest := uint32(b[4])<<24 | uint32(b[5])<<16 | uint32(b[6])<<8 | uint32(b[7])
		h := ICMPv6{Type: b[0], Code: b[1], Rest: rest}
		ip := IPv6{NextHeader: ProtoICMPv6, HopLimit: 255, Src: host1v6, Dst: host2v6}
		packet := h.AppendTo(ip.AppendTo(nil, len(b)), ip.Src, ip.Dst, b[ICMPHeaderLen:])
		Format(packet)
		got, payload, err := ParseICMPv6(packet[IPv6HeaderLen:], ip.Src, ip.Dst)
		got.Checksum = 0
		if err != nil || got != h || !bytes.Equal(payload, b[ICMPHeaderLen:]) {
			t.Errorf("%v appended is %x, parsed %v, %v", h, packet, got, err)
		}
	})
}
