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

// Middleboxes that change what the ends tell each other. Whatever they take away, data arrives.
func TestMiddleboxes(t *testing.T) {
	isSYN := func(h *wire.TCP) bool { return h.Flags.Has(wire.SYN) && !h.Flags.Has(wire.ACK) }
	isSYNACK := func(h *wire.TCP) bool { return h.Flags.Has(wire.SYN | wire.ACK) }
	strip := func(o *wire.TCPOptions) { *o = wire.TCPOptions{} }
	for _, c := range []struct {
		name  string
		which func(h *wire.TCP) bool
		edit  func(o *wire.TCPOptions)
		bytes int
		a, b  string // the options that either end then uses
	}{
		{"options of the SYN", isSYN, strip, 300_000, "", ""},
		{"timestamps of the SYN", isSYN, func(o *wire.TCPOptions) { o.HasTimestamps = false }, 300_000, "sack wscale:8,8", "sack wscale:8,8"},
		{"window scale of the SYN", isSYN, func(o *wire.TCPOptions) { o.HasWScale = false }, 300_000, "ts sack", "ts sack"},
		{"SACK-permitted of the SYN", isSYN, func(o *wire.TCPOptions) { o.SACKPermitted = false }, 300_000, "ts wscale:8,8", "ts wscale:8,8"},
		{"MSS of the SYN", isSYN, func(o *wire.TCPOptions) { o.HasMSS = false }, 300_000, "ts sack wscale:8,8", "ts sack wscale:8,8"},
		// From here on the ends do not agree. What one of them takes for a window scale of the other's is wrong, and the
		// transfer slow.
		{"options of the SYN-ACK", isSYNACK, strip, 5000, "", "ts sack wscale:8,8"},
		{"timestamps of the SYN-ACK", isSYNACK, func(o *wire.TCPOptions) { o.HasTimestamps = false }, 300_000, "sack wscale:8,8", "ts sack wscale:8,8"},
		{"window scale of the SYN-ACK", isSYNACK, func(o *wire.TCPOptions) { o.HasWScale = false }, 5000, "ts sack", "ts sack wscale:8,8"},
		{"SACK-permitted of the SYN-ACK", isSYNACK, func(o *wire.TCPOptions) { o.SACKPermitted = false }, 300_000, "ts wscale:8,8", "ts sack wscale:8,8"},
		{"timestamps after the handshake", func(h *wire.TCP) bool { return !h.Flags.Has(wire.SYN) },
			func(o *wire.TCPOptions) { o.HasTimestamps = false }, 300_000, "ts sack wscale:8,8", "ts sack wscale:8,8"},
		{"SACK blocks", func(h *wire.TCP) bool { return !h.Flags.Has(wire.SYN) },
			func(o *wire.TCPOptions) { o.NSACK = 0 }, 300_000, "ts sack wscale:8,8", "ts sack wscale:8,8"},
	} {
		for _, lose := range []int{0, 50} {
			t.Run(fmt.Sprintf("%s, 1 of %d lost", c.name, lose), func(t *testing.T) {
				fates := path{lose: lose}.fates(3)
				p := tcptest.NewPair(t, tcptest.PairSetup{Path: func(from, n int, seg *tcp.Segment) tcptest.Fate {
					if c.which(&seg.Header) {
						c.edit(&seg.Header.Options)
					}
					return fates(from, n, seg)
				}})
				p.Connect()
				for i, want := range []string{c.a, c.b} {
					if got := p.Ends[i].Conn.Info(p.Now).Options; got != want {
						t.Errorf("end %d uses %q, want %q", i, got, want)
					}
				}
				transfer(t, p, c.bytes, c.bytes/3, 0, 0)
			})
		}
	}
}

// A middlebox that splits segments and one that joins them: sequence numbers count, not segments.
func TestSplitAndMergedSegments(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK>"})
	s.Write(5000)
	s.Ignore()
	for _, ack := range []int{400, 401, 1700, 3301, 5001} { // of halves, and of one and a half
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", ack))
	}
	s.Ignore()
	if i := s.Info(); i.Unacked != 0 || i.TotalRetrans != 0 {
		t.Errorf("%d bytes unacknowledged, %d retransmissions", i.Unacked, i.TotalRetrans)
	}
	s.Recv("<SEQ=1><ACK=5001><DATA=300><CTL=ACK>", "<SEQ=301><ACK=5001><DATA=2500><CTL=ACK>", "<SEQ=101><ACK=5001><DATA=3000><CTL=ACK>")
	s.ExpectOnly("<SEQ=5001><ACK=3101><CTL=ACK><SACK=101:2801>") // and what came twice
	s.Read(3100)
}

// SYNs cross, and each side offers something else.
//
// req: RFC9293 MUST-10
func TestSimultaneousOpenOptions(t *testing.T) {
	all, none := "<MSS=1400><WS=7><SACKOK><TS=0,0>", "<MSS=1400><NOTS>"
	for _, c := range []struct{ name, syn, synAck, want string }{
		{"all", all, all, "ts sack wscale:7,8"},
		{"the peer has none", none, none, ""},
		// RFC 7323, Section 2.2 asks for both SYNs to have an option. The SYN-ACK only repeats the peer's.
		{"none in the SYN-ACK", all, none, "ts sack wscale:7,8"},
		{"none in the SYN", none, all, ""},
		{"no window scale", "<MSS=1400><SACKOK><TS=0,0>", "<MSS=1400><SACKOK><TS=0,0>", "ts sack"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=10000>" + all})
			s.Recv("<SEQ=0><CTL=SYN>" + c.syn)
			s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1460>")
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>" + c.synAck)
			s.ExpectState(tcp.StateEstablished)
			s.Ignore()
			if got := s.Info().Options; got != c.want {
				t.Errorf("got options %q, want %q", got, c.want)
			}
			s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK>")
			s.Ignore()
			s.Read(100)
		})
	}
}

// Text and FIN on segments of the handshake. RFC 9293, Section 3.10.7.3: "If there are other controls or text in the segment,
// queue them for processing after the ESTABLISHED state has been reached": dropping them has the peer send them again,
// and keeps what an unverified sender can make us hold at nothing.
func TestTextInHandshake(t *testing.T) {
	for _, c := range []struct {
		name   string
		listen bool
		syn    string
		answer string
	}{
		{"listening, text", true, "<SEQ=0><DATA=100><CTL=SYN,PSH>", "<SEQ=0><ACK=1><CTL=SYN,ACK>"},
		{"crossing, text", false, "<SEQ=0><DATA=100><CTL=SYN>", "<SEQ=0><ACK=1><CTL=SYN,ACK>"},
		{"crossing, FIN", false, "<SEQ=0><CTL=SYN,FIN>", "<SEQ=0><ACK=1><CTL=SYN,ACK>"},
		{"crossing, text and FIN", false, "<SEQ=0><DATA=100><CTL=SYN,FIN>", "<SEQ=0><ACK=1><CTL=SYN,ACK>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s *tcptest.Script
			if c.listen {
				s = tcptest.AcceptSYN(t, tcptest.Setup{}, c.syn)
			} else {
				s = tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
				s.Recv(c.syn)
			}
			s.ExpectOnly(c.answer)
			s.ExpectReadable(0)
			s.ExpectState(tcp.StateSynReceived)
			s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=FIN,ACK>")
			s.ExpectOnly("<SEQ=1><ACK=102><CTL=ACK>")
			s.ExpectState(tcp.StateCloseWait)
			s.Read(100)
		})
	}
	t.Run("text and FIN with the SYN-ACK", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><ACK=1><DATA=100><CTL=SYN,FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=102><CTL=ACK>")
		s.ExpectState(tcp.StateCloseWait)
		s.Read(100)
	})
	t.Run("text with the SYN-ACK again", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
		s.Recv("<SEQ=0><ACK=1><DATA=100><CTL=SYN,ACK>")
		s.Expect("<SEQ=1><ACK=101><CTL=ACK>")
		s.Recv("<SEQ=0><ACK=1><DATA=150><CTL=SYN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=151><CTL=ACK>")
		s.Read(150)
	})
}

// A flood of one SYN is no flood of answers: the first is answered, then one in 500 ms, and the SYN-ACK's own timer.
//
// req: RFC5961 7-1
func TestRepeatedSYNFlood(t *testing.T) {
	for _, syn := range []string{"<SEQ=0><CTL=SYN>", "<SEQ=0><DATA=400><CTL=SYN>", "<SEQ=77><CTL=SYN>", "<SEQ=-77><CTL=SYN>"} {
		t.Run(syn, func(t *testing.T) {
			s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{})
			answers := 0
			for range 10_000 {
				s.Recv(syn)
				n, bytes := s.Sent()
				if answers += n; bytes > 0 {
					t.Fatal("answered with text")
				}
				s.Ignore()
				s.Advance(time.Millisecond)
			}
			// 20 in 10 s, and the SYN-ACK after 1, 3 and 7 s.
			if answers < 20 || answers > 24 {
				t.Errorf("%d answers, want 20 to 24", answers)
			}
			s.Ignore()
			s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
			s.ExpectState(tcp.StateEstablished)
		})
	}
}

// RFC 9293, Section 3.5, Figure 8: "Recovery from Old Duplicate SYN".
//
// req: RFC9293 MUST-10
func TestOldDuplicateSYN(t *testing.T) {
	b := tcptest.AcceptSYN(t, tcptest.Setup{}, "<SEQ=-5000><CTL=SYN>") // 2), 3): an old duplicate
	b.Expect("<SEQ=0><ACK=-4999><CTL=SYN,ACK>")
	a := tcptest.New(t, tcptest.SynSent, tcptest.Setup{})
	a.Recv("<SEQ=0><ACK=-4999><CTL=SYN,ACK>") // 4)
	a.ExpectOnly("<SEQ=-4999><CTL=RST>")      // 5)
	b.Recv("<SEQ=-4999><CTL=RST>")
	b.ExpectClosed(syscall.ECONNRESET) // "returns to LISTEN": the listener never left it
	a.ExpectAfter(2*time.Millisecond, "<SEQ=0><CTL=SYN>")
	a.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	a.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
	a.ExpectState(tcp.StateEstablished)
}

// Sequence numbers wrap in the middle of every kind of handshake.
func TestHandshakeAcrossWrap(t *testing.T) {
	for _, before := range []uint32{1, 2, 10, 500} {
		setup := tcptest.Setup{ISS: -before, IRS: -before + 1, FastOpen: true}
		for name, open := range map[string]func(t *testing.T) *tcptest.Script{
			"active":  func(t *testing.T) *tcptest.Script { return tcptest.New(t, tcptest.Established, setup) },
			"passive": func(t *testing.T) *tcptest.Script { return tcptest.New(t, tcptest.Accepted, setup) },
			"simultaneous": func(t *testing.T) *tcptest.Script {
				s := tcptest.New(t, tcptest.CrossedSYNs, setup)
				s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
				return s
			},
		} {
			t.Run(fmt.Sprintf("%s, %d before", name, before), func(t *testing.T) {
				s := open(t)
				s.ExpectState(tcp.StateEstablished)
				s.Write(900)
				s.ExpectOnly("<SEQ=1><ACK=1><DATA=900><CTL=ACK,PSH>")
				s.Recv("<SEQ=1><ACK=901><DATA=900><CTL=FIN,ACK>")
				s.ExpectOnly("<SEQ=901><ACK=902><CTL=ACK>")
				s.Read(900)
			})
		}
		t.Run(fmt.Sprintf("Fast Open, %d before", before), func(t *testing.T) {
			s := tcptest.DialFast(t, setup, known(0))
			s.Write(300)
			s.Expect("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
			s.Recv("<SEQ=0><ACK=101><CTL=SYN,ACK>")
			s.ExpectOnly("<SEQ=101><ACK=1><DATA=200><CTL=ACK,PSH>")
			s.Recv("<SEQ=1><ACK=301><CTL=ACK>")
			s = tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+serverCookie(t, setup))
			s.Expect("<SEQ=0><ACK=301><CTL=SYN,ACK>")
			s.Write(300)
			s.Expect("<SEQ=1><ACK=301><DATA=300><CTL=ACK,PSH>")
			s.Recv("<SEQ=301><ACK=301><CTL=ACK>")
			s.ExpectState(tcp.StateEstablished)
			s.Read(300)
		})
	}
}

// Two ends that disagree about where they are answer each other's acknowledgments with acknowledgments: an ACK storm, were
// answers not limited for each connection.
//
// req: RFC5961 7-1
func TestACKStorm(t *testing.T) {
	for _, distance := range []uint64{1000, 100_000, 1 << 20, 1 << 31, 1<<32 - 1000} {
		t.Run(fmt.Sprint(distance), func(t *testing.T) {
			p := tcptest.NewPair(t, tcptest.PairSetup{})
			p.Connect()
			before := p.Segments()
			p.Ends[0].Conn.Age(distance)
			for _, e := range p.Ends {
				c := e.Conn
				b := c.Reserve(10)
				c.Commit(p.Now, len(b), true)
			}
			for range 1000 {
				if p.Elapsed() > 10*time.Second || !p.Relay() {
					break
				}
			}
			// 10 s: the text 10 times from each end at most, each time with an answer, and 2 more a second.
			if got := p.Segments() - before; got > 80 {
				t.Errorf("%d segments in %v", got, p.Elapsed())
			}
		})
	}
}
