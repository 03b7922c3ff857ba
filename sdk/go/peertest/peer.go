package peertest

import (
	"encoding/binary"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// carry puts a segment on the path. arrive is what happens at its end.
func (l *Lab) carry(toPeer bool, c *Call, h wire.TCP, data []byte, arrive func()) {
	id, n := c.id, &l.sent[0]
	if toPeer {
		n = &l.sent[1]
	} else {
		id.Local, id.Remote = id.Remote, id.Local
	}
	*n++
	l.record.Add(l.now, toPeer, id, wire.NotECT, &h, data)
	var fate tcptest.Fate
	if l.setup.Path != nil {
		fate = l.setup.Path(toPeer, *n, &h, data)
	}
	if fate.Drop {
		return
	}
	for range 1 + fate.Copies {
		l.After(l.setup.Delay+fate.Delay, arrive)
	}
}

// remote is the connection's name as the peer has it.
func (c *Call) remote() tcp.ID { return tcp.ID{Local: c.id.Remote, Remote: c.id.Local} }

// arrive takes a segment at the peer.
func (c *Call) arrive(seg *tcp.Segment) {
	l := c.lab
	l.t.Helper()
	own := *seg // the peer's to change
	switch {
	case c.plan.Ignored:
		return
	case c.plan.Refused, c.peer != nil && c.peer.State() == tcp.StateClosed:
		if h, ok := tcp.ResetFor(&own); ok {
			c.toApp(h, nil)
		}
		return
	case c.peer == nil:
		c.peer, _ = tcp.Accept(&l.env, &l.peers, l.now, c.remote(), mtu, &own)
		if c.peer == nil {
			l.fail("the first segment is no SYN: %v", own.Header.Flags)
		}
	default:
		c.peer.Recv(l.now, &own)
	}
	c.turn()
}

// turn lets the peer's application act, and sends what has come of it.
func (c *Call) turn() {
	l := c.lab
	l.t.Helper()
	if c.peer.State() >= tcp.StateEstablished && !c.closed {
		c.act()
	}
	out := tcp.Out{Payload: make([]buffer.View, 0, 8)}
	for c.peer.Next(l.now, &out) {
		var data []byte
		for _, v := range out.Payload {
			data = append(data, v.B...)
		}
		l.env.Pool.ReleaseAll(out.Payload)
		c.toApp(out.Header, data)
	}
	if at := c.peer.Deadline(); at != mono.Never && (c.wakeAt == 0 || at < c.wakeAt) {
		c.wakeAt = at
		l.At(at, func() {
			if c.wakeAt == at {
				c.wakeAt = 0
				c.peer.Tick(l.now)
				c.turn()
			}
		})
	}
}

// act is the peer's application: it reads, sends and closes.
func (c *Call) act() {
	c.read()
	if c.plan.ResetByPeer < 0 || c.plan.ResetByPeer > 0 && c.got >= c.plan.ResetByPeer {
		c.closed = true
		c.peer.Abort(c.lab.now)
		return
	}
	for c.sent < c.plan.Down {
		b := c.peer.Reserve(c.plan.Down - c.sent)
		if len(b) == 0 {
			return
		}
		notation.Fill(b, c.sent)
		c.sent += len(b)
		c.peer.Commit(c.lab.now, len(b), true)
	}
	if c.plan.Peer == AtOnce || c.plan.Peer == AfterOther && c.peer.EOF() {
		c.peer.CloseWrite(c.lab.now)
	}
}

func (c *Call) read() {
	l := c.lab
	l.t.Helper()
	for c.peer.Readable() > 0 {
		views := c.peer.Peek(make([]buffer.View, 0, 8), 1<<20)
		n := 0
		for _, v := range views {
			if k := notation.Mismatch(v.B, c.got+n); k >= 0 {
				l.fail("the peer gets a wrong byte at %d", c.got+n+k)
			}
			n += len(v.B)
		}
		l.env.Pool.ReleaseAll(views)
		c.got += n
		c.peer.Consume(l.now, n)
	}
}

// toApp sends a segment to the TCP under test. What comes after the driver has freed the connection goes nowhere.
func (c *Call) toApp(h wire.TCP, data []byte) {
	b := append(h.AppendTo(nil), data...)
	id := c.remote()
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, id.Local.Addr(), id.Remote.Addr(), len(b)), b)
	binary.BigEndian.PutUint16(b[16:], sum)
	c.lab.carry(false, c, h, data, func() {
		switch {
		case c.ended():
		case c.called && !c.rung:
			if h.Flags == wire.SYN { // what a driver takes for a call
				c.rung = true
				c.lab.tcp.(api.Incoming).PeerConnect(c.name, append([]byte(nil), b...))
			}
		default:
			c.lab.tcp.TcpRx(c.name, append([]byte(nil), b...))
		}
	})
}
