package host

import (
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// DialOptions vary a connection from the defaults.
type DialOptions struct {
	// TCP is how it behaves: Config.TCP if nil.
	TCP *tcp.Config
	// Transparent allows a local address that is not one of the host's.
	Transparent bool
	// FastOpen lets the SYN carry what is written first (RFC 7413), to servers that gave a cookie on an earlier
	// connection: see tcp.DialFast. Others are asked for one. Text of a SYN may reach a server's application twice.
	FastOpen bool
}

// DialTCP begins a connection to remote. What local leaves open (a zero or unspecified address, port 0) is chosen.
//
// It fails with EINVAL for a remote address that cannot be, ENETUNREACH if there is no way there, EADDRNOTAVAIL if
// local is not an address of the host or no port is left, and EADDRINUSE if the connection exists.
//
// req: RFC9293 MUST-43, MUST-46, RFC791 3.3-1
func (h *Host) DialTCP(now mono.Time, local, remote netip.AddrPort, opt DialOptions) (*Conn, error) {
	h.now = max(h.now, now)
	local, remote = unmap(local), unmap(remote)
	if remote.Port() == 0 {
		return nil, errInvalid
	}
	src, err := h.chooseSource(local.Addr(), remote.Addr(), opt.Transparent)
	if err != nil {
		return nil, err
	}
	if remote.Addr().IsMulticast() || h.addrs.broadcast(remote.Addr()) {
		return nil, errNetUnreachable
	}
	local, err = h.choosePort(now, netip.AddrPortFrom(src, local.Port()), remote)
	if err != nil {
		return nil, err
	}
	cfg := &h.cfg.TCP
	if opt.TCP != nil {
		own := opt.TCP.WithDefaults()
		cfg = &own
	}
	h.count.ConnsOpened++
	id, mtu := tcp.ID{Local: local, Remote: remote}, h.mtu(remote.Addr())
	if opt.FastOpen {
		if known, ok := h.fast.lookup(now, local.Addr(), remote); ok {
			c := h.adopt(tcp.DialFast(h.env(src), cfg, now, id, mtu, known), makeTuple(local, remote))
			c.fast = fastTrying
			return c, nil
		}
	}
	return h.adopt(tcp.Dial(h.env(src), cfg, now, id, mtu), makeTuple(local, remote)), nil
}

// env returns what the connections of a's family share.
func (h *Host) env(a netip.Addr) *tcp.Env {
	if a.Is4() {
		return &h.tcp.env[0]
	}
	return &h.tcp.env[1]
}

// chooseSource returns the address to send from to dst: local if that is set and allowed.
//
// req: RFC9293 MUST-43, MUST-46, RFC791 3.3-2, RFC1122 3.2.1.3-1, 3.3.4.3-2, 4.1.3.5-2, 4.1.3.6-1
func (h *Host) chooseSource(local, dst netip.Addr, transparent bool) (netip.Addr, error) {
	if !dst.IsValid() || dst.IsUnspecified() || local.IsValid() && local.Is4() != dst.Is4() {
		return netip.Addr{}, errInvalid
	}
	src, ok := h.source(dst)
	switch {
	case isWildcard(local) && ok:
		return src, nil
	case isWildcard(local):
		return src, errNetUnreachable
	case local.IsLoopback() && !h.isSelf(dst):
		return src, errInvalid // RFC 1122, Section 3.2.1.3: loopback addresses "MUST NOT appear outside a host"
	case !transparent && !h.cfg.AnyAddress && !h.isSelf(local):
		return src, errAddrNotAvail
	case local.IsMulticast() || h.addrs.broadcast(local):
		return src, errAddrNotAvail
	case !ok && h.routes.lookup(dst) == nil:
		return src, errNetUnreachable
	}
	return local, nil
}

// choosePort returns local with a port such that no connection to remote has it.
func (h *Host) choosePort(now mono.Time, local, remote netip.AddrPort) (netip.AddrPort, error) {
	if local.Port() != 0 {
		if !h.vacate(now, local, remote) {
			return local, errAddrInUse
		}
		return local, nil
	}
	port, ok := h.ephemeral(local.Addr(), remote, func(port uint16) bool {
		at := netip.AddrPortFrom(local.Addr(), port)
		return !h.listening(at) && h.vacate(now, at, remote)
	})
	if !ok {
		return local, errAddrNotAvail
	}
	return netip.AddrPortFrom(local.Addr(), port), nil
}

// findConn returns the connection between two ends, nil if there is none.
func (h *Host) findConn(local, remote netip.AddrPort) *Conn {
	key := makeTuple(local, remote)
	return h.connFor(&key)
}

// connFor returns the connection that segments with key belong to, nil if there is none. One that is over, though nobody has
// drained it since, is none.
func (h *Host) connFor(key *tuple) *Conn {
	f := h.tcp.conns.find(key, key.hash(h.flowKey))
	if f == nil {
		return nil
	}
	if f.owner.Done() {
		h.forget(f.owner)
		return nil
	}
	return f.owner
}

// vacate reports whether no connection stands between two ends, after forgetting one in TIME-WAIT that may make room.
func (h *Host) vacate(now mono.Time, local, remote netip.AddrPort) bool {
	c := h.findConn(local, remote)
	if c == nil {
		return true
	}
	if !canRedial(now, c) {
		return false
	}
	h.forget(c)
	return true
}

// redialAfter is how long a connection must have been silent in TIME-WAIT before it is dialled again: its clock of
// timestamps has then moved on (RFC 6191, Section 2).
const redialAfter = time.Second

// canRedial reports whether the peer of c, in TIME-WAIT, can tell its segments from those of a new connection.
func canRedial(now mono.Time, c *Conn) bool {
	return c.State() == tcp.StateTimeWait && c.HasTimestamps() && c.Silence(now) > redialAfter
}
