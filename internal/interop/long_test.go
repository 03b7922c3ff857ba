package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
	"github.com/antedon-net/antedon/tcp"
)

// TestLongSuperPackets sends to a kernel on the other side of a TUN, which takes super-packets that are longer than an IP packet can
// be: they are used, and everything arrives, ended by a FIN.
func TestLongSuperPackets(t *testing.T) {
	t.Parallel()
	const size = 256 << 20 / slow
	for _, c := range []struct {
		name string
		cfg  antedon.Config
	}{
		{"as is", antedon.Config{}},
		{"with ECN", antedon.Config{TCP: tcp.Config{ECN: tcp.ECNRequest}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, netlab.Options{TUN: netlab.TUNAlways}, c.cfg)
			b.inEachCorner(t, func(t *testing.T, c corner) {
				deadline := time.Now().Add(limit)
				for before := b.longs(); b.longs() == before; { // on a busy machine no round trip may be short enough
					if time.Now().After(deadline) {
						t.Fatal("no long super-packets")
					}
					ours, kernel := c.pair(t)
					flow(t, ours, kernel, size)
					check(t, errors.Join(ours.Close(), kernel.Close()))
				}
			})
			if s := b.Device().(*tun.Device).Stats(); s.Refused != 0 || s.Dropped != 0 {
				t.Errorf("stats %+v, want nothing refused or dropped", s)
			}
		})
	}
}

// longs returns how many long super-packets the stack has sent.
func (b *bed) longs() int {
	b.tap.mu.Lock()
	defer b.tap.mu.Unlock()
	return b.tap.longs
}

// flow sends size bytes and then a FIN.
func flow(t *testing.T, ours *antedon.Conn, kernel net.Conn, size int64) {
	t.Helper()
	atOnce(t,
		func() error { return errors.Join(send(ours, t.Name(), size), ours.CloseWrite()) },
		func() error { return receiveAll(kernel, t.Name(), size) },
	)
}

// A reader with a small buffer, which takes long pauses.
func TestLongToSmallWindow(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 / slow
	b := newBed(t, netlab.Options{TUN: netlab.TUNAlways}, antedon.Config{})
	b.inEachCorner(t, func(t *testing.T, c corner) {
		ours, kernel := c.pair(t)
		for _, buffer := range []int{1 << 20, 4 << 10, 300 << 10} {
			check(t, kernel.SetReadBuffer(buffer))
			transfer(t, ours, kernel, size)
		}
		check(t, kernel.Close())
	})
}

// TestLongForwarded sends to a second kernel, to which the first one forwards, as a router or translating addresses. On the way
// super-packets are cut: to 64 KiB, or by an interface without offload to single segments. Long ones are not used then, but for a
// few that try.
func TestLongForwarded(t *testing.T) {
	t.Parallel()
	const size = 128 << 20 / slow
	for _, nat := range []bool{false, true} {
		for _, cuts := range []bool{false, true} {
			t.Run(fmt.Sprintf("NAT %v, cuts %v", nat, cuts), func(t *testing.T) {
				t.Parallel()
				r := newRouter(t, nat, cuts)
				for i, k := range []netip.Addr{r.pair.B.Kernel4(), r.pair.B.Kernel6()} {
					before := r.longs()
					r.flow(t, k, size)
					if n, most := r.longs()-before, max(20, size/4/192_000); n > most {
						t.Errorf("IPv%d: %d long super-packets, want %d at most", 4+2*i, n, most)
					}
				}
			})
		}
	}
}

// router is a kernel between a stack, behind a TUN, and another kernel, B of pair.
type router struct {
	bed
	pair *netlab.Pair
}

func newRouter(t *testing.T, nat, cuts bool) *router {
	t.Helper()
	pair, err := netlab.NewPair(netlab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, pair.Close()) })
	kernel := []netip.Prefix{netip.MustParsePrefix("10.8.0.1/24"), netip.MustParsePrefix("fd08::1/64")}
	ours := []netip.Prefix{netip.MustParsePrefix("10.8.0.2/24"), netip.MustParsePrefix("fd08::2/64")}
	var dev *tun.Device
	err = pair.A.Do(func() error {
		if dev, err = tun.Open(tun.Config{}); err != nil {
			return err
		}
		return errors.Join(dev.AddAddr(kernel[0]), dev.AddAddr(kernel[1]), dev.SetUp(),
			os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0),
			os.WriteFile("/proc/sys/net/ipv6/conf/all/forwarding", []byte("1"), 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &router{pair: pair, bed: bed{Lab: pair.A, tap: newTap(dev)}}
	veth := pair.A.Options.Name
	if nat {
		nft := r.Command(bounded(t), "nft", "-f", "-")
		nft.Stdin = strings.NewReader("table inet nat {\n chain post {\n type nat hook postrouting priority 100;\n oifname \"" +
			veth + "\" masquerade;\n }\n}\n")
		if out, err := nft.CombinedOutput(); err != nil {
			t.Fatalf("nft: %v\n%s", err, out)
		}
	} else {
		ip(t, pair.A, "addr", "add", "fe80::1/64", "dev", veth, "nodad") // a router solicits neighbours from such an address
		for i, p := range ours {
			ip(t, pair.B, "route", "add", p.Masked().String(), "via", []netip.Addr{pair.A.Kernel4(), pair.A.Kernel6()}[i].String())
		}
	}
	if cuts {
		ip(t, pair.A, "link", "set", veth, "gso_max_segs", "1")
	}
	if r.stack, err = antedon.New(r.tap, antedon.Config{Addrs: ours}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close(t) })
	return r
}

// ip runs ip(8) in a lab.
func ip(t *testing.T, l *netlab.Lab, args ...string) {
	t.Helper()
	if out, err := l.Command(bounded(t), "ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %q: %v\n%s", args, err, out)
	}
}

// flow sends size bytes to the second kernel, at an address of its own.
func (r *router) flow(t *testing.T, to netip.Addr, size int64) {
	t.Helper()
	ln, err := r.pair.B.Listen(bounded(t), "tcp", netip.AddrPortFrom(to, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, err := r.stack.Dial(bounded(t), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	k := accept(t, ln, c)
	flow(t, c.(*antedon.Conn), k, size)
	check(t, errors.Join(k.Close(), c.Close()))
}

// Two stacks, each behind a TUN of its own, talk by way of the kernel between them, which cuts nothing on the way but to 64 KiB.
func TestLongBetweenStacks(t *testing.T) {
	t.Parallel()
	const size = 64 << 20 / slow
	a := newBed(t, netlab.Options{TUN: netlab.TUNAlways}, antedon.Config{})
	kernel, ours := netip.MustParsePrefix("10.8.0.1/24"), netip.MustParsePrefix("10.8.0.2/24")
	var dev *tun.Device
	err := a.Do(func() (err error) {
		if dev, err = tun.Open(tun.Config{}); err != nil {
			return err
		}
		return errors.Join(dev.AddAddr(kernel), dev.SetUp(), os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0))
	})
	if err != nil {
		t.Fatal(err)
	}
	other, err := antedon.New(link.Device(dev), antedon.Config{Addrs: []netip.Prefix{ours}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		check(t, other.Close(ctx))
	}()
	ln, err := other.Listen(bounded(t), "tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := netip.MustParseAddrPort(ln.Addr().String()).Port()
	c, err := a.stack.Dial(bounded(t), "tcp", netip.AddrPortFrom(ours.Addr(), port).String())
	if err != nil {
		t.Fatal(err)
	}
	k := accept(t, ln, c)
	var wg sync.WaitGroup
	for _, x := range [][2]net.Conn{{c, k}, {k, c}} {
		wg.Go(func() { check(t, send(x[0], "both ways", size)) })
		wg.Go(func() { check(t, receive(x[1], "both ways", size)) })
	}
	wg.Wait()
	check(t, errors.Join(k.Close(), c.Close()))
}
