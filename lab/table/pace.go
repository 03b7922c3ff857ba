package table

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// An SDK cannot ask its applications to wait: acknowledgments come on the same socket as what they write. So the table looks
// at the segments that pass, and has an application wait while its SDK has more than Config.SendLimit of what it wrote that
// the peer has not acknowledged.
//
// A TCP may be made in a way that this does not foresee, such as one that sends nothing before it has everything. It is given
// more once it has been idle for Config.Patience, twice as much each time: nothing that it sent is unacknowledged, and the
// peer's window is not closed.

// A pace is how far an SDK has come with what its application wrote.
type pace struct {
	begun  bool   // it has sent its SYN
	una    uint32 // what the peer expects next
	max    uint32 // behind all that the SDK has sent
	closed bool   // the peer's window is

	handed   int64 // bytes, by app_send
	acked    int64 // sequence numbers behind the SYN
	extra    int64 // beyond the limit, for who was idle
	waits    bool  // the application is not read
	progress mono.Time
}

// behind returns how many bytes the SDK has that are not acknowledged.
func (p *pace) behind() int64 { return p.handed - p.acked }

// onSent notes a segment of the SDK, with n bytes of text.
func (p *pace) onSent(h *wire.TCP, n int) {
	end := h.Seq + uint32(n)
	if h.Flags.Has(wire.SYN) {
		if end++; !p.begun || p.acked == 0 && h.Seq+1 != p.una { // it may begin anew, with another number
			p.begun, p.una, p.max = true, h.Seq+1, end
		}
	}
	if h.Flags.Has(wire.FIN) {
		end++
	}
	if int32(end-p.max) > 0 {
		p.max = end
	}
}

// onArrived notes a segment of the peer.
func (p *pace) onArrived(now mono.Time, h *wire.TCP) {
	if !p.begun || !h.Flags.Has(wire.ACK) || int32(h.Ack-p.una) < 0 || int32(h.Ack-p.max) > 0 {
		return
	}
	if h.Ack != p.una {
		p.acked += int64(h.Ack - p.una)
		p.una, p.progress = h.Ack, now
	}
	p.closed = h.Window == 0
}

// isIdle reports whether the SDK has had nothing to do for a while, though it might.
func (p *pace) isIdle(now mono.Time, t *Table) bool {
	return p.una == p.max && !p.closed && now.Sub(p.progress) >= t.cfg.Patience
}

// handOver tells the SDK what its application wrote, and has that wait if it was too much.
func (t *Table) handOver(now mono.Time, c *conn, b []byte) {
	c.pace.handed += int64(len(b))
	for len(b) > 0 {
		n := min(len(b), t.cfg.Piece)
		t.tell(c, exp4.Data, b[:n:n])
		b = b[n:]
	}
	if !c.pace.waits && c.pace.behind() > int64(t.cfg.SendLimit)+c.pace.extra {
		c.pace.waits, c.pace.progress = true, now
		t.counters.Paused++
		t.act(Action{Kind: Pause, App: c.app})
	}
}

// goOn has an application read again if its SDK has come far enough.
func (t *Table) goOn(c *conn) {
	if c.pace.behind() <= 0 {
		c.pace.extra = 0
	}
	if !c.pace.waits || c.pace.behind() > int64(t.cfg.SendLimit-t.cfg.SendLimit/8)+c.pace.extra {
		return
	}
	c.pace.waits = false
	t.act(Action{Kind: Read, App: c.app})
}

// onTime gives more to an SDK that has waited for it.
func (t *Table) onTime(now mono.Time, c *conn) {
	if c.pace.waits && c.pace.isIdle(now, t) {
		c.pace.extra, c.pace.progress = 2*c.pace.extra+int64(t.cfg.SendLimit), now
		t.goOn(c)
	}
}
