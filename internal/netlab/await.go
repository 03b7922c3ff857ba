package netlab

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// awaitLimit bounds the wait for what the kernel finishes in the background.
const awaitLimit = 10 * time.Second

// await waits until done says so, by looking again and again: it is a matter of a millisecond at most.
func await(what string, done func() (bool, error)) error {
	for start := time.Now(); ; time.Sleep(time.Millisecond) {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if time.Since(start) > awaitLimit {
			return fmt.Errorf("netlab: %s does not come up", what)
		}
	}
}

// awaitCarrier waits until a veth whose other end is up as well carries packets. The end that came up first does so a
// little later, and loses until then what is sent.
func awaitCarrier(name string) error {
	return await(name, func() (bool, error) {
		l, err := netlink.LinkByName(name)
		if err != nil {
			return false, fmt.Errorf("netlab: %s: %w", name, err)
		}
		return l.Attrs().OperState == netlink.OperUp, nil
	})
}

// awaitAddresses waits until the kernel takes packets for its new addresses. For IPv6 that happens a little later, even
// without duplicate address detection.
func awaitAddresses(addrs []netip.Prefix) error {
	for _, p := range addrs {
		err := await(p.String(), func() (bool, error) {
			routes, err := netlink.RouteGet(p.Addr().AsSlice())
			return err == nil && len(routes) == 1 && routes[0].Type == unix.RTN_LOCAL, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
