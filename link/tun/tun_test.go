package tun_test

import (
	"bytes"
	"errors"
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
	"github.com/antedon-net/antedon/link/internal/rtnl"
	"github.com/antedon-net/antedon/link/tun"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

var (
	kernel4 = netip.MustParsePrefix("10.7.0.1/24")
	kernel6 = netip.MustParsePrefix("fd07::1/64")
	ours4   = netip.MustParseAddr("10.7.0.2")
	ours6   = netip.MustParseAddr("fd07::2")
)

func TestTransfer(t *testing.T) {
	tests := []struct {
		name string
		cfg  tun.Config
		want link.Offload
	}{
		{"offload", tun.Config{}, link.OffloadChecksum | link.OffloadTSO},
		{"no offload", tun.Config{NoOffload: true}, link.OffloadNone},
		{"packet information", tun.Config{PacketInfo: true}, link.OffloadChecksum | link.OffloadTSO},
		{"packet information, no offload", tun.Config{PacketInfo: true, NoOffload: true}, link.OffloadNone},
		{"MTU 9000", tun.Config{MTU: 9000}, link.OffloadChecksum | link.OffloadTSO},
		{"two queues", tun.Config{Queues: 2}, link.OffloadChecksum | link.OffloadTSO},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := newLab(t, test.cfg)
			if got := l.dev.Offload(); got != test.want {
				t.Errorf("offload %v, want %v", got, test.want)
			}
			if got := len(l.dev.Queues()); got != max(1, test.cfg.Queues) {
				t.Errorf("%d queues", got)
			}
			for _, a := range [][2]netip.Addr{{ours4, kernel4.Addr()}, {ours6, kernel6.Addr()}} {
				// The kernel answers on the queue that the flow's last packet came from.
				q := l.dev.Queues()[len(l.dev.Queues())-1]
				checkSizes(t, l.dev, l.transfer(t, q, a[0], a[1]))
			}
			if s := l.dev.Stats(); s.Refused != 0 || s.Dropped != 0 {
				t.Errorf("stats %+v, want nothing refused or dropped", s)
			}
		})
	}
}

// checkSizes checks that the kernel sent super-packets where it may and only there.
func checkSizes(t *testing.T, dev *tun.Device, c *linktest.Conn) {
	t.Helper()
	if dev.Offload().Has(link.OffloadTSO) {
		if c.LargestSegSize != c.MSS {
			t.Errorf("super-packets of segments of %d bytes, want %d", c.LargestSegSize, c.MSS)
		}
	} else if c.LargestSegSize != 0 || c.LargestPacket > dev.MTU() {
		t.Errorf("segments of %d bytes in packets of %d without offload", c.LargestSegSize, c.LargestPacket)
	}
}

func TestEcho(t *testing.T) {
	l := newLab(t, tun.Config{})
	if !strings.HasPrefix(l.dev.Name(), "tun") || l.dev.MTU() != 1500 {
		t.Errorf("new device %s with MTU %d", l.dev.Name(), l.dev.MTU())
	}
	q := l.dev.Queues()[0]
	if n, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 1000)}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if err := linktest.AwaitEcho(q, 1000); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 1473)}); err != link.ErrTooLong {
		t.Errorf("packet of 1501 bytes: got %v, want ErrTooLong", err)
	}
}

func TestUDPOffload(t *testing.T) {
	l := newLab(t, tun.Config{UDPOffload: true})
	k, err := l.ListenPacket(t.Context(), "udp", "10.7.0.1:5000")
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	k.SetDeadline(time.Now().Add(30 * time.Second))
	ours := netip.AddrPortFrom(ours4, 6000)
	data := pattern(2500)
	q := l.dev.Queues()[0]
	if _, err := q.Write([]link.Packet{linktest.Datagrams(ours, netip.MustParseAddrPort("10.7.0.1:5000"), data, 1000)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]byte{data[:1000], data[1000:2000], data[2000:]} {
		b := make([]byte, 3000)
		if n, _, err := k.ReadFrom(b); err != nil || !bytes.Equal(b[:n], want) {
			t.Fatalf("kernel received %d bytes, %v; want %d", n, err, len(want))
		}
	}
	raw, err := k.(*net.UDPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT, 1000) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.WriteTo(data, net.UDPAddrFromAddrPort(ours)); err != nil {
		t.Fatal(err)
	}
	if got := readDatagrams(t, l.dev, len(data)); !bytes.Equal(got, data) {
		t.Errorf("read %d bytes, want the %d sent", len(got), len(data))
	}
}

// readDatagrams reads n bytes of UDP payload, sent in datagrams of 1000 bytes: all in one super-packet if the kernel has
// that (Linux 6.2).
func readDatagrams(t *testing.T, dev *tun.Device, n int) []byte {
	t.Helper()
	var got []byte
	for pkts := linktest.Packets(1); len(got) < n; {
		if _, err := dev.Queues()[0].Read(pkts); err != nil {
			t.Fatal(err)
		}
		p := pkts[0]
		if p.Bytes[0]>>4 != 4 || p.Bytes[9] != 17 {
			continue
		}
		got = append(got, p.Bytes[28:]...)
		if super := dev.Offload().Has(link.OffloadUSO); super != (p.SegSize == 1000 && p.HdrLen == 28 && len(got) == n) {
			t.Errorf("offload %v: %d bytes in segments of %d behind %d bytes of headers", dev.Offload(), len(p.Bytes), p.SegSize, p.HdrLen)
		}
	}
	return got
}

// The kernel makes IPv6 addresses usable in the background; SetUp and AddAddr wait for that.
func TestAddressReady(t *testing.T) {
	ns := newNamespace(t)
	for range 20 {
		dev, err := openIn(ns, tun.Config{})
		if err != nil {
			t.Fatal(err)
		}
		l := &lab{ns, dev}
		if err := ns.Do(func() error { return l.checkReady(t) }); err != nil {
			t.Error(err)
		}
		dev.Close()
	}
}

func (l *lab) checkReady(t *testing.T) error {
	nl, err := rtnl.Open()
	if err != nil {
		return err
	}
	defer nl.Close()
	for _, p := range []netip.Prefix{kernel4, kernel6} {
		if err := l.dev.AddAddr(p); err != nil {
			return err
		}
	}
	if err := l.dev.SetUp(); err != nil {
		return err
	}
	late := netip.MustParsePrefix("fd08::1/64")
	if err := l.dev.AddAddr(late); err != nil {
		return err
	}
	for _, p := range []netip.Prefix{kernel4, kernel6, late} {
		if !nl.IsLocal(p.Addr()) {
			t.Errorf("%s is not local after AddAddr and SetUp", p)
		}
	}
	return nil
}

// The kernel refuses a virtio-net header that claims more headers than there is packet. That stands in for the kernels
// that refuse good ones.
func TestFallback(t *testing.T) {
	l := newLab(t, tun.Config{})
	q := l.dev.Queues()[0]
	c, k := l.connect(t, q, ours4, kernel4.Addr())
	liar := lyingQueue{q}
	c.Use(liar)
	send(t, c, k, pattern(20000))
	if got, want := l.dev.Offload(), link.OffloadChecksum; got != want {
		t.Errorf("offload %v after a refusal, want %v", got, want)
	}
	send(t, c, k, pattern(20000))
	if s := l.dev.Stats(); s.Refused != 1 || s.Segmented != 2 || s.Dropped != 0 {
		t.Errorf("stats %+v, want 1 refused, 2 segmented", s)
	}
	want := pattern(12000)
	if _, err := k.Write(want); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Receive(len(want)); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("received %d bytes, %v", len(got), err)
	}
	if c.LargestSegSize != 0 {
		t.Error("the kernel still sends super-packets")
	}
}

// lyingQueue writes super-packets with an impossible header length.
type lyingQueue struct{ link.Queue }

func (q lyingQueue) Write(pkts []link.Packet) (int, error) {
	for i := range pkts {
		if pkts[i].SegSize > 0 {
			pkts[i].HdrLen = 60000
		}
	}
	return q.Queue.Write(pkts)
}

// A packet that is garbage with and without offload is no reason to give up offload.
func TestGarbage(t *testing.T) {
	l := newLab(t, tun.Config{})
	q := l.dev.Queues()[0]
	garbage := bytes.Repeat([]byte{0x55}, 100)
	pkts := []link.Packet{
		{Bytes: garbage},
		{Bytes: garbage, CsumStart: 20, CsumOffset: 16},
		{Bytes: garbage, CsumStart: 20, CsumOffset: 16, SegSize: 10, HdrLen: 40},
		linktest.Echo(ours4, kernel4.Addr(), 10),
	}
	if n, err := q.Write(pkts); n != 1 || err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: got %d, %v; want 1 and an error that is not fatal", n, err)
	}
	if err := linktest.AwaitEcho(q, 10); err != nil {
		t.Fatal(err)
	}
	if s := l.dev.Stats(); s.Dropped != 3 || s.Refused != 0 || !l.dev.Offload().Has(link.OffloadTSO) {
		t.Errorf("stats %+v, offload %v; want 3 dropped and offload as before", s, l.dev.Offload())
	}
}

func TestInterfaceDown(t *testing.T) {
	l := newLab(t, tun.Config{})
	q := l.dev.Queues()[0]
	if err := l.dev.SetDown(); err != nil {
		t.Fatal(err)
	}
	n, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 10)})
	if n != 0 || err != unix.EIO {
		t.Errorf("Write while down: got %d, %v; want 0, EIO", n, err)
	}
	if err := l.dev.SetUp(); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 10)}); err != nil {
		t.Fatal(err)
	}
	if err := linktest.AwaitEcho(q, 10); err != nil {
		t.Fatal(err)
	}
}

func TestClosedAndDeleted(t *testing.T) {
	for _, how := range []string{"close", "delete", "delete the interface"} {
		l := newLab(t, tun.Config{Queues: 2})
		done := make(chan error)
		for _, q := range l.dev.Queues() {
			go func() {
				var err error
				for pkts := linktest.Packets(4); err == nil; {
					_, err = q.Read(pkts)
				}
				done <- err
			}()
		}
		var err error
		switch how {
		case "close":
			err = l.dev.Close()
		case "delete":
			err = l.dev.Delete()
		default:
			err = l.dev.Interface.Delete()
		}
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		for range l.dev.Queues() {
			if err := <-done; !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s: Read got %v, want net.ErrClosed", how, err)
			}
		}
		_, err = l.dev.Queues()[0].Write([]link.Packet{linktest.Echo(ours4, kernel4.Addr(), 10)})
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: Write got %v, want net.ErrClosed", how, err)
		}
	}
}

func TestPersist(t *testing.T) {
	l := newLab(t, tun.Config{Name: "keep0", Persist: true, MTU: 1400})
	if err := l.dev.Close(); err != nil {
		t.Fatal(err)
	}
	// Attach without offload to what had it on: the kernel must be told.
	dev, err := openIn(l.Namespace, tun.Config{Name: "keep0", NoOffload: true})
	if err != nil {
		t.Fatal(err)
	}
	linktest.Limit(t, dev)
	l.dev = dev
	if dev.MTU() != 1400 {
		t.Errorf("MTU %d, want 1400", dev.MTU())
	}
	checkSizes(t, dev, l.transfer(t, dev.Queues()[0], ours4, kernel4.Addr()))
	if _, err := openIn(l.Namespace, tun.Config{Name: "keep0"}); !errors.Is(err, unix.EBUSY) {
		t.Errorf("second Open: got %v, want EBUSY", err)
	}
	if err := dev.Delete(); err != nil {
		t.Fatal(err)
	}
	l.Do(func() error {
		if _, err := tun.Lookup("keep0"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Lookup after Delete: got %v, want fs.ErrNotExist", err)
		}
		return nil
	})
}

func TestSeveralQueuesOneOpened(t *testing.T) {
	ns := newNamespace(t)
	first, err := openIn(ns, tun.Config{Name: "many", Queues: 3, Persist: true})
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	dev, err := openIn(ns, tun.Config{Name: "many"})
	if err != nil {
		t.Fatal(err)
	}
	linktest.Limit(t, dev)
	l := &lab{ns, dev}
	l.address(t)
	checkSizes(t, dev, l.transfer(t, dev.Queues()[0], ours4, kernel4.Addr()))
	if _, err := openIn(ns, tun.Config{Name: "many"}); !errors.Is(err, unix.EBUSY) {
		t.Errorf("second Open: got %v, want EBUSY", err)
	}
	if got := l.link(t, "many").Qdisc; got != "mq" {
		t.Errorf("the queueing discipline of an interface that existed: %s, want mq", got)
	}
	c, k := l.connect(t, dev.Queues()[0], ours6, kernel6.Addr())
	q := l.attach(t)
	c.Use(q)
	send(t, c, k, pattern(5000))
	isOn(t, q, c, k)
}
