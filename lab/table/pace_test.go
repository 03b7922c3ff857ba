package table

import (
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/wire"
)

// sender is a bench with a connection on which an SDK sends, from the sequence number iss+1 on.
type sender struct {
	*bench
	iss, nxt uint32
}

func newSender(t *testing.T, iss uint32) *sender {
	s := &sender{newBench(t, Config{SendLimit: 80, Patience: time.Second}), iss, iss}
	s.accept(1, first)
	s.send(wire.SYN, 0)
	s.answer(wire.SYN|wire.ACK, s.nxt, 1000)
	s.say(exp4.Connect, first, "")
	s.want("read 1")
	return s
}

// send has the SDK send a segment with n bytes of text.
func (s *sender) send(flags wire.Flags, n int) {
	h := wire.TCP{SrcPort: first.Src.Port(), DstPort: first.Dst.Port(), Seq: s.nxt, Flags: flags}
	b := append(h.AppendTo(nil), make([]byte, n)...)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, first.Src.Addr(), first.Dst.Addr(), len(b)), b)
	b[16], b[17] = byte(sum>>8), byte(sum)
	s.say(exp4.Segment, first, string(b))
	s.nxt += uint32(n)
	if flags.Has(wire.SYN) {
		s.nxt++
	}
	s.drain()
}

// answer has the peer send a segment, and returns what the application is told.
func (s *sender) answer(flags wire.Flags, ack uint32, window uint16) string {
	h := wire.TCP{SrcPort: first.Dst.Port(), DstPort: first.Src.Port(), Seq: 1, Ack: ack, Flags: flags, Window: window}
	s.FromWire(s.now, first, h.AppendTo(nil))
	return s.drain()
}

// write has the application write n bytes.
func (s *sender) write(n int) string {
	s.AppBytes(s.now, 1, make([]byte, n))
	return s.drain()
}

// wait lets time pass.
func (s *sender) wait(d time.Duration) string {
	s.now = s.now.Add(d)
	s.Tick(s.now)
	return s.drain()
}

// drain returns what the application is told.
func (s *sender) drain() string {
	var told []string
	for a, ok := s.Next(); ok; a, ok = s.Next() {
		if a.Kind == Read || a.Kind == Pause {
			told = append(told, describe(&a))
		}
	}
	return strings.Join(told, ", ")
}

func (s *sender) check(what, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// TestPace: an application waits while far more than was acknowledged is with its SDK, and no longer.
func TestPace(t *testing.T) {
	for _, iss := range []uint32{1000, 1<<32 - 50} { // sequence numbers wrap
		s := newSender(t, iss)
		s.check("80 bytes", s.write(80), "")
		s.check("the 81st", s.write(1), "pause 1")
		s.check("more that was read already", s.write(19), "")
		s.send(wire.ACK, 60)
		s.check("an acknowledgment of what was not sent", s.answer(wire.ACK, s.nxt+1, 1000), "")
		s.check("29 acknowledged, 71 left", s.answer(wire.ACK, iss+30, 1000), "")
		s.check("an old acknowledgment", s.answer(wire.ACK, iss+10, 1000), "")
		s.check("30 acknowledged, 70 left", s.answer(wire.ACK, iss+31, 1000), "read 1")
		s.check("once more", s.answer(wire.ACK, iss+32, 1000), "")
		if c := s.Counters(); c.Paused != 1 || c.Mistakes+c.BadSent > 0 {
			t.Errorf("got %+v", c)
		}
	}
}

// TestPatience: a TCP that waits for more before it sends what it has gets more, one that is at work does not.
func TestPatience(t *testing.T) {
	s := newSender(t, 1000)
	s.check("too much", s.write(90), "pause 1")
	s.check("for a while", s.wait(999*time.Millisecond), "")
	s.check("a second", s.wait(time.Millisecond), "read 1")
	s.check("80 more", s.write(71), "pause 1")
	s.send(wire.ACK, 10)
	s.check("something is on its way", s.wait(time.Hour), "")
	s.check("the window is closed", s.answer(wire.ACK, s.nxt, 0)+s.wait(time.Hour), "")
	s.check("it is open", s.answer(wire.ACK, s.nxt, 1000)+s.wait(time.Second), "read 1")
	s.send(wire.ACK, 151)
	s.answer(wire.ACK, s.nxt, 1000)
	s.check("after all was acknowledged", s.write(81), "pause 1")
	s.AppReset(s.now, 1)
	s.check("its end", s.drain()+s.wait(time.Hour), "")
}

// TestAnotherSYN: a TCP may begin again with another number before it is answered.
func TestAnotherSYN(t *testing.T) {
	s := newSender(t, 1000)
	s.nxt = 70_000
	s.send(wire.SYN, 0)
	s.check("too much", s.write(90), "pause 1")
	s.send(wire.ACK, 90)
	s.check("acknowledged", s.answer(wire.ACK, s.nxt, 1000), "read 1")
}

// TestHeldAcknowledgment: one that waits, with its text, for the application to read counts too.
func TestHeldAcknowledgment(t *testing.T) {
	s := newSender(t, 1000)
	s.AppWaiting(s.now, 1, 2<<20)
	s.check("too much", s.write(90), "pause 1")
	s.send(wire.ACK, 90)
	h := wire.TCP{SrcPort: first.Dst.Port(), DstPort: first.Src.Port(), Seq: 1, Ack: s.nxt, Flags: wire.ACK, Window: 1000}
	s.FromWire(s.now, first, append(h.AppendTo(nil), "text"...))
	s.check("acknowledged", s.drain(), "read 1")
	if c := s.Counters(); c.HeldBack != 1 {
		t.Errorf("got %+v, want a segment held back", c)
	}
}
