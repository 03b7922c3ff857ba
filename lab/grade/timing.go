package grade

import (
	"fmt"
	"time"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// roundTrip is how long an acknowledgment takes on the path of findings about losses.
const roundTrip = 40 * time.Millisecond

// recovery is how a program repaired one loss.
type recovery struct {
	found      bool
	took       time.Duration // from the loss to the repair
	duplicates int           // acknowledgments that told of it, before the repair
	afterThird time.Duration // from the third of them to the repair
	spurious   int           // segments sent again that were not lost
}

// repair looks for the loss, and for its repair, among the packets of a connection.
func repair(pkts []packet) (r recovery) {
	var gap seq.Number
	var at, third time.Duration
	missing := false
	for i := range pkts {
		p := &pkts[i]
		switch {
		case p.fate == lost:
			gap, at, missing = seq.Number(p.h.Seq), p.at, true
		case p.fromSDK && missing && p.again && seq.Number(p.h.Seq) == gap && !r.found:
			r.found, r.took = true, p.at-at
			if r.duplicates >= 3 {
				r.afterThird = p.at - third
			}
		case p.fromSDK && p.again:
			r.spurious++
		case !p.fromSDK && missing && !r.found && seq.Number(p.h.Ack) == gap && p.n == 0 && p.at > at:
			if r.duplicates++; r.duplicates == 3+1 { // the first acknowledges what came before
				third = p.at
			}
		}
	}
	return r
}

// loses sends bytes over a path of which the nth new segment with text is lost, and returns how that was repaired.
func (s *stage) loses(bytes, nth int, oneWay time.Duration) (recovery, error) {
	s.path.set(oneWay, nil)
	c, err := s.connect(0, morePatience)
	if err != nil {
		return recovery{}, err
	}
	c.allow(morePatience)
	// A first exchange, for a program that measures the path.
	for range 4 {
		if ok, seen := transfer(c.app, c.peer, s.bytes(500)); !ok {
			return recovery{}, fmt.Errorf("%w: before the loss: %s", errProgram, seen)
		}
		if ok, seen := transfer(c.peer, c.app, s.bytes(500)); !ok {
			return recovery{}, fmt.Errorf("%w: before the loss: %s", errProgram, seen)
		}
	}
	s.path.set(oneWay, loseText(nth))
	if ok, seen := transfer(c.app, c.peer, s.bytes(bytes)); !ok {
		return recovery{}, fmt.Errorf("%w: after a loss: %s", errProgram, seen)
	}
	return repair(s.path.all(c.port)), nil
}

func findFastRetransmit(s *stage, m *Mark) error {
	alone, err := s.loses(500, 1, roundTrip/2) // nothing follows: only a timer helps
	if err != nil {
		return err
	}
	amid, err := s.loses(100_000, 8, roundTrip/2)
	if err != nil {
		return err
	}
	ok := alone.found && amid.found && amid.duplicates >= 4 && amid.took < alone.took*3/4 && amid.afterThird < alone.took/2
	m.check("three duplicate acknowledgments", 0, ok,
		`RFC 5681, Section 3.2: "After receiving 3 duplicate ACKs, TCP performs a retransmission of what appears to be the missing segment, without waiting for the retransmission timer to expire"`,
		fmt.Sprintf("sent again after %v, with %d duplicate acknowledgments; without any it takes %v", rounded(amid.took), max(amid.duplicates-1, 0), rounded(alone.took)))
	return nil
}

func findRTT(s *stage, m *Mark) error {
	short, err := s.loses(500, 1, 5*time.Millisecond)
	if err != nil {
		return err
	}
	long, err := s.loses(500, 1, 600*time.Millisecond)
	if err != nil {
		return err
	}
	m.check("the timeout follows the path", 0, short.found && long.found && long.took > 1200*time.Millisecond && long.took > short.took*5/4,
		`RFC 6298, Section 2.3: "RTO <- SRTT + max (G, K*RTTVAR)"`,
		fmt.Sprintf("a lost segment is sent again after %v where a round trip takes 10 ms, after %v where it takes 1.2 s", rounded(short.took), rounded(long.took)))
	m.check("nothing is sent twice needlessly", 0, long.spurious <= 2, `RFC 6298, Section 2.3, once the round trip of 1.2 s has been measured`,
		fmt.Sprintf("%d segments sent again that were not lost", long.spurious))
	return nil
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// initialWindow is what RFC 6928 allows to be sent before any acknowledgment.
const initialWindow = 10*1460 + 1460

func findCongestionControl(s *stage, m *Mark) error {
	const oneWay = 50 * time.Millisecond
	s.path.set(oneWay, nil)
	c, err := s.connect(0, morePatience)
	if err != nil {
		return err
	}
	c.allow(transferTime)
	s.path.set(oneWay, loseText(150))
	if ok, seen := transfer(c.app, c.peer, s.bytes(600_000)); !ok {
		return fmt.Errorf("%w: %s", errProgram, seen)
	}
	f := flights(s.path.all(c.port))
	m.check("slow start", 0, f.first <= initialWindow && f.most >= 2*f.first,
		`RFC 5681, Section 3.1: "The slow start and congestion avoidance algorithms MUST be used by a TCP sender to control the amount of outstanding data being injected into the network"; RFC 6928 allows 10 segments at first`,
		fmt.Sprintf("%d bytes under way before the first acknowledgment, up to %d later", f.first, f.most))
	m.check("less after a loss", 0, f.lost && f.after <= f.before*3/4+1460,
		`RFC 5681, Section 3.1: "ssthresh = max (FlightSize / 2, 2*SMSS)"`,
		fmt.Sprintf("%d bytes under way when a segment was lost, at most %d once it was repaired and acknowledged", f.before, f.after))
	return nil
}

// A flight is how much was under way.
type flight struct {
	first         int // before the first acknowledgment of text
	most          int // until the loss
	lost          bool
	before, after int // at the loss, and in the round trip after its repair was acknowledged
}

func flights(pkts []packet) (f flight) {
	var una, nxt, recover seq.Number
	acked := false
	repaired := time.Duration(0)
	for i := range pkts {
		p := &pkts[i]
		switch {
		case p.h.Flags.Has(wire.SYN):
			if p.fromSDK {
				una, nxt = p.end(), p.end()
			}
			continue
		case p.fromSDK:
			if nxt.Less(p.end()) {
				nxt = p.end()
			}
			under := nxt.Sub(una)
			if !acked {
				f.first = max(f.first, under)
			}
			switch {
			case p.fate == lost:
				f.lost, f.before, recover = true, f.most, nxt
			case !f.lost:
				f.most = max(f.most, under)
			case repaired == 0:
				if recover.Less(nxt) && p.again {
					recover = nxt
				}
			case p.at-repaired < 100*time.Millisecond:
				f.after = max(f.after, under)
			}
		default:
			if una.Less(seq.Number(p.h.Ack)) {
				una, acked = seq.Number(p.h.Ack), true
			}
			if f.lost && repaired == 0 && !una.Less(recover) {
				repaired = p.at
			}
		}
	}
	return f
}
