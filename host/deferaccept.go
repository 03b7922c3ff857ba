package host

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// holdsBack reports whether c, whose handshake is complete, is not yet worth an Accept: its peer has sent nothing. It stays
// in the SYN queue meanwhile, which SYN cookies relieve when it is full, and is handed out when its time is over.
func (l *Listener) holdsBack(c *Conn) bool {
	h := l.host
	if l.opt.DeferAccept <= 0 || c.State() != tcp.StateEstablished || c.Readable() > 0 {
		return false
	}
	if c.heldUntil == 0 {
		c.heldUntil = h.now.Add(l.opt.DeferAccept)
	}
	return h.now < c.heldUntil
}

// deadline returns when c wants to be looked at next.
func (c *Conn) deadline() mono.Time {
	if c.heldUntil != 0 && c.embryo {
		return min(c.Deadline(), c.heldUntil)
	}
	return c.Deadline()
}

// tick lets time pass for c.
func (h *Host) tick(c *Conn) {
	c.Tick(h.now)
	if c.heldUntil != 0 && c.embryo {
		h.hatch(c)
	}
	h.MarkDirty(c)
}
