package wire

import (
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ name, packet, want string }{
		{"SYN", ip4SYN, "IP 192.0.2.1.37910 > 192.0.2.2.80: Flags [S], seq 3834642229, win 64240, " +
			"options [mss 1460,sackOK,TS val 2569177588 ecr 0,wscale 10], length 0"},
		{"data", ip4Data, "IP 192.0.2.1.37910 > 192.0.2.2.80: Flags [P.], seq 3834642230:3834642235, ack 1733723124, win 63, " +
			"options [TS val 2569177588 ecr 2264153231], length 5"},
		{"RST", ip4RST, "IP 192.0.2.2.81 > 192.0.2.1.37934: Flags [R.], seq 0, ack 2536204158, win 0, length 0"},
		{"SACK", ip4SACK, "IP 192.0.2.2.80 > 192.0.2.1.37924: Flags [.], ack 1623867901, win 72, " +
			"options [TS val 3989705238 ecr 4256718321,sack 1 {1623868901:1623870349}], length 0"},
		{"Fast Open", ip4TFOGive, "IP 192.0.2.2.80 > 192.0.2.1.37938: Flags [S.], seq 1959473582, ack 1993932851, win 65160, " +
			"options [mss 1460,sackOK,TS val 4052172832 ecr 3708434862,wscale 10,tfo cookie 2ebd9f12a7bb5238], length 0"},
		{"UDP", ip4UDP, "IP 192.0.2.1.35370 > 192.0.2.2.9: UDP, length 5"},
		{"echo request", ip4Echo, "IP 192.0.2.1 > 192.0.2.2: ICMP echo request, id 4660, seq 1, length 23"},
		{"ICMP error", ip4PortUnreach,
			"IP 192.0.2.2 > 192.0.2.1: ICMP port unreachable (192.0.2.1.35370 > 192.0.2.2.9: UDP), length 41"},
		{"IP options", ip4RecordRoute, "IP 192.0.2.1.34895 > 192.0.2.2.11: UDP, length 2, IP options RR"},
		{"fragment", ip4LastFragment + ip4FragmentText, "IP 192.0.2.1 > 192.0.2.2: UDP, length 128, fragment of 22935 at 1480"},
		{"SYN over IPv6", ip6SYN, "IP6 2001:db8::1.41172 > 2001:db8::2.8080: Flags [S], seq 1004627016, win 64800, " +
			"options [mss 1440,sackOK,TS val 167077057 ecr 0,wscale 10], length 0"},
		{"ICMPv6 error", ip6PortUnreach,
			"IP6 2001:db8::2 > 2001:db8::1: ICMP6, port unreachable (2001:db8::1.47443 > 2001:db8::2.9: UDP), length 62"},
		{"router solicitation", ip6RS, "IP6 fe80::ff:fe00:1 > ff02::2: ICMP6, router solicitation, source 02:00:00:00:00:01, length 16"},
		{"router advertisement", ip6RA, "IP6 fe80::ff:fe00:1 > ff02::1: ICMP6, router advertisement, " +
			"hop limit 64, lifetime 30m0s, managed, other, prefix 2001:db8:1::/64, mtu 1500, source 02:00:00:00:00:01, length 64"},
		{"neighbor solicitation", ip6NS, "IP6 2001:db8::1 > ff02::1:ff00:2: ICMP6, neighbor solicitation, " +
			"who has 2001:db8::2, source 02:00:00:00:00:01, length 32"},
		{"neighbor advertisement", ip6NA, "IP6 2001:db8::2 > 2001:db8::1: ICMP6, neighbor advertisement, " +
			"tgt is 2001:db8::2, Flags [solicited,override], target 02:00:00:00:00:02, length 32"},
		{"listener report", ip6MLD, "IP6 fe80::ff:fe00:1 > ff02::16: ICMP6, multicast listener report v2, length 28"},
		{"fragment over IPv6", ip6LastFragment + ip6FragmentText,
			"IP6 2001:db8::1 > 2001:db8::2: UDP, length 160, fragment of 2724688553 at 1448"},

		{"nothing", "", "empty packet"},
		{"neither IPv4 nor IPv6", "75000000", "IP version 7, length 4"},
		{"cut", "45000034", "IP [packet is shorter than its headers say]"},
		{"payload cut", ip4UDP[:70], "IP 192.0.2.1 > 192.0.2.2: [packet is shorter than its headers say]"},
		{"IPv6 option unknown", ip6BadOpt, "IP6 2001:db8::1 > 2001:db8::2: [unknown option that forbids processing]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Format(unhex(t, tt.packet)); got != tt.want {
				t.Errorf("Format = %s\nwant     %s", got, tt.want)
			}
		})
	}
}

// What is wrong behind a good IP header is told beside what is right.
func TestFormatMalformed(t *testing.T) {
	ip4 := func(proto Proto, payload string) []byte {
		b := unhex(t, payload)
		h := IPv4{TTL: 64, Proto: proto, Src: host1, Dst: host2}
		return append(h.AppendTo(nil, len(b)), b...)
	}
	const front = "IP 192.0.2.1"
	for _, tt := range []struct {
		name   string
		packet []byte
		want   string
	}{
		{"TCP cut", ip4(ProtoTCP, "0001"), front + " > 192.0.2.2: TCP [packet is shorter than its headers say]"},
		{"TCP option", ip4(ProtoTCP, "00010002000000030000000460100005000000000204"+"0000"),
			front + ".1 > 192.0.2.2.2: Flags [.], ack 4, win 5, options [mss 0], length 0"},
		{"TCP option bad", ip4(ProtoTCP, "00010002000000030000000460100005000000000209"+"0000"),
			front + ".1 > 192.0.2.2.2: Flags [.], ack 4, win 5 [malformed option], length 0"},
		{"TCP without flags", ip4(ProtoTCP, "0001000200000003000000045000000500000000"),
			front + ".1 > 192.0.2.2.2: Flags [none], win 5, length 0"},
		{"TCP urgent", ip4(ProtoTCP, "00010002000000030000000451e0000500000006"),
			front + ".1 > 192.0.2.2.2: Flags [UEWe], win 5, urg 6, length 0"},
		{"UDP cut", ip4(ProtoUDP, "0001"), front + " > 192.0.2.2: UDP [packet is shorter than its headers say]"},
		{"UDP payload cut", ip4(ProtoUDP, "0001000200090000"), front + ".1 > 192.0.2.2.2: UDP [packet is shorter than its headers say]"},
		{"ICMP checksum", ip4(ProtoICMP, "0800000000000000"),
			front + " > 192.0.2.2: ICMP echo request, id 0, seq 0 [wrong checksum], length 8"},
		{"ICMP cut", ip4(ProtoICMP, "0800"), front + " > 192.0.2.2: ICMP [packet is shorter than its headers say]"},
		{"ICMP quotes nothing", ip4(ProtoICMP, "0301fcfe00000000"),
			front + " > 192.0.2.2: ICMP host unreachable [quoted packet is shorter than its headers say], length 8"},
		{"ICMP type unknown", ip4(ProtoICMP, "2a07d5f800000000"), front + " > 192.0.2.2: ICMP type 42 code 7, length 8"},
		{"ICMP error quotes no ports", ip4(ProtoICMP, "0302fcfd00000000"+strings.Split(ip4SACK, "|")[0]),
			front + " > 192.0.2.2: ICMP protocol unreachable (192.0.2.2 > 192.0.2.1: TCP), length 28"},
		{"protocol unknown", ip4(200, "00"), front + " > 192.0.2.2: proto 200, length 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Format(tt.packet); got != tt.want {
				t.Errorf("Format = %s\nwant     %s", got, tt.want)
			}
		})
	}
}

func TestFormatMalformedIPv6(t *testing.T) {
	const front = "IP6 2001:db8::1 > 2001:db8::2: "
	message := func(h ICMPv6, payload string) []byte {
		b := unhex(t, payload)
		ip := IPv6{NextHeader: ProtoICMPv6, HopLimit: 255, Src: host1v6, Dst: host2v6}
		return h.AppendTo(ip.AppendTo(nil, ICMPHeaderLen+len(b)), ip.Src, ip.Dst, b)
	}
	for _, tt := range []struct {
		name   string
		packet []byte
		want   string
	}{
		{"first fragment", chain(t, ProtoFragment, "1100000100000007 | 0001000205dc0000 | 0102030405060708"),
			"IP6 2001:db8::1.1 > 2001:db8::2.2: UDP, length 1492, fragment of 7 at 0+"},
		{"ICMPv6 cut", chain(t, ProtoICMPv6, "8000"), front + "ICMP6 [packet is shorter than its headers say]"},
		{"ICMPv6 checksum", chain(t, ProtoICMPv6, "8000000000000000"), front + "ICMP6, echo request, id 0, seq 0 [wrong checksum], length 8"},
		{"neighbor target cut", message(ICMPv6{Type: ICMPv6NeighborSolicitation}, "20010db8"),
			front + "ICMP6, neighbor solicitation [packet is shorter than its headers say], length 12"},
		{"redirect", message(ICMPv6{Type: ICMPv6Redirect}, "fe80"+zeros(13)+"01 20010db8"+zeros(11)+"09"),
			front + "ICMP6, redirect, 2001:db8::9 to fe80::1, length 40"},
		{"ICMP over IPv6", chain(t, ProtoICMP, "0800f7ff00000000"), front + "ICMP, length 8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Format(tt.packet); got != tt.want {
				t.Errorf("Format = %s\nwant     %s", got, tt.want)
			}
		})
	}
}

func TestFormatEthernet(t *testing.T) {
	for _, tt := range []struct{ name, frame, want string }{
		{"ARP request", ethARPRequest, "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff: ARP, Request who-has 192.0.2.2 tell 192.0.2.1"},
		{"ARP reply", ethARPReply, "02:00:00:00:00:02 > 02:00:00:00:00:01: ARP, Reply 192.0.2.2 is-at 02:00:00:00:00:02"},
		{"tagged IPv4", "020000000002 020000000001 8100 602a 0800" + ip4UDP,
			"02:00:00:00:00:01 > 02:00:00:00:00:02, vlan 42, p 3: IP 192.0.2.1.35370 > 192.0.2.2.9: UDP, length 5"},
		{"other", "020000000002 020000000001 88cc 01", "02:00:00:00:00:01 > 02:00:00:00:00:02, ethertype 0x88cc, length 1"},
		{"802.3", "020000000002 020000000001 0001 42", "02:00:00:00:00:01 > 02:00:00:00:00:02, 802.3 length 1, length 1"},
		{"ARP cut", "020000000002 020000000001 0806 0001",
			"02:00:00:00:00:01 > 02:00:00:00:00:02: ARP [packet is shorter than its headers say]"},
		{"cut", "0200", "Ethernet [packet is shorter than its headers say]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := FormatEthernet(unhex(t, tt.frame)); got != tt.want {
				t.Errorf("FormatEthernet = %s\nwant             %s", got, tt.want)
			}
		})
	}
}

func TestHeaderStrings(t *testing.T) {
	ip4, _, _ := ParseIPv4(unhex(t, ip4RecordRoute))
	ip6, _, _ := ParseIPv6(unhex(t, ip6SYN))
	tcp, _, _ := ParseTCP(ipPayload(t, ip4FIN))
	udp, _, _ := ParseUDP(ipPayload(t, ip4UDP))
	for _, tt := range []struct{ got, want string }{
		{ip4.String(), "IP 192.0.2.1 > 192.0.2.2: UDP, ttl 64, id 23007, dscp 46, ECT(1), DF, IP options RR"},
		{ip6.String(), "IP6 2001:db8::1 > 2001:db8::2: TCP, hlim 64, flow 0x886ee"},
		{tcp.String(), "37910 > 80: Flags [F.], seq 3834642235, ack 1733723129, win 63, options [TS val 2569177589 ecr 2264153232]"},
		{udp.String(), "35370 > 9: UDP, length 5"},
		{Ethernet{Dst: Broadcast, Src: mac1, Type: EtherTypeRARP}.String(), "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, RARP"},
		{ICMPv4{Type: ICMPv4Unreachable, Code: ICMPv4FragNeeded, Rest: 1400}.String(), "ICMP need to frag (mtu 1400)"},
		{ICMPv6{Type: ICMPv6PacketTooBig, Rest: 1280}.String(), "ICMP6, packet too big (mtu 1280)"},
		{ICMPv6{Type: ICMPv6ParameterProblem, Code: ICMPv6UnknownOption, Rest: 42}.String(), "ICMP6, unknown option at 42"},
		{ARP{Op: 9, SenderIP: host1, TargetIP: host2}.String(), "ARP, op 9, 192.0.2.1 (00:00:00:00:00:00) to 192.0.2.2 (00:00:00:00:00:00)"},
		{ARPRequest.String() + " " + ARPReply.String(), "Request Reply"},
		{EtherTypeIPv4.String() + " " + EtherTypeARP.String() + " " + EtherTypeIPv6.String(), "IPv4 ARP IPv6"},
		{EtherTypeVLAN.String() + " " + EtherTypeQinQ.String(), "802.1Q 802.1ad"},
		{TCPOptions{HasFastOpen: true, HasUserTimeout: true, UserTimeout: 90}.String(), "user timeout 1m30s,tfo cookiereq"},
		{ICMPv4{Type: ICMPv4ParameterProblem, Rest: ICMPv4PointerRest(20)}.String(), "ICMP parameter problem at 20"},
		{Neighbor{Advertisement: true, Router: true, Target: host1v6}.String(), "tgt is 2001:db8::1, Flags [router]"},
		{NDOption{Type: NDOptRDNSS}.String(), "option 25"},
		{ICMPv4{Type: ICMPv4Redirect, Code: 1, Rest: 0xc0000202}.String(), "ICMP redirect code 1 to 192.0.2.2"},
		{Proto(6).String() + " " + Proto(59).String() + " " + Proto(250).String(), "TCP none proto 250"},
	} {
		if tt.got != tt.want {
			t.Errorf("String = %s\nwant     %s", tt.got, tt.want)
		}
	}
}

// A packet is one line.
func FuzzFormat(f *testing.F) {
	for _, p := range append(append([]string(nil), capturedIP4...), capturedIP6...) {
		f.Add(unhex(f, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := Format(b); s == "" || strings.ContainsAny(s, "\n\r") {
			t.Errorf("Format = %q", s)
		}
	})
}
