package netlab

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
)

// devices are the kinds of device that a lab can have.
var devices = []struct {
	name   string
	tun    UseTUN
	queues int // of two asked for
}{
	{"tun", TUNAlways, 2},
	{"packet", TUNNever, 1},
}

func newLabT(t *testing.T, o Options) *Lab {
	t.Helper()
	lab, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return lab
}

// TestLabPing has the kernel's end answer to packets made by hand. It says nothing that it was not asked for.
func TestLabPing(t *testing.T) {
	for _, d := range devices {
		t.Run(d.name, func(t *testing.T) {
			for _, offload := range []bool{true, false} {
				lab := newLabT(t, Options{TUN: d.tun, NoOffload: !offload})
				dev := lab.Device()
				if dev.MTU() != 1500 || (dev.Offload() != 0) != offload {
					t.Errorf("MTU %d, offload %b, want 1500 and offload: %v", dev.MTU(), dev.Offload(), offload)
				}
				for _, size := range []int{8, 1400} {
					ping(t, dev, lab.Ours4(), lab.Kernel4(), size)
					ping(t, dev, lab.Ours6(), lab.Kernel6(), size)
				}
			}
		})
	}
}

// ping sends an echo request and waits for its reply.
func ping(t *testing.T, dev link.Device, from, to netip.Addr, size int) {
	t.Helper()
	defer time.AfterFunc(limit, func() { dev.Close() }).Stop()
	q := dev.Queues()[0]
	data := bytes.Repeat([]byte{0xa5}, size)
	if _, err := q.Write([]link.Packet{{Bytes: echoRequest(from, to, data)}}); err != nil {
		t.Fatal(err)
	}
	pkts := []link.Packet{{Buf: make([]byte, link.ReadRoom)}}
	if _, err := q.Read(pkts); err != nil {
		t.Fatal(err)
	}
	if b := pkts[0].Bytes; !isEchoReply(b, to) || !bytes.HasSuffix(b, data) {
		t.Errorf("not a reply from %s: %x", to, b)
	}
}

func echoRequest(from, to netip.Addr, data []byte) []byte {
	icmp := append([]byte{8, 0, 0, 0, 0, 1, 0, 1}, data...)
	var pseudo, ip []byte
	if from.Is4() {
		ip = []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0}
		binary.BigEndian.PutUint16(ip[2:], uint16(20+len(icmp)))
		ip = append(append(ip, from.AsSlice()...), to.AsSlice()...)
		binary.BigEndian.PutUint16(ip[10:], checksum(ip))
	} else {
		icmp[0] = 128
		ip = []byte{0x60, 0, 0, 0, 0, 0, 58, 64}
		binary.BigEndian.PutUint16(ip[4:], uint16(len(icmp)))
		ip = append(append(ip, from.AsSlice()...), to.AsSlice()...)
		pseudo = append(bytes.Clone(ip[8:]), 0, 0, ip[4], ip[5], 0, 0, 0, 58)
	}
	binary.BigEndian.PutUint16(icmp[2:], checksum(append(pseudo, icmp...)))
	return append(ip, icmp...)
}

func isEchoReply(b []byte, from netip.Addr) bool {
	if from.Is4() {
		return len(b) >= 28 && b[0] == 0x45 && b[9] == 1 && b[20] == 0 && bytes.Equal(b[12:16], from.AsSlice())
	}
	return len(b) >= 48 && b[0]>>4 == 6 && b[6] == 58 && b[40] == 129 && bytes.Equal(b[8:24], from.AsSlice())
}

// checksum is the Internet checksum, the plain way.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i, x := range b {
		sum += uint32(x) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func TestLabOptions(t *testing.T) {
	for _, d := range devices {
		t.Run(d.name, func(t *testing.T) {
			lab := newLabT(t, Options{
				TUN:    d.tun,
				Name:   "wire",
				Kernel: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/30"), netip.MustParsePrefix("2001:db8::1/126")},
				Ours:   []netip.Prefix{netip.MustParsePrefix("192.0.2.2/30"), netip.MustParsePrefix("2001:db8::2/126")},
				Routes: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/48")},
				MTU:    9000,
				Queues: 2,
			})
			if n := len(lab.Device().Queues()); n != d.queues {
				t.Errorf("%d queues, want %d", n, d.queues)
			}
			if lab.Device().MTU() != 9000 {
				t.Errorf("MTU %d, want 9000", lab.Device().MTU())
			}
			text := snapshot(t, lab.Namespace)
			for _, want := range []string{
				" wire ", "mtu 9000 qlen 10000", "address 192.0.2.1/30", "address 2001:db8::1/126",
				"198.51.100.0/24", "2001:db8:1::/48",
			} {
				if !bytes.Contains([]byte(text), []byte(want)) {
					t.Errorf("no %q in:\n%s", want, text)
				}
			}
		})
	}
}

// TestPair sends a stream from one kernel to the other.
func TestPair(t *testing.T) {
	t.Run("veth", func(t *testing.T) {
		p, err := NewPair(Options{})
		if err != nil {
			t.Fatal(err)
		}
		testPair(t, p)
	})
	for _, d := range devices {
		for _, offload := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/offload=%v", d.name, offload), func(t *testing.T) {
				p, err := NewDevicePair(Options{TUN: d.tun, NoOffload: !offload})
				if err != nil {
					t.Fatal(err)
				}
				joint := Join(p.A.Device(), p.B.Device())
				testPair(t, p)
				if err := joint.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func testPair(t *testing.T, p *Pair) {
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for _, to := range []netip.Addr{p.B.Kernel4(), p.B.Kernel6()} {
		address := netip.AddrPortFrom(to, 80).String()
		ln, err := p.B.Listen(ctx, "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go echo(ln)
		c, err := p.A.Dial(ctx, "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if deadline, ok := ctx.Deadline(); ok {
			c.SetDeadline(deadline)
		}
		data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
		go c.Write(data)
		got := make([]byte, len(data))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: the stream did not come back: %v", address, err)
		}
	}
}

// TestAttach: a packet socket takes the place of a TUN that may not be opened.
func TestAttach(t *testing.T) {
	node, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	node.Close()
	usable := err == nil
	lab := newLabT(t, Options{})
	if _, isTUN := lab.Device().(*tun.Device); isTUN != usable {
		t.Errorf("the device is a %T, and opening the node says %v", lab.Device(), err)
	}
	always, err := New(Options{TUN: TUNAlways})
	if (err == nil) != usable {
		t.Errorf("TUNAlways: got %v, but the node is usable: %v", err, usable)
	}
	if err == nil {
		always.Close()
	}
	ping(t, lab.Device(), lab.Ours4(), lab.Kernel4(), 100)
}
