package table

import (
	"net/netip"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// transmit passes on an SDK's segment if the connection is, or recently was, its own. c is nil if it is not any more.
func (t *Table) transmit(now mono.Time, sdk SDK, c *conn, m *exp4.Message) {
	if c == nil {
		if e, ok := t.ended[m.Conn]; !ok || e.sdk != sdk || e.until < now || t.byName[m.Conn] != nil {
			t.counters.ForeignSegments++
			t.Mistake(sdk, "tcp_tx for a connection that is not its own, or no more")
			return
		}
	} else {
		c.last = now
	}
	h, text, err := wire.ParseTCP(m.Bytes)
	switch {
	case err != nil:
		t.counters.ForeignSegments++
		t.Mistake(sdk, "tcp_tx with what is no segment: %v", err)
		return
	case h.SrcPort != m.Conn.Src.Port() || h.DstPort != m.Conn.Dst.Port():
		t.counters.ForeignSegments++
		t.Mistake(sdk, "tcp_tx with the ports of another connection")
		return
	case !wire.TransportChecksumOK(wire.ProtoTCP, m.Conn.Src.Addr(), m.Conn.Dst.Addr(), m.Bytes):
		t.counters.BadSent++ // the peer is going to drop it
		t.Mistake(sdk, "tcp_tx with a wrong checksum")
	}
	t.counters.Sent++
	if c != nil {
		c.pace.onSent(&h, len(text))
	}
	t.act(Action{Kind: Transmit, SDK: sdk, Message: *m})
}

// FromWire takes a segment that came for a port of the pool, with a checksum that is right or was made wrong on purpose.
// name is the connection as we see it: Src is where the segment went to.
func (t *Table) FromWire(now mono.Time, name exp4.Conn, segment []byte) {
	c := t.byName[name]
	if c == nil {
		t.refuse(now, name, segment)
		return
	}
	c.last = now
	if h, text, err := wire.ParseTCP(segment); err == nil {
		c.pace.onArrived(now, &h)
		t.goOn(c)
		if t.holds(c, &h, text) {
			t.hold(c, segment)
			return
		}
	}
	t.counters.Received++
	t.tell(c, exp4.Segment, segment)
}

// refuse answers a segment of a connection that is nobody's, as the kernel would if it were not kept from doing so: so
// a peer does not wait for one whose SDK was lost. What comes late for a connection that ended in order is not answered,
// nor is a reset.
//
// RFC 9293, Section 3.10.7.1: "An incoming segment not containing a RST causes a RST to be sent in response."
func (t *Table) refuse(now mono.Time, name exp4.Conn, segment []byte) {
	t.counters.Stray++
	if e, ok := t.ended[name]; ok && e.quiet && e.until >= now {
		return
	}
	h, _, err := wire.ParseTCP(segment)
	if err != nil || h.Flags.Has(wire.RST) || !h.Flags.Has(wire.ACK) {
		return
	}
	t.counters.Refused++
	t.reset(name, wire.TCP{Seq: h.Ack, Flags: wire.RST})
}

// reset sends a reset of ours.
func (t *Table) reset(name exp4.Conn, rst wire.TCP) {
	rst.SrcPort, rst.DstPort = name.Src.Port(), name.Dst.Port()
	t.act(Action{Kind: Transmit, SDK: -1, Message: exp4.Message{
		Conn: name, Flags: exp4.Segment, Bytes: sealed(&rst, name.Src.Addr(), name.Dst.Addr()),
	}})
}

// sealed returns the segment of a header without text.
func sealed(h *wire.TCP, src, dst netip.Addr) []byte {
	b := h.AppendTo(nil)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src, dst, len(b)), b)
	b[16], b[17] = byte(sum>>8), byte(sum)
	return b
}
