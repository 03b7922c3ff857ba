package rtnl

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Route is a way for the kernel's packets to an interface. Zero metrics are left to the kernel.
type Route struct {
	Dst netip.Prefix
	Via netip.Addr // gateway, or the zero Addr: Dst is on the link
	Src netip.Addr // preferred source address, or the zero Addr

	MTU      int
	LockMTU  bool          // path MTU discovery may not change MTU
	RTOMin   time.Duration // least retransmission timeout of the kernel's TCP, in whole milliseconds
	InitCwnd int           // initial congestion window of the kernel's TCP, in segments
}

// AddAddr gives an interface an address; it is no error if it has it already. See IsLocal for when it can be used.
func (c *Conn) AddAddr(index int, p netip.Prefix) error {
	fixed := make([]byte, unix.SizeofIfAddrmsg)
	fixed[0], fixed[1] = family(p.Addr()), uint8(p.Bits())
	fixed[2] = unix.IFA_F_PERMANENT
	if p.Addr().Is6() {
		fixed[2] |= unix.IFA_F_NODAD // nobody else is on the link
	}
	ne.PutUint32(fixed[4:], uint32(index))
	m := newMessage(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, fixed)
	m.attr(unix.IFA_LOCAL, p.Addr().AsSlice())
	m.attr(unix.IFA_ADDRESS, p.Addr().AsSlice())
	return c.do(m, nil)
}

// IsLocal reports whether the kernel takes packets to a for its own. After an IPv6 address is added, or its interface
// brought up, that takes the kernel a moment longer than it says.
func (c *Conn) IsLocal(a netip.Addr) bool {
	fixed := make([]byte, unix.SizeofRtMsg)
	fixed[0], fixed[1] = family(a), uint8(a.BitLen())
	m := newMessage(unix.RTM_GETROUTE, 0, fixed)
	m.attr(unix.RTA_DST, a.AsSlice())
	local := false
	err := c.do(m, func(typ uint16, body []byte) {
		local = typ == unix.RTM_NEWROUTE && len(body) >= unix.SizeofRtMsg && body[7] == unix.RTN_LOCAL
	})
	return err == nil && local
}

// AddRoute adds a route through an interface, or replaces the one to the same destination.
func (c *Conn) AddRoute(index int, r Route) error {
	dst := r.Dst.Masked()
	fixed := make([]byte, unix.SizeofRtMsg)
	fixed[0], fixed[1] = family(dst.Addr()), uint8(dst.Bits())
	fixed[4], fixed[5], fixed[6], fixed[7] = unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST
	if !r.Via.IsValid() && dst.Addr().Is4() {
		fixed[6] = unix.RT_SCOPE_LINK
	}
	m := newMessage(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_REPLACE, fixed)
	m.attr(unix.RTA_DST, dst.Addr().AsSlice())
	m.attrUint32(unix.RTA_OIF, uint32(index))
	if r.Via.IsValid() {
		m.attr(unix.RTA_GATEWAY, r.Via.AsSlice())
	}
	if r.Src.IsValid() {
		m.attr(unix.RTA_PREFSRC, r.Src.AsSlice())
	}
	if r.MTU > 0 || r.RTOMin > 0 || r.InitCwnd > 0 {
		m.nest(unix.RTA_METRICS, func() { r.metrics(m) })
	}
	return c.do(m, nil)
}

// metrics adds the route's metrics. A least timeout that is not locked has no effect on the kernel's TCP.
func (r *Route) metrics(m *message) {
	var lock uint32
	if r.MTU > 0 {
		m.attrUint32(unix.RTAX_MTU, uint32(r.MTU))
		if r.LockMTU {
			lock |= 1 << unix.RTAX_MTU
		}
	}
	if r.InitCwnd > 0 {
		m.attrUint32(unix.RTAX_INITCWND, uint32(r.InitCwnd))
	}
	if r.RTOMin > 0 {
		m.attrUint32(unix.RTAX_RTO_MIN, uint32(max(1, r.RTOMin.Milliseconds())))
		lock |= 1 << unix.RTAX_RTO_MIN
	}
	if lock != 0 {
		m.attrUint32(unix.RTAX_LOCK, lock)
	}
}

func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
