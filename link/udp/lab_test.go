package udp_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/udp"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

// The two ends, outside and inside.
var (
	near4 = netip.MustParseAddrPort("127.0.0.1:7001")
	far4  = netip.MustParseAddrPort("127.0.0.2:7002")
	near6 = netip.MustParseAddrPort("[::1]:7001")
	far6  = netip.MustParseAddrPort("[::1]:7002")

	nearAddrs = []netip.Prefix{netip.MustParsePrefix("10.9.0.1/24"), netip.MustParsePrefix("fd09::1/64")}
	farAddrs  = []netip.Prefix{netip.MustParsePrefix("10.9.0.2/24"), netip.MustParsePrefix("fd09::2/64")}
)

// limit is more than any event takes that a test waits for.
const limit = 30 * time.Second

func newNamespace(t testing.TB) *netlab.Namespace {
	t.Helper()
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// openIn opens a device inside ns.
func openIn(t testing.TB, ns *netlab.Namespace, cfg udp.Config) *udp.Device {
	t.Helper()
	var dev *udp.Device
	err := ns.Do(func() (err error) { dev, err = udp.Open(cfg); return err })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dev.Close() })
	return dev
}

// openPair opens two devices that are each other's other end; cfg says what they have in common.
func openPair(t testing.TB, near, far netip.AddrPort, cfg udp.Config) (a, b *udp.Device) {
	t.Helper()
	ns := newNamespace(t)
	cfg.Local, cfg.Remote = near, far
	a = openIn(t, ns, cfg)
	cfg.Local, cfg.Remote = far, near
	return a, openIn(t, ns, cfg)
}

// newStack starts a stack, which is closed with the test.
func newStack(t testing.TB, dev link.Device, addrs []netip.Prefix) *antedon.Stack {
	t.Helper()
	s, err := antedon.New(dev, antedon.Config{Addrs: addrs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		s.Close(ctx)
	})
	return s
}

// connect opens a TCP connection between two stacks.
func connect(t testing.TB, from, to *antedon.Stack, address string) (a, b net.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ln, err := to.Listen(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if a, err = from.Dial(ctx, "tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		c.SetDeadline(time.Now().Add(2 * limit))
		t.Cleanup(func() { c.Close() })
	}
	return a, b
}

// exchange sends n bytes each way at once and checks what arrives.
func exchange(t testing.TB, a, b net.Conn, n int) {
	t.Helper()
	errs := make(chan error, 4)
	for i, end := range []struct{ from, to net.Conn }{{a, b}, {b, a}} {
		seed := [32]byte{byte(i)}
		go func() {
			_, err := io.CopyN(onlyWriter{end.from}, rand.NewChaCha8(seed), int64(n))
			errs <- err
		}()
		go func() { errs <- same(end.to, rand.NewChaCha8(seed), n) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

type onlyWriter struct{ io.Writer }

// same reads n bytes of both and compares them.
func same(got, want io.Reader, n int) error {
	a, b := make([]byte, 32<<10), make([]byte, 32<<10)
	for n > 0 {
		k := min(n, len(a))
		if _, err := io.ReadFull(got, a[:k]); err != nil {
			return err
		}
		if _, err := io.ReadFull(want, b[:k]); err != nil {
			return err
		}
		if string(a[:k]) != string(b[:k]) {
			return errors.New("other bytes arrive than were sent")
		}
		n -= k
	}
	return nil
}

// ip runs lines of commands for ip(8) inside ns.
func ip(t testing.TB, ns *netlab.Namespace, lines string) {
	t.Helper()
	cmd := ns.Command(t.Context(), "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ip: %v\n%s", err, out)
	}
}
