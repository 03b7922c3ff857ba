package udp_test

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/wire"
)

// await waits until something is so.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// TestPathMTU: when the path outside becomes narrower than the device's MTU, the stack is told and sends smaller packets; bulk
// that is under way arrives.
func TestPathMTU(t *testing.T) {
	for _, tt := range []struct {
		name, inside string
		near, far    netip.AddrPort
		path, want   int
	}{
		{"IPv4 in IPv4", "10.9.0.2:80", near4, far4, 1000, 972},
		{"IPv6 in IPv4", "[fd09::2]:80", near4, far4, 1400, 1372},
		{"IPv4 in IPv6", "10.9.0.2:80", near6, far6, 1400, 1352},
		{"IPv6 in IPv6", "[fd09::2]:80", near6, far6, 1400, 1352},
	} {
		for _, noOffload := range []bool{false, true} {
			name := tt.name
			if noOffload {
				name += ", no offload"
			}
			t.Run(name, func(t *testing.T) {
				ns := newNamespace(t)
				cfg := udp.Config{Local: tt.near, Remote: tt.far, MTU: 9000, NoOffload: noOffload}
				a := openIn(t, ns, cfg)
				cfg.Local, cfg.Remote = tt.far, tt.near
				b := openIn(t, ns, cfg)
				c, d := connect(t, newStack(t, a, nearAddrs), newStack(t, b, farAddrs), tt.inside)
				exchange(t, c, d, 1<<20)
				if s := a.Stats(); s.TooBig != 0 || s.Dropped != 0 {
					t.Errorf("before: %+v", s)
				}
				ip(t, ns, fmt.Sprint("link set lo mtu ", tt.path))
				exchange(t, c, d, 1<<20)
				for _, dev := range []*udp.Device{a, b} {
					if s := dev.Stats(); s.TooBig == 0 || s.Refused != 0 || dev.PathMTU() != tt.want {
						t.Errorf("after: %+v, path MTU %d; want the stack told of %d", s, dev.PathMTU(), tt.want)
					}
				}
			})
		}
	}
}

// TestImpaired: a bad path is TCP's business, here as on any device.
func TestImpaired(t *testing.T) {
	a, b := openPair(t, near4, far4, udp.Config{})
	plan, err := impair.Parse("loss=2%,delay=1ms,jitter=500us,reorder=1%,dup=1%,corrupt=0.5%,seed=3")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := impair.New(a, plan, plan)
	if err != nil {
		t.Fatal(err)
	}
	c, d := connect(t, newStack(t, bad, nearAddrs), newStack(t, b, farAddrs), "10.9.0.2:80")
	exchange(t, c, d, 1<<20)
	if out, in := bad.Stats(); out.Lost == 0 || in.Lost == 0 {
		t.Errorf("nothing was lost: %+v, %+v", out, in)
	}
}

// TestPeerRestarts: a connection begun before the other end is there opens when it comes; a link whose other end has gone
// serves the one that comes in its place.
func TestPeerRestarts(t *testing.T) {
	for _, a := range []struct{ near, far netip.AddrPort }{{near4, far4}, {near6, far6}} {
		ns := newNamespace(t)
		dev := openIn(t, ns, udp.Config{Local: a.near, Remote: a.far})
		ours := newStack(t, dev, nearAddrs)
		for range 2 {
			before := dev.Stats().Unreachable
			dialed := make(chan net.Conn, 1)
			go func() {
				c, err := ours.Dial(t.Context(), "tcp", "10.9.0.2:80")
				if err != nil {
					t.Error(err)
				}
				dialed <- c
			}()
			await(t, "nobody is there, and the network says so", func() bool { return dev.Stats().Unreachable > before })
			far := openIn(t, ns, udp.Config{Local: a.far, Remote: a.near})
			theirs := newStack(t, far, farAddrs)
			ln, err := theirs.Listen(t.Context(), "tcp", ":80")
			if err != nil {
				t.Fatal(err)
			}
			c := <-dialed
			if c == nil {
				t.FailNow()
			}
			d, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []net.Conn{c, d} {
				c.SetDeadline(time.Now().Add(limit))
			}
			exchange(t, c, d, 100<<10)
			far.Close() // as a process that is killed
			c.Close()
		}
	}
}

// TestInterfaceGoesDown: packets are lost meanwhile, and that is all.
func TestInterfaceGoesDown(t *testing.T) {
	ns := newNamespace(t)
	a := openIn(t, ns, udp.Config{Local: near4, Remote: far4})
	b := openIn(t, ns, udp.Config{Local: far4, Remote: near4})
	c, d := connect(t, newStack(t, a, nearAddrs), newStack(t, b, farAddrs), "10.9.0.2:80")
	exchange(t, c, d, 1<<20)
	ip(t, ns, "link set lo down")
	before, arrived := a.Stats(), b.Stats().Received
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	await(t, "a packet is lost, and sent again", func() bool {
		s := a.Stats()
		return s.Sent+s.Dropped >= before.Sent+before.Dropped+2
	})
	if n := b.Stats().Received; n != arrived {
		t.Errorf("%d packets arrive while the interface is down", n-arrived)
	}
	ip(t, ns, "link set lo up")
	if n, err := d.Read(make([]byte, 8)); n != 1 || err != nil {
		t.Fatalf("got %d bytes, %v; want the one written meanwhile", n, err)
	}
	exchange(t, c, d, 1<<20)
}

// TestFlood: while others send rubbish as fast as they can, from other addresses and from the other end's, bulk arrives.
func TestFlood(t *testing.T) {
	ns := newNamespace(t)
	a := openIn(t, ns, udp.Config{Local: near4, Learn: true})
	b := openIn(t, ns, udp.Config{Local: far4, Remote: near4})
	theirs, ours := newStack(t, b, farAddrs), newStack(t, a, nearAddrs)
	stranger := newPeer(t, ns, netip.MustParseAddrPort("127.0.0.3:7003"), near4)
	stop, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			_, _ = stranger.Write([]byte(strings.Repeat("rubbish ", i%150)))
			runtime.Gosched()
		}
	}()
	await(t, "rubbish arrives", func() bool { return a.Stats().Foreign > 0 })
	c, d := connect(t, theirs, ours, "10.9.0.1:80")
	exchange(t, c, d, 2<<20)
	close(stop)
	<-done
	if s := a.Stats(); a.RemoteAddr() != far4 || s.Malformed != 0 {
		t.Errorf("the other end is %v, %+v; want %v", a.RemoteAddr(), s, far4)
	}
}

// TestPathMTULearnt: a router says that the path is narrower than the interface. The datagram is gone; the next one of its size
// is refused, and the stack told.
func TestPathMTULearnt(t *testing.T) {
	ns := newNamespace(t)
	a := openIn(t, ns, udp.Config{Local: near4, Remote: far4, MTU: 1472})
	b := openIn(t, ns, udp.Config{Local: far4, Remote: near4, MTU: 1472})
	c, d := connect(t, newStack(t, a, nearAddrs), newStack(t, b, farAddrs), "10.9.0.2:80")
	exchange(t, c, d, 1<<20)
	if n := a.PathMTU(); n != udp.MaxMTU {
		t.Errorf("before: path MTU %d, want %d", n, udp.MaxMTU)
	}
	if err := ns.Do(func() error { return fragNeeded(near4, far4, 1028) }); err != nil {
		t.Fatal(err)
	}
	exchange(t, c, d, 1<<20)
	if s := a.Stats(); s.Unreachable == 0 || s.TooBig == 0 || a.PathMTU() != 1000 {
		t.Errorf("after: %+v, path MTU %d; want the stack told of 1000", s, a.PathMTU())
	}
	if s := b.Stats(); s.TooBig != 0 {
		t.Errorf("the other end, of which the router knows nothing: %+v", s)
	}
}

// fragNeeded says to the kernel, as a router would, that a datagram was too big.
func fragNeeded(from, to netip.AddrPort, mtu int) error {
	ip := wire.IPv4{DF: true, TTL: 64, Proto: wire.ProtoUDP, Src: from.Addr(), Dst: to.Addr()}
	quote := ip.AppendTo(nil, wire.UDPHeaderLen+1400)
	quote = (&wire.UDP{SrcPort: from.Port(), DstPort: to.Port(), Length: wire.UDPHeaderLen + 1400}).AppendTo(quote)
	m := wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4FragNeeded, Rest: wire.ICMPv4MTURest(mtu)}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, m.AppendTo(nil, quote), 0, &unix.SockaddrInet4{Addr: from.Addr().As4()})
}
