package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

func addrPort(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

func TestQuote(t *testing.T) {
	remote := netip.MustParseAddr("203.0.113.9")
	for _, tt := range []struct {
		name      string
		quoted    []byte
		want      Quote
		transport int
	}{
		{"of a port unreachable", ipPayload(t, ip4PortUnreach)[ICMPHeaderLen:],
			Quote{Proto: ProtoUDP, Src: addrPort(host1, 35370), Dst: addrPort(host2, 9), Len: 33}, 13},
		{"of a time exceeded", ipPayload(t, ip4TTLExceeded)[ICMPHeaderLen:],
			Quote{Proto: ProtoUDP, Src: addrPort(host1, 52352), Dst: addrPort(remote, 7), Len: 31}, 11},
		{"over IPv6", ipPayload(t, ip6PortUnreach)[ICMPHeaderLen:],
			Quote{Proto: ProtoUDP, Src: addrPort(host1v6, 47443), Dst: addrPort(host2v6, 9), Len: 54}, 14},
		{"the 8 bytes of RFC 792", unhex(t, ip4Data)[:28],
			Quote{Proto: ProtoTCP, Src: addrPort(host1, 37910), Dst: addrPort(host2, 80), Len: 57, Seq: 0xe48fff36}, 8},
		{"only the IP header", unhex(t, ip4Data)[:20],
			Quote{Proto: ProtoTCP, Src: addrPort(host1, 0), Dst: addrPort(host2, 0), Len: 57}, 0},
		{"behind IP options", unhex(t, ip4RecordRoute),
			Quote{Proto: ProtoUDP, Src: addrPort(host1, 34895), Dst: addrPort(host2, 11), Len: 42}, 10},
		{"a wrong checksum is no matter", with(unhex(t, ip4UDP), 8, 1),
			Quote{Proto: ProtoUDP, Src: addrPort(host1, 35370), Dst: addrPort(host2, 9), Len: 33}, 13},
		{"of an echo request", unhex(t, ip4Echo)[:28],
			Quote{Proto: ProtoICMP, Src: addrPort(host1, 0), Dst: addrPort(host2, 0), Len: 43, EchoID: 0x1234, EchoSeq: 1}, 8},
		{"of an echo request over IPv6", unhex(t, ip6Echo)[:48],
			Quote{Proto: ProtoICMPv6, Src: addrPort(host1v6, 0), Dst: addrPort(host2v6, 0), Len: 63, EchoID: 0x1234, EchoSeq: 1}, 8},
		{"a fragment other than the first", unhex(t, ip4LastFragment+ip4FragmentText),
			Quote{Proto: ProtoUDP, Src: addrPort(host1, 0), Dst: addrPort(host2, 0), Len: 148}, 0},
		{"a fragment other than the first, over IPv6", unhex(t, ip6LastFragment+ip6FragmentText),
			Quote{Proto: ProtoUDP, Src: addrPort(host1v6, 0), Dst: addrPort(host2v6, 0), Len: 208}, 0},
		{"behind extension headers", chain(t, ProtoDestOpts, "2c00010400000000 | 11000001deadbeef | 0001000200080000"),
			Quote{Proto: ProtoUDP, Src: addrPort(host1v6, 1), Dst: addrPort(host2v6, 2), Len: 64}, 8},
		{"cut between extension headers", chain(t, ProtoDestOpts, "2c00010400000000"),
			Quote{Proto: ProtoFragment, Src: addrPort(host1v6, 0), Dst: addrPort(host2v6, 0), Len: 48}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, transport, err := ParseQuote(tt.quoted)
			if err != nil || q != tt.want || len(transport) != tt.transport {
				t.Fatalf("ParseQuote = %+v, %d bytes, %v\nwant %+v, %d bytes", q, len(transport), err, tt.want, tt.transport)
			}
			if !bytes.HasSuffix(tt.quoted, transport) {
				t.Errorf("transport %x is not the end of %x", transport, tt.quoted)
			}
		})
	}
}

func TestQuoteErrors(t *testing.T) {
	ip4, ip6 := unhex(t, ip4Data), unhex(t, ip6UDP)
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"empty", nil, ErrTruncated},
		{"IPv4 header cut", ip4[:19], ErrTruncated},
		{"IPv4 options cut", with(ip4, 0, 0x4f)[:40], ErrTruncated},
		{"IPv6 header cut", ip6[:39], ErrTruncated},
		{"neither", with(ip4, 0, 0x55), ErrBadVersion},
		{"IPv4 header length", with(ip4, 0, 0x44), ErrBadHeaderLength},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := ParseQuote(tt.b); err != tt.want {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzQuote(f *testing.F) {
	for _, p := range append(append([]string(nil), capturedIP4...), capturedIP6...) {
		f.Add(unhex(f, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, transport, err := ParseQuote(b)
		if err == nil && (!q.Src.Addr().IsValid() || !bytes.HasSuffix(b, transport)) {
			t.Errorf("ParseQuote(%x) = %+v, %x", b, q, transport)
		}
	})
}
