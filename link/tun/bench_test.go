package tun_test

import (
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/tun"
	"github.com/antedon-net/antedon/wire"
)

// BenchmarkWrite writes packets that the kernel drops as soon as it has routed them, and beside it the same bytes by a
// bare system call: what is left of the difference is ours.
func BenchmarkWrite(b *testing.B) {
	ns, err := netlab.NewNamespace()
	if err != nil {
		b.Fatal(err)
	}
	defer ns.Close()
	dev, err := openIn(ns, tun.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer dev.Close()
	if err := dev.SetUp(); err != nil {
		b.Fatal(err)
	}
	c := linktest.Conn{Local: netip.AddrPortFrom(ours4, 1), Remote: netip.MustParseAddrPort("203.0.113.1:1"), MSS: 1448}
	for _, n := range []int{100, 1448, 46336, 64000, 192000} {
		pkts := []link.Packet{c.Packet(&wire.TCP{Flags: wire.ACK}, make([]byte, n), true)}
		b.Run(fmt.Sprint("size=", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := dev.Queues()[0].Write(pkts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBareWrite is the yardstick for BenchmarkWrite.
func BenchmarkBareWrite(b *testing.B) {
	ns, err := netlab.NewNamespace()
	if err != nil {
		b.Fatal(err)
	}
	defer ns.Close()
	f, err := openRaw(ns, "bare0", unix.IFF_TUN|unix.IFF_NO_PI|unix.IFF_VNET_HDR)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := ns.Do(func() error {
		i, err := tun.Lookup("bare0")
		if err != nil {
			return err
		}
		defer i.Close()
		return i.SetUp()
	}); err != nil {
		b.Fatal(err)
	}
	fd := int(f.Fd())
	c := linktest.Conn{Local: netip.AddrPortFrom(ours4, 1), Remote: netip.MustParseAddrPort("203.0.113.1:1"), MSS: 1448}
	for _, n := range []int{100, 1448, 46336, 64000, 192000} {
		p := c.Packet(&wire.TCP{Flags: wire.ACK}, make([]byte, n), true)
		hdr := make([]byte, 10)
		hdr[0], hdr[6], hdr[8] = 1, byte(p.CsumStart), byte(p.CsumOffset)
		if p.SegSize > 0 {
			hdr[1], hdr[2] = 1, byte(p.HdrLen)
			hdr[4], hdr[5] = byte(p.SegSize), byte(p.SegSize>>8)
		}
		iov := append([][]byte{hdr, p.Bytes}, p.Payload...)
		b.Run(fmt.Sprint("size=", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				if _, err := unix.Writev(fd, iov); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
