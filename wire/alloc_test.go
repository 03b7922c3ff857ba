package wire

import "testing"

// The data path allocates nothing: neither headers that parse nor headers that do not.
func TestNoAllocations(t *testing.T) {
	var (
		arp      = unhex(t, ethARPReply)
		tagged   = unhex(t, "020000000002 020000000001 8100 b02a 0800")
		route    = unhex(t, ip4RecordRoute)
		ip4      = unhex(t, ip4Data)
		ip6      = unhex(t, ip6MLD)
		badOpt   = unhex(t, ip6BadOpt)
		fragment = unhex(t, ip6LastFragment+ip6FragmentText)
		echo     = ipPayload(t, ip4Echo)
		echo6    = ipPayload(t, ip6Echo)
		udp      = ipPayload(t, ip4UDP)
		data     = ipPayload(t, ip4Data)
		syn      = ipPayload(t, ip4TFOGive)
		sack     = ipPayload(t, ip4SACK)
		badTCP   = with(data, 21, 9)
		quoted   = ipPayload(t, ip6PortUnreach)[ICMPHeaderLen:]
		ns, na   = ipPayload(t, ip6NS), ipPayload(t, ip6NA)
		ra       = ipPayload(t, ip6RA)
		buf      = make([]byte, 0, 2048)
	)
	for _, tt := range []struct {
		name string
		f    func()
	}{
		{"Ethernet", func() { h, _, _ := ParseEthernet(tagged); buf = h.AppendTo(buf[:0]) }},
		{"ARP", func() { h, _ := ParseARP(arp[EthernetHeaderLen:]); buf = h.AppendTo(buf[:0]) }},
		{"IPv4", func() { h, _, _ := ParseIPv4(ip4); buf = h.AppendTo(buf[:0], 100) }},
		{"IPv4 with options", func() { h, _, _ := ParseIPv4(route); h.HasSourceRoute(); buf = h.AppendTo(buf[:0], 100) }},
		{"IPv6", func() { h, _, _ := ParseIPv6(ip6); buf = h.AppendTo(buf[:0], 100) }},
		{"IPv6 to reject", func() { ParseIPv6(badOpt) }},
		{"IPv6 fragment", func() { h, _, _ := ParseIPv6(fragment); buf = h.Fragment.AppendTo(buf[:0]) }},
		{"IPv6 options", func() { buf = AppendOptionsHeader(buf[:0], ProtoUDP, buf[:5]) }},
		{"ICMP", func() { h, payload, _ := ParseICMPv4(echo); buf = h.AppendTo(buf[:0], payload) }},
		{"ICMPv6", func() {
			h, payload, _ := ParseICMPv6(echo6, host1v6, host2v6)
			buf = h.AppendTo(buf[:0], host1v6, host2v6, payload)
		}},
		{"neighbor discovery", func() {
			for _, b := range [][]byte{ns, na, ra} {
				h := ICMPv6{Type: b[0]}
				n, options, err := ParseNeighbor(&h, b[ICMPHeaderLen:])
				if err == nil {
					buf = n.AppendTo(buf[:0])
				} else {
					_, options, _ = ParseRouterAdvertisement(&h, b[ICMPHeaderLen:])
				}
				for opt, rest, ok, _ := NextNDOption(options); ok; opt, rest, ok, _ = NextNDOption(rest) {
					mac, _ := opt.LinkAddr()
					buf = AppendNDLinkAddr(buf, opt.Type, mac)
				}
			}
		}},
		{"UDP", func() { h, _, _ := ParseUDP(udp); h.ChecksumOK(host1, host2, udp); buf = h.AppendTo(buf[:0]) }},
		{"TCP", func() { h, _, _ := ParseTCP(data); buf = h.AppendTo(buf[:0]) }},
		{"TCP SYN", func() { h, _, _ := ParseTCP(syn); buf = h.AppendTo(buf[:0]) }},
		{"TCP SACK", func() { h, _, _ := ParseTCP(sack); buf = h.AppendTo(buf[:0]) }},
		{"TCP with a bad option", func() { ParseTCP(badTCP) }},
		{"quote", func() { ParseQuote(quoted) }},
		{"checksum of pieces", func() {
			TransportChecksum(PseudoSum(ProtoTCP, host1, host2, len(data)), data[:31], data[31:], nil)
			UDPChecksum(PseudoSum(ProtoUDP, host1v6, host2v6, len(udp)), udp)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, tt.f); n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
		})
	}
}

// BenchmarkHeaders measures what every TCP segment costs here.
func BenchmarkHeaders(b *testing.B) {
	data, packet4, packet6 := ipPayload(b, ip4Data), unhex(b, ip4Data), unhex(b, ip6SYN)
	tcp, _, _ := ParseTCP(data)
	ip4, _, _ := ParseIPv4(packet4)
	ip6, _, _ := ParseIPv6(packet6)
	buf := make([]byte, 0, 128)
	for _, bb := range []struct {
		name string
		f    func()
	}{
		{"parse/IPv4", func() { ParseIPv4(packet4) }},
		{"parse/IPv6", func() { ParseIPv6(packet6) }},
		{"parse/TCP", func() { ParseTCP(data) }},
		{"append/IPv4", func() { buf = ip4.AppendTo(buf[:0], 1000) }},
		{"append/IPv6", func() { buf = ip6.AppendTo(buf[:0], 1000) }},
		{"append/TCP", func() { buf = tcp.AppendTo(buf[:0]) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.f()
			}
		})
	}
}
