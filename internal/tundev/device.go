package tundev

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Device is a TUN device as anybody may see it.
type Device struct {
	Name   string         `json:"name"`
	Index  int            `json:"index"`
	MTU    int            `json:"mtu"`
	User   int            `json:"user"` // who may open it without privilege
	Up     bool           `json:"up"`
	InUse  bool           `json:"in_use"`
	Kernel []netip.Prefix `json:"kernel"` // addresses of the kernel's end, without those it made up itself
	Ours   []netip.Prefix `json:"ours"`   // what Up meant our addresses to be
}

// Lookup finds a TUN device. The error satisfies errors.Is(err, fs.ErrNotExist) if there is no interface of that name.
func Lookup(name string) (*Device, error) {
	l, err := netlink.LinkByName(name)
	if _, gone := errors.AsType[netlink.LinkNotFoundError](err); gone {
		return nil, fmt.Errorf("there is no device %s: %w", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	t, ok := l.(*netlink.Tuntap)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is an interface, but no TUN device: choose another name", name)
	case t.Mode != unix.IFF_TUN:
		return nil, fmt.Errorf("%s is a TAP device, not a TUN device: choose another name", name)
	}
	return describe(t)
}

// List returns the TUN devices there are.
func List() ([]*Device, error) {
	links, err := dump(netlink.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	var list []*Device
	for _, l := range links {
		if t, ok := l.(*netlink.Tuntap); ok && t.Mode == unix.IFF_TUN {
			d, err := describe(t)
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
	}
	return list, nil
}

func describe(t *netlink.Tuntap) (*Device, error) {
	a := t.Attrs()
	d := &Device{
		Name: a.Name, Index: a.Index, MTU: a.MTU, User: int(t.Owner),
		Up: a.RawFlags&unix.IFF_UP != 0, InUse: t.Queues > 0 || a.RawFlags&unix.IFF_LOWER_UP != 0,
		Ours: parseAlias(a.Alias),
	}
	addrs, err := dump(func() ([]netlink.Addr, error) { return netlink.AddrList(t, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("addresses of %s: %w", a.Name, err)
	}
	for _, addr := range addrs {
		if p, ok := fromIPNet(addr.IPNet); ok && !p.Addr().IsLinkLocalUnicast() {
			d.Kernel = append(d.Kernel, p)
		}
	}
	return d, nil
}

// awaitLimit bounds Await. It takes the kernel about a millisecond.
const awaitLimit = time.Second

// Await waits until the kernel takes packets for the addresses of its end. For IPv6 that is a little after somebody has
// opened the device; until then packets are lost.
func Await(kernel []netip.Prefix) {
	deadline := time.Now().Add(awaitLimit)
	for _, p := range kernel {
		for !isLocal(p.Addr()) && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond / 4)
		}
	}
}

func isLocal(a netip.Addr) bool {
	routes, err := netlink.RouteGet(a.AsSlice())
	return err == nil && len(routes) > 0 && routes[0].Type == unix.RTN_LOCAL
}

// aliasPrefix begins the alias of a device that Up made. The rest of it are our addresses.
const aliasPrefix = "antedon "

func formatAlias(ours []netip.Prefix) string {
	parts := make([]string, len(ours))
	for i, p := range ours {
		parts[i] = p.String()
	}
	return aliasPrefix + strings.Join(parts, ",")
}

// parseAlias returns the addresses in an alias, or nil if it is no such alias.
func parseAlias(s string) []netip.Prefix {
	rest, ok := strings.CutPrefix(s, aliasPrefix)
	if !ok {
		return nil
	}
	var ours []netip.Prefix
	for part := range strings.SplitSeq(rest, ",") {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return nil
		}
		ours = append(ours, p)
	}
	return ours
}

// dump calls a listing function of netlink until its result is consistent.
func dump[T any](list func() ([]T, error)) ([]T, error) {
	for {
		all, err := list()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return all, err
		}
	}
}
