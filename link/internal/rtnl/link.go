package rtnl

import (
	"bytes"

	"golang.org/x/sys/unix"
)

// Link is a network interface.
type Link struct {
	Index      int
	Name       string
	Kind       string // "tun", "veth", ...; "" for hardware
	Up         bool
	Carrier    bool // somebody is at the other end; for a TUN: has it open
	MTU        int
	TxQueueLen int
	Qdisc      string // kind of the queueing discipline at its root
	Addr       []byte // hardware address
	Peer       int    // index of the interface this one is joined to, such as a veth's other end, or 0
	PeerAway   bool   // that interface lies in another network namespace
	PacketInfo bool   // of a TUN: it was opened without IFF_NO_PI
	Queues     int    // of a TUN made for several: how many its users hold, detached ones too; 0: unknown (before Linux 4.17)
}

// LinkByName returns the interface of that name.
func (c *Conn) LinkByName(name string) (Link, error) {
	m := newMessage(unix.RTM_GETLINK, 0, ifInfo(0, 0, 0))
	m.attrString(unix.IFLA_IFNAME, name)
	return c.link(m)
}

// LinkByIndex returns the interface with that index.
func (c *Conn) LinkByIndex(index int) (Link, error) {
	return c.link(newMessage(unix.RTM_GETLINK, 0, ifInfo(index, 0, 0)))
}

func (c *Conn) link(m *message) (l Link, err error) {
	err = c.do(m, func(typ uint16, body []byte) {
		if typ == unix.RTM_NEWLINK && len(body) >= unix.SizeofIfInfomsg {
			l = parseLink(body)
		}
	})
	return l, err
}

func parseLink(b []byte) Link {
	flags := ne.Uint32(b[8:])
	l := Link{Index: int(int32(ne.Uint32(b[4:]))), Up: flags&unix.IFF_UP != 0, Carrier: flags&unix.IFF_LOWER_UP != 0}
	eachAttr(b[unix.SizeofIfInfomsg:], func(typ uint16, v []byte) {
		switch {
		case typ == unix.IFLA_IFNAME:
			l.Name = cString(v)
		case typ == unix.IFLA_ADDRESS:
			l.Addr = bytes.Clone(v)
		case typ == unix.IFLA_LINKINFO:
			eachAttr(v, l.parseInfo)
		case typ == unix.IFLA_QDISC:
			l.Qdisc = cString(v)
		case typ == unix.IFLA_LINK_NETNSID:
			l.PeerAway = true
		case len(v) < 4:
		case typ == unix.IFLA_MTU:
			l.MTU = int(ne.Uint32(v))
		case typ == unix.IFLA_TXQLEN:
			l.TxQueueLen = int(ne.Uint32(v))
		case typ == unix.IFLA_LINK:
			l.Peer = int(ne.Uint32(v))
		}
	})
	return l
}

// parseInfo reads what is peculiar to a kind of interface, which comes first.
func (l *Link) parseInfo(typ uint16, v []byte) {
	switch typ {
	case unix.IFLA_INFO_KIND:
		l.Kind = cString(v)
	case unix.IFLA_INFO_DATA:
		if l.Kind == "tun" {
			eachAttr(v, l.parseTUN)
		}
	}
}

func (l *Link) parseTUN(typ uint16, v []byte) {
	switch {
	case typ == unix.IFLA_TUN_PI:
		l.PacketInfo = len(v) > 0 && v[0] != 0
	case len(v) < 4:
	case typ == unix.IFLA_TUN_NUM_QUEUES, typ == unix.IFLA_TUN_NUM_DISABLED_QUEUES:
		l.Queues += int(ne.Uint32(v))
	}
}

// SetUp brings an interface up or takes it down.
func (c *Conn) SetUp(index int, up bool) error {
	var flags uint32
	if up {
		flags = unix.IFF_UP
	}
	return c.do(newMessage(unix.RTM_NEWLINK, 0, ifInfo(index, flags, unix.IFF_UP)), nil)
}

// SetMTU sets the largest packet an interface carries.
func (c *Conn) SetMTU(index, mtu int) error {
	m := newMessage(unix.RTM_NEWLINK, 0, ifInfo(index, 0, 0))
	m.attrUint32(unix.IFLA_MTU, uint32(mtu))
	return c.do(m, nil)
}

// SetTxQueueLen sets how many packets the kernel keeps for a reader that does not keep up.
func (c *Conn) SetTxQueueLen(index, packets int) error {
	m := newMessage(unix.RTM_NEWLINK, 0, ifInfo(index, 0, 0))
	m.attrUint32(unix.IFLA_TXQLEN, uint32(packets))
	return c.do(m, nil)
}

// SetQdisc puts a queueing discipline of that kind, "noqueue" for none, in place of all that an interface has.
func (c *Conn) SetQdisc(index int, kind string) error {
	fixed := make([]byte, 20) // a struct tcmsg
	ne.PutUint32(fixed[4:], uint32(index))
	ne.PutUint32(fixed[12:], 0xffffffff) // parent: TC_H_ROOT
	m := newMessage(unix.RTM_NEWQDISC, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, fixed)
	m.attrString(unix.TCA_KIND, kind)
	return c.do(m, nil)
}

// DeleteLink removes an interface.
func (c *Conn) DeleteLink(index int) error {
	return c.do(newMessage(unix.RTM_DELLINK, 0, ifInfo(index, 0, 0)), nil)
}

// ifInfo returns a struct ifinfomsg.
func ifInfo(index int, flags, change uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	ne.PutUint32(b[4:], uint32(index))
	ne.PutUint32(b[8:], flags)
	ne.PutUint32(b[12:], change)
	return b
}
