package driver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
)

// earlierSet holds the connections of one IP version that were there before us. They are left alone: their segments cannot
// be told from those of calls otherwise, at least not before conntrack.
type earlierSet struct {
	name     string
	family   byte
	addrLen  uint32
	addrAt   uint32 // in the IP header: source and destination one behind the other
	addrType nftables.SetDatatype
}

func earlierSets() []earlierSet {
	return []earlierSet{
		{"earlier4", unix.NFPROTO_IPV4, 4, 12, nftables.TypeIPAddr},
		{"earlier6", unix.NFPROTO_IPV6, 16, 8, nftables.TypeIP6Addr},
	}
}

// rule accepts what is in the set: caller's address and port, our address and port.
func (s *earlierSet) rule() rule {
	const firstRegister = unix.NFT_REG32_00
	words := s.addrLen / 4
	ip := "ip"
	if s.family == unix.NFPROTO_IPV6 {
		ip = "ip6"
	}
	return rule{
		fmt.Sprintf("%s saddr . %s daddr . tcp sport . tcp dport @%s accept # it was there before", ip, ip, s.name),
		[]expr.Any{
			&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{s.family}},
			&expr.Payload{DestRegister: firstRegister, Base: expr.PayloadBaseNetworkHeader, Offset: s.addrAt, Len: s.addrLen},
			&expr.Payload{DestRegister: firstRegister + words, Base: expr.PayloadBaseNetworkHeader, Offset: s.addrAt + s.addrLen, Len: s.addrLen},
			&expr.Payload{DestRegister: firstRegister + 2*words, Base: expr.PayloadBaseTransportHeader, Offset: source, Len: 2},
			&expr.Payload{DestRegister: firstRegister + 2*words + 1, Base: expr.PayloadBaseTransportHeader, Offset: destination, Len: 2},
			&expr.Lookup{SourceRegister: firstRegister, SetName: s.name},
			accept,
		},
	}
}

// key is an element of the set.
func (s *earlierSet) key(caller, us netip.AddrPort) []byte {
	b := append(caller.Addr().AsSlice(), us.Addr().AsSlice()...)
	for _, port := range []uint16{caller.Port(), us.Port()} {
		b = append(b, byte(port>>8), byte(port), 0, 0) // each begins a word
	}
	return b
}

// captureCalls prepares for the rules of callRules: it makes the sets of connections that exist. Until the rules are there
// callers have to wait, so that none is missed.
func (c *ruleset) captureCalls(ports []uint16) error {
	if len(ports) == 0 {
		return nil
	}
	hold := c.conn.AddChain(&nftables.Chain{
		Name: "hold", Table: ourTable(), Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityRaw,
	})
	for _, p := range ports {
		c.conn.AddRule(&nftables.Rule{Table: ourTable(), Chain: hold, Exprs: join(l4(expr.CmpOpEq), port(destination, p), isSYN(),
			[]expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}})})
	}
	if err := c.conn.Flush(); err != nil {
		return fmt.Errorf("hold back callers: %w", err)
	}
	for _, s := range earlierSets() {
		if err := c.addEarlier(&s, ports); err != nil {
			return err
		}
	}
	c.conn.FlushChain(hold)
	c.conn.DelChain(hold) // with the next Flush, which brings the rules
	return nil
}

// elementsAtOnce is how many elements of a set fit in a message.
const elementsAtOnce = 500

func (c *ruleset) addEarlier(s *earlierSet, ports []uint16) error {
	var elements []nftables.SetElement
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} { // sockets of IPv6 have connections of IPv4 too
		sockets, err := tcpSockets(family)
		if err != nil {
			return fmt.Errorf("look for connections that exist: %w", err)
		}
		for _, k := range sockets {
			us, caller := addrPortOf(k.ID.Source, k.ID.SourcePort), addrPortOf(k.ID.Destination, k.ID.DestinationPort)
			if k.State != tcpListen && slices.Contains(ports, us.Port()) && us.Addr().BitLen() == int(s.addrLen)*8 {
				elements = append(elements, nftables.SetElement{Key: s.key(caller, us)})
			}
		}
	}
	set := &nftables.Set{
		Table: ourTable(), Name: s.name, Concatenation: true,
		KeyType: nftables.MustConcatSetType(s.addrType, s.addrType, nftables.TypeInetService, nftables.TypeInetService),
	}
	if err := c.conn.AddSet(set, nil); err != nil {
		return err
	}
	for ; len(elements) > 0; elements = elements[min(len(elements), elementsAtOnce):] {
		if err := c.conn.SetAddElements(set, elements[:min(len(elements), elementsAtOnce)]); err != nil {
			return err
		}
	}
	return nil
}

// tcpSockets lists TCP's sockets. If they change meanwhile the kernel says so, and one may be missing: then it is asked again.
func tcpSockets(family uint8) (sockets []*netlink.Socket, err error) {
	for range 10 {
		if sockets, err = netlink.SocketDiagTCP(family); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return sockets, err
		}
	}
	return nil, err
}

// tcpListen is TCP_LISTEN, the state of a socket that is no connection.
const tcpListen = 10

// Listens reports whether a program listens on a port, in a namespace or, if ns is nil, that of the process.
func Listens(ns *netlab.Namespace, port uint16) (ok bool, err error) {
	err = (&Config{Namespace: ns}).in(func() error {
		for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
			sockets, err := tcpSockets(family)
			if err != nil {
				return err
			}
			for _, k := range sockets {
				ok = ok || k.State == tcpListen && k.ID.SourcePort == port
			}
		}
		return nil
	})
	return ok, err
}

func addrPortOf(ip net.IP, port uint16) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a.Unmap(), port)
}
