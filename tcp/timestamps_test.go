package tcp_test

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// stamped is a peer with timestamps whose clock stands at 1000 ms when the handshake is over.
func stamped(t *testing.T, setup tcptest.Setup) *tcptest.Script {
	t.Helper()
	setup.Peer = "<WND=10000><MSS=1012><TS=0,0><SACKOK>"
	s := tcptest.New(t, tcptest.SynSent, setup)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK><TS=1000,0>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK><TS=0,1000>")
	return s
}

// RFC 7323, Section 4.3: which timestamp is echoed.
//
// req: RFC7323 3.2-2, 4.3-1, 4.3-2, 4.3-3, 5.2-1
func TestTimestampEcho(t *testing.T) {
	t.Run("delayed ACK: the earliest", func(t *testing.T) {
		// "(A) Delayed ACKs: … the receiver SHOULD reply with the TSval field from the earliest unacknowledged segment."
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1010,0>", "<SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=1020,0>")
		s.ExpectOnly("<SEQ=1><ACK=201><CTL=ACK><TS=0,1010>")
	})
	t.Run("a hole: the last that advanced", func(t *testing.T) {
		// "(B) A hole in the sequence space …: an <ACK> for an out-of-order segment SHOULD contain the timestamp from
		// the most recent segment that advanced RCV.NXT."
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1010,0>")
		s.Expect("<SEQ=1><ACK=101><CTL=ACK><TS=0,1010>")
		s.Recv("<SEQ=201><ACK=1><DATA=100><CTL=ACK><TS=1030,0>")
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK><TS=0,1010><SACK=201:301>")
		// "(C) A filled hole …: the timestamp from the latest segment (which filled the hole) MUST be echoed."
		s.Recv("<SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=1040,0>")
		s.ExpectOnly("<SEQ=1><ACK=301><CTL=ACK><TS=0,1040>")
	})
	t.Run("ours counts milliseconds", func(t *testing.T) {
		// req: RFC7323 4.1-1, 5.4-1, 5.4-2, 5.4-3
		s := stamped(t, tcptest.Setup{})
		s.Advance(1234567 * time.Microsecond)
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1500,0>")
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK><TS=1234,1500>")
	})
	t.Run("a segment that is refused leaves no trace", func(t *testing.T) {
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=5000><DATA=100><CTL=ACK><TS=9000,0>") // acknowledges what was never sent
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><TS=0,1000>")
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1001,0>")
		s.ExpectDrop(tcp.Accepted)
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK><TS=0,1001>")
	})
}

// "Once TSopt has been successfully negotiated, that is both <SYN> and <SYN,ACK> contain TSopt, the TSopt MUST be sent in
// every non-<RST> segment for the duration of the connection" (RFC 7323, Section 3.2).
//
// req: RFC7323 3.2-4
func TestTimestampInEverySegment(t *testing.T) {
	sent := func(s *tcptest.Script, what string) {
		t.Helper()
		n, _ := s.Sent()
		if n == 0 {
			t.Fatalf("%s: nothing sent", what)
		}
		for range n {
			if h := s.TakeHeader(); !h.Options.HasTimestamps || h.Options.TSEcr == 0 {
				t.Errorf("%s: %v without a timestamp", what, h.Flags)
			}
		}
	}
	s := stamped(t, tcptest.Setup{Config: tcp.Config{KeepAlive: true}})
	s.Recv("<SEQ=1><ACK=1><DATA=10><CTL=ACK>")
	sent(s, "ACK")
	s.Recv("<SEQ=1><ACK=1><DATA=10><CTL=ACK><NOTS>")
	sent(s, "duplicate ACK")
	s.Recv("<SEQ=100><CTL=RST>")
	sent(s, "challenge ACK")
	s.Advance(2 * time.Hour)
	sent(s, "keep-alive")
	s.Recv("<SEQ=11><ACK=1><WND=0><CTL=ACK>")
	s.Write(10)
	s.Advance(time.Second)
	sent(s, "zero-window probe")
	s.Recv("<SEQ=11><ACK=1><WND=5000><CTL=ACK>")
	sent(s, "data")
	s.Advance(time.Minute)
	sent(s, "retransmission")
	s.Recv("<SEQ=11><ACK=11><WND=5000><CTL=ACK>")
	s.CloseWrite()
	sent(s, "FIN")
	s.Recv("<SEQ=11><ACK=12><WND=5000><CTL=FIN,ACK>")
	sent(s, "ACK of a FIN")
}

// "Once TSopt has been successfully negotiated … If a non-<RST> segment is received without a TSopt, a TCP SHOULD
// silently drop the segment. A TCP MUST NOT abort a TCP connection because any segment lacks an expected TSopt." We take
// it, as Linux does.
//
// req: RFC7323 3.2-8, 3.2-9, 3.2-6
func TestTimestampNegotiation(t *testing.T) {
	t.Run("lacking later", func(t *testing.T) {
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><NOTS>")
		s.ExpectDrop(tcp.Accepted)
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK><TS=0,1000>")
	})
	t.Run("not negotiated", func(t *testing.T) {
		// "If a TSopt is received on a connection where TSopt was not negotiated in the initial three-way handshake, the
		// TSopt MUST be ignored and the packet processed normally."
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=50,50>")
		s.Expect("<SEQ=1><ACK=101><CTL=ACK><NOTS>")
		s.Recv("<SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=10,10>")
		s.ExpectDrop(tcp.Accepted)
		s.Expect("<SEQ=1><ACK=201><CTL=ACK><NOTS>")
	})
	t.Run("switched off", func(t *testing.T) {
		s := tcptest.Accept(t, tcptest.Setup{Peer: everyOption, Config: tcp.Config{NoTimestamps: true}})
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK><NOTS>")
	})
}

// RFC 7323, Section 5.3: "If there is a Timestamps option in the arriving segment, SEG.TSval < TS.Recent, TS.Recent is
// valid (see later discussion), and if the RST bit is not set, then treat the arriving segment as not acceptable: Send an
// acknowledgment in reply … and drop the segment."
//
// req: RFC7323 5.3-1, 5.3-2, 5.3-3
func TestPAWS(t *testing.T) {
	const old, fresh = "<TS=999,0>", "<TS=1000,0>"
	for _, c := range []struct {
		name, segment string
		drop          tcp.Drop
	}{
		{"old text", "<SEQ=1><ACK=1><DATA=100><CTL=ACK>" + old, tcp.DropOldTimestamp},
		{"old text out of order", "<SEQ=101><ACK=1><DATA=100><CTL=ACK>" + old, tcp.DropOldTimestamp},
		{"old and out of window", "<SEQ=-5><ACK=1><CTL=ACK>" + old, tcp.DropOldTimestamp},
		{"old ACK", "<SEQ=1><ACK=1><CTL=ACK><TS=799,0>", tcp.DropOldTimestamp},
		{"ACK that was overtaken", "<SEQ=1><ACK=1><CTL=ACK><TS=800,0>", tcp.Accepted}, // 200 ms
		{"old FIN", "<SEQ=1><ACK=1><CTL=FIN,ACK>" + old, tcp.DropOldTimestamp},
		{"old SYN", "<SEQ=1><CTL=SYN>" + old, tcp.DropOldTimestamp},
		{"equal", "<SEQ=1><ACK=1><DATA=100><CTL=ACK>" + fresh, tcp.Accepted},
		{"half the circle ahead", "<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=2147484647,0>", tcp.Accepted},
		{"half the circle and one ahead", "<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=2147484649,0>", tcp.DropOldTimestamp},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := stamped(t, tcptest.Setup{})
			s.Recv(c.segment)
			s.ExpectDrop(c.drop)
			if c.drop != tcp.Accepted {
				s.Expect("<SEQ=1><ACK=1><CTL=ACK><TS=0,1000>")
				s.ExpectReadable(0)
				s.ExpectState(tcp.StateEstablished)
			}
			s.Ignore()
		})
	}
	t.Run("RST", func(t *testing.T) {
		// "When an <RST> segment is received, it MUST NOT be subjected to the PAWS check by verifying an acceptable value
		// in SEG.TSval, and information from the Timestamps option MUST NOT be used to update connection state
		// information."
		//
		// req: RFC7323 5.2-5
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=2><CTL=RST><TS=5000,0>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><TS=0,1000>")
		s.Recv("<SEQ=1><CTL=RST>" + old)
		s.ExpectState(tcp.StateClosed)
	})
	t.Run("what was queued is not checked again", func(t *testing.T) {
		// "It is important to note that the timestamp MUST be checked only when a segment first arrives at the receiver,
		// regardless of whether it is in sequence or it must be queued for later delivery."
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=1010,0>")
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1500,0>") // TS.Recent is far beyond what was queued
		s.ExpectOnly("<SEQ=1><ACK=201><CTL=ACK><TS=0,1500>")
		s.Read(200)
	})
	t.Run("an original that comes late, behind a hole", func(t *testing.T) {
		const late, fills, never = "<TS=1300,0>", "<TS=1500,0>", "<TS=1299,0>"
		s := stamped(t, tcptest.Setup{})
		s.Recv("<SEQ=201><ACK=1><DATA=100><CTL=ACK><TS=1310,0>") // 1:201 are missing
		s.Recv("<SEQ=401><ACK=1><DATA=100><CTL=ACK><TS=1330,0>")
		s.Recv("<SEQ=1><ACK=1><DATA=200><CTL=ACK>" + fills)
		s.Ignore()
		for _, c := range []struct {
			segment string
			drop    tcp.Drop
		}{
			{"<SEQ=301><ACK=1><DATA=100><CTL=ACK>" + never, tcp.DropOldTimestamp}, // more than 200 ms
			{"<SEQ=201><ACK=1><DATA=100><CTL=ACK>" + late, tcp.DropOldTimestamp},  // is here already
			{"<SEQ=301><ACK=1><CTL=ACK>" + never, tcp.DropOldTimestamp},
			{"<SEQ=302><ACK=1><CTL=ACK>" + late, tcp.DropOldTimestamp},
			{"<SEQ=301><ACK=1><CTL=FIN,ACK>" + late, tcp.DropOldTimestamp},
			{"<SEQ=301><ACK=1><CTL=ACK>" + late, tcp.Accepted},
			{"<SEQ=301><ACK=1><CTL=SYN>" + late, tcp.DropOldTimestamp},
			{"<SEQ=301><ACK=1><DATA=100><CTL=ACK>" + late, tcp.Accepted},
			{"<SEQ=501><ACK=1><DATA=100><CTL=ACK>" + late, tcp.DropOldTimestamp}, // there is no hole any more
		} {
			s.Recv(c.segment)
			s.ExpectDrop(c.drop)
			s.Ignore()
		}
		s.ExpectReadable(500)
		s.Recv("<SEQ=501><ACK=1><DATA=100><CTL=ACK><TS=1500,0>") // TS.Recent has not gone back
		s.ExpectOnly("<SEQ=1><ACK=601><CTL=ACK><TS=0,1500>")
	})
	t.Run("clock wraps", func(t *testing.T) {
		s := stamped(t, tcptest.Setup{TSBase: 1<<32 - 1005})
		s.Recv("<SEQ=1><ACK=1><DATA=100><CTL=ACK><TS=1004,0>")
		s.Expect("<SEQ=1><ACK=101><CTL=ACK><TS=0,1004>")
		s.Recv("<SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=1010,0>")
		s.Expect("<SEQ=1><ACK=201><CTL=ACK><TS=0,1010>")
		s.Recv("<SEQ=201><ACK=1><DATA=100><CTL=ACK><TS=1004,0>")
		s.ExpectDrop(tcp.DropOldTimestamp)
		s.Ignore()
	})
	t.Run("after 24 days", func(t *testing.T) {
		// RFC 7323, Section 5.5: TS.Recent is invalid "when a connection is idle for more than 24 days".
		const segment = "<SEQ=1><ACK=1><DATA=100><CTL=ACK>" + old
		s := stamped(t, tcptest.Setup{})
		s.Advance(24 * 24 * time.Hour)
		s.Recv(segment)
		s.ExpectDrop(tcp.DropOldTimestamp)
		s.Ignore()
		s.Advance(time.Second)
		s.Recv(segment)
		s.ExpectDrop(tcp.Accepted)
		s.ExpectOnly("<SEQ=1><ACK=101><CTL=ACK><TS=2073601000,999>")
		s.Recv("<SEQ=101><ACK=1><DATA=100><CTL=ACK><TS=998,0>") // and it is valid again
		s.ExpectDrop(tcp.DropOldTimestamp)
		s.Ignore()
	})
}

// Timestamps of successive connections between the same ends never go back, and tell nothing about others.
//
// req: RFC7323 7-1, 7.1-1
func TestTimestampOffset(t *testing.T) {
	first := func(start time.Duration, v6 bool) uint32 {
		s := tcptest.Dial(t, tcptest.Setup{Start: mono.Time(start), IPv6: v6})
		return s.TakeHeader().Options.TSVal
	}
	a, b, other := first(10*time.Second, false), first(70*time.Second, false), first(10*time.Second, true)
	if b-a != 60_000 {
		t.Errorf("a minute later the clock has moved by %d ms", b-a)
	}
	if a == other || a == 10_000 {
		t.Error("the offset is not the connection's own")
	}
}

// A timestamp tells the round trip of a segment that was sent twice.
//
// req: RFC7323 4.2-1
func TestRTTByTimestamp(t *testing.T) {
	s := stamped(t, tcptest.Setup{})
	s.Write(100)
	s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH><TS=0,1000>")
	s.ExpectAfter(200*time.Millisecond+time.Microsecond, "<SEQ=1><DATA=100><CTL=ACK,PSH><TS=200,1000>")
	s.Advance(50 * time.Millisecond)
	s.Recv("<SEQ=1><ACK=101><CTL=ACK><TS=1260,200>")
	if i := s.Info(); i.RTT < 6*time.Millisecond || i.RTT > 7*time.Millisecond || i.Backoff != 0 {
		t.Errorf("50 ms were not taken: RTT %v, backoff %d", i.RTT, i.Backoff)
	}
}

// The peer had the first, and its answer was lost: it answers the second with the timestamp of the first, which tells how
// long we waited and not how far the peer is.
func TestStaleEcho(t *testing.T) {
	t.Run("data", func(t *testing.T) {
		s := stamped(t, tcptest.Setup{})
		s.Write(100)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		before := s.Info()
		s.Advance(before.RTO)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>") // a tail loss probe
		s.Advance(before.RTO)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		s.Recv("<SEQ=1><ACK=101><CTL=ACK><TS=1260,0>")
		if i := s.Info(); i.RTT != before.RTT || i.Backoff != 1 {
			t.Errorf("taken: RTT %v, backoff %d", i.RTT, i.Backoff)
		}
	})
	t.Run("SYN", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=10000><MSS=1000><TS=0,0>"})
		s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK><TS=1,0>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
		if got := s.Info().RTT; got != 0 {
			t.Errorf("taken: RTT %v", got)
		}
	})
	t.Run("we answer a repeated SYN with its own", func(t *testing.T) {
		s := tcptest.New(t, tcptest.SynReceived, tcptest.Setup{Peer: "<WND=10000><MSS=1000><TS=0,0>"})
		s.Recv("<SEQ=0><CTL=SYN><TS=1000,0>")
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK><TS=0,1000>")
	})
}
