package simnet

import (
	"fmt"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// end is one end of a connection: what a node's host knows as a Conn, and what the network saw of it.
type end struct {
	node *Node
	conn *host.Conn
	id   tuple
	cfg  *tcp.Config
	talk *talk // nil of a passive end until it has answered
	side int   // 0 dials, 1 listens
	peer *end  // nil until known
	said ledger
	app  *app // nil until accepted
	late bool // on the node's lists of those names
	seen bool
}

func newEnd(nd *Node, c *host.Conn, cfg *tcp.Config) *end {
	id := c.ID()
	e := &end{node: nd, conn: c, id: tuple{id.Local, id.Remote}, cfg: cfg}
	c.User = e
	return e
}

// endOf returns the end that c is. One that came from a listener is made when it is first seen.
func (nd *Node) endOf(c *host.Conn) *end {
	if e, ok := c.User.(*end); ok {
		return e
	}
	cfg := nd.host.Config().TCP
	if l := nd.listeners[c.ID().Local.Port()]; l != nil {
		cfg = l.cfg
	}
	e := newEnd(nd, c, &cfg)
	e.side = 1
	return e
}

func (e *end) String() string { return fmt.Sprintf("%v %v>%v", e.node, e.id.local, e.id.remote) }

// join makes the passive end e part of the conversation of the end that dialled. Its SYN told the window, unscaled (RFC
// 7323, Section 2.2).
func (e *end) join(peer *end) {
	e.peer = peer
	e.said.limit = max(e.said.limit, 1+int64(peer.said.syn.Window))
	if e.talk == nil {
		e.talk = peer.talk
	}
}

// out and in are the streams that e writes and reads.
func (e *end) out() stream { return e.talk.streams[e.side] }
func (e *end) in() stream  { return e.talk.streams[1-e.side] }

// onEvents lets the application react.
func (e *end) onEvents(ev tcp.Event) {
	if ev != 0 && e.app != nil {
		e.app.in.may = e.app.in.may || ev&tcp.EventReadable != 0
		e.app.out.may = e.app.out.may || ev&tcp.EventWritable != 0
		e.app.act()
	}
}

// check looks at a connection whose packets were drained.
func (e *end) check() {
	n, c := e.node.net, e.conn
	if c.Deadline() == mono.Never && e.waits() {
		n.fail("%v waits in %v with %d bytes unacknowledged and no deadline", e, c.State(), c.Unacked())
	}
	if what := e.checkInfo(); what != "" {
		n.fail("%v: %s: %+v", e, what, c.Info(n.now))
	}
}

// waits reports whether something has to come to pass on the connection, be it the end of a wait.
func (e *end) waits() bool {
	switch e.conn.State() {
	case tcp.StateClosed:
		return false
	case tcp.StateSynSent, tcp.StateSynReceived, tcp.StateTimeWait,
		tcp.StateFinWait1, tcp.StateClosing, tcp.StateLastAck:
		return true
	case tcp.StateFinWait2:
		return e.app != nil && e.app.closed
	}
	return e.conn.Unacked() > 0 && (e.app == nil || !e.app.writing())
}

// checkInfo checks what the connection says of itself.
func (e *end) checkInfo() string {
	i := e.conn.Info(e.node.net.now)
	if i.State == tcp.StateClosed || i.State == tcp.StateTimeWait {
		return ""
	}
	limit := max(e.cfg.DataRetries, e.cfg.OrphanRetries)
	if !established(i.State) {
		limit = max(e.cfg.SYNRetries, e.cfg.SYNACKRetries)
	}
	switch {
	case i.Unacked < 0:
		return "SND.UNA is beyond SND.NXT"
	case i.Sacked < 0 || i.Sacked > i.Unacked:
		return "more is SACKed than sent"
	case i.Lost < 0 || i.Lost > i.Unacked:
		return "more is lost than sent"
	case i.SndCwnd < i.SndMSS && i.CAState != "recovery" && i.CAState != "cwr":
		return "the congestion window is below a segment"
	case i.RTO <= 0 || i.RTO > max(e.cfg.MaxRTO, e.cfg.InitialRTO):
		return "the retransmission timeout is out of bounds"
	case i.Retrans > limit:
		return "more retransmissions than allowed"
	case i.RcvWnd < 0 || i.RcvWnd > e.cfg.RecvBuffer+1<<14:
		return "the window is larger than the buffer"
	case i.BytesAcked > i.BytesSent || i.BytesRetrans > i.BytesSent:
		return "counters contradict each other"
	}
	return ""
}

func established(s tcp.State) bool { return s >= tcp.StateEstablished }
