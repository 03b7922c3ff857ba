package simnet

import (
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/tcp"
)

// listener accepts connections on a node.
type listener struct {
	nd    *Node
	l     *host.Listener
	cfg   tcp.Config
	delay time.Duration // between the arrival of a connection and its acceptance
	awake bool
}

// Listen makes a node accept connections, each some time after it is established. cfg is the node's own if nil. With
// fastOpen it takes text from so many SYNs at a time.
func (nd *Node) Listen(port uint16, backlog int, delay time.Duration, fastOpen int, cfg *tcp.Config) {
	if nd.listeners[port] != nil {
		return
	}
	// Without SYN cookies: what a host sends, it sends of a connection, and that is how packets are judged here.
	opt := host.ListenOptions{TCP: cfg, NoCookies: true, FastOpen: fastOpen}
	l, err := nd.host.ListenTCP(netip.AddrPortFrom(netip.Addr{}, port), backlog, opt)
	if err != nil {
		nd.net.fail("%v cannot listen: %v", nd, err)
		return
	}
	own := nd.host.Config().TCP
	if cfg != nil {
		own = cfg.WithDefaults()
	}
	w := &listener{nd: nd, l: l, cfg: own, delay: delay}
	l.User = w
	nd.listeners[port] = w
}

// wake is called when there is something to accept.
func (l *listener) wake() {
	if !l.awake {
		l.awake = true
		l.nd.net.after(l.delay, l)
	}
}

// happen accepts what there is.
func (l *listener) happen() {
	l.awake = false
	for c := l.l.Accept(); c != nil; c = l.l.Accept() {
		l.accept(l.nd.endOf(c))
	}
	l.nd.drain()
}

// accept finds out which conversation an end belongs to.
func (l *listener) accept(e *end) {
	n := l.nd.net
	if e.talk == nil { // what a host says to itself is not seen
		peer := n.dials[e.id.reversed()]
		if peer == nil {
			n.fail("%v accepts %v, which nobody dialled", l.nd, e)
			return
		}
		e.join(peer)
		peer.peer = e
	}
	if e.talk.ends[1] != nil && (e.talk.ISS != nil || e.talk.FastOpen) {
		// An old SYN met an old ACK: with initial sequence numbers of our choice nothing tells. Or it had a cookie: RFC
		// 7413, Section 2.1 leaves it to applications to cope with that.
		e.conn.Abort(n.now)
		e.node.host.MarkDirty(e.conn)
		return
	}
	if e.talk.ends[1] != nil {
		n.fail("%v accepts %v for the second time", l.nd, e)
		return
	}
	e.talk.begin(e)
}
