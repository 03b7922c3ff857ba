package rtnl_test

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link/internal/rtnl"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

// inside returns a Conn in a namespace of its own, in which it has run ip(8) on lines.
func inside(t *testing.T, lines string) *rtnl.Conn {
	t.Helper()
	ns, err := netlab.NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	cmd := ns.Command(t.Context(), "ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(lines)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ip: %v\n%s", err, out)
	}
	var c *rtnl.Conn
	if err := ns.Do(func() (err error) { c, err = rtnl.Open(); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestLink(t *testing.T) {
	c := inside(t, "link add near address 02:00:00:00:00:01 mtu 1400 type veth peer name far")
	near, err := c.LinkByName("near")
	if err != nil {
		t.Fatal(err)
	}
	far, err := c.LinkByIndex(near.Peer)
	if err != nil {
		t.Fatal(err)
	}
	if near.Kind != "veth" || near.MTU != 1400 || near.Up || string(near.Addr) != "\x02\x00\x00\x00\x00\x01" || near.PeerAway {
		t.Errorf("near: %+v", near)
	}
	if far.Name != "far" || far.Peer != near.Index {
		t.Errorf("far: %+v, near has index %d", far, near.Index)
	}
	for _, l := range []rtnl.Link{near, far} {
		if err := errors.Join(c.SetMTU(l.Index, 1300), c.SetTxQueueLen(l.Index, 77), c.SetUp(l.Index, true)); err != nil {
			t.Fatal(err)
		}
	}
	if near, err = c.LinkByName("near"); err != nil || !near.Up || near.MTU != 1300 || near.TxQueueLen != 77 {
		t.Errorf("near: %+v, %v", near, err)
	}
	if err := errors.Join(c.SetUp(near.Index, false), c.DeleteLink(near.Index)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.LinkByName("far"); !errors.Is(err, unix.ENODEV) {
		t.Errorf("far is still there: %v", err)
	}
}

func TestQdisc(t *testing.T) {
	c := inside(t, "tuntap add mode tun multi_queue name many")
	l, err := c.LinkByName("many")
	if err != nil || l.Kind != "tun" || l.Queues != 0 || l.Qdisc != "noop" {
		t.Fatalf("%+v, %v; want a TUN device with 0 queues open and no queueing discipline yet", l, err)
	}
	for _, kind := range []string{"pfifo_fast", "noqueue"} {
		if err := c.SetQdisc(l.Index, kind); err != nil {
			t.Fatal(err)
		}
		if err := c.SetUp(l.Index, true); err != nil {
			t.Fatal(err)
		}
		if l, err = c.LinkByIndex(l.Index); err != nil || l.Qdisc != kind {
			t.Errorf("the queueing discipline: got %s, %v; want %s", l.Qdisc, err, kind)
		}
	}
	if err := c.SetQdisc(l.Index, "nonsense"); err == nil {
		t.Error("a queueing discipline of no known kind was put there")
	}
}

func TestAddr(t *testing.T) {
	c := inside(t, "")
	lo, err := c.LinkByName("lo")
	if err != nil || !lo.Up || !lo.Carrier {
		t.Fatalf("%+v, %v", lo, err)
	}
	p := netip.MustParsePrefix("192.0.2.1/24")
	if c.IsLocal(p.Addr()) {
		t.Errorf("%s is local", p)
	}
	for range 2 { // the second time it is there already
		if err := c.AddAddr(lo.Index, p); err != nil {
			t.Fatal(err)
		}
	}
	if !c.IsLocal(p.Addr()) {
		t.Errorf("%s is not local", p)
	}
}

// The kernel says what is wrong, in words and with a number.
func TestErrors(t *testing.T) {
	c := inside(t, "")
	lo, err := c.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	err = c.SetMTU(lo.Index, -5)
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "mtu") {
		t.Errorf("MTU -5: got %v", err)
	}
	err = c.AddRoute(lo.Index, rtnl.Route{Dst: netip.MustParsePrefix("198.51.100.0/24"), Via: netip.MustParseAddr("203.0.113.1")})
	if !errors.Is(err, unix.ENETUNREACH) || !strings.Contains(err.Error(), "gateway") {
		t.Errorf("route through nowhere: got %v", err)
	}
	if _, err := c.LinkByIndex(12345); !errors.Is(err, unix.ENODEV) {
		t.Errorf("no such interface: got %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.LinkByName("lo"); !errors.Is(err, unix.EBADF) {
		t.Errorf("after Close: got %v", err)
	}
}
