package tcp_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// facts are the numbers of a starting state, relative.
type facts struct {
	start tcptest.Start
	state tcp.State
	nxt   int // SND.NXT
	rcv   int // RCV.NXT
	err   error
}

// synchronized are the states in which a RST is judged by the window alone, and how it ends them.
var synchronized = []facts{
	{tcptest.Established, tcp.StateEstablished, 1, 1, syscall.ECONNRESET},
	{tcptest.Accepted, tcp.StateEstablished, 1, 1, syscall.ECONNRESET},
	{tcptest.FinWait1, tcp.StateFinWait1, 2, 1, syscall.ECONNRESET},
	{tcptest.FinWait2, tcp.StateFinWait2, 2, 1, syscall.ECONNRESET},
	{tcptest.CloseWait, tcp.StateCloseWait, 1, 2, syscall.EPIPE},
	{tcptest.Closing, tcp.StateClosing, 2, 2, syscall.ECONNRESET},
	{tcptest.LastAck, tcp.StateLastAck, 2, 2, syscall.ECONNRESET},
}

// "If the RST bit is set and the sequence number exactly matches the next expected sequence number (RCV.NXT), then TCP
// endpoints MUST reset the connection"; "outside the current receive window, silently drop the segment"; "does not
// exactly match the next expected sequence value, yet is within the current receive window, TCP endpoints MUST send an
// acknowledgment (challenge ACK)" (RFC 9293, Section 3.10.7.4, second; RFC 5961, Section 3.2).
//
// "If the local TCP connection is closed by the remote side due to a FIN or RST received from the remote side, then the
// local application MUST be informed whether it closed normally or was aborted" (RFC 9293, Section 3.6).
//
// req: RFC9293 MUST-12, SHLD-2, 3.10.7.4-1, 3.10.7.4-2, 3.10.7.4-3, RFC5961 1.1-1, 3.2-1, 3.2-2, 3.2-3, 3.2-4, 3.2-5
func TestReset(t *testing.T) {
	const window = 65535
	for _, f := range synchronized {
		t.Run(f.state.String(), func(t *testing.T) {
			challenge := fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=ACK>", f.nxt, f.rcv)
			for _, c := range []struct {
				name string
				seq  int
				rest string
				drop tcp.Drop
			}{
				{"exact", f.rcv, "", tcp.Accepted},
				{"exact, with data", f.rcv, "<DATA=20>", tcp.Accepted},
				{"after", f.rcv + 1, "", tcp.DropRSTInexact},
				{"last of the window", window - 1, "", tcp.DropRSTInexact},
				{"far beyond the window", f.rcv + window + 1, "", tcp.DropRSTOutOfWindow},
				{"before", f.rcv - 1, "", tcp.DropRSTOutOfWindow},
				{"before, with data that ends in the window", f.rcv - 10, "<DATA=20>", tcp.DropRSTInexact},
				{"long before", f.rcv - 100_000, "", tcp.DropRSTOutOfWindow},
			} {
				t.Run(c.name, func(t *testing.T) {
					s := tcptest.New(t, f.start, tcptest.Setup{})
					s.Recv(fmt.Sprintf("<SEQ=%d>%s<CTL=RST>", c.seq, c.rest))
					s.ExpectDrop(c.drop)
					switch c.drop {
					case tcp.Accepted:
						s.ExpectNone()
						s.ExpectClosed(f.err)
						return
					case tcp.DropRSTInexact:
						s.Expect(challenge)
					}
					s.ExpectNone()
					s.ExpectState(f.state)
				})
			}
		})
	}
}

// RFC 1337, Section 3, fix F1: "Ignore RST segments in TIME-WAIT state."
func TestResetInTimeWait(t *testing.T) {
	for _, seq := range []int{1, 2, 3} {
		s := tcptest.New(t, tcptest.TimeWait, tcptest.Setup{})
		s.Recv(fmt.Sprintf("<SEQ=%d><CTL=RST>", seq))
		s.ExpectNone()
		s.ExpectState(tcp.StateTimeWait)
	}
}

// "If the SYN bit is set, irrespective of the sequence number, TCP MUST send an ACK (also referred to as challenge ACK)
// to the remote peer: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>. After sending the acknowledgment, TCP MUST drop the
// unacceptable segment and stop processing further" (RFC 5961, Section 4.2).
//
// req: RFC9293 3.10.7.4-4, 3.10.7.4-5, RFC5961 1.1-1, 4.2-1, 4.2-2, 4.2-3
func TestSYNInSynchronizedState(t *testing.T) {
	all := append([]facts{{start: tcptest.TimeWait, state: tcp.StateTimeWait, nxt: 2, rcv: 2}}, synchronized...)
	for _, f := range all {
		for _, c := range []struct {
			name, segment string
		}{
			{"repeated", "<SEQ=0><CTL=SYN>"},
			{"repeated SYN-ACK", "<SEQ=0><ACK=1><CTL=SYN,ACK>"},
			{"in window", "<SEQ=100><CTL=SYN>"},
			{"in window, with ACK", "<SEQ=100><ACK=1><CTL=SYN,ACK>"},
			{"at RCV.NXT", fmt.Sprintf("<SEQ=%d><CTL=SYN>", f.rcv)},
			{"beyond the window", "<SEQ=200000><CTL=SYN>"},
			{"long ago", "<SEQ=-200000><CTL=SYN>"},
		} {
			t.Run(f.state.String()+"/"+c.name, func(t *testing.T) {
				s := tcptest.New(t, f.start, tcptest.Setup{})
				s.Recv(c.segment)
				s.ExpectOnly(fmt.Sprintf("<SEQ=%d><ACK=%d><CTL=ACK>", f.nxt, f.rcv))
				s.ExpectState(f.state)
			})
		}
	}
}

// RFC 5961, Section 4.2: a peer that restarted answers the challenge with a RST: "the RST will have the sequence number
// derived from the ACK field of the ACK … Upon receipt of a valid RST, the local TCP endpoint MUST terminate its
// connection."
//
// req: RFC5961 4.2-4
func TestChallengeAnswered(t *testing.T) {
	for _, f := range synchronized {
		t.Run(f.state.String(), func(t *testing.T) {
			s := tcptest.New(t, f.start, tcptest.Setup{})
			s.Recv("<SEQ=5000><CTL=SYN>")
			challenge := s.TakeHeader()
			s.Recv(fmt.Sprintf("<SEQ=%d><CTL=RST>", int(challenge.Ack)-20_000)) // 20,000 is the peer's ISS
			s.ExpectNone()
			s.ExpectClosed(f.err)
		})
	}
}

// The ACK of a SYN-ACK with data was lost: the SYN-ACK comes again, and its data counts.
func TestRepeatedSYNACKWithData(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Recv("<SEQ=0><ACK=1><DATA=100><CTL=SYN,ACK>")
	s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK>")
	s.Read(100)
}

// At most one challenge ACK per 500 ms and connection.
//
// req: RFC5961 7-1
func TestChallengeLimit(t *testing.T) {
	for _, c := range []struct{ name, segment string }{
		{"RST", "<SEQ=100><CTL=RST>"},
		{"SYN", "<SEQ=100><CTL=SYN>"},
		{"ACK beyond SND.NXT", "<SEQ=1><ACK=500><CTL=ACK>"},
		{"ACK too old", "<SEQ=1><ACK=-500000><CTL=ACK>"},
		{"pure ACK out of window", "<SEQ=-5><ACK=1><CTL=ACK>"},
		{"FIN out of window", "<SEQ=-5><ACK=1><CTL=FIN,ACK>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
			s.Recv(c.segment)
			s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
			s.Advance(499 * time.Millisecond)
			for range 10 {
				s.Recv(c.segment)
			}
			s.ExpectNone()
			s.Advance(time.Millisecond)
			s.Recv(c.segment)
			s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
		})
	}
	t.Run("data is answered always", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		for range 10 {
			s.Recv("<SEQ=-50><ACK=1><DATA=10><CTL=ACK>")
			s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
		}
	})
}

// RFC 9293, Section 3.10.5: ABORT.
func TestAbort(t *testing.T) {
	for _, c := range []struct {
		start tcptest.Start
		rst   string
	}{
		{tcptest.SynSent, ""},
		{tcptest.SynReceived, "<SEQ=1><ACK=1><WND=65535><CTL=RST,ACK>"},
		{tcptest.Established, "<SEQ=1><ACK=1><WND=65535><CTL=RST,ACK>"},
		{tcptest.FinWait1, "<SEQ=2><ACK=1><CTL=RST,ACK>"},
		{tcptest.FinWait2, "<SEQ=2><ACK=1><CTL=RST,ACK>"},
		{tcptest.CloseWait, "<SEQ=1><ACK=2><CTL=RST,ACK>"},
		// "CLOSING STATE, LAST-ACK STATE, TIME-WAIT STATE: Respond with 'ok' and delete the TCB; enter CLOSED state."
		{tcptest.Closing, ""},
		{tcptest.LastAck, ""},
		{tcptest.TimeWait, ""},
	} {
		t.Run(c.start.String(), func(t *testing.T) {
			s := tcptest.New(t, c.start, tcptest.Setup{})
			s.Abort()
			if c.rst != "" {
				s.Expect(c.rst)
			}
			s.ExpectNone()
			s.ExpectClosed(syscall.ECONNABORTED)
			if !s.Conn().Done() {
				t.Error("not done")
			}
		})
	}
}

func TestAbortDropsDataBothWays(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Write(50_000)
	s.Ignore()
	s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1001><ACK=1><DATA=500><CTL=ACK>")
	s.Ignore()
	s.Abort()
	s.ExpectOnly("<SEQ=10001><ACK=501><CTL=RST,ACK>")
	if used := s.Env().Pool.Used(); used != 0 {
		t.Errorf("holds %d bytes", used)
	}
}

// Abort after the end does not change how the connection ended.
func TestAbortAfterReset(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>", "<SEQ=201><ACK=1><DATA=100><CTL=ACK>")
	s.Ignore()
	s.Recv("<SEQ=101><CTL=RST>")
	s.TakeEvents()
	s.ExpectReadable(100)
	s.Abort()
	s.ExpectNone()
	s.ExpectClosed(syscall.ECONNRESET)
	s.ExpectEvents(0)
	if used := s.Env().Pool.Used(); used != 0 {
		t.Errorf("holds %d bytes", used)
	}
}

// What came before the RST can still be read; what can never be read is not kept.
func TestReadAfterReset(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>", "<SEQ=1001><ACK=1><DATA=5000><CTL=ACK>")
	s.Ignore()
	s.Recv("<SEQ=101><CTL=RST>")
	s.Read(100)
	if used := s.Env().Pool.Used(); used != 0 {
		t.Errorf("holds %d bytes", used)
	}
}

// RFC 9293, Section 3.10.7.1: "An incoming segment not containing a RST causes a RST to be sent in response."
//
// req: RFC7323 5.2-2, 5.2-3
func TestResetFor(t *testing.T) {
	seg := func(flags wire.Flags, payload int) *tcp.Segment {
		return &tcp.Segment{
			Header:  wire.TCP{SrcPort: 1, DstPort: 2, Seq: 100, Ack: 200, Flags: flags},
			Payload: make([]byte, payload),
		}
	}
	stamped := seg(wire.ACK, 10)
	stamped.Header.Options = wire.TCPOptions{HasTimestamps: true, TSVal: 5, TSEcr: 6}
	for _, c := range []struct {
		name string
		seg  *tcp.Segment
		want wire.TCP
		ok   bool
	}{
		{"ACK", seg(wire.ACK, 10), wire.TCP{SrcPort: 2, DstPort: 1, Seq: 200, Flags: wire.RST}, true},
		{"SYN", seg(wire.SYN, 0), wire.TCP{SrcPort: 2, DstPort: 1, Ack: 101, Flags: wire.RST | wire.ACK}, true},
		{"SYN with data and FIN", seg(wire.SYN|wire.FIN, 10), wire.TCP{SrcPort: 2, DstPort: 1, Ack: 112, Flags: wire.RST | wire.ACK}, true},
		{"RST", seg(wire.RST, 0), wire.TCP{}, false},
		{"RST and ACK", seg(wire.RST|wire.ACK, 0), wire.TCP{}, false},
		{"timestamps", stamped, wire.TCP{SrcPort: 2, DstPort: 1, Seq: 200, Flags: wire.RST, Options: wire.TCPOptions{HasTimestamps: true, TSEcr: 5}}, true},
	} {
		if got, ok := tcp.ResetFor(c.seg); got != c.want || ok != c.ok {
			t.Errorf("%s: got %+v %v, want %+v %v", c.name, got, ok, c.want, c.ok)
		}
	}
}
