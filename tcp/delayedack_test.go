package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// settled returns a connection past the acknowledgments that are sent at once in the beginning, the next byte to come
// having number 17. The peer's segments are known to be of 1000 bytes at most.
func settled(t *testing.T, cfg tcp.Config) *tcptest.Script {
	t.Helper()
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg})
	for at := 1; at <= 16; at++ {
		s.Recv(oneByte(at))
		s.Expect(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at+1))
	}
	s.ExpectNone()
	return s
}

// "A TCP endpoint SHOULD implement a delayed ACK (SHLD-18), but an ACK should not be excessively delayed; in particular,
// the delay MUST be less than 0.5 seconds (MUST-40). An ACK SHOULD be generated for at least every second full-sized
// segment or 2*RMSS bytes of new data (where RMSS is the MSS specified by the TCP endpoint receiving the segments to be
// acknowledged, or the default value if not specified) (SHLD-19)" (RFC 9293, Section 3.8.6.3).
//
// req: RFC9293 SHLD-18, SHLD-19, MUST-40, RFC5681 4.2-1, 4.2-2, 4.2-3, 4.2-4, 4.2-9
func TestDelayedACK(t *testing.T) {
	t.Run("the first 16 arrivals are acknowledged at once", func(t *testing.T) {
		settled(t, tcp.Config{})
	})
	t.Run("then after 40 ms", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectAfter(40*time.Millisecond, "<SEQ=1><ACK=117><CTL=ACK>")
		s.Advance(time.Hour)
		s.ExpectNone()
	})
	t.Run("counted from the first arrival", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.Advance(30 * time.Millisecond)
		s.Recv("<SEQ=117><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectAfter(10*time.Millisecond, "<SEQ=1><ACK=217><CTL=ACK>")
	})
	t.Run("at once again after a pause", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Advance(300 * time.Millisecond)
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=117><CTL=ACK>")
	})
	t.Run("at once again after a duplicate", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Recv("<SEQ=1><ACK=1><DATA=16><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=17><CTL=ACK>")
		for at := 17; at < 17+1600; at += 100 {
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=100><CTL=ACK>", at))
			s.ExpectOnly(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at+100))
		}
		s.Recv("<SEQ=1617><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectNone()
		s.Advance(time.Second)
		s.Ignore()
	})
	t.Run("when what was pushed has been read", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Read(16)
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK,PSH>")
		s.Read(50)
		s.ExpectNone()
		s.Read(50)
		s.ExpectOnly("<SEQ=1><ACK=117><CTL=ACK>")
		s.Recv("<SEQ=117><ACK=1><DATA=100><CTL=ACK>")
		s.Read(100)
		s.ExpectAfter(40*time.Millisecond, "<SEQ=1><ACK=217><CTL=ACK>")
	})
	t.Run("every second full segment", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		for at := 17; at < 20_000; at += 2000 {
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=1000><CTL=ACK>", at))
			s.ExpectNone()
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=1000><CTL=ACK>", at+1000))
			s.ExpectOnly(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at+2000))
			s.Read(s.Conn().Readable())
		}
	})
	t.Run("two full segments' worth of small ones", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		for at := 17; at < 17+1050; at += 150 { // 2 * 536, nothing larger having been seen
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=150><CTL=ACK>", at))
		}
		s.ExpectNone()
		s.Recv("<SEQ=1067><ACK=1><DATA=150><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1217><CTL=ACK>")
	})
	t.Run("a super-segment", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Recv("<SEQ=17><ACK=1><DATA=5000><GSO=1000><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=5017><CTL=ACK>")
		if got := s.Info().RcvMSS; got != 1000 {
			t.Errorf("got RcvMSS %d", got)
		}
	})
	t.Run("FIN at once", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Recv("<SEQ=17><ACK=1><DATA=10><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=28><CTL=ACK>")
	})
	t.Run("rides on data", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.Advance(10 * time.Millisecond)
		s.Write(50)
		s.ExpectOnly("<SEQ=1><ACK=117><DATA=50><CTL=ACK,PSH>")
		s.Recv("<SEQ=117><ACK=51><CTL=ACK>")
		s.Advance(time.Hour)
		s.ExpectNone()
	})
	t.Run("at once if wanted", func(t *testing.T) {
		s := settled(t, tcp.Config{})
		s.Conn().SetQuickACK(true)
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=117><CTL=ACK>")
		s.Conn().SetQuickACK(false)
		s.Recv("<SEQ=117><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectAfter(40*time.Millisecond, "<SEQ=1><ACK=217><CTL=ACK>")
	})
	t.Run("as long as set, below half a second", func(t *testing.T) {
		s := settled(t, tcp.Config{DelayedACK: 5 * time.Millisecond})
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectAfter(5*time.Millisecond, "<SEQ=1><ACK=117><CTL=ACK>")
		s = settled(t, tcp.Config{DelayedACK: time.Minute})
		s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
		s.Advance(499 * time.Millisecond)
		s.Expect("<SEQ=1><ACK=117><CTL=ACK>")
	})
}

// "A TCP receiver SHOULD send an immediate duplicate ACK when an out-of-order segment arrives … In addition, a TCP receiver
// SHOULD send an immediate ACK when the incoming segment fills in all or part of a gap in the sequence space" (RFC 5681,
// Section 3.2), where an acknowledgment would otherwise wait.
//
// req: RFC5681 3.2-1, 3.2-2, 4.2-5, 4.2-7, 4.2-8
func TestHolesAreAnsweredAtOnce(t *testing.T) {
	s := settled(t, tcp.Config{})
	s.Recv("<SEQ=217><ACK=1><DATA=10><CTL=ACK>")
	s.ExpectOnly("<SEQ=1><ACK=17><CTL=ACK>")
	s.Recv("<SEQ=17><ACK=1><DATA=100><CTL=ACK>")
	s.ExpectOnly("<SEQ=1><ACK=117><CTL=ACK>") // part of the gap
	s.Recv("<SEQ=117><ACK=1><DATA=100><CTL=ACK>")
	s.ExpectOnly("<SEQ=1><ACK=227><CTL=ACK>") // the rest
	s.Recv("<SEQ=227><ACK=1><DATA=100><CTL=ACK>")
	s.ExpectNone() // and there is none any more
	s.ExpectAfter(40*time.Millisecond, "<SEQ=1><ACK=327><CTL=ACK>")
}

// Requests and responses: acknowledgments wait for the response from the first one on.
func TestInteractive(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Recv("<SEQ=1><ACK=1><DATA=10><CTL=ACK>")
	s.Expect("<SEQ=1><ACK=11><CTL=ACK>")
	s.Write(10)
	s.Expect("<SEQ=1><ACK=11><DATA=10><CTL=ACK,PSH>")
	for i := 1; i < 10; i++ {
		s.Recv(fmt.Sprintf("<SEQ=%d><ACK=%d><DATA=10><CTL=ACK>", 10*i+1, 10*i+1))
		s.ExpectNone()
		s.Advance(20 * time.Millisecond)
		s.Write(10)
		s.ExpectOnly(fmt.Sprintf("<SEQ=%d><ACK=%d><DATA=10><CTL=ACK,PSH>", 10*i+1, 10*i+11))
	}
	// A response that does not come in time: acknowledged after 40 ms, and the next at once.
	s.Recv("<SEQ=101><ACK=101><DATA=10><CTL=ACK>")
	s.ExpectAfter(40*time.Millisecond, "<SEQ=101><ACK=111><CTL=ACK>")
	s.Recv("<SEQ=111><ACK=101><DATA=10><CTL=ACK>")
	s.ExpectOnly("<SEQ=101><ACK=121><CTL=ACK>")
}

// "If the TCP endpoint is processing a series of queued segments, it MUST process them all before sending any ACK
// segments (MUST-59)" (RFC 9293, Section 3.10.7.4); "A TCP receiver MUST NOT generate more than one ACK for every incoming
// segment" (RFC 5681, Section 4.2).
//
// req: RFC9293 MUST-58, MUST-59, RFC5681 4.2-6
func TestOneACKPerBatch(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
	s.Recv(oneByte(1), oneByte(2), "<SEQ=5><ACK=1><DATA=1000><CTL=ACK>", "<SEQ=3><ACK=1><DATA=2><CTL=ACK>", oneByte(1))
	s.ExpectOnly("<SEQ=1><ACK=1005><CTL=ACK>")
}

// "The suggested SWS avoidance algorithm for the receiver is to keep RCV.NXT+RCV.WND fixed until the reduction satisfies:
// RCV.BUFF - RCV.USER - RCV.WND >= min( Fr * RCV.BUFF, Eff.snd.MSS )" (RFC 9293, Section 3.8.6.2.2).
//
// req: RFC9293 MUST-39, SHLD-14
func TestReceiverSWS(t *testing.T) {
	t.Run("a full window opens by half the buffer", func(t *testing.T) {
		s := fullWindow(t)
		s.Read(999)
		s.ExpectNone()
		s.Recv("<SEQ=2000><ACK=1><CTL=ACK>") // a probe hears the same
		s.Expect("<SEQ=1><ACK=2001><WND=0><CTL=ACK>")
		s.Read(1)
		s.ExpectOnly("<SEQ=1><ACK=2001><WND=1000><CTL=ACK>")
		s.Read(999)
		s.ExpectNone()
		s.Read(1)
		s.ExpectOnly("<SEQ=1><ACK=2001><WND=2000><CTL=ACK>")
	})
	t.Run("a full window opens by two segments", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{RecvBuffer: 10_000}})
		for at := 1; at < 10_000; at += 1000 {
			s.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=1000><CTL=ACK>", at))
		}
		s.Ignore()
		s.Read(1999)
		s.ExpectNone()
		s.Read(1)
		s.ExpectOnly("<SEQ=1><ACK=10001><WND=2000><CTL=ACK>")
		s.Read(1999)
		s.ExpectNone()
		s.Read(1)
		s.ExpectOnly("<SEQ=1><ACK=10001><WND=4000><CTL=ACK>")
		s.Read(3999)
		s.ExpectNone()
		s.Read(1)
		s.ExpectOnly("<SEQ=1><ACK=10001><WND=8000><CTL=ACK>")
		s.Read(2000)
		s.ExpectNone() // 8000 keep the peer busy for now
	})
	t.Run("small reads between segments leave the edge where it is", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{RecvBuffer: 5000}})
		s.Recv("<SEQ=1><ACK=1><DATA=1000><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1001><WND=4000><CTL=ACK>")
		s.Read(500)
		s.Recv("<SEQ=1001><ACK=1><DATA=1000><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=2001><WND=3000><CTL=ACK>") // and not 3500
		s.Read(500)
		s.Recv("<SEQ=2001><ACK=1><DATA=1000><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=3001><WND=3000><CTL=ACK>")
	})
	t.Run("tiny segments do not push the edge without end", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=1000><WS=0>", Config: tcp.Config{RecvBuffer: 1 << 30, InitialRecvBuffer: 70_000}})
		for at := 1; at < 5000; at++ {
			s.Recv(oneByte(at))
		}
		s.Ignore()
		if i := s.Info(); i.RcvWnd+i.ReadQueue > i.RcvSpace+1<<14 {
			t.Errorf("%d bytes wait, the window is %d, the buffer %d", i.ReadQueue, i.RcvWnd, i.RcvSpace)
		}
	})
}

// Data that arrived with its ACK delayed beyond a window update is acknowledged by it.
func TestWindowUpdateAcknowledges(t *testing.T) {
	s := settled(t, tcp.Config{RecvBuffer: 2000})
	s.Recv("<SEQ=17><ACK=1><DATA=984><CTL=ACK>")
	s.ExpectNone()
	s.Read(1000)
	s.ExpectOnly("<SEQ=1><ACK=1001><WND=2000><CTL=ACK>")
	s.Advance(time.Second)
	s.ExpectNone()
}
