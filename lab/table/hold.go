package table

import (
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// While an application does not read, what is on its way to it is delayed, so that its peer waits for acknowledgments, and at
// last for its window. To drop it instead would have a TCP without a buffer for what comes out of order wait for one time-out
// after the other, each twice as long.

// holds reports whether a segment of c has to wait. Acknowledgments do not: our own text needs them. Nor do resets.
func (t *Table) holds(c *conn, h *wire.TCP, text []byte) bool {
	if h.Flags.Has(wire.RST) {
		return false
	}
	behind := len(c.held) > 0 && (len(text) > 0 || h.Flags.Has(wire.FIN))
	return behind || len(text) > 0 && c.waiting > t.cfg.SoftLimit
}

// hold keeps a segment, as long as there is room.
func (t *Table) hold(c *conn, segment []byte) {
	if c.heldBytes+len(segment) > t.cfg.HoldLimit {
		t.counters.HeldDropped++
		return
	}
	c.held, c.heldBytes = append(c.held, append([]byte(nil), segment...)), c.heldBytes+len(segment)
	t.counters.HeldBack++
}

// letGo delivers what was held, once the application has read. It is told of every read, so of one after the last segment too.
func (t *Table) letGo(c *conn) {
	if len(c.held) == 0 || c.waiting > t.cfg.SoftLimit {
		return
	}
	for _, segment := range c.held {
		t.counters.Received++
		t.tell(c, exp4.Segment, segment)
	}
	c.held, c.heldBytes = nil, 0
}
