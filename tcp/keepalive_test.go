package tcp_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// keepAlive is SEQ=SND.UNA-1, no data (SHLD-12).
const keepAlive = "<SEQ=0><ACK=1><CTL=ACK>"

// "Keep-alive packets MUST only be sent when no sent data is outstanding, and no data or acknowledgment packets have been
// received for the connection within an interval (MUST-26). This interval MUST be configurable (MUST-27) and MUST default
// to no less than two hours (MUST-28)"; "it MUST NOT interpret failure to respond to any specific probe as a
// dead connection (MUST-29)"; "the application MUST be able to turn them on or off for each TCP connection (MUST-24), and
// they MUST default to off (MUST-25)" (RFC 9293, Section 3.8.4).
//
// req: RFC9293 MAY-5, MUST-24, MUST-25, MUST-26, MUST-27, MUST-28, MUST-29, SHLD-12
func TestKeepAlive(t *testing.T) {
	on := func(t *testing.T, cfg tcp.Config) *tcptest.Script {
		cfg.KeepAlive = true
		return tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg})
	}
	t.Run("off", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Advance(24 * time.Hour)
		s.ExpectNone()
		if s.Conn().Deadline() != mono.Never {
			t.Error("an idle connection has a deadline")
		}
	})
	t.Run("two hours, then nine times 75 seconds", func(t *testing.T) {
		s := on(t, tcp.Config{})
		s.ExpectAfter(2*time.Hour, keepAlive)
		for range 8 {
			s.ExpectAfter(75*time.Second, keepAlive)
		}
		s.Advance(75 * time.Second)
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=RST,ACK>")
		s.ExpectClosed(syscall.ETIMEDOUT)
	})
	t.Run("answered", func(t *testing.T) {
		s := on(t, tcp.Config{})
		s.ExpectAfter(2*time.Hour, keepAlive)
		s.ExpectAfter(75*time.Second, keepAlive)
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		s.ExpectAfter(2*time.Hour, keepAlive)
		for range 8 { // the count begins anew
			s.ExpectAfter(75*time.Second, keepAlive)
		}
	})
	t.Run("any arrival counts", func(t *testing.T) {
		s := on(t, tcp.Config{})
		s.Advance(time.Hour)
		s.Recv(oneByte(1))
		s.Expect("<SEQ=1><ACK=2><CTL=ACK>")
		s.ExpectAfter(2*time.Hour, "<SEQ=0><ACK=2><CTL=ACK>")
	})
	t.Run("arrival shortly before", func(t *testing.T) {
		s := on(t, tcp.Config{KeepIdle: 100 * time.Second})
		s.Advance(10 * time.Second)
		s.Recv(oneByte(1))
		s.Expect("<SEQ=1><ACK=2><CTL=ACK>")
		s.ExpectAfter(100*time.Second, "<SEQ=0><ACK=2><CTL=ACK>")
	})
	t.Run("not while data is in flight", func(t *testing.T) {
		s := on(t, tcp.Config{KeepIdle: time.Second, KeepInterval: time.Second, KeepCount: 2})
		s.Write(10)
		s.Expect("<SEQ=1><DATA=10><CTL=ACK,PSH>")
		for s.Now() < mono.Time(1100*time.Second) {
			s.Advance(time.Second)
			for n, _ := s.Sent(); n > 0; n-- {
				s.Expect("<SEQ=1><DATA=10><CTL=ACK,PSH>")
			}
		}
		s.ExpectState(tcp.StateEstablished)
	})
	t.Run("set and switched", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Advance(time.Hour)
		s.Do("keep-alive", func(c *tcp.Conn, now mono.Time) {
			c.SetKeepAliveTimes(now, 10*time.Second, 5*time.Second, 1)
			c.SetKeepAlive(now, true)
		})
		s.ExpectAfter(10*time.Second, keepAlive)
		s.Do("off", func(c *tcp.Conn, now mono.Time) { c.SetKeepAlive(now, false) })
		s.Advance(time.Hour)
		s.ExpectNone()
	})
	for _, c := range []struct {
		name    string
		timeout time.Duration
		probes  int
	}{
		// Probes leave 10, 15, 20, ... seconds after the peer was last heard.
		{"a short user timeout ends it before the last probe", 12 * time.Second, 1},
		{"a long one after", 100 * time.Second, 18},
		{"one shorter than the idle time waits for one probe", time.Second, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := on(t, tcp.Config{KeepIdle: 10 * time.Second, KeepInterval: 5 * time.Second, KeepCount: 3, UserTimeout: c.timeout})
			s.ExpectAfter(10*time.Second, keepAlive)
			for range c.probes - 1 {
				s.ExpectAfter(5*time.Second, keepAlive)
			}
			s.ExpectAfter(5*time.Second, "<SEQ=1><ACK=1><CTL=RST,ACK>")
			s.ExpectClosed(syscall.ETIMEDOUT)
		})
	}
	for _, c := range []struct {
		start tcptest.Start
		probe string
	}{
		{tcptest.CloseWait, "<SEQ=0><ACK=2><CTL=ACK>"},
		{tcptest.FinWait2, "<SEQ=1><ACK=1><CTL=ACK>"},
	} {
		t.Run(c.start.String(), func(t *testing.T) {
			s := tcptest.New(t, c.start, tcptest.Setup{Config: tcp.Config{KeepAlive: true}})
			s.ExpectAfter(2*time.Hour, c.probe)
		})
	}
	t.Run("TIME-WAIT", func(t *testing.T) {
		s := tcptest.New(t, tcptest.TimeWait, tcptest.Setup{Config: tcp.Config{KeepAlive: true, KeepIdle: time.Second}})
		s.Advance(time.Hour)
		s.ExpectNone()
	})
	t.Run("closed window", func(t *testing.T) {
		// The persist timer has the word.
		s := closedWindow(t, tcp.Config{KeepAlive: true, KeepIdle: time.Second, KeepInterval: time.Second, KeepCount: 2})
		for range 20 {
			s.Advance(s.Conn().Deadline().Sub(s.Now()))
			s.Ignore()
			s.Recv("<SEQ=1><ACK=1001><WND=0><CTL=ACK>")
		}
		s.ExpectState(tcp.StateEstablished)
	})
}

// A peer's keep-alive is answered, whatever is on.
func TestAnswersKeepAlive(t *testing.T) {
	for _, f := range synchronized {
		s := tcptest.New(t, f.start, tcptest.Setup{})
		s.Recv("<SEQ=0><ACK=1><CTL=ACK>")
		h := s.TakeHeader()
		if int(h.Seq) != 10_000+f.nxt || int(h.Ack) != 20_000+f.rcv {
			t.Errorf("%v: got %+v", f.state, h)
		}
	}
}
