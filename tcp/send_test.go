package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// "If there is unacknowledged data (i.e., SND.NXT > SND.UNA), then the sending TCP endpoint buffers all user data
// (regardless of the PSH bit) until the outstanding data has been acknowledged or until the TCP endpoint can send a
// full-sized segment (Eff.snd.MSS bytes)" (RFC 9293, Section 3.7.4), in Minshall's form: until the last small segment has
// been acknowledged.
//
// req: RFC9293 SHLD-7, SHLD-27, SHLD-28, MAY-15, MAY-16
func TestNagle(t *testing.T) {
	t.Run("second small write waits", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(100)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		s.Write(100)
		s.Write(100)
		s.ExpectNone()
		s.Recv("<SEQ=1><ACK=101><CTL=ACK>")
		s.ExpectOnly("<SEQ=101><DATA=200><CTL=ACK,PSH>")
	})
	t.Run("until there is a full segment", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(100)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		s.Write(999)
		s.ExpectNone()
		s.Write(1)
		s.ExpectOnly("<SEQ=101><DATA=1000><CTL=ACK,PSH>")
	})
	t.Run("the small end of a large write leaves at once", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(2500)
		s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=500><CTL=ACK,PSH>")
	})
	t.Run("but not a second one", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(1500)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=500><CTL=ACK,PSH>")
		s.Write(1500)
		s.ExpectOnly("<SEQ=1501><DATA=1000><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=1001><CTL=ACK>") // not the small one yet
		s.ExpectNone()
		s.Recv("<SEQ=1><ACK=1501><CTL=ACK>")
		s.ExpectOnly("<SEQ=2501><DATA=500><CTL=ACK,PSH>")
	})
	t.Run("full segments in flight hold nothing", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(1000)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		s.Write(100)
		s.ExpectOnly("<SEQ=1001><DATA=100><CTL=ACK,PSH>")
	})
	t.Run("switched off", func(t *testing.T) {
		// "there MUST be a way for an application to disable the Nagle algorithm on an individual connection (MUST-17)."
		//
		// req: RFC9293 MUST-17
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Write(100)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		s.Write(100)
		s.ExpectNone()
		s.Do("no delay", func(c *tcp.Conn, now mono.Time) { c.SetNoDelay(true) })
		s.Expect("<SEQ=101><DATA=100><CTL=ACK,PSH>")
		s.Write(1)
		s.Write(1)
		s.ExpectOnly("<SEQ=201><DATA=1><CTL=ACK,PSH>", "<SEQ=202><DATA=1><CTL=ACK,PSH>")
		s = tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{NoDelay: true}})
		s.Write(1)
		s.Write(1)
		s.ExpectOnly("<SEQ=1><DATA=1><CTL=ACK,PSH>", "<SEQ=2><DATA=1><CTL=ACK,PSH>")
	})
}

// A corked connection sends full segments only, and the rest after 200 ms at the latest.
func TestCork(t *testing.T) {
	corked := func(t *testing.T) *tcptest.Script {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Conn().SetCork(true)
		return s
	}
	t.Run("released", func(t *testing.T) {
		s := corked(t)
		s.Write(1500)
		s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>")
		s.Do("uncork", func(c *tcp.Conn, now mono.Time) { c.SetCork(false) })
		s.ExpectOnly("<SEQ=1001><DATA=500><CTL=ACK,PSH>")
	})
	t.Run("not released", func(t *testing.T) {
		s := corked(t)
		s.Write(100)
		s.ExpectAfter(200*time.Millisecond, "<SEQ=1><DATA=100><CTL=ACK,PSH>")
	})
	t.Run("not put off by arrivals", func(t *testing.T) {
		s := corked(t)
		s.Write(100)
		for i := range 4 {
			s.Advance(49 * time.Millisecond)
			s.Recv(oneByte(1 + i))
			s.Expect(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", i+2))
		}
		s.ExpectAfter(4*time.Millisecond, "<SEQ=1><DATA=100><CTL=ACK,PSH>")
	})
	t.Run("behind data in flight", func(t *testing.T) {
		s := corked(t)
		s.Write(1500)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=1001><CTL=ACK>")
		s.ExpectAfter(200*time.Millisecond, "<SEQ=1001><DATA=500><CTL=ACK,PSH>")
	})
	t.Run("close", func(t *testing.T) {
		s := corked(t)
		s.Write(100)
		s.CloseWrite()
		s.ExpectOnly("<SEQ=1><DATA=100><CTL=FIN,ACK,PSH>")
	})
}

// RFC 9293, Section 3.8.6.2.1: send "if a maximum-sized segment can be sent", "if the data is pushed and all queued data
// can be sent now", "if at least a fraction Fs of the maximum window can be sent", or "if the override timeout occurs".
//
// req: RFC9293 MUST-38
func TestSenderSWS(t *testing.T) {
	t.Run("what is left of the window behind a full segment waits", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=2500><MSS=1000>"})
		s.Write(5000)
		s.ExpectOnly("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=1001><WND=2000><CTL=ACK>")
		s.ExpectOnly("<SEQ=2001><DATA=1000><CTL=ACK>")
	})
	t.Run("half of the largest window may be sent", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=800><MSS=1000>"})
		s.Write(5000)
		s.ExpectOnly("<SEQ=1><DATA=800><CTL=ACK>")
		s.Recv("<SEQ=1><ACK=801><WND=399><CTL=ACK>")
		s.ExpectNone()
		s.Recv("<SEQ=1><ACK=801><WND=400><CTL=ACK>")
		s.ExpectOnly("<SEQ=801><DATA=400><CTL=ACK>")
	})
	t.Run("all that is queued may be sent", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><WND=100><CTL=ACK>")
		s.Write(100)
		s.ExpectOnly("<SEQ=1><DATA=100><CTL=ACK,PSH>")
	})
	t.Run("the override timeout", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><WND=100><CTL=ACK>")
		s.Write(5000)
		s.ExpectAfter(s.Info().RTO, "<SEQ=1><DATA=100><CTL=ACK>")
	})
	t.Run("the override timeout is not put off by arrivals", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><WND=100><CTL=ACK>")
		s.Write(5000)
		for i := range 10 {
			s.Advance(15 * time.Millisecond)
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><WND=100><DATA=1><CTL=ACK>", i+1))
			s.Expect(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", i+2))
		}
		s.Advance(51 * time.Millisecond)
		s.ExpectOnly("<SEQ=1><DATA=100><CTL=ACK>")
	})
	t.Run("a window that opens a little after probes is used after one timeout", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><WND=0><CTL=ACK>")
		s.Write(5000)
		s.Advance(10 * time.Second)
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1><WND=100><CTL=ACK>")
		s.ExpectAfter(s.Info().RTO, "<SEQ=1><DATA=100><CTL=ACK>")
	})
	t.Run("data and FIN, room for the data", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1><ACK=1><WND=100><CTL=ACK>")
		s.WriteClose(100)
		s.ExpectOnly("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		s.Recv("<SEQ=1><ACK=101><WND=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=101><CTL=FIN,ACK>")
	})
}

// "A sending TCP peer MUST be robust against window shrinking, which may cause the 'usable window' … to become negative
// (MUST-34). If this happens, the sender SHOULD NOT send new data (SHLD-15), but SHOULD retransmit normally the old
// unacknowledged data between SND.UNA and SND.UNA+SND.WND (SHLD-16)" (RFC 9293, Section 3.8.6).
//
// req: RFC9293 MUST-34, SHLD-15, SHLD-16, MAY-7, RFC7323 2.4-1, 2.4-4
func TestShrunkWindow(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=3000><MSS=1000>"})
	s.Write(10_000)
	s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=1001><WND=1000><CTL=ACK>")
	s.ExpectNone()
	s.ExpectAfter(s.Info().RTO, "<SEQ=1001><DATA=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=2001><WND=1000><CTL=ACK>")
	s.Expect("<SEQ=2001><DATA=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=3001><WND=1000><CTL=ACK>")
	s.ExpectOnly("<SEQ=3001><DATA=1000><CTL=ACK>")
}

// PSH stands on the last segment of each write, and of each burst of two segments or more.
func TestPush(t *testing.T) {
	t.Run("writes that wait become one", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=1000><MSS=1000>"})
		s.Write(1000)
		s.Expect("<SEQ=1><DATA=1000><CTL=ACK,PSH>")
		s.Write(700)
		s.Write(700)
		s.Recv("<SEQ=1><ACK=1001><WND=2000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=400><CTL=ACK,PSH>")
	})
	t.Run("super-segments", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000>", MaxSuper: 64_000})
		s.Write(20_000)
		s.ExpectOnly("<SEQ=1><DATA=10000><GSO=1000><CTL=ACK,PSH>")
	})
}

// A device that cuts segments gets as much as window and congestion window allow, in whole segments.
func TestSuperSegments(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{
		Peer: "<WND=60000><MSS=1000>", MaxSuper: 4500, Config: tcp.Config{InitialWindow: 100},
	})
	s.Write(9500)
	s.ExpectOnly("<SEQ=1><DATA=4000><GSO=1000><CTL=ACK,PSH>", "<SEQ=4001><DATA=4000><GSO=1000><CTL=ACK,PSH>",
		"<SEQ=8001><DATA=1500><GSO=1000><CTL=ACK,PSH>")
	s.Recv("<SEQ=1><ACK=9501><CTL=ACK>")
	s.Write(500)
	s.Expect("<SEQ=9501><DATA=500><GSO=0><CTL=ACK,PSH>")
}

// A super-segment that does not fit the views of a packet ends with a whole segment all the same.
func TestSuperSegmentOfManyPieces(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{
		Peer: "<WND=60000><MSS=1000>", MaxSuper: 64_000, Config: tcp.Config{InitialWindow: 100},
	})
	s.Do("many writes", func(c *tcp.Conn, now mono.Time) {
		for range 150 {
			s.Commit(330, true) // one to a chunk at first
		}
	})
	segments := 0
	for total := 0; total < 49_500; segments++ {
		_, n := s.TakeSegment()
		if total += n; total < 49_500 && n%1000 != 0 {
			t.Errorf("a segment of %d bytes in the middle", n%1000)
		}
	}
	if segments < 2 || segments > 4 {
		t.Errorf("%d super-segments", segments)
	}
}

// While a write is under way only whole super-segments leave; the end of the write, or Push, lets the rest go.
func TestWriteUnderWay(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000>", MaxSuper: 4000})
	commit := func(n int, push bool) {
		s.Do(fmt.Sprintf("commit %d", n), func(c *tcp.Conn, now mono.Time) { s.Commit(n, push) })
	}
	commit(3000, false)
	s.ExpectNone()
	commit(3000, false)
	s.ExpectOnly("<SEQ=1><DATA=4000><GSO=1000><CTL=ACK,PSH>")
	s.Push()
	s.ExpectOnly("<SEQ=4001><DATA=2000><GSO=1000><CTL=ACK,PSH>")
	commit(1000, false)
	s.ExpectNone()
	commit(0, true) // the write ends though nothing was added
	s.ExpectOnly("<SEQ=6001><DATA=1000><CTL=ACK,PSH>")
}

// The send buffer holds twice the congestion window, 256 KiB at least and Config.SendBuffer at most; who was refused is
// told when a third is free.
func TestSendBuffer(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{SendBuffer: 30_000}})
	s.Write(30_000)
	s.Ignore()
	if got := s.Conn().Writable(); got != 0 {
		t.Errorf("%d bytes writable", got)
	}
	s.TakeEvents()
	s.Recv("<SEQ=1><ACK=9001><CTL=ACK>")
	s.ExpectEvents(0)
	s.Recv("<SEQ=1><ACK=10001><CTL=ACK>")
	s.ExpectEvents(tcp.EventWritable)
	s.Ignore()
	if got := s.Conn().Writable(); got != 10_000 {
		t.Errorf("%d bytes writable", got)
	}
}

// While a hole keeps SND.UNA where it is, the buffer grows by what the peer holds beyond it: the window of a recovery is
// never short of data.
func TestSendBufferBehindHole(t *testing.T) {
	const window = 400_000
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=65535><MSS=1000><SACKOK><WS=10>"})
	next := 1 // of the peer's next SACK edge
	fill := func() {
		s.Ignore()
		if n := s.Conn().Writable(); n > 0 {
			s.Write(n)
			s.Ignore()
		}
	}
	fill()
	for una := 1; s.Info().SndCwnd < window; una += 2000 {
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", una+2000))
		fill()
		next = una + 2000
	}
	hole := next
	for range 1000 {
		i := s.Info()
		next += 2000
		if hole+i.Unacked < next {
			t.Fatalf("%d bytes are in flight at a window of %d: out of data", hole+i.Unacked-next, i.SndCwnd)
		}
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK><SACK=%d:%d>", hole, hole+1000, next))
		fill()
	}
	if got := s.Info().Unacked; got < 2*window {
		t.Errorf("%d bytes sent beyond the hole", got)
	}
}
