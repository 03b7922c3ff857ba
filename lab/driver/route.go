package driver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// families are those that are captured.
var families = []struct {
	af  int
	all netip.Prefix
}{
	{unix.AF_INET, netip.PrefixFrom(netip.IPv4Unspecified(), 0)},
	{unix.AF_INET6, netip.PrefixFrom(netip.IPv6Unspecified(), 0)},
}

// startRouting sends packets with these marks to lo. The guard undoes it.
func startRouting(guard *netlab.Guard, marks []uint32) error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("look for lo: %w", err)
	}
	for _, f := range families {
		if err := routeFamily(guard, lo, f.af, f.all, marks); err != nil {
			if f.af == unix.AF_INET6 && errors.Is(err, unix.EAFNOSUPPORT) {
				continue // a kernel without IPv6 sends none
			}
			return err
		}
	}
	return routeLoopback(guard)
}

// loopbackRules are the destination ports to which PartialPrefix may connect: all but 22, and the last one, which the kernel
// does not take in a rule.
var loopbackRules = []portRange{{1, 21}, {23, 65534}}

// routeLoopback lets programs connect from PartialPrefix to the world: by themselves loopback addresses get no route.
func routeLoopback(guard *netlab.Guard) error {
	for _, ports := range loopbackRules {
		if err := guard.Add(netlab.DeleteRule(unix.AF_INET, rulePriority, routingTable)); err != nil {
			return err
		}
		rule := netlink.NewRule()
		rule.Family, rule.Priority, rule.Table = unix.AF_INET, rulePriority, routingTable
		rule.Src = &net.IPNet{IP: PartialPrefix.Addr().AsSlice(), Mask: net.CIDRMask(PartialPrefix.Bits(), 32)}
		rule.IPProto, rule.Dport = unix.IPPROTO_TCP, netlink.NewRulePortRange(ports.first, ports.last)
		if err := netlink.RuleAdd(rule); err != nil {
			return fmt.Errorf("add the rule for %s: %w", PartialPrefix, err)
		}
	}
	return nil
}

func routeFamily(guard *netlab.Guard, lo netlink.Link, af int, all netip.Prefix, marks []uint32) error {
	if err := guard.Add(netlab.DeleteRoute(all, netip.Addr{}, "lo", routingTable)); err != nil {
		return err
	}
	route := &netlink.Route{
		LinkIndex: lo.Attrs().Index, Table: routingTable, Type: unix.RTN_LOCAL, Scope: netlink.SCOPE_HOST,
		Dst: &net.IPNet{IP: all.Addr().AsSlice(), Mask: net.CIDRMask(0, all.Addr().BitLen())},
	}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("add the route of table %d: %w", routingTable, err)
	}
	for _, mark := range marks {
		if err := guard.Add(netlab.DeleteRule(af, rulePriority, routingTable)); err != nil {
			return err
		}
		rule := netlink.NewRule()
		rule.Family, rule.Priority, rule.Table, rule.Mark = af, rulePriority, routingTable, mark
		if err := netlink.RuleAdd(rule); err != nil {
			return fmt.Errorf("add the rule for mark %d: %w", mark, err)
		}
	}
	return nil
}

// clean removes rules and routes that an earlier driver may have left behind together with its guard.
func clean() error {
	var steps []netlab.Undo
	for _, f := range families {
		steps = append(steps, netlab.DeleteRoute(f.all, netip.Addr{}, "lo", routingTable),
			netlab.DeleteRule(f.af, rulePriority, routingTable), netlab.DeleteRule(f.af, rulePriority, routingTable))
	}
	for range loopbackRules {
		steps = append(steps, netlab.DeleteRule(unix.AF_INET, rulePriority, routingTable))
	}
	return netlab.UndoAll(steps)
}
