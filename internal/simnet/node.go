package simnet

import (
	"fmt"
	"net/netip"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// Node is a host with its network interface.
type Node struct {
	net   *Net
	index int
	host  *host.Host
	pool  *buffer.Pool
	addr  netip.Addr
	nic   nic

	listeners map[uint16]*listener

	timerAt mono.Time
	stuck   int      // ticks in a row after which the deadline had still come
	late    []*end   // with packets the interface has no room for
	seen    []*end   // drained, to be checked
	chunks  Chunking // of received packets
}

// Chunking says what kind of chunk a node's device puts a received packet into.
type Chunking uint8

const (
	ChunkFitting Chunking = iota // the smallest that holds it
	ChunkLargest                 // always the largest, as a device that reads without knowing what comes
	ChunkNone                    // memory of its own
)

// AddNode adds a host.
func (n *Net) AddNode(cfg host.Config, nic NIC, chunks Chunking) *Node {
	nd := &Node{net: n, index: len(n.nodes), timerAt: mono.Never, chunks: chunks, listeners: map[uint16]*listener{}}
	if cfg.Pool == nil {
		cfg.Pool = buffer.NewPool(0)
	}
	nd.pool = cfg.Pool
	nd.host = host.New(cfg)
	nd.nic.init(nd, nic)
	for _, p := range cfg.Addrs {
		nd.addr = p.Addr()
		n.byAddr[nd.addr] = nd
	}
	n.nodes = append(n.nodes, nd)
	return nd
}

func (nd *Node) String() string { return fmt.Sprintf("host %d", nd.index+1) }

// receive hands a packet that arrived to the host.
func (nd *Node) receive(p *link.Packet) {
	nd.net.record(nd, capture.Inbound, p, "")
	var owner *buffer.Chunk
	if nd.chunks != ChunkNone && len(p.Bytes) <= buffer.MaxChunk {
		size := len(p.Bytes)
		if nd.chunks == ChunkLargest {
			size = buffer.MaxChunk
		}
		owner = nd.pool.Get(size)
		p.Bytes = owner.B[:copy(owner.B, p.Bytes)]
	} else {
		p.Bytes = append([]byte(nil), p.Bytes...)
	}
	nd.host.Recv(nd.net.now, p, owner)
	if owner != nil {
		nd.pool.Release(owner)
	}
	nd.drain()
}

// drain does what package host asks for after every input and command.
func (nd *Node) drain() {
	for {
		e := nd.host.NextDirty()
		if e == nil && !nd.sendOwn() {
			break
		}
		switch e := e.(type) {
		case *host.Conn:
			nd.drainConn(e)
		case *host.Listener:
			e.User.(*listener).wake()
		}
	}
	for _, e := range nd.seen {
		e.seen = false
		if !e.late {
			e.check()
		}
	}
	nd.seen = nd.seen[:0]
	nd.checkMemory()
	nd.setTimer()
}

// drainConn takes the packets and the events of a connection.
func (nd *Node) drainConn(c *host.Conn) {
	e := nd.endOf(c)
	drained := false
	for sent := 0; nd.nic.hasRoom(); sent++ {
		if sent > maxBurst {
			nd.net.fail("%v never stops sending", e)
			return
		}
		p := nd.nic.next()
		if !c.NextPacket(nd.net.now, &p.pkt) {
			drained = true
			nd.nic.unused(p)
			break
		}
		nd.nic.send(p, e)
	}
	if !drained && !e.late {
		e.late = true
		nd.late = append(nd.late, e)
	}
	if !e.seen {
		e.seen = true
		nd.seen = append(nd.seen, e)
	}
	e.onEvents(c.Events())
}

// sendOwn sends a packet of no connection and reports whether there was one that could leave.
func (nd *Node) sendOwn() bool {
	if !nd.nic.hasRoom() || !nd.host.HasPackets() {
		return false
	}
	p := nd.nic.next()
	if !nd.host.NextPacket(&p.pkt) {
		nd.net.fail("%v: has packets and has none", nd)
		return false
	}
	nd.nic.send(p, nil)
	return true
}

// onRoom goes on after the interface was full.
func (nd *Node) onRoom() {
	late := nd.late
	nd.late = nil
	for _, e := range late {
		e.late = false
		nd.host.MarkDirty(e.conn)
	}
	nd.drain()
}

// timer is the occasion of a node's tick.
type timer struct {
	nd *Node
	at mono.Time
}

func (t timer) happen() {
	nd := t.nd
	if t.at != nd.timerAt {
		return // an earlier one was planned since
	}
	nd.timerAt = mono.Never
	if nd.host.Deadline() <= nd.net.now {
		if nd.stuck++; nd.stuck > 10_000 {
			nd.net.fail("%v: its deadline has come and ticks do not move it", nd)
			return
		}
		nd.host.Tick(nd.net.now)
		nd.drain()
		return
	}
	nd.setTimer()
}

// setTimer plans the next tick. A deadline that moved away is noticed when it would have come, as in package runner.
func (nd *Node) setTimer() {
	d := nd.host.Deadline()
	if d > nd.net.now {
		nd.stuck = 0
	}
	if d < nd.timerAt {
		nd.timerAt = max(d, nd.net.now)
		nd.net.plan(nd.timerAt, timer{nd, nd.timerAt})
	}
}
