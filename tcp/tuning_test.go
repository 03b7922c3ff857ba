package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// The not-sent low-water mark bounds what is written ahead, whatever the send buffer would hold; it opens at half.
func TestNotSentLowat(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(cfg *tcp.Config, s *tcptest.Script)
	}{
		{"Config", func(cfg *tcp.Config, s *tcptest.Script) { cfg.NotSentLowat = 8000 }},
		{"SetNotSentLowat", func(cfg *tcp.Config, s *tcptest.Script) {
			if s != nil {
				s.Conn().SetNotSentLowat(8000)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cfg tcp.Config
			c.set(&cfg, nil)
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=3000><MSS=1000>", Config: cfg})
			c.set(&cfg, s)
			if got := s.Conn().Writable(); got != 8000 {
				t.Fatalf("%d bytes writable", got)
			}
			s.Write(8000) // 3000 leave
			s.Expect("<SEQ=1><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=1000><CTL=ACK>")
			if got := s.Conn().Writable(); got != 3000 {
				t.Errorf("%d bytes writable with %d not sent", got, s.Info().NotSent)
			}
			s.Write(3000)
			if got := s.Conn().Writable(); got != 0 {
				t.Errorf("%d bytes writable with %d not sent", got, s.Info().NotSent)
			}
			s.TakeEvents()
			s.Recv("<SEQ=1><ACK=3001><WND=4000><CTL=ACK>") // 4000 of 8000 wait: not yet
			s.ExpectEvents(0)
			s.Recv("<SEQ=1><ACK=3001><WND=5000><CTL=ACK>") // 3000: less than half
			s.ExpectEvents(tcp.EventWritable)
			s.Ignore()
			if i := s.Info(); i.NotSent != 3000 || i.SendQueue != 8000 {
				t.Errorf("%d bytes not sent, %d not acknowledged", i.NotSent, i.SendQueue)
			}
			s.Do("off", func(c *tcp.Conn, _ mono.Time) { c.SetNotSentLowat(0) })
			if s.Conn().Writable() < 100_000 {
				t.Error("the limit stays")
			}
		})
	}
}

// The buffers' sizes can be fixed, and set free again.
func TestBufferSizes(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=1000><MSS=1000><WS=7>"})
	s.Do("send buffer", func(c *tcp.Conn, _ mono.Time) { c.SetSendBuffer(20_000) })
	if got := s.Conn().Writable(); got != 20_000 {
		t.Errorf("%d bytes writable", got)
	}
	s.Do("send buffer", func(c *tcp.Conn, _ mono.Time) { c.SetSendBuffer(0) })
	if got := s.Conn().Writable(); got != 256<<10 {
		t.Errorf("%d bytes writable", got)
	}
	s.Do("receive buffer", func(c *tcp.Conn, _ mono.Time) { c.SetRecvBuffer(100_000) })
	for at := 1; at < 1_000_000; at += 20_000 {
		r := &reader{s, at, s.Now()}
		r.take(20_000, 0)
		s.Advance(time.Millisecond)
		if i := s.Info(); i.RcvSpace != 100_000 {
			t.Fatalf("the receive buffer has %d bytes", i.RcvSpace)
		}
	}
	if i := s.Info(); i.RcvWnd > 100_000+1<<8 {
		t.Errorf("the window is %d", i.RcvWnd)
	}
	s.Do("receive buffer", func(c *tcp.Conn, _ mono.Time) { c.SetRecvBuffer(0) })
	for at := 1_000_001; at < 4_000_000; at += 20_000 {
		r := &reader{s, at, s.Now()}
		r.take(20_000, 0)
	}
	if i := s.Info(); i.RcvSpace <= 100_000 {
		t.Errorf("the receive buffer has %d bytes", i.RcvSpace)
	}
}

// A smaller receive buffer does not take back what was offered.
func TestSmallerReceiveBuffer(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=1000><MSS=1000><WS=7>"})
	wnd := s.Info().RcvWnd
	s.Do("receive buffer", func(c *tcp.Conn, _ mono.Time) { c.SetRecvBuffer(2000) })
	for at := 1; at < wnd; at += 1000 {
		n := min(1000, wnd-at+1)
		s.Recv(data(at, n, "ACK", ""))
		s.ExpectDrop(tcp.Accepted)
	}
	s.Ignore()
	s.Read(wnd)
	s.Ignore()
	if i := s.Info(); i.RcvWnd > 2000+64<<10 { // and what rounding has added to each acknowledgment
		t.Errorf("the window is %d", i.RcvWnd)
	}
}

// The MSS is clamped in both directions by the configuration, and later on what is sent.
func TestMSSClamp(t *testing.T) {
	s := tcptest.Dial(t, tcptest.Setup{Peer: "<WND=60000><MSS=1460>", Config: tcp.Config{MSS: 700}})
	s.Expect("<SEQ=0><CTL=SYN><MSS=700><SACKOK><TS=0,0><WS=8><WND=65535>")
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Ignore()
	s.Write(1400)
	s.Expect("<SEQ=1><DATA=700><CTL=ACK>", "<SEQ=701><DATA=700><CTL=ACK,PSH>")
	s.Recv("<SEQ=1><ACK=1401><CTL=ACK>")
	s.Do("MSS 300", func(c *tcp.Conn, _ mono.Time) { c.SetMSS(300) })
	s.Write(600)
	s.Expect("<SEQ=1401><DATA=300><CTL=ACK>", "<SEQ=1701><DATA=300><CTL=ACK,PSH>")
	s.Recv("<SEQ=1><ACK=2001><CTL=ACK>")
	s.Do("MSS as may be", func(c *tcp.Conn, _ mono.Time) { c.SetMSS(0) })
	s.Write(1460)
	s.Expect("<SEQ=2001><DATA=1460><CTL=ACK,PSH>")
}

// Congestion control changes on a connection, whose window goes on, in recovery too.
func TestChangeCongestion(t *testing.T) {
	for _, to := range []string{"reno", "cubic", "bbr"} {
		for _, when := range []string{"open", "recovery"} {
			t.Run(to+", "+when, func(t *testing.T) {
				s := tcptest.New(t, tcptest.Established, tcptest.Setup{
					Peer: "<WND=60000><MSS=1000><SACKOK>", Config: tcp.Config{Congestion: "cubic"},
				})
				s.Write(50_000)
				s.Advance(10 * time.Millisecond)
				s.Recv("<SEQ=1><ACK=5001><CTL=ACK>")
				if when == "recovery" {
					s.Recv("<SEQ=1><ACK=5001><CTL=ACK><SACK=6001:10001>")
				}
				before := s.Info()
				s.Do("change", func(c *tcp.Conn, now mono.Time) {
					if err := c.SetCongestion(now, to); err != nil {
						t.Error(err)
					}
					if c.SetCongestion(now, "no such thing") == nil {
						t.Error("any name will do")
					}
				})
				after := s.Info()
				if after.Congestion != to || after.SndCwnd < before.SndCwnd {
					t.Errorf("%s with a window of %d, before %d", after.Congestion, after.SndCwnd, before.SndCwnd)
				}
				for range 100 {
					s.Advance(10 * time.Millisecond)
					i := s.Info()
					s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", int(i.BytesAcked)+1+min(i.Unacked, 2000)))
				}
				s.Ignore()
				if i := s.Info(); i.BytesAcked != 50_000 || i.CAState != "open" {
					t.Errorf("%d bytes are through, in state %s", i.BytesAcked, i.CAState)
				}
			})
		}
	}
}
