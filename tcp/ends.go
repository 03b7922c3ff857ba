package tcp

import (
	"encoding/binary"
	"net/netip"
)

// ID names a connection.
type ID struct{ Local, Remote netip.AddrPort }

// Ends are an ID in little more than half of the memory, as a table of connections may want it. IPv4 addresses are in their
// IPv6-mapped form, which no packet carries.
type Ends struct {
	Local, Remote         [16]byte
	LocalPort, RemotePort uint16
}

func endsOf(id ID) Ends {
	return Ends{id.Local.Addr().As16(), id.Remote.Addr().As16(), id.Local.Port(), id.Remote.Port()}
}

// Ends returns the connection's addresses and ports, not to be changed.
func (c *Conn) Ends() *Ends { return &c.ends }

// ID returns the connection's addresses and ports.
func (c *Conn) ID() ID {
	e := &c.ends
	l, r := netip.AddrFrom16(e.Local), netip.AddrFrom16(e.Remote)
	if c.v4 {
		l, r = l.Unmap(), r.Unmap()
	}
	return ID{netip.AddrPortFrom(l, e.LocalPort), netip.AddrPortFrom(r, e.RemotePort)}
}

// hash returns the keyed hash of the connection's ends and a purpose.
//
// req: RFC9293 MUST-9
func (c *Conn) hash(purpose uint64) uint64 {
	e := &c.ends
	return c.env.Secret.Sum(
		binary.BigEndian.Uint64(e.Local[:8]), binary.BigEndian.Uint64(e.Local[8:]),
		binary.BigEndian.Uint64(e.Remote[:8]), binary.BigEndian.Uint64(e.Remote[8:]),
		uint64(e.LocalPort)<<16|uint64(e.RemotePort), purpose)
}
