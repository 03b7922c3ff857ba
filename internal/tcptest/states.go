package tcptest

import (
	"testing"

	"github.com/antedon-net/antedon/tcp"
)

// Start names the state a script begins in. Each is reached by the segments that lead there, and leaves nothing to be
// expected. No data was exchanged; a FIN that was sent or received has number 1.
type Start uint8

const (
	SynSent        Start = iota // our SYN is sent
	SynReceived                 // by a SYN to a listener
	CrossedSYNs                 // SYN-RECEIVED, by simultaneous open
	Established                 // by active open
	Accepted                    // ESTABLISHED, by passive open
	FinWait1                    // our FIN is sent
	FinWait2                    // and acknowledged
	CloseWait                   // the peer's FIN came
	Closing                     // both FINs sent, neither acknowledged
	LastAck                     // the peer's FIN came, ours is sent
	TimeWait                    // by active close
	ClosedTimeWait              // TIME-WAIT by simultaneous close
)

var startNames = [...]string{
	"SYN-SENT", "SYN-RECEIVED", "SYN-RECEIVED (crossed)", "ESTABLISHED", "ESTABLISHED (passive)", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "TIME-WAIT (crossed)",
}

// String returns the state's name.
func (s Start) String() string { return startNames[s] }

// New returns a script whose connection is in state start.
func New(t testing.TB, start Start, setup Setup) *Script {
	t.Helper()
	s := newScript(t, setup)
	if start == SynReceived || start == Accepted {
		s.accept()
	} else {
		s.dial()
	}
	switch start {
	case SynSent, SynReceived:
	case CrossedSYNs:
		s.Recv("<SEQ=0><CTL=SYN>")
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	case Accepted:
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
	default:
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	}
	s.shut(start)
	s.events = 0
	if n, _ := s.Sent(); n > 0 {
		s.fail("more than the way to %v", start)
	}
	return s
}

// Dial returns a script whose connection was just opened: its SYN is to be expected.
func Dial(t testing.TB, setup Setup) *Script {
	t.Helper()
	s := newScript(t, setup)
	s.conn = tcp.Dial(s.env, &s.setup.Config, s.now, s.id(), s.setup.MTU)
	s.Drain()
	return s
}

// DialFast is Dial with what is known of the server: there is no SYN to be expected yet if that is a cookie.
func DialFast(t testing.TB, setup Setup, known tcp.FastOpen) *Script {
	t.Helper()
	s := newScript(t, setup)
	s.conn = tcp.DialFast(s.env, &s.setup.Config, s.now, s.id(), s.setup.MTU, known)
	s.Drain()
	return s
}

// Accept returns a script whose connection was just made by a SYN: its SYN-ACK is to be expected.
func Accept(t testing.TB, setup Setup) *Script {
	t.Helper()
	return AcceptSYN(t, setup, "<SEQ=0><CTL=SYN>")
}

// AcceptSYN is Accept with a SYN of one's own.
func AcceptSYN(t testing.TB, setup Setup, syn string) *Script {
	t.Helper()
	s := newScript(t, setup)
	seg := s.build(syn)
	accept := tcp.Accept
	if setup.FastOpen {
		accept = tcp.AcceptFast
	}
	s.conn, s.drop = accept(s.env, &s.setup.Config, s.now, s.id(), s.setup.MTU, &seg)
	if s.conn == nil {
		t.Fatalf("SYN not accepted: %v", s.drop)
	}
	s.Drain()
	return s
}

func (s *Script) dial() {
	s.t.Helper()
	s.conn = tcp.Dial(s.env, &s.setup.Config, s.now, s.id(), s.setup.MTU)
	s.Drain()
	s.Expect("<SEQ=0><CTL=SYN>")
}

func (s *Script) accept() {
	s.t.Helper()
	seg := s.build("<SEQ=0><CTL=SYN>")
	s.conn, s.drop = tcp.Accept(s.env, &s.setup.Config, s.now, s.id(), s.setup.MTU, &seg)
	if s.conn == nil {
		s.t.Fatalf("SYN not accepted: %v", s.drop)
	}
	s.Drain()
	s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
}

// shut closes the connection as far as start wants.
func (s *Script) shut(start Start) {
	s.t.Helper()
	weClose := func() {
		s.CloseWrite()
		s.Expect("<SEQ=1><CTL=FIN,ACK>")
	}
	switch start {
	case FinWait1:
		weClose()
	case FinWait2:
		weClose()
		s.Recv("<SEQ=1><ACK=2><CTL=ACK>")
	case CloseWait, LastAck:
		s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
		s.Expect("<SEQ=1><ACK=2><CTL=ACK>")
		if start == LastAck {
			weClose()
		}
	case Closing, ClosedTimeWait:
		weClose()
		s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
		s.Expect("<SEQ=2><ACK=2><CTL=ACK>")
		if start == ClosedTimeWait {
			s.Recv("<SEQ=2><ACK=2><CTL=ACK>")
		}
	case TimeWait:
		weClose()
		s.Recv("<SEQ=1><ACK=2><CTL=FIN,ACK>")
		s.Expect("<SEQ=2><ACK=2><CTL=ACK>")
	}
}

// TryAccept shows a segment to a listener and returns what comes of it.
func TryAccept(t testing.TB, text string) (*tcp.Conn, tcp.Drop) {
	t.Helper()
	s := newScript(t, Setup{})
	seg := s.build(text)
	return tcp.Accept(s.env, &s.setup.Config, s.now, s.id(), s.setup.MTU, &seg)
}
