package tun_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/tun"
)

func TestRoute(t *testing.T) {
	l := newLab(t, tun.Config{Name: "r0"})
	routes := []tun.Route{
		{Dst: netip.MustParsePrefix("192.0.2.0/24"), RTOMin: 5 * time.Millisecond, InitCwnd: 40, MTU: 1200, LockMTU: true},
		{Dst: netip.MustParsePrefix("0.0.0.0/0"), Via: ours4, Src: kernel4.Addr()},
		{Dst: netip.MustParsePrefix("2001:db8::/32"), RTOMin: 7 * time.Millisecond},
		{Dst: netip.MustParsePrefix("192.0.2.0/24"), RTOMin: 6 * time.Millisecond, InitCwnd: 40, MTU: 1200, LockMTU: true}, // replaces
	}
	for _, r := range routes {
		if err := l.dev.AddRoute(r); err != nil {
			t.Fatal(err)
		}
	}
	if got := link.QueueLen(l.dev); got != 500 {
		t.Errorf("the queue of a new interface: %d packets, want 500", got)
	}
	if err := l.dev.SetTxQueueLen(1234); err != nil {
		t.Fatal(err)
	}
	if got := link.QueueLen(l.dev); got != 1234 {
		t.Errorf("the queue: %d packets, want 1234", got)
	}
	checkOutput(t, l, []string{"ip", "route"},
		"192.0.2.0/24 dev r0 scope link", "mtu lock 1200", "initcwnd 40", "rto_min lock 6ms", "default via 10.7.0.2 dev r0 src 10.7.0.1")
	checkOutput(t, l, []string{"ip", "-6", "route"}, "2001:db8::/32 dev r0 metric 1024 rto_min lock 7ms")
	checkOutput(t, l, []string{"ip", "link", "show", "r0"}, "qlen 1234")
	err := l.dev.AddRoute(tun.Route{Dst: netip.MustParsePrefix("198.51.100.0/24"), Via: netip.MustParseAddr("203.0.113.9")})
	if !errors.Is(err, unix.ENETUNREACH) && !errors.Is(err, unix.EINVAL) || !strings.Contains(fmt.Sprint(err), "198.51.100.0/24") {
		t.Errorf("route through an unreachable gateway: got %v", err)
	}
}

func checkOutput(t *testing.T, l *lab, args []string, want ...string) {
	t.Helper()
	out, err := l.Command(t.Context(), args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	got := strings.Join(strings.Fields(string(out)), " ")
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("%v: got %s, want %s in it", args, got, w)
		}
	}
}
