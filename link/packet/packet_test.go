package packet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/packet"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

var (
	kernel4 = netip.MustParseAddr("10.7.0.1")
	kernel6 = netip.MustParseAddr("fd07::1")
	ours4   = netip.MustParseAddr("10.7.0.2")
	ours6   = netip.MustParseAddr("fd07::2")
)

// setup makes the link that the package comment describes.
const setup = `
link add near type veth peer name far
link set near arp off mtu 1400 up
link set far arp off mtu 1400 up
addr add 10.7.0.1/24 dev near
addr add fd07::1/64 dev near nodad
`

func newNamespace(t *testing.T) *netlab.Namespace {
	t.Helper()
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// ip runs lines of commands for ip(8) inside ns.
func ip(t *testing.T, ns *netlab.Namespace, lines string) {
	t.Helper()
	cmd := ns.Command(t.Context(), "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ip: %v\n%s", err, out)
	}
}

func openIn(ns *netlab.Namespace, cfg packet.Config) (dev *packet.Device, err error) {
	derr := ns.Do(func() error { dev, err = packet.Open(cfg); return nil })
	return dev, errors.Join(derr, err)
}

func newLab(t *testing.T, cfg packet.Config) (*netlab.Namespace, *packet.Device) {
	t.Helper()
	ns := newNamespace(t)
	ip(t, ns, setup)
	if err := ns.Do(func() error { return linktest.AwaitLocal(kernel6) }); err != nil {
		t.Fatal(err)
	}
	cfg.Interface = "far"
	dev, err := openIn(ns, cfg)
	if err != nil {
		t.Fatal(err)
	}
	linktest.Limit(t, dev)
	return ns, dev
}

func TestTransfer(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  packet.Config
		want link.Offload
	}{
		{"offload", packet.Config{}, link.OffloadChecksum | link.OffloadTSO},
		{"no offload", packet.Config{NoOffload: true}, link.OffloadNone},
	} {
		t.Run(test.name, func(t *testing.T) {
			ns, dev := newLab(t, test.cfg)
			if dev.Name() != "far" || dev.MTU() != 1400 || dev.Offload() != test.want {
				t.Errorf("%s, MTU %d, offload %v; want far, 1400, %v", dev.Name(), dev.MTU(), dev.Offload(), test.want)
			}
			for _, a := range [][2]netip.Addr{{ours4, kernel4}, {ours6, kernel6}} {
				c := transfer(t, ns, dev, a[0], a[1])
				if test.want == link.OffloadNone {
					if c.LargestSegSize != 0 || c.LargestPacket > dev.MTU() {
						t.Errorf("segments of %d bytes in packets of %d without offload", c.LargestSegSize, c.LargestPacket)
					}
				} else if c.LargestSegSize != c.MSS {
					t.Errorf("super-packets of segments of %d bytes, want %d", c.LargestSegSize, c.MSS)
				}
			}
			if s := dev.Stats(); s.Refused != 0 || s.Dropped != 0 || s.Overflowed != 0 {
				t.Errorf("stats %+v, want nothing refused or dropped", s)
			}
		})
	}
}

// transfer sends a super-packet to the kernel and receives as much as the kernel sends at first.
func transfer(t *testing.T, ns *netlab.Namespace, dev *packet.Device, local, remote netip.Addr) *linktest.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ln, err := ns.Listen(ctx, "tcp", netip.AddrPortFrom(remote, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	mss := dev.MTU() - 40
	if local.Is6() {
		mss -= 20
	}
	remotePort := netip.MustParseAddrPort(ln.Addr().String())
	c, err := linktest.Dial(dev.Queues()[0], netip.AddrPortFrom(local, 40000), remotePort, mss)
	if err != nil {
		t.Fatal(err)
	}
	k, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	k.SetDeadline(time.Now().Add(30 * time.Second))

	data := bytes.Repeat([]byte("0123456789abcdef-"), 28000/17)
	if err := c.Send(data, true); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(data))
	if _, err := io.ReadFull(k, got); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("kernel received: %v, want the %d bytes sent", err, len(data))
	}
	data = data[:12000]
	if _, err := k.Write(data); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Receive(len(data)); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("received %d bytes, %v; want the %d sent", len(got), err, len(data))
	}
	return c
}

func TestDownUpDelete(t *testing.T) {
	ns, dev := newLab(t, packet.Config{})
	q := dev.Queues()[0]
	echo := []link.Packet{linktest.Echo(ours4, kernel4, 100)}
	ip(t, ns, "link set far down")
	if n, err := q.Write(echo); n != 0 || err != unix.ENETDOWN {
		t.Errorf("Write while down: got %d, %v; want 0, ENETDOWN", n, err)
	}
	ip(t, ns, "link set far up")
	if n, err := q.Write(echo); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := linktest.AwaitEcho(q, 100); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- linktest.AwaitEcho(q, 100) }()
	ip(t, ns, "link del far")
	if err := <-done; !errors.Is(err, net.ErrClosed) || !strings.Contains(err.Error(), "far was deleted") {
		t.Errorf("Read from a deleted interface: got %v", err)
	}
	if _, err := q.Write(echo); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write to a deleted interface: got %v", err)
	}
}

func TestClose(t *testing.T) {
	_, dev := newLab(t, packet.Config{})
	done := make(chan error)
	go func() { done <- linktest.AwaitEcho(dev.Queues()[0], 1) }()
	if err := dev.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: got %v, want net.ErrClosed", err)
	}
}

// Frames that are not IP, and our own, are not read.
func TestForeignFrames(t *testing.T) {
	ns, dev := newLab(t, packet.Config{})
	fd, ifindex := -1, 0
	err := ns.Do(func() error {
		near, err := net.InterfaceByName("near")
		if err != nil {
			return err
		}
		ifindex = near.Index
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	arp := append(bytes.Repeat([]byte{0xff}, 12), 0x08, 0x06, 0, 1, 8, 0)
	if err := unix.Sendto(fd, arp, 0, &unix.SockaddrLinklayer{Ifindex: ifindex}); err != nil {
		t.Fatal(err)
	}
	q := dev.Queues()[0]
	if _, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4, 100)}); err != nil {
		t.Fatal(err)
	}
	pkts := linktest.Packets(1)
	for {
		if _, err := q.Read(pkts); err != nil {
			t.Fatal(err)
		}
		if pkts[0].Bytes[0]>>4 == 4 && pkts[0].Bytes[9] == 1 {
			break
		}
	}
	if typ := pkts[0].Bytes[20]; typ != 0 {
		t.Errorf("got an ICMP message of type %d, want the reply", typ)
	}
	if s := dev.Stats(); s.Ignored == 0 {
		t.Errorf("stats %+v, want an ignored frame", s)
	}
}

func TestOpenErrors(t *testing.T) {
	ns := newNamespace(t)
	ip(t, ns, "link add near type veth peer name far")
	for _, test := range []struct {
		cfg  packet.Config
		want string
	}{
		{packet.Config{Interface: "none"}, "there is no interface none"},
		{packet.Config{Interface: "lo"}, "set Config.Peer"},
		{packet.Config{Interface: "far", Peer: net.HardwareAddr{1}}, "has 1 bytes"},
	} {
		_, err := openIn(ns, test.cfg)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%+v): got %v, want %q in it", test.cfg, err, test.want)
		}
	}
	if _, err := openIn(ns, packet.Config{Interface: "none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing: got %v, want fs.ErrNotExist", err)
	}
	err := ns.Do(func() error {
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&hdr, &none[0]); err != nil {
			return err
		}
		_, err := packet.Open(packet.Config{Interface: "far"})
		return err
	})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "takes CAP_NET_RAW") {
		t.Errorf("Open without privilege: got %v", err)
	}
}
