package udp_test

import (
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/udp"
)

// TestTransfer sends bulk both ways at once, over IPv4 and IPv6, outside and inside.
func TestTransfer(t *testing.T) {
	for _, tt := range []struct {
		name      string
		near, far netip.AddrPort
		inside    string
		cfg       udp.Config
		trains    bool
	}{
		{"IPv4 in IPv4", near4, far4, "10.9.0.2:80", udp.Config{}, true},
		{"IPv6 in IPv4", near4, far4, "[fd09::2]:80", udp.Config{MTU: 1452}, true},
		{"IPv4 in IPv6", near6, far6, "10.9.0.2:80", udp.Config{MTU: 9000}, true},
		{"IPv6 in IPv6", near6, far6, "[fd09::2]:80", udp.Config{}, true},
		{"no offload", near4, far4, "10.9.0.2:80", udp.Config{NoOffload: true}, false},
		{"largest MTU", near4, far4, "10.9.0.2:80", udp.Config{MTU: udp.MaxMTU}, false},
		{"small buffers", near4, far4, "10.9.0.2:80", udp.Config{RecvBuffer: 1, SendBuffer: 1}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := openPair(t, tt.near, tt.far, tt.cfg)
			c, d := connect(t, newStack(t, a, nearAddrs), newStack(t, b, farAddrs), tt.inside)
			exchange(t, c, d, 4<<20)
			for _, dev := range []*udp.Device{a, b} {
				s := dev.Stats()
				if s.Sent == 0 || s.Received == 0 || s.Foreign != 0 || s.Malformed != 0 || s.TooLong != 0 || s.Dropped != 0 || s.Refused != 0 {
					t.Errorf("%s: %+v", dev.Name(), s)
				}
				if tt.trains != (s.SentTrains > 0) || tt.trains != (s.ReceivedTrains > 0) {
					t.Errorf("%s: %d trains sent, %d received; want some: %v", dev.Name(), s.SentTrains, s.ReceivedTrains, tt.trains)
				}
			}
		})
	}
}

// TestTrainsRefused: a kernel that takes no trains, here because of a socket without checksums, is given single datagrams, and
// nothing is lost.
func TestTrainsRefused(t *testing.T) {
	a, b := openPair(t, near4, far4, udp.Config{})
	err := a.Control(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_NO_CHECK, 1) })
	if err != nil {
		t.Fatal(err)
	}
	c, d := connect(t, newStack(t, a, nearAddrs), newStack(t, b, farAddrs), "10.9.0.2:80")
	exchange(t, c, d, 1<<20)
	if s := a.Stats(); s.Refused != 1 || s.SentTrains != 0 || s.Dropped != 0 {
		t.Errorf("%+v; want one train refused, and nothing dropped", s)
	}
}

// TestOpenErrors: a mistake is told in a sentence that says what is wrong.
func TestOpenErrors(t *testing.T) {
	ns := newNamespace(t)
	ip(t, ns, "link set lo up")
	openIn(t, ns, udp.Config{Local: near4, Remote: far4})
	at := netip.MustParseAddrPort
	for want, cfg := range map[string]udp.Config{
		"give either Config.Remote":                     {},
		"either Config.Remote, the other end, or":       {Remote: far4, Learn: true},
		"Config.Local must say where to wait":           {Learn: true},
		"0.0.0.0:1 is no address and port of another":   {Remote: at("0.0.0.0:1")},
		"127.0.0.1:0 is no address and port of another": {Remote: at("127.0.0.1:0")},
		"[ff02::1]:1 is no address and port of another": {Remote: at("[ff02::1]:1")},
		"MTU 20: must be 68 to 65507":                   {Remote: far4, MTU: 20},
		"MTU 65508: must be 68 to 65507":                {Remote: far4, MTU: 65508},
		"not both IPv4 or IPv6":                         {Local: near6, Remote: far4},
		"another program uses 127.0.0.1:7001":           {Local: near4, Remote: far4},
		"192.0.2.1 is no address of this machine":       {Local: at("192.0.2.1:1"), Remote: far4},
		"no route from 0.0.0.0 to 192.0.2.1":            {Remote: at("192.0.2.1:1")},
		"zone nowhere":                                  {Remote: at("[fe80::1%nowhere]:1")},
	} {
		err := ns.Do(func() error {
			dev, err := udp.Open(cfg)
			if err == nil {
				dev.Close()
			}
			return err
		})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "udp: ") {
			t.Errorf("%+v: got %q, want %q", cfg, err, want)
		}
	}
}

// TestAddresses: what was left open is filled in, also for an IPv4 address in IPv6 clothes.
func TestAddresses(t *testing.T) {
	ns := newNamespace(t)
	for _, remote := range []netip.AddrPort{far4, far6, netip.MustParseAddrPort("[::ffff:127.0.0.2]:7002")} {
		dev := openIn(t, ns, udp.Config{Remote: remote})
		local, want := dev.LocalAddr(), netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
		if !local.Addr().IsLoopback() || local.Port() == 0 || dev.RemoteAddr() != want {
			t.Errorf("from %v to %v, want from loopback to %v", local, dev.RemoteAddr(), want)
		}
		if dev.MTU() != udp.DefaultMTU || dev.Offload() != link.OffloadNone || !link.Cuts(dev) || link.QueueLen(dev) < 50 || dev.PathMTU() < 60000 {
			t.Errorf("MTU %d, offload %v, cuts %v, queue of %d, path MTU %d", dev.MTU(), dev.Offload(), link.Cuts(dev), link.QueueLen(dev), dev.PathMTU())
		}
	}
}
