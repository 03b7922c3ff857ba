package drill

import "github.com/antedon-net/antedon/wire"

// An end is one side of a connection, as far as its state goes.
type end struct {
	passive  bool // it waits for a SYN
	sentSYN  bool
	gotSYN   bool
	synAcked bool
	sentFIN  bool
	finEnd   uint32 // the number behind its FIN
	gotFIN   bool
	finAcked bool
	second   bool // the other end's FIN came first
	reset    bool
}

// state names the state that RFC 9293, Section 3.3.2 has for the end.
func (e *end) state() string {
	switch {
	case e.reset, e.second && e.finAcked, !e.sentSYN && !e.passive:
		return "CLOSED"
	case !e.sentSYN && !e.gotSYN:
		return "LISTEN"
	case !e.gotSYN:
		return "SYN-SENT"
	case !e.sentSYN, !e.synAcked:
		return "SYN-RECEIVED"
	case !e.sentFIN && !e.gotFIN:
		return "ESTABLISHED"
	case !e.sentFIN:
		return "CLOSE-WAIT"
	case e.second:
		return "LAST-ACK"
	case !e.gotFIN && e.finAcked:
		return "FIN-WAIT-2"
	case !e.gotFIN:
		return "FIN-WAIT-1"
	case !e.finAcked:
		return "CLOSING"
	}
	return "TIME-WAIT"
}

// onSent notes a segment that e has sent: what it tells of e, and what e's acknowledgment tells of both. peerISS is the
// other end's initial sequence number, behind the number behind the segment.
func (e *end) onSent(peer *end, h *wire.TCP, behind, peerISS uint32) {
	if h.Flags.Has(wire.RST) {
		if peer.gotSYN || peer.synAcked {
			peer.reset = true
		}
		return
	}
	e.sentSYN = e.sentSYN || h.Flags.Has(wire.SYN)
	if h.Flags.Has(wire.FIN) {
		e.sentFIN, e.finEnd = true, behind
	}
	if !h.Flags.Has(wire.ACK) {
		peer.gotSYN = peer.gotSYN || h.Flags.Has(wire.SYN) && peer.sentSYN
		return
	}
	if peer.sentSYN && !less(h.Ack, peerISS+1) {
		peer.synAcked, e.gotSYN = true, true
		peer.gotSYN = peer.gotSYN || h.Flags.Has(wire.SYN)
	}
	if peer.sentFIN && !less(h.Ack, peer.finEnd) {
		peer.finAcked = true
		e.onFIN()
	}
}

// onFIN notes that the other end's FIN has come.
func (e *end) onFIN() {
	if !e.gotFIN {
		e.gotFIN = true
		e.second = !e.sentFIN
	}
}
