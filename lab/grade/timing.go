package grade

import (
	"fmt"
	"time"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// roundTrip is how long an acknowledgment takes on a path that is to be like a real one.
const roundTrip = 40 * time.Millisecond

// recovery is how a program repaired one loss.
type recovery struct {
	found      bool
	took       time.Duration // from the loss to the repair
	duplicates int           // duplicate acknowledgments that the program had got by then
	spurious   int           // segments sent again that were not lost
}

// repair looks for the loss, and for its repair, among the packets of a connection.
func repair(pkts []packet) (r recovery) {
	var gap, una seq.Number
	var at time.Duration
	missing := false
	for i := range pkts {
		p := &pkts[i]
		switch {
		case p.fate == lost:
			gap, at, missing = seq.Number(p.h.Seq), p.at, true
		case p.fromSDK && missing && p.again && seq.Number(p.h.Seq) == gap && !r.found:
			r.found, r.took = true, p.at-at
		case p.fromSDK && p.again:
			r.spurious++
		case !p.fromSDK && p.h.Flags.Has(wire.ACK):
			if missing && !r.found && p.n == 0 && una == gap && seq.Number(p.h.Ack) == gap {
				r.duplicates++
			}
			una = seq.Number(p.h.Ack)
		}
	}
	return r
}

// A trial is one connection on which a segment is lost.
type trial struct {
	delay  time.Duration // one way, while the program gets to know the path
	asks   int           // how often the ends talk before
	warmUp int           // how many bytes go to the peer before
	last   time.Duration // one way, from the loss on
	bytes  int           // are sent then, the first segment of them is lost
}

// try makes a trial.
func (s *stage) try(t trial) (recovery, error) {
	s.path.set(t.delay, nil)
	c, err := s.connect(0, morePatience)
	if err != nil {
		return recovery{}, err
	}
	c.allow(transferTime)
	failed := func(when, seen string) (recovery, error) {
		return recovery{}, fmt.Errorf("%w: %s the loss: %s", errProgram, when, seen)
	}
	for range t.asks {
		if ok, seen := transfer(c.app, c.peer, s.bytes(500)); !ok {
			return failed("before", seen)
		}
		if ok, seen := transfer(c.peer, c.app, s.bytes(500)); !ok {
			return failed("before", seen)
		}
	}
	if ok, seen := transfer(c.app, c.peer, s.bytes(t.warmUp)); !ok {
		return failed("before", seen)
	}
	if !s.until(morePatience, func() bool { return hasAll(s.path.all(c.port)) }) {
		return failed("before", "the program sends on, although everything is acknowledged")
	}
	s.path.set(t.last, loseText(1))
	if ok, seen := transfer(c.app, c.peer, s.bytes(t.bytes)); !ok {
		return failed("after", seen)
	}
	return repair(s.path.all(c.port)), nil
}

// hasAll reports whether the program has got an acknowledgment of all that it has sent.
func hasAll(pkts []packet) bool {
	var nxt, una seq.Number
	for i := range pkts {
		if p := &pkts[i]; !p.fromSDK {
			una = seq.Number(p.h.Ack)
		} else if nxt == 0 || nxt.Less(p.end()) {
			nxt = p.end()
		}
	}
	return nxt == una
}

// trials is how often a trial that compares times is made: of those that a busy machine holds up, the shortest counts.
const trials = 2

// findFastRetransmit has a program get to know a slow path, so that its timer is slow as well, and then loses a segment where
// acknowledgments are fast. A timer takes as long there, whatever follows the segment.
func findFastRetransmit(s *stage, m *Mark) error {
	slow := trial{delay: 300 * time.Millisecond, warmUp: 30_000, last: time.Millisecond}
	alone, amid := slow, slow
	alone.bytes, amid.bytes = 500, 60_000
	var timer, fast time.Duration
	duplicates := 0
	isFast := func() bool { return timer > 0 && fast > 0 && fast < timer/2 }
	for i := 0; i < trials && !isFast(); i++ {
		a, err := s.try(alone)
		if err != nil {
			return err
		}
		b, err := s.try(amid)
		if err != nil {
			return err
		}
		timer = shortest(timer, a)
		if b.duplicates >= 3 {
			fast, duplicates = shortest(fast, b), b.duplicates
		}
	}
	seen := fmt.Sprintf("sent again after %v, with %d duplicate acknowledgments; without any it takes %v", rounded(fast), duplicates, rounded(timer))
	if fast == 0 {
		seen = "it was not sent again after three duplicate acknowledgments"
	}
	m.check("three duplicate acknowledgments", 0, isFast(),
		`RFC 5681, Section 3.2: "After receiving 3 duplicate ACKs, TCP performs a retransmission of what appears to be the missing segment, without waiting for the retransmission timer to expire"`, seen)
	return nil
}

// shortest returns the shorter of a time, 0 being none yet, and that of a repair.
func shortest(d time.Duration, r recovery) time.Duration {
	if !r.found || d > 0 && d < r.took {
		return d
	}
	return r.took
}

// findRTT compares the timeouts on a fast path and on a slow one.
func findRTT(s *stage, m *Mark) error {
	quick := trial{delay: 5 * time.Millisecond, last: 5 * time.Millisecond, asks: 4, bytes: 500}
	far := trial{delay: 600 * time.Millisecond, last: 600 * time.Millisecond, asks: 4, bytes: 500}
	var short, long time.Duration
	spurious := 0
	isAbove := func() bool { return long > 1200*time.Millisecond }
	follows := func() bool { return short > 0 && isAbove() && long > short*5/4 }
	for i := 0; i == 0 || i < trials && isAbove() && !follows(); i++ {
		a, err := s.try(quick)
		if err != nil {
			return err
		}
		b, err := s.try(far)
		if err != nil {
			return err
		}
		short, long, spurious = shortest(short, a), shortest(long, b), b.spurious
	}
	m.check("the timeout follows the path", 0, follows(), `RFC 6298, Section 2.3: "RTO <- SRTT + max (G, K*RTTVAR)"`,
		fmt.Sprintf("a lost segment is sent again after %v where a round trip takes 10 ms, after %v where it takes 1.2 s", rounded(short), rounded(long)))
	m.check("nothing is sent twice needlessly", 0, spurious <= 2, `RFC 6298, Section 2.3, once the round trip of 1.2 s has been measured`,
		fmt.Sprintf("%d segments sent again that were not lost", spurious))
	return nil
}

func rounded(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
