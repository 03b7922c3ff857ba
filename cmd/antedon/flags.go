package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// defaultPeer is the kernel's end of a device that we make.
var defaultPeer = netip.MustParsePrefix("10.7.0.1/24")

// stackFlags are the flags shared by the commands that run a stack.
type stackFlags struct {
	tun      string
	overUDP  string
	addr     prefixes
	peerAddr prefixes
	source   string
	mtu      int
	cc       string
	ecn      bool
	fastOpen bool
	pcap     string
	impair   string
	verbose  bool
}

func (f *stackFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	f.registerLink(cmd)
	fs.StringVar(&f.overUDP, "over-udp", "", "in place of a TUN device, a link to another stack in UDP datagrams: `LOCAL,REMOTE` such as\n"+
		"192.0.2.1:7000,192.0.2.2:7000 or :7000,example.org:7000; any for REMOTE is whoever sends first")
	fs.StringVar(&f.source, "source", "", "our `IP` in connections; it need not be one of ours")
	fs.StringVar(&f.cc, "cc", "", "congestion control `NAME`: "+strings.Join(congestion.Names(), ", ")+" (default "+congestion.DefaultName+")")
	fs.BoolVar(&f.ecn, "ecn", false, "ask peers for ECN; those that ask get it anyway")
	fs.BoolVar(&f.fastOpen, "fast-open", false, "TCP Fast Open: text in SYNs, both ways")
	fs.StringVar(&f.impair, "impair", "", "make the link worse: `PLAN` such as 'loss=1%,delay=20ms,rate=100mbit,seed=7'")
}

// registerLink adds the flags that make sense without a stack too.
func (f *stackFlags) registerLink(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.tun, "tun", "", "TUN device `NAME` to attach to, or to make for as long as the command runs")
	fs.Var(&f.addr, "addr", "our address, `CIDR[,CIDR]` (default: the one after the kernel's)")
	fs.Var(&f.peerAddr, "peer-addr", "address of the kernel's end of a new device, `CIDR[,CIDR]` (default 10.7.0.1/24)")
	fs.IntVar(&f.mtu, "mtu", 0, "MTU of a new device, in `BYTES` (default 1500; 1280 over UDP)")
	fs.StringVar(&f.pcap, "pcap", "", "write what crosses the device to `FILE` (pcapng)")
	fs.BoolVarP(&f.verbose, "verbose", "v", false, "say more on standard error")
}

// check finds the mistakes that can be found before anything is opened. It does not mind a missing --tun.
func (f *stackFlags) check() error {
	if f.mtu != 0 && (f.mtu < 576 || f.mtu > 65535) {
		return usagef("--mtu %d: want 576 to 65535", f.mtu)
	}
	if _, err := congestion.New(f.cc, congestion.Options{MSS: 1460, Initial: 10}); err != nil {
		return usagef("--cc: %w", err)
	}
	if _, err := f.sourceAddr(); err != nil {
		return usagef("--source %s: not an IP address", f.source)
	}
	if f.impair != "" {
		if _, err := impair.Parse(f.impair); err != nil {
			return usagef("--impair: %w", err)
		}
	}
	return nil
}

// tcp returns the configuration of connections.
func (f *stackFlags) tcp() tcp.Config {
	cfg := tcp.Config{Congestion: f.cc}
	if f.ecn {
		cfg.ECN = tcp.ECNRequest
	}
	return cfg
}

// sourceAddr returns the address of --source, or the zero Addr.
func (f *stackFlags) sourceAddr() (netip.Addr, error) {
	if f.source == "" {
		return netip.Addr{}, nil
	}
	a, err := netip.ParseAddr(f.source)
	return a.Unmap(), err
}

// ours returns our addresses, given those of the kernel's end: for each of these the one that follows.
func (f *stackFlags) ours(kernel []netip.Prefix) ([]netip.Prefix, error) {
	if len(f.addr) > 0 {
		return f.addr, nil
	}
	var ours []netip.Prefix
	for _, k := range kernel {
		p, err := neighbour(k)
		if err != nil {
			return nil, err
		}
		ours = append(ours, p)
	}
	return ours, nil
}

// neighbour returns the address after p's, or before it if p's is the last that can be used.
func neighbour(p netip.Prefix) (netip.Prefix, error) {
	for _, a := range []netip.Addr{p.Addr().Next(), p.Addr().Prev()} {
		if p.Contains(a) && !isBroadcast(a, p) {
			return netip.PrefixFrom(a, p.Bits()), nil
		}
	}
	return netip.Prefix{}, usagef("there is no second address in %v: give ours with --addr", p)
}

// isBroadcast reports whether a is the first or last address of an IPv4 prefix that has such.
func isBroadcast(a netip.Addr, p netip.Prefix) bool {
	return a.Is4() && p.Bits() < 31 && (a == p.Masked().Addr() || !p.Contains(a.Next()))
}

// prefixes is a flag that may be repeated and takes lists.
type prefixes []netip.Prefix

// Set adds the addresses in s.
func (p *prefixes) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		v, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("%q is no address with a prefix length, such as 10.7.0.2/24 or fd07::2/64", part)
		}
		if a := v.Addr(); a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.Zone() != "" {
			return fmt.Errorf("%v cannot be the address of an end of a link", a)
		}
		if !slices.Contains(*p, v) {
			*p = append(*p, v)
		}
	}
	return nil
}

// String returns the list as it may be given.
func (p *prefixes) String() string { return joinPrefixes(*p) }

// Type names the value in help texts.
func (*prefixes) Type() string { return "CIDR" }

func joinPrefixes(list []netip.Prefix) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}
