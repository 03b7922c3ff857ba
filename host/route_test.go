package host

import (
	"net/netip"
	"syscall"
	"testing"
)

// req: RFC9293 MUST-44, RFC1122 3.2.2.9-1, 3.3.1.1-1, 3.3.4.3-3
func TestSourceSelection(t *testing.T) {
	addrs := prefixes("10.0.0.1/24", "10.9.0.1/16", "2001:db8::1/64", "2001:db8:5::1/64", "fd00::1/64", "fe80::1/64")
	for _, c := range []struct{ dst, want string }{
		{"10.0.0.9", "10.0.0.1"},
		{"10.9.3.3", "10.9.0.1"},
		{"192.0.2.1", "10.0.0.1"},
		{"10.0.0.1", "10.0.0.1"},
		{"127.0.0.1", "127.0.0.1"},
		{"::1", "::1"},
		{"2001:db8::9", "2001:db8::1"},
		{"2001:db8:5::9", "2001:db8:5::1"},
		{"2001:db8:5:1::9", "2001:db8:5::1"},
		{"2600::1", "2001:db8::1"},
		{"fd00::9", "fd00::1"},
		{"fe80::9", "fe80::1"},
		{"ff02::1", "fe80::1"},
		{"ff0e::1", "fd00::1"},
		{"172.16.5.5", "10.9.0.1"}, // a route says so
		{"203.0.113.9", ""},        // no route
	} {
		h := New(Config{Addrs: addrs, Routes: []Route{
			{Prefix: netip.MustParsePrefix("172.16.0.0/12"), Source: netip.MustParseAddr("10.9.0.1")},
			{Prefix: netip.MustParsePrefix("192.0.2.0/24")},
			{Prefix: netip.MustParsePrefix("::/0")},
		}})
		got, ok := h.source(netip.MustParseAddr(c.dst))
		if ok != (c.want != "") || ok && got != netip.MustParseAddr(c.want) {
			t.Errorf("to %s: from %v, want %s", c.dst, got, c.want)
		}
	}
}

// req: RFC1122 3.3.1.1-1, 3.3.3-3
func TestLongestPrefixWins(t *testing.T) {
	h := New(Config{Addrs: prefixes("10.0.0.1/24"), MTU: 1500, Routes: []Route{
		{Prefix: netip.MustParsePrefix("0.0.0.0/0"), MTU: 1400},
		{Prefix: netip.MustParsePrefix("192.0.2.0/24"), MTU: 1300},
		{Prefix: netip.MustParsePrefix("192.0.2.77/24"), MTU: 1}, // the same once masked: the first stays
		{Prefix: netip.MustParsePrefix("192.0.2.128/25"), MTU: 1200},
	}})
	for dst, want := range map[string]int{
		"10.0.0.7": 1500, "198.51.100.1": 1400, "192.0.2.1": 1300, "192.0.2.200": 1200,
	} {
		if got := h.mtu(netip.MustParseAddr(dst)); got != want {
			t.Errorf("MTU to %s: %d, want %d", dst, got, want)
		}
	}
}

// req: RFC791 3.3-2, RFC1122 3.2.1.3-1, 3.3.4.3-2, 4.1.3.6-1
func TestChooseSource(t *testing.T) {
	h := New(Config{Addrs: prefixes("10.0.0.1/24"), Routes: []Route{}})
	addr := func(s string) netip.Addr {
		if s == "" {
			return netip.Addr{}
		}
		return netip.MustParseAddr(s)
	}
	for _, c := range []struct {
		name, local, dst string
		transparent      bool
		err              error
	}{
		{"chosen", "", "10.0.0.2", false, nil},
		{"chosen for unspecified", "0.0.0.0", "10.0.0.2", false, nil},
		{"given", "10.0.0.1", "10.0.0.2", false, nil},
		{"foreign", "192.0.2.1", "10.0.0.2", false, syscall.EADDRNOTAVAIL},
		{"foreign, transparent", "192.0.2.1", "10.0.0.2", true, nil},
		{"multicast, transparent", "224.0.0.1", "10.0.0.2", true, syscall.EADDRNOTAVAIL},
		{"loopback to elsewhere", "127.0.0.1", "10.0.0.2", false, syscall.EINVAL},
		{"loopback to ourselves", "127.0.0.1", "10.0.0.1", false, nil},
		{"no route", "", "192.0.2.1", false, syscall.ENETUNREACH},
		{"no route, transparent", "192.0.2.9", "192.0.2.1", true, syscall.ENETUNREACH},
		{"no address of the family", "", "2001:db8::1", false, syscall.ENETUNREACH},
		{"two families", "10.0.0.1", "2001:db8::1", false, syscall.EINVAL},
		{"to nobody", "", "0.0.0.0", false, syscall.EINVAL},
		{"to nothing", "", "", false, syscall.EINVAL},
	} {
		if _, err := h.chooseSource(addr(c.local), addr(c.dst), c.transparent); err != c.err {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
		}
	}
}

// req: RFC791 2.3-1, RFC1122 3.3.6-1
func TestAddresses(t *testing.T) {
	l := addresses(prefixes("10.0.0.1/24", "192.0.2.1/31", "198.51.100.1/30", "2001:db8::12:3456/64"))
	for _, c := range []struct {
		addr                  string
		own, broadcast, group bool
	}{
		{"10.0.0.1", true, false, false},
		{"10.0.0.2", false, false, false},
		{"10.0.0.255", false, true, false},
		{"255.255.255.255", false, true, false},
		{"192.0.2.1", true, false, false}, // RFC 3021: a /31 has no broadcast address
		{"198.51.100.3", false, true, false},
		{"224.0.0.1", false, false, true},
		{"224.0.0.2", false, false, false},
		{"ff02::1", false, false, true},
		{"ff02::2", false, false, false},
		{"ff02::1:ff12:3456", false, false, true},
		{"ff02::1:ff12:3457", false, false, false},
	} {
		a := netip.MustParseAddr(c.addr)
		if l.own(a) != c.own || l.broadcast(a) != c.broadcast || l.group(a) != c.group {
			t.Errorf("%v: own %v, broadcast %v, group %v", a, l.own(a), l.broadcast(a), l.group(a))
		}
	}
}
