package tun_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/tun"
)

// lab is a namespace with a TUN device in it.
type lab struct {
	*netlab.Namespace
	dev *tun.Device
}

func newNamespace(t *testing.T) *netlab.Namespace {
	t.Helper()
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// openIn opens a device inside ns.
func openIn(ns *netlab.Namespace, cfg tun.Config) (dev *tun.Device, err error) {
	derr := ns.Do(func() error { dev, err = tun.Open(cfg); return nil })
	return dev, errors.Join(derr, err)
}

func newLab(t *testing.T, cfg tun.Config) *lab {
	t.Helper()
	ns := newNamespace(t)
	dev, err := openIn(ns, cfg)
	if err != nil {
		t.Fatal(err)
	}
	linktest.Limit(t, dev)
	l := &lab{ns, dev}
	l.address(t)
	return l
}

func (l *lab) address(t *testing.T) {
	t.Helper()
	for _, p := range []netip.Prefix{kernel4, kernel6} {
		if err := l.dev.AddAddr(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.dev.SetUp(); err != nil {
		t.Fatal(err)
	}
}

// connect opens a TCP connection from our side to a kernel socket.
func (l *lab) connect(t *testing.T, q link.Queue, local, remote netip.Addr) (*linktest.Conn, net.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	ln, err := l.Listen(ctx, "tcp", netip.AddrPortFrom(remote, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	port := netip.MustParseAddrPort(ln.Addr().String())
	mss := l.dev.MTU() - 40
	if local.Is6() {
		mss -= 20
	}
	c, err := linktest.Dial(q, netip.AddrPortFrom(local, 40000), port, mss)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	k.SetDeadline(time.Now().Add(30 * time.Second))
	t.Cleanup(func() { k.Close() })
	return c, k
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + i>>8)
	}
	return b
}

// transfer sends a super-packet to the kernel and receives as much as the kernel sends at first.
func (l *lab) transfer(t *testing.T, q link.Queue, local, remote netip.Addr) *linktest.Conn {
	t.Helper()
	c, k := l.connect(t, q, local, remote)
	send(t, c, k, pattern(28000))
	want := pattern(12000)
	if _, err := k.Write(want); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Receive(len(want)); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("received %d bytes, %v; want the %d sent", len(got), err, len(want))
	}
	return c
}

// send sends data from c to k.
func send(t *testing.T, c *linktest.Conn, k net.Conn, data []byte) {
	t.Helper()
	if err := c.Send(data, true); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(data))
	if _, err := io.ReadFull(k, got); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("kernel received: %v, want the %d bytes sent", err, len(data))
	}
}
