package simnet

import (
	"net/netip"

	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/wire"
)

// tuple names a connection from the side of its local end.
type tuple struct{ local, remote netip.AddrPort }

func (t tuple) reversed() tuple { return tuple{t.remote, t.local} }

// ledger is what one end of a connection has said and been told, as seen from its packets alone. Offsets count from its
// initial sequence number: the SYN has offset 0, the first byte 1.
type ledger struct {
	opened bool // a SYN was sent
	iss    uint32
	nxt    int64 // after everything sent
	fin    int64 // of the FIN, 0 if none was sent
	at     int64 // of the text sent last,
	last   int64 // and after it and its FIN
	acked  int64 // highest acknowledgment that arrived
	limit  int64 // right edge of the peer's window, as far as told by what arrived

	ack  int64 // last acknowledgment sent, in the peer's offsets
	edge int64 // right edge of the window last told, in the peer's offsets

	syn   wire.TCP // the first SYN
	tsval uint32   // last sent

	syns, synAcks, resets int

	carried  span.Set // text and FIN of which the network carries a copy: it has arrived or is about to
	repeats  uint64   // segments sent with text or a FIN that was sent before,
	spurious uint64   // and all of it while the network carries it already
}

// noteRepeat counts a segment that says [at, last) if it has been said before.
func (l *ledger) noteRepeat(at, last int64) {
	again := min(last, l.nxt)
	if at >= again {
		return
	}
	l.repeats++
	if _, needed := l.carried.NextGap(uint64(at), uint64(again)); !needed {
		l.spurious++
	}
}

// offset returns the offset of a sequence number near nxt.
func (l *ledger) offset(seq uint32) int64 {
	return l.nxt + int64(int32(seq-(l.iss+uint32(l.nxt))))
}

// sighting is what a packet will tell the end it goes to, if it arrives whole.
type sighting struct {
	from      *end
	ack, edge int64
	at, last  int64 // text and FIN, in the sender's offsets
}

// carry notes that the network has taken the packet, and will deliver it whole.
func (s sighting) carry() {
	if s.from != nil {
		s.from.said.carried.Add(uint64(s.at), uint64(s.last))
	}
}

// arrive notes that the packet has come.
func (s sighting) arrive() {
	if s.from == nil || s.from.peer == nil {
		return
	}
	to := s.from.peer
	if to.peer != nil && to.peer != s.from {
		return // from a former incarnation
	}
	to.said.acked = max(to.said.acked, s.ack)
	to.said.limit = max(to.said.limit, s.edge)
}

// pair finds the end that e acknowledges with ack: the newest at the other end of the connection that has sent so much.
func (n *Net) pair(e *end, ack uint32) bool {
	if e.peer != nil {
		return true
	}
	others := n.ends[e.id.reversed()]
	for i := len(others) - 1; i >= 0; i-- {
		o := others[i]
		if off := o.said.offset(ack); off > 0 && off <= o.said.nxt {
			e.join(o)
			return true
		}
	}
	return false
}
