package peertest

import (
	"net/netip"

	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// call returns the connection that the TCP under test speaks of, which must exist.
func (l *Lab) call(what string, name api.Conn) *Call {
	l.t.Helper()
	c := l.calls[name]
	if c == nil {
		l.fail("%s for %v, which there is not", what, name)
	}
	return c
}

// live is call for what may only be said as long as the driver has not freed the connection.
func (l *Lab) live(what string, name api.Conn) *Call {
	l.t.Helper()
	c := l.call(what, name)
	if c.ended() {
		l.fail("%s for %v, which has ended", what, name)
	}
	return c
}

// AppConnected implements api.Driver.
func (l *Lab) AppConnected(name api.Conn) {
	l.t.Helper()
	l.connected("AppConnected", name, false)
}

// PeerConnected implements api.Driver.
func (l *Lab) PeerConnected(name api.Conn) {
	l.t.Helper()
	l.connected("PeerConnected", name, true)
}

func (l *Lab) connected(what string, name api.Conn, called bool) {
	l.t.Helper()
	c := l.live(what, name)
	if c.called != called {
		l.fail("%s for %v, which began otherwise", what, name)
	}
	if c.app.connected {
		l.fail("%s twice", what)
	}
	if c.peer == nil || called && c.peer.State() < tcp.StateEstablished {
		l.fail("%s before the peer has answered", what)
	}
	c.app.connected = true
	c.start()
}

// AppRecv implements api.Driver.
func (l *Lab) AppRecv(name api.Conn, data []byte) {
	l.t.Helper()
	c := l.live("AppRecv", name)
	if !c.app.connected || c.app.peerFin || len(data) == 0 {
		l.fail("AppRecv of %d bytes too early or too late", len(data))
	}
	if k := notation.Mismatch(data, c.app.got); k >= 0 {
		l.fail("the application gets a wrong byte at %d", c.app.got+k)
	}
	c.app.got += len(data)
	if r := c.plan.ResetByApp; r > 0 && c.app.got >= r {
		c.later(c.resetByApp)
	}
}

// AppPeerFin implements api.Driver.
func (l *Lab) AppPeerFin(name api.Conn) {
	l.t.Helper()
	c := l.live("AppPeerFin", name)
	if c.app.peerFin || !c.app.connected || c.app.got != c.plan.Down {
		l.fail("AppPeerFin after %d of %d bytes", c.app.got, c.plan.Down)
	}
	c.app.peerFin = true
	if c.plan.App == AfterOther {
		c.later(c.fin)
	}
}

// AppPeerRst implements api.Driver.
func (l *Lab) AppPeerRst(name api.Conn) {
	l.t.Helper()
	c := l.live("AppPeerRst", name)
	if !c.plan.aborted() || c.plan.ResetByApp != 0 {
		l.fail("AppPeerRst, and nobody has reset")
	}
	c.app.resetByPeer = true
}

// ReleaseConnection implements api.Driver.
func (l *Lab) ReleaseConnection(name api.Conn) {
	l.t.Helper()
	c := l.live("ReleaseConnection", name)
	c.app.wasRelease = true
}

// TcpTx implements api.Driver.
func (l *Lab) TcpTx(name api.Conn, segment []byte) {
	l.t.Helper()
	c := l.call("TcpTx", name)
	h, data, err := wire.ParseTCP(segment)
	if err != nil {
		l.fail("a segment that makes no sense: %v: %x", err, segment)
	}
	if h.SrcPort != c.id.Local.Port() || h.DstPort != c.id.Remote.Port() {
		l.fail("a segment from port %d to %d, want %d to %d", h.SrcPort, h.DstPort, c.id.Local.Port(), c.id.Remote.Port())
	}
	if !wire.TransportChecksumOK(wire.ProtoTCP, c.id.Local.Addr(), c.id.Remote.Addr(), segment) {
		l.fail("a segment with a wrong checksum: %x", segment)
	}
	if most := mtu - headerLen(c.id); len(segment) > most {
		l.fail("a segment of %d bytes, the path takes %d", len(segment), most)
	}
	data = append([]byte(nil), data...)
	l.carry(true, c, h, data, func() { c.arrive(&tcp.Segment{Header: h, Payload: data}) })
}

// mtu is what packets the path carries.
const mtu = 1500

func headerLen(id tcp.ID) int {
	if id.Remote.Addr().Is4() {
		return wire.IPv4HeaderLen
	}
	return wire.IPv6HeaderLen
}

func idOf(name api.Conn) tcp.ID {
	return tcp.ID{Local: addrPort(name.Src), Remote: addrPort(name.Dst)}
}

func addrPort(e api.Endpoint) netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr(e.IP), uint16(e.Port))
}
