package interop

import (
	"net"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// TestECN transfers over a path that marks packets. Both sides have to agree that they understand marks, tell of them and
// react: whoever asked for it, and with every packet cut to size and not.
func TestECN(t *testing.T) {
	t.Parallel()
	const size = 4_000_000
	for _, l := range []kind{links[0], links[2]} {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			plan := impair.Plan{CE: 0.02, Seed: 3}
			b := newBedOn(t, l.options, antedon.Config{TCP: tcp.Config{ECN: tcp.ECNRequest}}, func(d link.Device) link.Device {
				marking, err := impair.New(d, plan, plan)
				if err != nil {
					t.Fatal(err)
				}
				return marking
			})
			b.askForECN(t)
			b.inEachCorner(t, func(t *testing.T, c corner) {
				client, server := c.connect(t)
				ours, kernel := c.sides(client, server)
				transfer(t, client, server, size)
				transfer(t, server, client, size)
				i, k := ours.Info(), tcpInfo(t, kernel)
				if !strings.Contains(i.Options, "ecn") || k.Options&optECN == 0 {
					t.Fatalf("no agreement: we have %q, the kernel %#x", i.Options, k.Options)
				}
				if i.ReceivedCE == 0 || i.ECNCuts == 0 || k.Delivered_ce == 0 {
					t.Errorf("we saw %d marks and reduced %d times, the kernel heard of %d marks: want none 0",
						i.ReceivedCE, i.ECNCuts, k.Delivered_ce)
				}
			})
		})
	}
}

// optECN is TCPI_OPT_ECN.
const optECN = 8

// askForECN makes the kernel ask for ECN when it connects to us, as with "ip route change … features ecn".
func (b *bed) askForECN(t *testing.T) {
	t.Helper()
	err := b.Do(func() error {
		l, err := netlink.LinkByName(b.Options.Name)
		if err != nil {
			return err
		}
		for _, p := range b.Options.Kernel {
			family, dst := netlink.FAMILY_V4, p.Masked()
			if p.Addr().Is6() {
				family = netlink.FAMILY_V6
			}
			routes, err := netlink.RouteListFiltered(family, &netlink.Route{LinkIndex: l.Attrs().Index}, netlink.RT_FILTER_OIF)
			if err != nil {
				return err
			}
			for _, r := range routes {
				if ones, _ := maskSize(r.Dst); ones != dst.Bits() {
					continue
				}
				r.Features = unix.RTAX_FEATURE_ECN
				if err := netlink.RouteReplace(&r); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func maskSize(n *net.IPNet) (ones, bits int) {
	if n == nil {
		return 0, 0
	}
	return n.Mask.Size()
}

// tcpInfo returns what the kernel says of its end of a connection.
func tcpInfo(t *testing.T, c *net.TCPConn) *unix.TCPInfo {
	t.Helper()
	raw, err := c.SyscallConn()
	check(t, err)
	var info *unix.TCPInfo
	check(t, raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	}))
	check(t, err)
	return info
}
