package tcp_test

import (
	"encoding/hex"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

const theCookie = "<FO=0123456789abcdef>"

// known returns what a client knows of a server: a cookie, and its MSS.
func known(mss uint16) tcp.FastOpen {
	f := tcp.FastOpen{Len: 8, MSS: mss}
	hex.Decode(f.Cookie[:], []byte("0123456789abcdef"))
	return f
}

// expectFastOpen checks what a client has learned.
func expectFastOpen(t *testing.T, s *tcptest.Script, want tcp.FastOpenResult, cookie string) {
	t.Helper()
	f, got := s.Conn().FastOpenState()
	if c := hex.EncodeToString(f.Cookie[:f.Len]); got != want || c != cookie {
		t.Errorf("got result %d and cookie %q, want %d and %q", got, c, want, cookie)
	}
}

// RFC 7413, Section 4.2.1: "Fast Open Cookie Request".
//
// req: RFC7413 4.1.3-1, 4.2.1-1, 4.2.1-2, 4.2.1-3
func TestFastOpenRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		lost   int // SYNs
		synAck string
		result tcp.FastOpenResult
		cookie string
	}{
		{"given", 0, "<FO=11223344>", tcp.FastOpenCookie, "11223344"},
		{"given, long", 0, "<FO=00112233445566778899aabbccddeeff>", tcp.FastOpenCookie, "00112233445566778899aabbccddeeff"},
		{"no answer", 0, "", tcp.FastOpenRefused, ""},
		{"an empty answer", 0, "<FO>", tcp.FastOpenRefused, ""},
		{"only the SYN without it was heard", 1, "", tcp.FastOpenRefused, ""},
		{"the first was heard", 1, "<FO=11223344>", tcp.FastOpenCookie, "11223344"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.DialFast(t, tcptest.Setup{}, tcp.FastOpen{})
			s.ExpectOnly("<SEQ=0><CTL=SYN><MSS=1460><WS=8><SACKOK><TS=0,0><FO>")
			for range c.lost {
				s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN><MSS=1460><WS=8><SACKOK>")
			}
			expectFastOpen(t, s, tcp.FastOpenUnknown, "")
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK><MSS=1200>" + c.synAck)
			s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
			s.ExpectState(tcp.StateEstablished)
			expectFastOpen(t, s, c.result, c.cookie)
			if f, _ := s.Conn().FastOpenState(); f.MSS != 1200 {
				t.Errorf("got MSS %d, want 1200", f.MSS)
			}
		})
	}
}

// RFC 7413, Section 4.2.2: the SYN waits for text, carries it, and the connection goes on from what the SYN-ACK says.
//
// req: RFC7413 4.2.2-1, 4.2.2-5, 4.2.2-6, 4.1.3.1-1
func TestFastOpenClient(t *testing.T) {
	for _, c := range []struct {
		name, synAck, answer string
		result               tcp.FastOpenResult
		cookie               string
	}{
		{"taken", "<ACK=301>", "<SEQ=301><ACK=1><CTL=ACK>", tcp.FastOpenTaken, "0123456789abcdef"},
		{"taken, another cookie", "<ACK=301><FO=11223344>", "<SEQ=301><ACK=1><CTL=ACK>", tcp.FastOpenTaken, "11223344"},
		{"taken in part", "<ACK=101>", "<SEQ=101><ACK=1><DATA=200><CTL=ACK,PSH>", tcp.FastOpenTaken, "0123456789abcdef"},
		{"an old cookie", "<ACK=1><FO=11223344>", "<SEQ=1><ACK=1><DATA=300><CTL=ACK,PSH>", tcp.FastOpenCookie, "11223344"},
		{"ignored", "<ACK=1>", "<SEQ=1><ACK=1><DATA=300><CTL=ACK,PSH>", tcp.FastOpenRefused, "0123456789abcdef"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
			s.ExpectNone()
			s.Write(300)
			s.ExpectOnly("<SEQ=0><DATA=300><CTL=SYN><MSS=1460><WS=8><SACKOK>" + theCookie)
			s.Recv("<SEQ=0><CTL=SYN,ACK>" + c.synAck)
			s.ExpectOnly(c.answer)
			s.ExpectState(tcp.StateEstablished)
			expectFastOpen(t, s, c.result, c.cookie)
			s.Recv("<SEQ=1><ACK=301><DATA=50><CTL=ACK>")
			s.Expect("<SEQ=301><ACK=51><CTL=ACK>")
			s.Write(100)
			s.ExpectOnly("<SEQ=301><ACK=51><DATA=100><CTL=ACK,PSH>")
			s.Read(50)
			if got := s.Info().BytesAcked; got != 300 {
				t.Errorf("got %d bytes acknowledged, want 300", got)
			}
		})
	}
	t.Run("the option without a SYN", func(t *testing.T) {
		// "Options with invalid Length values or without the SYN flag set MUST be ignored" (Section 4.1.1).
		//
		// req: RFC7413 4.1.1-2
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Write(300)
		s.Expect("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
		s.Recv("<SEQ=0><ACK=301><CTL=SYN,ACK>", "<SEQ=1><ACK=301><CTL=ACK><FO=11223344>")
		s.ExpectOnly("<SEQ=301><ACK=1><CTL=ACK>")
		expectFastOpen(t, s, tcp.FastOpenTaken, "0123456789abcdef")
	})
	t.Run("the answer comes with the SYN-ACK", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Write(300)
		s.Expect("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
		s.Recv("<SEQ=0><ACK=301><DATA=100><CTL=SYN,ACK>")
		s.ExpectOnly("<SEQ=301><ACK=101><CTL=ACK>")
		s.Read(100)
	})
	t.Run("more is acknowledged than was sent", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Write(300)
		s.Expect("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
		s.Recv("<SEQ=0><ACK=302><CTL=SYN,ACK>")
		s.ExpectOnly("<SEQ=302><CTL=RST>")
		s.ExpectState(tcp.StateSynSent)
	})
	t.Run("nothing to write first", func(t *testing.T) {
		for _, wait := range []bool{false, true} {
			s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
			s.ExpectNone()
			if wait {
				s.ExpectAfter(100*time.Millisecond, "<SEQ=0><CTL=SYN>"+theCookie)
			} else {
				s.Do("connect", func(c *tcp.Conn, now mono.Time) { c.Connect(now) })
				s.ExpectOnly("<SEQ=0><CTL=SYN>" + theCookie)
			}
			s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
			s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
			expectFastOpen(t, s, tcp.FastOpenPlain, "0123456789abcdef")
		}
	})
}

// "Include any data up to the cached server MSS or default 536 bytes"; "the client MAY limit the cached MSS to 1460 bytes
// for IPv4 or 1440 for IPv6."
func TestFastOpenTextFits(t *testing.T) {
	const options = 32 // MSS, SACK-permitted and timestamps, window scale, cookie
	for _, c := range []struct {
		name  string
		known tcp.FastOpen
		setup tcptest.Setup
		want  int
	}{
		{"IPv4", known(0), tcptest.Setup{}, 536 - options},
		{"IPv6", known(0), tcptest.Setup{IPv6: true}, 1220 - options},
		{"cached MSS", known(1000), tcptest.Setup{}, 1000 - options},
		{"large cached MSS", known(65495), tcptest.Setup{MTU: 9000}, 1460 - options},
		{"large cached MSS, IPv6", known(65495), tcptest.Setup{MTU: 9000, IPv6: true}, 1440 - options},
		{"smaller path", known(1460), tcptest.Setup{MTU: 1000}, 960 - options},
		{"tiny cached MSS", known(20), tcptest.Setup{}, 0},
		{"longest cookie", tcp.FastOpen{Len: 16}, tcptest.Setup{}, 536 - 40},
		{"super-segments", known(1460), tcptest.Setup{MaxSuper: 65000}, 1460 - options},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.DialFast(t, c.setup, c.known)
			s.Write(5000)
			if _, n := s.TakeSegment(); n != c.want {
				t.Errorf("got %d bytes, want %d", n, c.want)
			}
			s.ExpectNone()
			s.Recv(fmt.Sprintf("<SEQ=0><ACK=%d><CTL=SYN,ACK><WND=60000><MSS=1000>", 1+c.want))
			if n, bytes := s.Sent(); bytes != 5000-c.want {
				t.Errorf("got %d bytes in %d segments after it, want %d", bytes, n, 5000-c.want)
			}
			s.Ignore()
		})
	}
}

// "when the SYN timer fires, the client SHOULD retransmit a SYN packet without data and Fast Open options."
//
// req: RFC7413 4.2.2-2, 4.1.3.1-1
func TestFastOpenLostSYN(t *testing.T) {
	for _, c := range []struct {
		name, synAck, answer string
		result               tcp.FastOpenResult
	}{
		{"the first was heard", "<ACK=301>", "<SEQ=301><ACK=1><CTL=ACK>", tcp.FastOpenTaken},
		{"the second was heard", "<ACK=1>", "<SEQ=1><ACK=1><DATA=300><CTL=ACK,PSH>", tcp.FastOpenRefused},
		{"the first was heard, and its cookie is old", "<ACK=1><FO=11223344>", "<SEQ=1><ACK=1><DATA=300><CTL=ACK,PSH>", tcp.FastOpenCookie},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
			s.Write(300)
			s.Expect("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
			s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN><MSS=1460><WS=8><SACKOK>")
			s.ExpectAfter(time.Second, "<SEQ=0><CTL=SYN>")
			s.Recv("<SEQ=0><CTL=SYN,ACK>" + c.synAck)
			s.ExpectOnly(c.answer)
			if _, got := s.Conn().FastOpenState(); got != c.result {
				t.Errorf("got result %d, want %d", got, c.result)
			}
		})
	}
	t.Run("none was heard", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{Config: tcp.Config{SYNRetries: 1}}, known(0))
		s.Write(300)
		s.Advance(10 * time.Second)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
		expectFastOpen(t, s, tcp.FastOpenRefused, "0123456789abcdef")
	})
	t.Run("refused", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Write(300)
		s.Ignore()
		s.Recv("<SEQ=0><ACK=301><CTL=RST,ACK>")
		s.ExpectClosed(syscall.ECONNREFUSED)
		expectFastOpen(t, s, tcp.FastOpenPlain, "0123456789abcdef")
	})
}

// For its user a connection that waits is there: what was written is delivered, whatever is closed.
func TestFastOpenClose(t *testing.T) {
	for _, c := range []struct {
		name  string
		close func(s *tcptest.Script)
	}{
		{"close write", (*tcptest.Script).CloseWrite},
		{"close", (*tcptest.Script).Close},
	} {
		for _, ack := range []int{1, 301} {
			t.Run(fmt.Sprintf("%s, ACK %d", c.name, ack), func(t *testing.T) {
				s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
				s.Write(300)
				c.close(s)
				s.ExpectOnly("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
				s.Recv(fmt.Sprintf("<SEQ=0><ACK=%d><CTL=SYN,ACK>", ack))
				if ack == 1 {
					s.ExpectOnly("<SEQ=1><ACK=1><DATA=300><CTL=FIN,ACK,PSH>")
				} else {
					s.ExpectOnly("<SEQ=301><ACK=1><CTL=FIN,ACK>")
				}
				s.Recv("<SEQ=1><ACK=302><CTL=FIN,ACK>")
				s.ExpectOnly("<SEQ=302><ACK=2><CTL=ACK>")
				s.ExpectState(tcp.StateTimeWait)
			})
		}
	}
	t.Run("close write, nothing written", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.CloseWrite()
		s.ExpectOnly("<SEQ=0><CTL=SYN>" + theCookie)
		s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=FIN,ACK>")
	})
	t.Run("close, nothing written", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Close()
		s.ExpectNone()
		s.ExpectClosed(nil)
	})
	t.Run("abort", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Write(300)
		s.Ignore()
		s.Abort()
		s.ExpectNone()
		s.ExpectClosed(syscall.ECONNABORTED)
	})
}

// Text that a SYN carried is not new when it is sent again (RFC 3168, Section 6.1.5).
func TestFastOpenECN(t *testing.T) {
	s := tcptest.DialFast(t, tcptest.Setup{Config: ecnRequest}, known(0))
	s.Write(300)
	s.Expect("<SEQ=0><DATA=300><CTL=SYN,ECE,CWR>" + theCookie)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK,ECE>")
	s.ExpectOnly("<SEQ=1><DATA=300><CTL=ACK,PSH>")
	s.Recv("<SEQ=1><ACK=301><CTL=ACK>")
	s.Write(100)
	s.ExpectOnly("<SEQ=301><DATA=100><CTL=ACK,PSH><ECT0>")
}

// SYNs may cross, with text or without: it goes on as if it had never been sent.
func TestFastOpenSimultaneous(t *testing.T) {
	for _, end := range []string{"<SEQ=0><ACK=1><CTL=SYN,ACK>", "<SEQ=1><ACK=1><CTL=ACK>"} {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Write(300)
		s.Expect("<SEQ=0><DATA=300><CTL=SYN>" + theCookie)
		s.Recv("<SEQ=0><DATA=100><CTL=SYN><FO=11223344>")
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Recv(end)
		s.ExpectOnly("<SEQ=1><ACK=1><DATA=300><CTL=ACK,PSH>")
		s.ExpectState(tcp.StateEstablished)
		s.Recv("<SEQ=1><ACK=301><CTL=ACK>")
		s.ExpectNone()
	}
	t.Run("before ours has left", func(t *testing.T) {
		s := tcptest.DialFast(t, tcptest.Setup{}, known(0))
		s.Recv("<SEQ=0><CTL=SYN>")
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.ExpectAfter(time.Second, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Write(100)
		s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>")
	})
}

// serverCookie asks a server for the cookie of the script's client.
func serverCookie(t *testing.T, setup tcptest.Setup) string {
	t.Helper()
	s := tcptest.AcceptSYN(t, setup, "<SEQ=0><CTL=SYN><FO>")
	h := s.TakeHeader()
	if !h.Options.HasFastOpen || h.Options.FastOpenLen != 8 {
		t.Fatalf("no cookie in %+v", h)
	}
	return "<FO=" + hex.EncodeToString(h.Options.Cookie()) + ">"
}

// RFC 7413, Section 4.2.2, "Server: Receiving SYN and responding with SYN-ACK".
//
// req: RFC7413 4.1.1-1, 4.1.2-1, 4.2.2-3, 4.2.2-4
func TestFastOpenServer(t *testing.T) {
	setup := tcptest.Setup{FastOpen: true}
	cookie := serverCookie(t, setup)

	t.Run("text before the handshake is over", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.ExpectOnly("<SEQ=0><ACK=301><CTL=SYN,ACK><MSS=1460>")
		s.ExpectState(tcp.StateSynReceived)
		if !s.Conn().HasTakenText() {
			t.Error("the connection cannot be accepted")
		}
		s.Read(300)
		s.Write(2500)
		s.ExpectOnly("<SEQ=1><ACK=301><DATA=1000><CTL=ACK>", "<SEQ=1001><DATA=1000><CTL=ACK>", "<SEQ=2001><DATA=500><CTL=ACK,PSH>")
		s.ExpectState(tcp.StateSynReceived)
		s.Advance(100 * time.Millisecond)
		s.Recv("<SEQ=301><ACK=1><CTL=ACK>")
		s.ExpectState(tcp.StateEstablished)
		if got := s.Info().RTT; got != 100*time.Millisecond {
			t.Errorf("got RTT %v, want that of the SYN-ACK, 100ms", got)
		}
		s.Recv("<SEQ=301><ACK=2501><DATA=100><CTL=ACK>")
		s.ExpectAfter(40*time.Millisecond, "<SEQ=2501><ACK=401><CTL=ACK>")
		s.Read(100)
	})
	t.Run("one ACK for all", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.Expect("<SEQ=0><ACK=301><CTL=SYN,ACK>")
		s.WriteClose(500)
		s.ExpectOnly("<SEQ=1><DATA=500><CTL=FIN,ACK,PSH>")
		s.Recv("<SEQ=301><ACK=502><CTL=ACK>")
		s.ExpectState(tcp.StateFinWait2)
		s.Read(300)
	})
	t.Run("without text", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><CTL=SYN>"+cookie)
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.Write(100)
		s.ExpectOnly("<SEQ=1><ACK=1><DATA=100><CTL=ACK,PSH>")
		s.Recv("<SEQ=1><ACK=101><CTL=ACK>")
		s.ExpectState(tcp.StateEstablished)
	})
	t.Run("a wrong cookie", func(t *testing.T) {
		for _, wrong := range []string{"<FO>", "<FO=0123456789abcdef>", "<FO=01234567>", cookie[:len(cookie)-5] + ">"} {
			s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+wrong)
			s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>" + cookie)
			s.ExpectReadable(0)
			s.Write(100)
			s.ExpectNone()
			s.Recv("<SEQ=1><ACK=1><DATA=300><CTL=ACK>")
			s.ExpectOnly("<SEQ=1><ACK=301><DATA=100><CTL=ACK,PSH>")
			s.Read(300)
		}
	})
	t.Run("not switched on", func(t *testing.T) {
		// "When this flag is off, the server does not perform any TFO-related operations and MUST ignore all cookie
		// options."
		//
		// req: RFC7413 2-1, 4.2-1, 4.2-2
		s := tcptest.AcceptSYN(t, tcptest.Setup{}, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>")
		s.ExpectReadable(0)
	})
	t.Run("the SYN-ACK is lost", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><CTL=SYN><FO>")
		s.Expect("<SEQ=0><ACK=1><CTL=SYN,ACK>" + cookie)
		s.ExpectAfter(time.Second, "<SEQ=0><ACK=1><CTL=SYN,ACK>")
	})
	t.Run("the SYN-ACK and text are lost", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.Expect("<SEQ=0><ACK=301><CTL=SYN,ACK>")
		s.Write(100)
		s.Expect("<SEQ=1><DATA=100><CTL=ACK,PSH>")
		s.ExpectAfter(time.Second, "<SEQ=0><ACK=301><CTL=SYN,ACK>")
		s.Recv("<SEQ=0><CTL=SYN>") // the client's SYN, which has no text any more
		s.ExpectOnly("<SEQ=0><ACK=301><CTL=SYN,ACK>")
		s.Recv("<SEQ=301><ACK=1><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=301><DATA=100><CTL=ACK,PSH>") // there was no connection that could have taken it
		s.Recv("<SEQ=301><ACK=101><CTL=ACK>")
		s.Read(300)
	})
	t.Run("reset", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.Expect("<SEQ=0><ACK=301><CTL=SYN,ACK>")
		s.Recv("<SEQ=301><CTL=RST>")
		s.ExpectClosed(syscall.ECONNRESET)
		s.Read(300)
	})
	t.Run("nobody there", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.Write(100)
		s.Advance(5 * time.Minute)
		s.Ignore()
		s.ExpectClosed(syscall.ETIMEDOUT)
		s.Read(300)
	})
	t.Run("closed with text unread", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.Expect("<SEQ=0><ACK=301><CTL=SYN,ACK>")
		s.Close()
		s.ExpectOnly("<SEQ=1><ACK=301><CTL=RST,ACK>")
	})
	t.Run("unreachable", func(t *testing.T) {
		s := tcptest.AcceptSYN(t, setup, "<SEQ=0><DATA=300><CTL=SYN>"+cookie)
		s.Expect("<SEQ=0><ACK=301><CTL=SYN,ACK>")
		if !s.ICMP(tcp.ICMPHard, 0, 0, syscall.EHOSTUNREACH) {
			t.Error("an error about the SYN-ACK is not believed")
		}
		s.ExpectClosed(syscall.EHOSTUNREACH)
		s.Read(300)
	})
}

// A cookie is good for 12 to 24 hours, and whoever shows an old one gets a new one.
//
// req: RFC7413 4.1.2-1
func TestFastOpenCookieAge(t *testing.T) {
	at := func(h time.Duration) tcptest.Setup {
		return tcptest.Setup{FastOpen: true, Start: mono.Time(1000 * time.Hour).Add(h)} // 4 hours into a period
	}
	old := serverCookie(t, at(0))
	if same := serverCookie(t, at(7*time.Hour)); same != old {
		t.Errorf("another cookie after 7 hours")
	}
	fresh := serverCookie(t, at(9*time.Hour))
	if fresh == old {
		t.Errorf("the same cookie after 9 hours")
	}
	s := tcptest.AcceptSYN(t, at(19*time.Hour), "<SEQ=0><DATA=300><CTL=SYN>"+old)
	s.ExpectOnly("<SEQ=0><ACK=301><CTL=SYN,ACK>" + fresh)
	s.Read(300)
	s = tcptest.AcceptSYN(t, at(21*time.Hour), "<SEQ=0><DATA=300><CTL=SYN>"+old)
	s.ExpectOnly("<SEQ=0><ACK=1><CTL=SYN,ACK>" + serverCookie(t, at(21*time.Hour)))
	if ipv6 := serverCookie(t, tcptest.Setup{FastOpen: true, IPv6: true}); ipv6 == serverCookie(t, tcptest.Setup{FastOpen: true}) {
		t.Error("two clients have the same cookie")
	}
}
