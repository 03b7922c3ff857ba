package udp_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link/tun"
	"github.com/antedon-net/antedon/link/udp"
)

// BenchmarkBulk moves bytes through one TCP connection: between two stacks of ours over UDP on a loopback interface, and beside
// it between two sockets of the kernel over the same interface, and between a stack of ours and the kernel over a TUN device
// without offload.
func BenchmarkBulk(b *testing.B) {
	b.Run("kernel", func(b *testing.B) {
		ns := newNamespace(b)
		b.Run("mtu=65536", func(b *testing.B) { bulkKernel(b, ns) })
		ip(b, ns, "link set lo mtu 1500")
		b.Run("mtu=1500", func(b *testing.B) { bulkKernel(b, ns) })
	})
	b.Run("tun", bulkTUN)
	for _, c := range []struct {
		name string
		cfg  udp.Config
	}{
		{"mtu=1280", udp.Config{}},
		{"mtu=1472", udp.Config{MTU: 1472}},
		{"mtu=1472,offload=no", udp.Config{MTU: 1472, NoOffload: true}},
		{"mtu=8972", udp.Config{MTU: 8972}},
		{"mtu=65507", udp.Config{MTU: udp.MaxMTU}},
	} {
		b.Run("udp/"+c.name, func(b *testing.B) {
			near, far := openPair(b, near4, far4, c.cfg)
			from, to := connect(b, newStack(b, near, nearAddrs), newStack(b, far, farAddrs), "10.9.0.2:80")
			bulk(b, from, to)
		})
	}
}

func bulkKernel(b *testing.B, ns *netlab.Namespace) {
	ln, err := ns.Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	from, err := ns.Dial(b.Context(), "tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	raw, err := from.(*net.TCPConn).SyscallConn()
	if err != nil {
		b.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { // whatever the machine's default is: other algorithms pace
		err = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic")
	})
	if err != nil {
		b.Fatal(err)
	}
	bulk(b, from, accept(b, ln))
}

func bulkTUN(b *testing.B) {
	lab, err := netlab.New(netlab.Options{NoOffload: true})
	if err != nil {
		b.Fatal(err)
	}
	defer lab.Close()
	if _, ok := lab.Device().(*tun.Device); !ok {
		b.Log("no TUN device may be opened here: nothing to compare with")
		return
	}
	ours := newStack(b, lab.Device(), []netip.Prefix{netip.PrefixFrom(lab.Ours4(), 24)})
	b.Run("send", func(b *testing.B) {
		ln, err := lab.Listen(b.Context(), "tcp", netip.AddrPortFrom(lab.Kernel4(), 0).String())
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		from, err := ours.Dial(b.Context(), "tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		bulk(b, from, accept(b, ln))
	})
	b.Run("receive", func(b *testing.B) {
		ln, err := ours.Listen(context.Background(), "tcp", netip.AddrPortFrom(lab.Ours4(), 80).String())
		if err != nil {
			b.Fatal(err)
		}
		defer ln.Close()
		from, err := lab.Dial(b.Context(), "tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		bulk(b, from, accept(b, ln))
	})
}

func accept(b *testing.B, ln net.Listener) net.Conn {
	c, err := ln.Accept()
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// bulk writes 256 KiB at a time and counts what arrives.
func bulk(b *testing.B, from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	const size = 256 << 10
	out, in := make([]byte, size), make([]byte, size)
	done := make(chan error, 1)
	b.SetBytes(size)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		var err error
		for range b.N {
			if _, err = io.ReadFull(to, in); err != nil {
				break
			}
		}
		done <- err
	}()
	for range b.N {
		if _, err := from.Write(out); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
