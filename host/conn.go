package host

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/wheel"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// Conn is a connection of a Host. Its tcp.Conn's commands may be called at will; MarkDirty after them.
type Conn struct {
	*tcp.Conn

	// User belongs to the driver.
	User any

	host  *Host
	flow  flow[*Conn]
	timer wheel.Timer[*Conn]
	young *youth // nil once it has been accepted and its handshake is over

	dirty     bool
	self      bool // with an end of our own
	embryo    bool // counted in the listener's SYN queue
	forgotten bool
	waits     bool // in Host.tcp.timeWaits
	fast      fastDial
}

// youth is what the host has to know of a connection that it takes for a listener.
type youth struct {
	listener  *Listener // that has not handed it out yet
	early     *Listener // that may hand it out, or has, before its handshake is over (Fast Open)
	heldUntil mono.Time // by DeferAccept, 0 if it is not
}

// leaveListener notes that c is not, or no longer, to be handed out.
func (c *Conn) leaveListener() {
	c.young.listener = nil
	if c.young.early == nil {
		c.young = nil
	}
}

// adopt makes t, just opened, one of the host's connections.
func (h *Host) adopt(t *tcp.Conn, key tuple) *Conn {
	c := &Conn{Conn: t, host: h, self: h.isSelf(t.ID().Remote.Addr())}
	c.flow = flow[*Conn]{hash: key.hash(h.flowKey), owner: c}
	c.timer.Owner = c
	if c.self {
		t.StayShort() // the loop queue keeps packets in chunks
	}
	h.tcp.conns.insert(&c.flow)
	h.MarkDirty(c)
	return c
}

func (c *Conn) clean() { c.dirty = false }

func (c *Conn) key() *tuple { return (*tuple)(c.Ends()) }

// NextPacket fills p with the next packet of the connection. When it returns false the connection's timer is set and, if
// it is done, the host has forgotten it: only its holder still knows it.
//
// req: RFC9293 MUST-45, SHLD-22, MUST-49, RFC1122 3.2.1.6-1, 3.2.1.7-3
func (c *Conn) NextPacket(now mono.Time, p *Packet) bool {
	h := c.host
	h.now = max(h.now, now)
	for {
		if c.self && h.loop.full() {
			h.MarkDirty(c) // its turn comes again when the queue has been received
			return false
		}
		out := tcp.Out{Payload: p.pins[:0]}
		if !c.Next(now, &out) {
			break
		}
		id := c.ID()
		ip := ipHeader{
			src: id.Local.Addr(), dst: id.Remote.Addr(), proto: wire.ProtoTCP,
			tos: out.TOS, ttl: out.TTL, label: uint32(c.flow.hash) & 0xfffff,
		}
		p.putTCP(&ip, &out, c.self || h.cfg.Cuts || h.cfg.Offload.Has(link.OffloadChecksum))
		if !c.self {
			h.count.Out.add(p.Len())
			return true
		}
		h.loopPacket(p)
	}
	h.settle(c)
	return false
}

// settle brings the host's view of c up to date after its segments were drained.
func (h *Host) settle(c *Conn) {
	h.settleFastOpen(c)
	switch {
	case c.forgotten:
	case c.Done():
		h.forget(c)
	default:
		h.tcp.timers.Set(&c.timer, c.deadline())
		h.noteTimeWait(c)
	}
}

// forget takes c out of everything that could find it.
func (h *Host) forget(c *Conn) {
	if c.forgotten {
		return
	}
	c.forgotten = true
	h.settleFastOpen(c)
	h.checkBlackHole(c)
	h.tcp.conns.remove(&c.flow)
	h.tcp.timers.Stop(&c.timer)
	h.count.ConnsClosed++
	if c.waits {
		h.leaveTimeWait()
	}
	if c.embryo {
		c.embryo = false
		c.young.listener.embryos--
		c.leaveListener()
	}
}
