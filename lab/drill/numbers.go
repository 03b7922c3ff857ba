package drill

import (
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

func less(a, b uint32) bool { return seq.Number(a).Less(seq.Number(b)) }

// length is what a segment takes of the sequence space.
func length(flags wire.Flags, text int) int {
	for _, f := range []wire.Flags{wire.SYN, wire.FIN} {
		if flags.Has(f) {
			text++
		}
	}
	return text
}

// follow moves the numbers on by what the program has sent.
func (c *conversation) follow(a *arrival) {
	h := &a.h
	n := length(h.Flags, len(a.text))
	if !c.hasISS {
		c.hasISS, c.iss = true, h.Seq
		c.snd.una, c.snd.nxt = h.Seq, h.Seq
	}
	end := h.Seq + uint32(n)
	if !h.Flags.Has(wire.RST) {
		a.again = n > 0 && !less(h.Seq, c.iss) && !less(c.snd.nxt, end)
		if less(c.snd.nxt, end) && !less(c.snd.nxt, h.Seq) {
			c.snd.nxt = end
		}
		from := c.rcv.nxt
		if h.Flags.Has(wire.ACK) {
			from = h.Ack
		}
		if edge := from + uint32(h.Window); less(c.rcv.edge, edge) {
			c.rcv.edge = edge
		}
	}
	c.a.onSent(&c.b, h, end, c.irs)
}

// advance moves the numbers on by a segment to the program, if that has to take it.
func (c *conversation) advance(h *wire.TCP, text []byte) {
	if c.rcv.nxt == c.irs && !c.begin(h) || c.rcv.nxt != c.irs && !c.isAcceptable(h) {
		return
	}
	end := h.Seq + uint32(length(h.Flags, len(text)))
	c.receive(h, end)
	if h.Flags.Has(wire.ACK) && less(c.snd.una, h.Ack) {
		c.snd.una = h.Ack
	}
	c.b.onSent(&c.a, h, end, c.iss)
	if c.b.sentFIN && !less(c.rcv.nxt, c.b.finEnd) {
		c.a.onFIN()
	}
}

// begin takes a segment in LISTEN and SYN-SENT, and reports whether it is one that goes on.
func (c *conversation) begin(h *wire.TCP) bool {
	isACK := h.Flags.Has(wire.ACK) && c.hasISS && h.Ack == c.iss+1
	switch {
	case h.Flags.Has(wire.RST):
		c.a.reset = c.a.reset || isACK
	case !h.Flags.Has(wire.SYN) || h.Seq != c.irs || h.Flags.Has(wire.ACK) && !isACK:
	case c.hasISS:
		c.rcv.nxt++
		c.rcv.edge++
		return true
	case c.a.passive:
		c.rcv.nxt++
		c.a.gotSYN, c.b.sentSYN = true, true
	}
	return false
}

// isAcceptable reports whether the program has to take a segment in the other states. It ends the connection if it is a
// RST that does.
func (c *conversation) isAcceptable(h *wire.TCP) bool {
	switch {
	case h.Flags.Has(wire.RST):
		if h.Seq == c.rcv.nxt {
			c.a.reset, c.b.reset = true, true
		}
		return false
	case h.Flags.Has(wire.SYN) && h.Seq != c.irs, h.Flags&(wire.ACK|wire.SYN) == 0:
		return false
	}
	return !h.Flags.Has(wire.ACK) || !less(c.snd.nxt, h.Ack) // or it acknowledges what was not sent
}

// receive moves RCV.NXT on over what is in the window.
func (c *conversation) receive(h *wire.TCP, end uint32) {
	if less(h.Seq, c.rcv.edge) {
		c.rcv.early = append(c.rcv.early, stretch{h.Seq, end})
	}
	for moved := true; moved; {
		moved = false
		for _, s := range c.rcv.early {
			if !less(c.rcv.nxt, s.low) && less(c.rcv.nxt, s.high) {
				c.rcv.nxt, moved = s.high, true
			}
		}
	}
}
