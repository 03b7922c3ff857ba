package host

import (
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// ListenOptions vary a listener from the defaults.
type ListenOptions struct {
	// TCP is how its connections behave: Config.TCP if nil.
	TCP *tcp.Config
	// AnyAddress takes connections to addresses that are not the host's own as well. Only a listener on a wildcard
	// address can.
	AnyAddress bool
	// AnyPort takes connections to every port no other listener has. The port of its address is 0.
	AnyPort bool
	// DeferAccept hands out connections only when their peer has sent something, or after so long.
	DeferAccept time.Duration
	// NoCookies drops SYNs for which the queue has no room, instead of answering them with SYN cookies.
	NoCookies bool
	// FastOpen takes text from SYNs of peers that show a cookie (RFC 7413): Accept returns their connections before the
	// handshake is over, this many at a time at most. 0 switches it off. The application has to cope with text that
	// arrives twice.
	FastOpen int
}

// Listener takes connections to a local address.
type Listener struct {
	// User belongs to the driver.
	User any

	host    *Host
	local   netip.AddrPort
	opt     ListenOptions
	cfg     *tcp.Config
	backlog int
	embryos int         // connections in SYN-RECEIVED: the SYN queue
	queue   fifo[*Conn] // the accept queue
	dirty   bool
	closed  bool

	cookieAt mono.Time // when the last SYN cookie was sent
	fast     fastQueue
}

// ListenTCP begins to take connections to local. The zero Addr stands for every address of the host, an unspecified one
// for all of its family; port 0 is chosen. backlog bounds the connections whose handshake is under way (further ones are
// not remembered until it is complete) and, separately, those nobody has accepted; 0 stands for Limits.Backlog, which it
// cannot exceed.
//
// It fails with EADDRNOTAVAIL if local is not an address of the host, and with EADDRINUSE if another listener has it.
//
// req: RFC9293 MUST-41, MUST-42
func (h *Host) ListenTCP(local netip.AddrPort, backlog int, opt ListenOptions) (*Listener, error) {
	local = unmap(local)
	a := local.Addr()
	switch {
	case opt.AnyPort && local.Port() != 0, opt.AnyAddress && !isWildcard(a):
		return nil, errInvalid
	case !isWildcard(a) && !h.isSelf(a) && !h.cfg.AnyAddress:
		return nil, errAddrNotAvail
	}
	if local.Port() == 0 && !opt.AnyPort {
		port, ok := h.randomPort(func(port uint16) bool {
			return !h.listening(netip.AddrPortFrom(a, port))
		})
		if !ok {
			return nil, errAddrInUse
		}
		local = netip.AddrPortFrom(a, port)
	} else if h.listening(local) {
		return nil, errAddrInUse
	}
	l := &Listener{host: h, local: local, opt: opt, cfg: &h.cfg.TCP, backlog: h.cfg.Limits.Backlog}
	l.fast.limit = opt.FastOpen
	if backlog > 0 {
		l.backlog = min(backlog, l.backlog)
	}
	if opt.TCP != nil {
		own := opt.TCP.WithDefaults()
		l.cfg = &own
	}
	h.tcp.listeners[local] = l
	return l, nil
}

// listening reports whether some listener takes connections that one at local would take.
func (h *Host) listening(local netip.AddrPort) bool {
	if !isWildcard(local.Addr()) {
		for _, a := range [...]netip.Addr{local.Addr(), unspecified(local.Addr()), {}} {
			if h.tcp.listeners[netip.AddrPortFrom(a, local.Port())] != nil {
				return true
			}
		}
		return false
	}
	for at := range h.tcp.listeners {
		if at.Port() == local.Port() && overlap(at.Addr(), local.Addr()) {
			return true
		}
	}
	return false
}

// listenerFor returns the most specific listener for a packet to port, nil if there is none.
func (h *Host) listenerFor(in *inbound, port uint16) *Listener {
	if len(h.tcp.listeners) == 0 {
		return nil
	}
	for _, p := range [...]uint16{port, 0} {
		for _, a := range [...]netip.Addr{in.dst, unspecified(in.dst), {}} {
			l := h.tcp.listeners[netip.AddrPortFrom(a, p)]
			if l != nil && (in.to == toOwn || l.opt.AnyAddress) {
				return l
			}
		}
	}
	return nil
}

// full reports whether no further connection can be queued for Accept.
func (l *Listener) full() bool { return l.queue.len() >= l.backlog }

// onSYN opens a connection if the queues have room. If only the accept queue has, a SYN cookie takes the connection's
// place until the handshake is complete.
func (h *Host) onSYN(l *Listener, in *inbound, seg *tcp.Segment, key *tuple) Drop {
	switch {
	case l.full():
		return DropAcceptQueueFull
	case l.embryos >= l.backlog && l.opt.NoCookies:
		return DropSYNQueueFull
	case l.embryos >= l.backlog:
		return h.sendCookie(l, in, seg, key)
	}
	local, remote := in.ends(key)
	id, mtu := tcp.ID{Local: local, Remote: remote}, h.mtu(in.src)
	t, d := (*tcp.Conn)(nil), tcp.Accepted
	if l.fast.limit > 0 && l.fast.hasRoom(h.now) {
		t, d = tcp.AcceptFast(h.env(in.dst), l.cfg, h.now, id, mtu, seg)
	} else {
		t, d = tcp.Accept(h.env(in.dst), l.cfg, h.now, id, mtu, seg)
	}
	h.count.TCPDrops[d]++
	if t == nil {
		return accepted // counted under TCP's own name
	}
	c := h.adopt(t, *key)
	c.self = c.self || in.self
	if c.HasTakenText() {
		l.openEarly(c)
		return accepted
	}
	c.young, c.embryo = &youth{listener: l}, true
	l.embryos++
	return accepted
}

// enqueue puts a connection into the accept queue.
func (l *Listener) enqueue(c *Conn) {
	l.queue.push(c)
	l.host.markOther(l, &l.dirty)
}

// hatch moves a connection whose handshake is over to the accept queue, unless it failed or has to wait.
func (h *Host) hatch(c *Conn) {
	l := c.young.listener
	if l.holdsBack(c) {
		return
	}
	c.embryo = false
	l.embryos--
	if c.State() == tcp.StateClosed {
		c.leaveListener()
		return
	}
	l.enqueue(c)
}

func (l *Listener) clean() { l.dirty = false }

// Addr returns what the listener listens on, its port chosen.
func (l *Listener) Addr() netip.AddrPort { return l.local }

// Accept returns the oldest connection whose handshake is complete, nil if there is none. Its peer may have ended it
// meanwhile.
func (l *Listener) Accept() *Conn {
	if l.queue.len() == 0 {
		return nil
	}
	c := l.queue.pop()
	c.leaveListener()
	l.host.count.ConnsAccepted++
	return c
}

// Close ends listening and resets the connections nobody has accepted.
func (l *Listener) Close() {
	if l.closed {
		return
	}
	h := l.host
	l.closed = true
	delete(h.tcp.listeners, l.local)
	for c := range h.Conns() {
		if c.young != nil && c.young.listener == l {
			c.leaveListener()
			c.embryo = false
			c.Abort(h.now)
			h.MarkDirty(c)
		}
	}
	l.queue, l.embryos = fifo[*Conn]{}, 0
}
