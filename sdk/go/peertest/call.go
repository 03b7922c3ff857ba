package peertest

import (
	"fmt"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
)

// Closing says when one side ends its stream.
type Closing int

const (
	AtOnce     Closing = iota // after all it has to send
	AfterOther                // and after the other side has ended its own
	Never                     // not at all: the connection is reset
)

// Plan is what the two ends of a connection do.
type Plan struct {
	Up, Down  int // bytes that the application and the peer send
	App, Peer Closing

	// ResetByApp and ResetByPeer, if not 0, are how many bytes that side gets before it resets the connection; less than 0
	// for as soon as it is connected.
	ResetByApp, ResetByPeer int

	// Refused: nobody listens at the peer. Ignored: it does not even answer.
	Refused, Ignored bool
}

// aborted reports whether the plan ends in a reset.
func (p *Plan) aborted() bool {
	return p.Refused || p.Ignored || p.ResetByApp != 0 || p.ResetByPeer != 0
}

// Call is one connection: its application, and its end at the peer.
type Call struct {
	lab  *Lab
	name api.Conn
	id   tcp.ID
	plan Plan

	app struct {
		connected, finSent, peerFin    bool
		got                            int
		reset, resetByPeer, wasRelease bool // how it ended
	}

	called    bool      // the peer begins it
	rung      bool      // its first SYN has come to the TCP under test
	peer      *tcp.Conn // nil until a SYN has come
	wakeAt    mono.Time // when it is to be ticked, 0 if not
	sent, got int       // bytes, by the peer
	closed    bool
}

// Dial lets an application ask for a connection.
func (l *Lab) Dial(plan Plan) *Call {
	c := l.newCall(plan)
	l.After(0, func() { l.tcp.AppConnect(c.name) })
	return c
}

// DialIn lets the peer ask for a connection to an application. The TCP under test has to be an api.Incoming.
func (l *Lab) DialIn(plan Plan) *Call {
	c := l.newCall(plan)
	c.called = true
	l.After(0, func() {
		c.peer = tcp.Dial(&l.env, &l.peers, l.now, c.remote(), mtu)
		c.turn()
	})
	return c
}

func (l *Lab) newCall(plan Plan) *Call {
	n := len(l.calls)
	ips := [2]string{"10.7.0.1", "10.7.0.2"}
	if l.setup.IPv6 {
		ips = [2]string{"fd07::1", "fd07::2"}
	}
	name := api.Conn{Src: api.Endpoint{IP: ips[0], Port: 61084 + n}, Dst: api.Endpoint{IP: ips[1], Port: 80}}
	c := &Call{lab: l, name: name, plan: plan, id: idOf(name)}
	l.calls[name] = c
	return c
}

// ended reports whether the driver has freed the connection.
func (c *Call) ended() bool { return c.app.reset || c.app.resetByPeer || c.app.wasRelease }

// over reports whether both ends are done.
func (c *Call) over() bool {
	if !c.ended() {
		return false
	}
	return c.peer == nil || c.peer.State() == tcp.StateClosed || c.peer.State() == tcp.StateTimeWait
}

// String describes how far it has got.
func (c *Call) String() string {
	peer := "none"
	if c.peer != nil {
		peer = fmt.Sprintf("%v %+v", c.peer.State(), c.peer.Info(c.lab.now))
	}
	return fmt.Sprintf("plan %+v, application %+v, peer sent %d, got %d: %s", c.plan, c.app, c.sent, c.got, peer)
}

// start lets the application send what it has to, as the driver passes it on.
func (c *Call) start() {
	for at := 0; at < c.plan.Up; {
		data := make([]byte, min(c.lab.setup.Piece, c.plan.Up-at))
		notation.Fill(data, at)
		at += len(data)
		c.later(func() { c.lab.tcp.AppSend(c.name, data) })
	}
	if c.plan.ResetByApp < 0 {
		c.later(c.resetByApp)
	}
	if c.plan.App == AtOnce {
		c.later(c.fin)
	}
}

// later does something as the driver, unless the connection is freed by then.
func (c *Call) later(do func()) {
	c.lab.After(0, func() {
		if !c.ended() {
			do()
		}
	})
}

func (c *Call) fin() {
	if !c.app.finSent {
		c.app.finSent = true
		c.lab.tcp.AppFin(c.name)
	}
}

func (c *Call) resetByApp() {
	c.app.reset = true
	c.lab.tcp.AppRst(c.name)
}

// checkEnd checks that the connection has ended as it should have.
func (c *Call) checkEnd() {
	c.lab.t.Helper()
	if c.plan.aborted() {
		switch {
		case c.plan.ResetByApp != 0 && !c.app.reset, c.plan.ResetByApp == 0 && !c.app.resetByPeer:
			c.lab.fail("%v did not end in a reset", c.name)
		case c.plan.ResetByApp != 0 && (c.peer.State() != tcp.StateClosed || c.peer.Err() == nil):
			c.lab.fail("the peer of %v was not reset", c.name)
		}
		return
	}
	a := &c.app
	switch {
	case !a.wasRelease:
		c.lab.fail("%v was not released", c.name)
	case !a.connected || !a.finSent || !a.peerFin:
		c.lab.fail("%v was released too early", c.name)
	case a.got != c.plan.Down || c.got != c.plan.Up:
		c.lab.fail("%v: %d bytes down, want %d; %d up, want %d", c.name, a.got, c.plan.Down, c.got, c.plan.Up)
	case c.peer.Err() != nil || !c.peer.EOF():
		c.lab.fail("%v ended with %v at the peer", c.name, c.peer.Err())
	}
}
