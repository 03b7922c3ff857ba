package tcptest

import (
	"encoding/hex"
	"errors"
	"strings"
	"syscall"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

const neverDeadline = mono.Never

// ExpectState checks the connection's state.
func (s *Script) ExpectState(want tcp.State) {
	s.t.Helper()
	if got := s.conn.State(); got != want {
		s.fail("got state %v, want %v", got, want)
	}
}

// ExpectClosed checks that the connection is CLOSED, with err.
func (s *Script) ExpectClosed(err error) {
	s.t.Helper()
	s.ExpectState(tcp.StateClosed)
	if got := s.conn.Err(); !errors.Is(got, err) {
		s.fail("got error %v, want %v", got, err)
	}
	if s.conn.Deadline() != mono.Never {
		s.fail("closed and has a deadline")
	}
}

// ExpectDrop checks what Recv said of the last segment.
func (s *Script) ExpectDrop(want tcp.Drop) {
	s.t.Helper()
	if s.drop != want {
		s.fail("got drop %q, want %q", s.drop, want)
	}
}

// ExpectEvents checks that the events since the last call were exactly these.
func (s *Script) ExpectEvents(want tcp.Event) {
	s.t.Helper()
	if got := s.events; got != want {
		s.fail("got events %b, want %b", got, want)
	}
	s.events = 0
}

// TakeEvents returns the events since it or ExpectEvents was called last.
func (s *Script) TakeEvents() tcp.Event {
	e := s.events
	s.events = 0
	return e
}

// ExpectReadable checks how many bytes can be read.
func (s *Script) ExpectReadable(want int) {
	s.t.Helper()
	if got := s.conn.Readable(); got != want {
		s.fail("got %d bytes to read, want %d", got, want)
	}
}

// Info returns the connection's.
func (s *Script) Info() tcp.Info { return s.conn.Info(s.now) }

// ICMP lets the connection take an ICMP error about the segment with relative sequence number at.
func (s *Script) ICMP(kind tcp.ICMPKind, at, mtu int, err syscall.Errno) bool {
	s.t.Helper()
	s.note("> ICMP kind %d about <SEQ=%d>, MTU %d, %v", kind, at, mtu, err)
	believed := s.conn.OnICMP(s.now, kind, s.setup.ISS+uint32(at), mtu, err)
	s.Drain()
	return believed
}

// ExpectHeader takes the next segment the connection sent, and checks its control bits and the bytes of its options.
// Timestamps read 11111111 for ours and 22222222 for the peer's.
func (s *Script) ExpectHeader(ctl, options string) {
	s.t.Helper()
	h := s.TakeHeader()
	if h.Options.TSVal != 0 {
		h.Options.TSVal = 0x11111111
	}
	if h.Options.TSEcr != 0 {
		h.Options.TSEcr = 0x22222222
	}
	got := hex.EncodeToString(h.AppendTo(nil)[wire.TCPHeaderLen:])
	if want := strings.ReplaceAll(options, " ", ""); notation.ControlBits(h.Flags) != ctl || got != want {
		s.fail("got  %s %s\nwant %s %s", notation.ControlBits(h.Flags), got, ctl, want)
	}
}

// Sent returns how many segments wait to be expected, and how many bytes of data they carry.
func (s *Script) Sent() (segments, bytes int) {
	for _, x := range s.sent {
		bytes += x.len
	}
	return len(s.sent), bytes
}

// TakeHeader takes the next segment the connection sent and returns its header.
func (s *Script) TakeHeader() wire.TCP {
	s.t.Helper()
	h, _ := s.TakeSegment()
	return h
}

// TakeMark takes the next segment the connection sent and returns its header and the mark in its IP header.
func (s *Script) TakeMark() (wire.TCP, wire.ECN) {
	s.t.Helper()
	if len(s.sent) == 0 {
		s.fail("nothing sent")
	}
	ecn := s.sent[0].ECN
	return s.TakeHeader(), ecn
}

// TakeSegment takes the next segment the connection sent and returns its header and the length of its text.
func (s *Script) TakeSegment() (h wire.TCP, n int) {
	s.t.Helper()
	if len(s.sent) == 0 {
		s.fail("nothing sent")
	}
	h, n = s.sent[0].raw, s.sent[0].len
	s.sent = s.sent[1:]
	return h, n
}
