package wire

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// icmpv6 returns the ICMPv6 message in a captured packet.
func icmpv6(t testing.TB, packet string) (ICMPv6, []byte) {
	t.Helper()
	ip, message, err := ParseIPv6(unhex(t, packet))
	if err != nil {
		t.Fatal(err)
	}
	h, payload, err := ParseICMPv6(message, ip.Src, ip.Dst)
	if err != nil {
		t.Fatal(err)
	}
	h.Checksum = 0
	return h, payload
}

// ndOptions returns the options as they print.
func ndOptions(b []byte) []string {
	var all []string
	for opt, rest, ok, _ := NextNDOption(b); ok; opt, rest, ok, _ = NextNDOption(rest) {
		all = append(all, opt.String())
	}
	return all
}

func TestNeighbor(t *testing.T) {
	for _, tt := range []struct {
		name, packet string
		want         Neighbor
		option       NDOption
	}{
		{"solicitation", ip6NS, Neighbor{Target: host2v6}, NDOption{NDOptSourceLinkAddr, mac1[:]}},
		{"advertisement", ip6NA, Neighbor{Advertisement: true, Solicited: true, Override: true, Target: host2v6},
			NDOption{NDOptTargetLinkAddr, mac2[:]}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, payload := icmpv6(t, tt.packet)
			n, options, err := ParseNeighbor(&h, payload)
			if err != nil || n != tt.want {
				t.Fatalf("ParseNeighbor = %v, %v, want %v", n, err, tt.want)
			}
			opt, rest, ok, err := NextNDOption(options)
			if !ok || err != nil || len(rest) != 0 || !reflect.DeepEqual(opt, tt.option) {
				t.Fatalf("option %v, %d bytes behind it, %v; want %v alone", opt, len(rest), err, tt.option)
			}
			mac, _ := opt.LinkAddr()
			if got := AppendNDLinkAddr(n.AppendTo(nil), opt.Type, mac); !bytes.Equal(got, payload) || n.Header() != h {
				t.Errorf("appended %v, %x\n    want %v, %x", n.Header(), got, h, payload)
			}
		})
	}
	router := Neighbor{Advertisement: true, Router: true, Target: host1v6}
	if h := router.Header(); h.Rest != 1<<31 {
		t.Errorf("a router's flags are %#08x, want the first bit", h.Rest)
	}
}

func TestRouterAdvertisement(t *testing.T) {
	h, payload := icmpv6(t, ip6RA)
	r, options, err := ParseRouterAdvertisement(&h, payload)
	want := RouterAdvertisement{HopLimit: 64, Managed: true, Other: true, Lifetime: 1800 * time.Second}
	if err != nil || r != want {
		t.Fatalf("ParseRouterAdvertisement = %+v, %v, want %+v", r, err, want)
	}
	opt, rest, _, _ := NextNDOption(options)
	prefix, ok := opt.Prefix()
	wantPrefix := PrefixInfo{Prefix: netip.MustParsePrefix("2001:db8:1::/64"), OnLink: true, Autonomous: true,
		Valid: 24 * time.Hour, Preferred: 4 * time.Hour}
	if !ok || prefix != wantPrefix {
		t.Errorf("prefix %+v, want %+v", prefix, wantPrefix)
	}
	opt, rest, _, _ = NextNDOption(rest)
	if mtu, ok := opt.MTU(); !ok || mtu != 1500 {
		t.Errorf("MTU %d, %v, want 1500", mtu, ok)
	}
	opt, rest, _, _ = NextNDOption(rest)
	if mac, ok := opt.LinkAddr(); !ok || mac != mac1 || len(rest) != 0 {
		t.Errorf("link address %v, %v, want %v", mac, ok, mac1)
	}
	got := AppendNDLinkAddr(AppendNDMTU(prefix.AppendTo(r.AppendTo(nil)), 1500), NDOptSourceLinkAddr, mac1)
	if !bytes.Equal(got, payload) || r.Header() != h {
		t.Errorf("appended %v, %x\n    want %v, %x", r.Header(), got, h, payload)
	}
}

func TestRouterAdvertisementTimers(t *testing.T) {
	want := RouterAdvertisement{Other: true, Lifetime: 65535 * time.Second, Reachable: 30 * time.Second, Retrans: time.Millisecond}
	h := want.Header()
	if got, _, err := ParseRouterAdvertisement(&h, want.AppendTo(nil)); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	forever := PrefixInfo{Prefix: netip.MustParsePrefix("2001:db8::/56"), Valid: NDForever, Preferred: NDForever}
	opt, _, _, _ := NextNDOption(forever.AppendTo(nil))
	if got, ok := opt.Prefix(); !ok || got != forever {
		t.Errorf("got %+v, want %+v", got, forever)
	}
}

func TestRouterSolicitation(t *testing.T) {
	h, payload := icmpv6(t, ip6RS)
	options, err := ParseRouterSolicitation(&h, payload)
	if want := []string{"source 02:00:00:00:00:01"}; err != nil || !reflect.DeepEqual(ndOptions(options), want) {
		t.Errorf("options %v, %v, want %v", ndOptions(options), err, want)
	}
}

func TestRedirect(t *testing.T) {
	h := ICMPv6{Type: ICMPv6Redirect}
	target, dst := linkLocal1.As16(), host2v6.As16()
	payload := AppendNDLinkAddr(append(target[:], dst[:]...), NDOptTargetLinkAddr, mac2)
	r, options, err := ParseRedirect(&h, payload)
	if want := (Redirect{linkLocal1, host2v6}); err != nil || r != want || len(options) != 8 {
		t.Errorf("ParseRedirect = %v, %d bytes of options, %v, want %v", r, len(options), err, want)
	}
}

func TestNDErrors(t *testing.T) {
	target := "20010db8000000000000000000000002"
	neighbor := func(h *ICMPv6, b []byte) error { _, _, err := ParseNeighbor(h, b); return err }
	router := func(h *ICMPv6, b []byte) error { _, _, err := ParseRouterAdvertisement(h, b); return err }
	solicitation := func(h *ICMPv6, b []byte) error { _, err := ParseRouterSolicitation(h, b); return err }
	redirect := func(h *ICMPv6, b []byte) error { _, _, err := ParseRedirect(h, b); return err }
	for _, tt := range []struct {
		name      string
		parse     func(*ICMPv6, []byte) error
		typ, code uint8
		payload   string
		want      error
	}{
		{"not a neighbor message", neighbor, ICMPv6Echo, 0, target, ErrBadType},
		{"neighbor message with a code", neighbor, ICMPv6NeighborSolicitation, 1, target, ErrBadType},
		{"target is multicast", neighbor, ICMPv6NeighborSolicitation, 0, "ff02" + zeros(14), ErrBadType},
		{"target cut", neighbor, ICMPv6NeighborAdvertisement, 0, target[:30], ErrTruncated},
		// "All included options have a length that is greater than zero" (RFC 4861, Section 7.1.1).
		{"option of length 0", neighbor, ICMPv6NeighborSolicitation, 0, target + "0100020000000001", ErrBadOption},
		{"option cut", neighbor, ICMPv6NeighborSolicitation, 0, target + "01010200", ErrBadOption},
		{"option without a length", neighbor, ICMPv6NeighborSolicitation, 0, target + "01", ErrBadOption},
		{"not a router advertisement", router, ICMPv6RouterSolicitation, 0, zeros(8), ErrBadType},
		{"router advertisement cut", router, ICMPv6RouterAdvertisement, 0, zeros(7), ErrTruncated},
		{"router advertisement, second option bad", router, ICMPv6RouterAdvertisement, 0, zeros(8) + "05010000000005dc 0102", ErrBadOption},
		{"not a router solicitation", solicitation, ICMPv6RouterAdvertisement, 0, "", ErrBadType},
		{"router solicitation, option bad", solicitation, ICMPv6RouterSolicitation, 0, "0100", ErrBadOption},
		{"not a redirect", redirect, ICMPv6Echo, 0, target + target, ErrBadType},
		{"redirect cut", redirect, ICMPv6Redirect, 0, target, ErrTruncated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := ICMPv6{Type: tt.typ, Code: tt.code}
			if err := tt.parse(&h, unhex(t, tt.payload)); err != tt.want {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// An option of the wrong type or length is not taken for another.
func TestNDOptionMismatch(t *testing.T) {
	for _, opt := range []NDOption{
		{NDOptSourceLinkAddr, make([]byte, 14)},
		{NDOptMTU, make([]byte, 14)},
		{NDOptPrefix, make([]byte, 6)},
		{NDOptPrefix, append([]byte{129}, make([]byte, 29)...)},
		{NDOptRDNSS, make([]byte, 6)},
	} {
		_, isMAC := opt.LinkAddr()
		_, isMTU := opt.MTU()
		_, isPrefix := opt.Prefix()
		if isMAC || isMTU || isPrefix {
			t.Errorf("option %d of %d bytes was understood", opt.Type, len(opt.Data))
		}
	}
}

func FuzzND(f *testing.F) {
	for _, p := range []string{ip6RS, ip6RA, ip6NS, ip6NA} {
		h, payload := icmpv6(f, p)
		f.Add(h.Type, h.Rest, payload)
	}
	f.Fuzz(func(t *testing.T, typ uint8, rest uint32, b []byte) {
		h := ICMPv6{Type: typ, Rest: rest}
		appendND(nil, &h, b)
		ParseRouterSolicitation(&h, b)
		ParseRedirect(&h, b)
		if n, options, err := ParseNeighbor(&h, b); err == nil {
			header := n.Header()
			again, _, err := ParseNeighbor(&header, append(n.AppendTo(nil), options...))
			if err != nil || again != n {
				t.Errorf("%v appended and parsed is %v, %v", n, again, err)
			}
		}
		if r, options, err := ParseRouterAdvertisement(&h, b); err == nil {
			header := r.Header()
			again, _, err := ParseRouterAdvertisement(&header, append(r.AppendTo(nil), options...))
			if err != nil || again != r {
				t.Errorf("%+v appended and parsed is %+v, %v", r, again, err)
			}
		}
		for opt, rest, ok, _ := NextNDOption(b); ok; opt, rest, ok, _ = NextNDOption(rest) {
			if p, ok := opt.Prefix(); ok {
				opt, _, _, _ := NextNDOption(p.AppendTo(nil))
				if again, ok := opt.Prefix(); !ok || again != p {
					t.Errorf("%+v appended and parsed is %+v", p, again)
				}
			}
		}
	})
}
