package grade

import (
	"context"
	"fmt"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// initialWindow is what RFC 6928 allows to be sent before any acknowledgment.
const initialWindow = 10*1460 + 1460

// mostRounds is how long it takes at most until congestion control shows: 100 segments from one at a time on, and a recovery
// from their loss with a timer.
const mostRounds = 24

// findCongestionControl has the path go by rounds: then the bytes that are under way at the end of one are the congestion
// window, however slow program and machine are.
func findCongestionControl(s *stage, m *Mark) error {
	g := newGate()
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	go g.run(ctx)
	s.path.setGate(g)
	defer s.path.setGate(nil)
	c, err := s.connect(0, morePatience)
	if err != nil {
		return err
	}
	c.allow(transferTime)
	s.path.set(0, loseText(100))
	text := s.bytes(600_000) // the peer's buffer takes it all
	go func() { _, _ = c.app.Write(text) }()
	var f flight
	s.until(transferTime, func() bool {
		f = flights(s.path.all(c.port))
		return f.acknowledged() >= len(text) || g.rounds() > mostRounds || f.after > 0 && g.rounds() > f.round ||
			s.path.isQuiet(c.port, stallTime)
	})
	m.check("slow start", 0, f.first <= initialWindow && f.most >= 2*f.first,
		`RFC 5681, Section 3.1: "The slow start and congestion avoidance algorithms MUST be used by a TCP sender to control the amount of outstanding data being injected into the network"; RFC 6928 allows 10 segments at first`,
		fmt.Sprintf("%d bytes under way before the first acknowledgment, up to %d later", f.first, f.most))
	m.check("less after a loss", 0, f.after > 0 && f.after <= f.most*3/4+1460,
		`RFC 5681, Section 3.1: "ssthresh = max (FlightSize / 2, 2*SMSS)"`,
		fmt.Sprintf("%d bytes under way when a segment was lost, at most %d once it was repaired and acknowledged", f.most, f.after))
	return nil
}

// A flight is how much was under way.
type flight struct {
	iss, una, nxt seq.Number
	acked         bool       // some text was
	gap           seq.Number // what was lost
	lost          bool
	repaired      bool // and recover is what had been sent by then
	recover       seq.Number
	round         int // after everything up to recover was acknowledged, 0 before
	first         int // bytes before the first acknowledgment
	most          int // until the repair
	after         int // in the round after the repair was acknowledged
}

// acknowledged returns how much text was acknowledged.
func (f *flight) acknowledged() int { return f.una.Sub(f.iss) }

func flights(pkts []packet) (f flight) {
	for i := range pkts {
		p := &pkts[i]
		switch {
		case !p.fromSDK:
			f.onAck(p)
		case p.h.Flags.Has(wire.SYN):
			f.iss, f.una, f.nxt = p.end(), p.end(), p.end()
		default:
			f.onSend(p)
		}
	}
	return f
}

// onAck takes an acknowledgment that the program gets.
func (f *flight) onAck(p *packet) {
	if !f.una.Less(seq.Number(p.h.Ack)) {
		return
	}
	f.una, f.acked = seq.Number(p.h.Ack), true
	if f.repaired && f.round == 0 && !f.una.Less(f.recover) {
		f.round = p.round
	}
}

// onSend takes a segment that the program sends.
func (f *flight) onSend(p *packet) {
	if f.lost && !f.repaired && p.again && seq.Number(p.h.Seq) == f.gap {
		f.repaired, f.recover = true, f.nxt
	}
	if f.nxt.Less(p.end()) {
		f.nxt = p.end()
	}
	under := f.nxt.Sub(f.una)
	switch {
	case f.repaired && f.round == p.round:
		f.after = max(f.after, under)
	case !f.repaired:
		f.most = max(f.most, under)
		if !f.acked {
			f.first = max(f.first, under)
		}
		if p.fate == lost {
			f.lost, f.gap = true, seq.Number(p.h.Seq)
		}
	}
}
