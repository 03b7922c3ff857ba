package main

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/wheel"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
)

// conn is a connection, and what its application has been told.
type conn struct {
	*tcp.Conn
	name  api.Conn
	timer wheel.Timer[*conn]

	unwritten []byte // what the application wrote and the send buffer had no room for
	closing   bool   // a FIN comes after it
	deserted  bool   // the application is gone

	called                 bool // somebody else began it
	toldConnected, toldFin bool
}

// settle sees to everything that an input or a command has brought about.
func (o *outgoing) settle(now mono.Time, c *conn) {
	o.tell(now, c)
	c.write(now)
	o.transmit(now, c)
	if c.Done() {
		o.finish(c)
		o.forget(c)
	} else {
		o.timers.Set(&c.timer, c.Deadline())
	}
	o.clock.setAlarm(o.timers.Deadline())
}

// tell tells the application what is new.
func (o *outgoing) tell(now mono.Time, c *conn) {
	if c.deserted {
		return
	}
	if !c.toldConnected && c.Events()&tcp.EventConnected != 0 && c.Err() == nil {
		c.toldConnected = true
		if c.called {
			o.driver.PeerConnected(c.name)
		} else {
			o.driver.AppConnected(c.name)
		}
	}
	for c.Readable() > 0 {
		views := c.Peek(o.views[:0], c.Readable())
		n := 0
		for _, v := range views {
			o.driver.AppRecv(c.name, v.B)
			n += len(v.B)
		}
		o.env.Pool.ReleaseAll(views)
		c.Consume(now, n)
	}
	if c.EOF() && !c.toldFin {
		c.toldFin = true
		o.driver.AppPeerFin(c.name)
	}
}

// write moves what the application wrote to the send buffer, as far as there is room, and closes behind all of it.
func (c *conn) write(now mono.Time) {
	for len(c.unwritten) > 0 {
		room := c.Reserve(len(c.unwritten))
		if len(room) == 0 {
			return
		}
		n := copy(room, c.unwritten)
		c.unwritten = c.unwritten[n:]
		c.Commit(now, n, true)
	}
	c.unwritten = nil
	if c.closing && c.toldConnected {
		c.CloseWrite(now)
	}
}

// finish tells the application how a connection ended.
func (o *outgoing) finish(c *conn) {
	switch {
	case c.deserted:
	case c.Err() != nil:
		o.driver.AppPeerRst(c.name)
	default:
		o.driver.ReleaseConnection(c.name)
	}
}
