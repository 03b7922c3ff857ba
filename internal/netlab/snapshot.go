package netlab

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Snapshot describes, in lines, the network as the calling thread sees it and the descendants of this process: links,
// addresses, routes, rules, permanent neighbours, nftables, a few sysctls and processes. Two snapshots are equal if
// nothing was left behind between them. Within a namespace, call it through Do.
func Snapshot() (string, error) {
	var lines []string
	for _, section := range []func() ([]string, error){
		snapLinks, snapAddresses, snapRoutes, snapRules, snapNeighbours, snapTables, snapSysctls, snapProcesses,
	} {
		l, err := section()
		if err != nil {
			return "", fmt.Errorf("netlab: snapshot: %w", err)
		}
		slices.Sort(l)
		lines = append(lines, l...)
	}
	return strings.Join(lines, "\n") + "\n", nil
}

// Diff returns the lines of two snapshots that are in one only, marked - and +. It is empty if they are equal.
func Diff(before, after string) string {
	return only("-", before, after) + only("+", after, before)
}

// only returns the lines of a that b has less often.
func only(mark, a, b string) string {
	count := make(map[string]int)
	for l := range strings.Lines(b) {
		count[l]++
	}
	var out strings.Builder
	for l := range strings.Lines(a) {
		if count[l]--; count[l] < 0 {
			out.WriteString(mark + " " + l)
		}
	}
	return out.String()
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

// each formats all that list returns, leaving out what format returns "" for.
func each[T any](list func() ([]T, error), format func(T) string) ([]string, error) {
	all, err := dump(list)
	var lines []string
	for _, x := range all {
		if s := format(x); s != "" {
			lines = append(lines, s)
		}
	}
	return lines, err
}

func snapLinks() ([]string, error) {
	return each(netlink.LinkList, func(l netlink.Link) string {
		a := l.Attrs()
		return fmt.Sprintf("link %d %s %s %s mtu %d qlen %d master %d %s",
			a.Index, a.Name, l.Type(), a.HardwareAddr, a.MTU, a.TxQLen, a.MasterIndex, a.Flags)
	})
}

func snapAddresses() ([]string, error) {
	list := func() ([]netlink.Addr, error) { return netlink.AddrList(nil, netlink.FAMILY_ALL) }
	return each(list, func(a netlink.Addr) string {
		return fmt.Sprintf("address %s peer %s on %d scope %d", a.IPNet, a.Peer, a.LinkIndex, a.Scope)
	})
}

func snapRoutes() ([]string, error) {
	list := func() ([]netlink.Route, error) {
		return netlink.RouteListFiltered(netlink.FAMILY_ALL, &netlink.Route{}, netlink.RT_FILTER_TABLE) // any table
	}
	return each(list, func(r netlink.Route) string {
		return fmt.Sprintf("route table %d %s via %s %v dev %d src %s metric %d proto %d scope %d type %d mtu %d rto_min %d",
			r.Table, r.Dst, r.Gw, r.MultiPath, r.LinkIndex, r.Src, r.Priority, r.Protocol, r.Scope, r.Type, r.MTU, r.RtoMin)
	})
}

func snapRules() ([]string, error) {
	var lines []string
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list := func() ([]netlink.Rule, error) { return netlink.RuleList(family) }
		l, err := each(list, func(r netlink.Rule) string {
			return fmt.Sprintf("rule of family %d %s mark %#x iif %q oif %q", family, r, r.Mark, r.IifName, r.OifName)
		})
		if err != nil && !errors.Is(err, unix.EAFNOSUPPORT) { // a kernel without IPv6
			return nil, err
		}
		lines = append(lines, l...)
	}
	return lines, nil
}

func snapNeighbours() ([]string, error) {
	list := func() ([]netlink.Neigh, error) { return netlink.NeighList(0, netlink.FAMILY_ALL) }
	return each(list, func(n netlink.Neigh) string {
		if n.State&netlink.NUD_PERMANENT == 0 { // the others come and go
			return ""
		}
		return fmt.Sprintf("neighbour %s at %s on %d", n.IP, n.HardwareAddr, n.LinkIndex)
	})
}

// snapTables lists nftables as far as they may be read: that takes CAP_NET_ADMIN, and a kernel that has them.
func snapTables() ([]string, error) {
	conn, err := nftables.New()
	if err != nil {
		return []string{"nftables cannot be read"}, nil
	}
	chains, err := conn.ListChains()
	if err != nil {
		return []string{"nftables cannot be read"}, nil
	}
	tables, err := conn.ListTables()
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, t := range tables {
		lines = append(lines, fmt.Sprintf("nftables table %d %s", t.Family, t.Name))
	}
	for _, c := range chains {
		rules, err := conn.GetRules(c.Table, c)
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("nftables chain %d %s %s with %d rules", c.Table.Family, c.Table.Name, c.Name, len(rules)))
	}
	return lines, nil
}

func snapSysctls() ([]string, error) {
	var lines []string
	for _, name := range []string{
		"net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter", "net/ipv4/conf/all/route_localnet",
		"net/ipv6/conf/all/forwarding", "net/ipv6/conf/all/disable_ipv6",
	} {
		lines = append(lines, fmt.Sprintf("sysctl %s %s", name, readSysctl(name)))
	}
	return lines, nil
}

// snapProcesses lists the processes that descend from this one and have not ended.
func snapProcesses() ([]string, error) {
	pids, err := allProcesses()
	if err != nil {
		return nil, err
	}
	parent, name := make(map[int]int), make(map[int]string)
	for _, pid := range pids {
		stat, err := statFields(pid)
		if err != nil || stat[2] == "Z" {
			continue // gone
		}
		name[pid] = stat[1]
		parent[pid], _ = strconv.Atoi(stat[3])
	}
	var lines []string
	for pid := range parent {
		for p := parent[pid]; p != 0; p = parent[p] {
			if p == os.Getpid() {
				lines = append(lines, fmt.Sprintf("process %d %s", pid, name[pid]))
				break
			}
		}
	}
	return lines, nil
}
