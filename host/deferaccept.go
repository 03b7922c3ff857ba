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
	y := c.young
	if y.heldUntil == 0 {
		y.heldUntil = h.now.Add(l.opt.DeferAccept)
	}
	return h.now < y.heldUntil
}

func (c *Conn) isHeld() bool { return c.embryo && c.young.heldUntil != 0 }

// deadline returns when c wants to be looked at next.
func (c *Conn) deadline() mono.Time {
	if c.isHeld() {
		return min(c.Deadline(), c.young.heldUntil)
	}
	return c.Deadline()
}

// tick lets time pass for c.
func (h *Host) tick(c *Conn) {
	c.Tick(h.now)
	if c.isHeld() {
		h.hatch(c)
	}
	h.MarkDirty(c)
}
