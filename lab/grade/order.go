package grade

import (
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// An overtaking has two segments of the peer overtake a third. A program that keeps them acknowledges all as soon as it has the
// third. The peer's kernel may take a busy program for one that has not got them, and send them again: these are lost, so that
// there is one reason for an acknowledgment. A program that really has not got them gets them after a few of that.
type overtaking struct {
	count    int        // new segments with text
	gap, end seq.Number // what came early
	lost     int
	reached  bool // the end was acknowledged
	again    bool // what came early was sent again, and not lost
}

// earlyLost is how many segments are lost that the peer sends again. Its kernel doubles its timeout of 200 ms each time.
const earlyLost = 5

func (o *overtaking) rule(p *packet) fate {
	if p.fromSDK {
		if !o.again && o.count >= 3+overtake && p.h.Flags.Has(wire.ACK) && !seq.Number(p.h.Ack).Less(o.end) {
			o.reached = true
		}
		return delivered
	}
	if p.n == 0 {
		return delivered
	}
	if p.again {
		return o.repeated(p)
	}
	o.count++
	switch {
	case o.count == 3:
		o.gap, o.end = p.end(), p.end()
		return late
	case o.count > 3 && o.count <= 3+overtake:
		o.end = p.end()
	}
	return delivered
}

// repeated decides on a segment that the peer sends again.
func (o *overtaking) repeated(p *packet) fate {
	if o.end == 0 || !seq.Number(p.h.Seq).Less(o.end) || !o.gap.Less(p.end()) {
		return delivered // it did not come early
	}
	if o.lost < earlyLost && !o.reached {
		o.lost++
		return lost
	}
	o.again = true
	return delivered
}

func findOutOfOrder(s *stage, m *Mark) error {
	s.path.set(roundTrip/2, nil) // before the peer measures it
	c, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	var o overtaking
	s.path.set(roundTrip/2, o.rule)
	ok, seen := transfer(c.peer, c.app, s.bytes(7*1460))
	s.until(patience, func() bool { // the last acknowledgment comes behind the text
		s.path.mu.Lock()
		defer s.path.mu.Unlock()
		return o.reached || o.again
	})
	s.path.set(roundTrip/2, nil) // and o is ours again
	m.check("all bytes arrive", 0, ok, "segments that overtake each other are put in order", seen)
	seen = "what had come early was acknowledged without being sent again"
	if !o.reached {
		seen = "the peer had to send again what had come early"
	}
	m.check("none is sent twice", 0, o.reached, `RFC 9293, Section 3.10.7.4: "Segments with higher beginning sequence numbers SHOULD be held for later processing"`, seen)
	return nil
}
