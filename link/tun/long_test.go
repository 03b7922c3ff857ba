package tun_test

import (
	"io"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
)

// The kernel takes super-packets that are longer than an IP packet can be, over IPv4 and IPv6.
func TestLong(t *testing.T) {
	l := newLab(t, tun.Config{})
	if link.MaxSuper(l.dev) == link.MaxPacket {
		t.Fatal("the device takes no long super-packets: this test needs Linux 6.3")
	}
	for _, a := range [][2]netip.Addr{{ours4, kernel4.Addr()}, {ours6, kernel6.Addr()}} {
		c, k := l.connect(t, l.dev.Queues()[0], a[0], a[1])
		for _, n := range []int{65_536, 192_000, link.MaxSuperPacket - 100} {
			send(t, c, k, pattern(n)) // beyond the window, which the kernel minds only while its queue holds something
		}
		if _, err := io.WriteString(k, "and back"); err != nil {
			t.Fatal(err)
		}
		if b, err := c.Receive(8); err != nil || string(b) != "and back" {
			t.Fatalf("received %q, %v", b, err)
		}
	}
	if s := l.dev.Stats(); s.Refused != 0 || s.Dropped != 0 || s.Segmented != 0 {
		t.Errorf("stats %+v, want nothing refused, dropped or segmented", s)
	}
}

func TestLongWithoutOffload(t *testing.T) {
	l := newLab(t, tun.Config{NoOffload: true})
	if n := link.MaxSuper(l.dev); n != link.MaxPacket {
		t.Errorf("MaxSuper without offload: %d", n)
	}
}
