package grade

import (
	"fmt"
	"io"

	"github.com/antedon-net/antedon/wire"
)

// loseOnce is a rule that loses the first packet of the program for which is holds.
func loseOnce(is func(*packet) bool) func(*packet) fate {
	gone := false
	return func(p *packet) fate {
		if !gone && p.fromSDK && is(p) {
			gone = true
			return lost
		}
		return delivered
	}
}

// loseText is a rule that loses the nth new segment with text of the program. Counting starts at 1.
func loseText(n int) func(*packet) fate {
	count := 0
	return loseOnce(func(p *packet) bool {
		if p.n > 0 && !p.again {
			count++
			return count == n
		}
		return false
	})
}

const retransmits = `(RFC 9293, Section 3.10.8: "if the retransmission timeout expires on a segment in the retransmission queue, send the segment at the front of the retransmission queue again")`

func markRetransmission(s *stage, m *Mark) error {
	s.path.set(0, loseOnce(func(p *packet) bool { return p.h.Flags.Has(wire.SYN) }))
	c, err := s.connect(0, morePatience)
	if c == nil {
		return err
	}
	m.check("a lost SYN", 1, err == nil, "the SYN is sent again "+retransmits, s.resent(c.port, either(err == nil, "the connection is established", "no connection was established in time")))

	s.path.set(0, nil)
	if c, err = s.connect(0, patience); err != nil {
		return err
	}
	c.allow(morePatience)
	nth := s.number(3, 15)
	s.path.set(0, loseText(nth))
	ok, seen := transfer(c.app, c.peer, s.bytes(s.number(25_000, 40_000)))
	m.check("a lost segment", 3, ok, fmt.Sprintf("segment %d with text is lost; it is sent again, and everything arrives ", nth)+retransmits,
		s.resent(c.port, seen))

	s.path.set(0, nil)
	if c, err = s.connect(0, patience); err != nil {
		return err
	}
	c.allow(morePatience)
	s.path.set(0, loseOnce(func(p *packet) bool { return p.h.Flags.Has(wire.FIN) }))
	_ = c.app.CloseWrite()
	_, err = io.Copy(io.Discard, c.peer)
	m.check("a lost FIN", 1, err == nil, "the FIN is sent again "+retransmits, s.resent(c.port, either(err == nil, "the stream has ended", "the stream did not end in time")))
	return nil
}

// resent says what was sent again on the connections to a port, and what came of it.
func (s *stage) resent(port uint16, seen string) string {
	n := 0
	for _, p := range s.path.all(port) {
		if p.fromSDK && p.again {
			n++
		}
	}
	return fmt.Sprintf("segments sent again: %d; %s", n, seen)
}

// either returns one of two texts.
func either(ok bool, yes, no string) string {
	if ok {
		return yes
	}
	return no
}
