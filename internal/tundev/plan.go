package tundev

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
)

// Plan says what a device is to be like.
type Plan struct {
	Name   string         `json:"name"`
	User   int            `json:"user"`             // who may open it without privilege
	Kernel []netip.Prefix `json:"kernel"`           // addresses of the kernel's end
	Ours   []netip.Prefix `json:"ours"`             // addresses meant for our end
	Routes []netip.Prefix `json:"routes,omitempty"` // further destinations the kernel sends to our end
	MTU    int            `json:"mtu"`              // 0 for 1500

	// RTOMin is the least retransmission timeout of the kernel's TCP towards our end, 0 for its own 200 ms.
	RTOMin time.Duration `json:"rto_min,omitempty"`

	// NAT names the interface through which our end may reach the world under the kernel's address: AnyInterface for
	// all, "" for no such thing.
	NAT string `json:"nat,omitempty"`
}

// AnyInterface as Plan.NAT stands for every interface but the device itself.
const AnyInterface = "*"

const defaultMTU = 1500

// check finds what is wrong with a plan before anything is changed.
func (p *Plan) check() error {
	_, err := Lookup(p.Name)
	switch {
	case err == nil:
		return fmt.Errorf("%s exists already, and was not made by \"antedon tun up\": choose another name, or delete it with \"ip link delete %s\"", p.Name, p.Name)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if p.NAT != "" && p.NAT != AnyInterface {
		if _, err := netlink.LinkByName(p.NAT); err != nil {
			return fmt.Errorf("there is no interface %s for NAT", p.NAT)
		}
	}
	if err := checkRoutes(p.Routes); err != nil {
		return err
	}
	return CheckFree(p.Kernel)
}

// checkRoutes reports that one of the destinations has a route already.
func checkRoutes(want []netip.Prefix) error {
	if len(want) == 0 {
		return nil
	}
	routes, err := dump(func() ([]netlink.Route, error) { return netlink.RouteList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	for _, r := range routes {
		dst, ok := fromIPNet(r.Dst)
		for _, p := range want {
			if ok && dst == p.Masked() {
				return fmt.Errorf("%v is routed already, to %s: delete that route, or choose a longer prefix", dst, nameOf(r.LinkIndex))
			}
		}
	}
	return nil
}

// families reports which IP versions the kernel's end speaks.
func (p *Plan) families() (v4, v6 bool) {
	for _, k := range p.Kernel {
		v4 = v4 || k.Addr().Is4()
		v6 = v6 || k.Addr().Is6()
	}
	return v4, v6
}

// guests returns what our end may use as source addresses: the prefixes that NAT applies to.
func (p *Plan) guests() []netip.Prefix {
	var out []netip.Prefix
	for _, k := range p.Kernel {
		out = append(out, k.Masked())
	}
	out = append(out, Beyond(p.Kernel, p.Ours, netip.Addr{})...)
	for _, r := range p.Routes {
		if r.Bits() > 0 { // not the world itself
			out = append(out, r.Masked())
		}
	}
	return out
}
