package grade

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// controls writes control bits as RFC 9293 does.
func controls(f wire.Flags) string { return strings.ReplaceAll(f.String(), "|", ",") }

// optionNames lists the options of a segment.
func optionNames(o *wire.TCPOptions) string {
	var names []string
	if o.HasMSS {
		names = append(names, fmt.Sprintf("MSS=%d", o.MSS))
	}
	if o.HasWScale {
		names = append(names, fmt.Sprintf("WS=%d", o.WScale))
	}
	if o.SACKPermitted {
		names = append(names, "SACKOK")
	}
	if o.HasTimestamps {
		names = append(names, "TS")
	}
	if o.NSACK > 0 {
		names = append(names, fmt.Sprintf("SACK=%d blocks", o.NSACK))
	}
	return strings.Join(names, ",")
}

func findOptions(s *stage, m *Mark) error {
	c, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	seen, ok := "no options", false
	for _, p := range s.path.all(c.port) {
		if p.fromSDK && p.h.Flags.Has(wire.SYN) && p.h.Options.HasMSS {
			ok = true
			seen = optionNames(&p.h.Options)
		}
	}
	m.check("maximum segment size", 0, ok, `RFC 9293, Section 3.7.1: "TCP implementations SHOULD send an MSS Option in every SYN segment when its receive MSS differs from the default 536"`, seen)
	return nil
}

func findResets(s *stage, m *Mark) error {
	refused, err := s.dial(1) // nobody listens
	if err != nil {
		return err
	}
	_, err = refused.Read(make([]byte, 1))
	m.check("a connection is refused", 0, errors.Is(err, syscall.ECONNRESET), "app_peer_rst, and the application learns of it at once (RFC 9293, Section 3.10.7.3)", reason(err))
	c, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	if ok, seen := transfer(c.app, c.peer, s.bytes(10)); !ok {
		m.Note = seen
	}
	_ = c.peer.SetLinger(0)
	c.peer.Close()
	_, err = c.app.Read(make([]byte, 1))
	m.check("the peer resets", 0, errors.Is(err, syscall.ECONNRESET), "app_peer_rst, and the application learns of it (RFC 9293, Section 3.10.7.4, second)", reason(err))
	if c, err = s.connect(0, patience); err != nil {
		return err
	}
	if ok, seen := transfer(c.app, c.peer, s.bytes(10)); !ok {
		m.Note = seen
	}
	_ = c.app.SetLinger(0)
	c.app.Close()
	_, err = c.peer.Read(make([]byte, 1))
	m.check("the application aborts", 0, errors.Is(err, syscall.ECONNRESET), `app_rst sends a reset (RFC 9293, Section 3.10.5: "Send a reset segment")`, reason(err))
	return nil
}

func findRelease(s *stage, m *Mark) error {
	for i, first := range []string{"application", "peer"} {
		c, err := s.connect(0, patience)
		if err != nil {
			return err
		}
		one, other := c.app, c.peer
		if i == 1 {
			one, other = other, one
		}
		_ = one.CloseWrite()
		_, _ = io.Copy(io.Discard, other)
		_ = other.CloseWrite()
		before := uint64(i)
		ok := s.until(patience, func() bool { return s.driver.Counters().Released > before })
		m.check("the "+first+" closed first", 0, ok, "release_connection once both directions are done", called("release_connection", ok))
	}
	return nil
}

// smallBuffer is what a peer takes that does not read.
const smallBuffer = 20_000

func findFlowControl(s *stage, m *Mark) error {
	c, err := s.connect(smallBuffer, patience)
	if err != nil {
		return err
	}
	c.allow(transferTime)
	want := s.bytes(500_000)
	go func() { _, _ = c.app.Write(want) }()
	s.until(patience, func() bool { // it has had the chance to send more than it may
		beyond, full := edges(s.path.all(c.port))
		return beyond > 1 || full && s.path.isQuiet(c.port, time.Second)
	})
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.peer, got)
	arrived, seen := compare(got[:n], want, err)
	beyond, full := edges(s.path.all(c.port))
	m.check("no byte beyond the window", 0, beyond <= 1 && full,
		`RFC 9293, Section 3.8.6: the window is "the range of sequence numbers the sender of the acknowledgment is prepared to accept"; a probe of one byte may pass it`,
		fmt.Sprintf("at most %d bytes beyond the window", beyond))
	m.check("the transfer goes on", 0, arrived, `RFC 9293, Section 3.8.6.1: "The sending TCP peer must regularly transmit at least one octet of new data (if available), or retransmit to the receiving TCP peer even if the send window is zero"`, seen)
	return nil
}

// edges returns by how many bytes the program passed the window it was given, at most, and whether the window ever was
// used up.
func edges(pkts []packet) (beyond int, full bool) {
	var edge seq.Number
	var shift uint8
	ours := false
	for i := range pkts {
		p := &pkts[i]
		if p.h.Flags.Has(wire.SYN) {
			if p.fromSDK {
				ours = p.h.Options.HasWScale
			} else if ours && p.h.Options.HasWScale {
				shift = p.h.Options.WScale
			}
		}
		if !p.fromSDK {
			window := int(p.h.Window)
			if !p.h.Flags.Has(wire.SYN) {
				window <<= shift
			}
			if e := seq.Number(p.h.Ack).Add(window); p.h.Flags.Has(wire.ACK) && (edge == 0 || edge.Less(e)) {
				edge = e
			}
			continue
		}
		if p.n > 0 && edge != 0 {
			past := p.end().Sub(edge)
			beyond = max(beyond, past)
			full = full || past >= -1460
		}
	}
	return beyond, full
}

func findChecksum(s *stage, m *Mark) error {
	c, err := s.connect(0, transferTime)
	if err != nil {
		return err
	}
	c.allow(transferTime)
	ok, seen := true, ""
	for i := 0; i < 60 && ok; i++ { // one after the other: then no TCP needs long to repair a loss
		ok, seen = transfer(c.peer, c.app, s.bytes(1000))
	}
	m.check("segments with errors are dropped", 0, ok, `RFC 9293, Section 3.1: "The sender MUST generate it (MUST-2) and the receiver MUST check it (MUST-3)"; here one packet in ten has a wrong bit, and 60 segments come one after the other`, seen)
	return nil
}
