package tcp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// "The application layer MUST be able to specify the Differentiated Services field for segments that are sent on a
// connection (MUST-48). … the application SHOULD be able to change the Diffserv field during the connection lifetime
// (SHLD-21). TCP implementations SHOULD pass the current Diffserv field value without change to the IP layer (SHLD-22)";
// "The TTL value used to send TCP segments MUST be configurable (MUST-49)" (RFC 9293, Sections 3.9.1.9 and 3.9.2).
//
// req: RFC9293 MUST-48, MUST-49, SHLD-21, SHLD-22
func TestTOSAndTTL(t *testing.T) {
	l := newLoop(tcp.Config{TOS: 0x20, TTL: 7}, 0)
	next := func(want uint8, ttl uint8) {
		t.Helper()
		copy(l.a.Reserve(1), "x")
		l.a.Commit(l.now, 1, true)
		out := tcp.Out{Payload: make([]buffer.View, 0, 1)}
		if !l.a.Next(l.now, &out) || out.TOS != want || out.TTL != ttl {
			t.Errorf("got TOS %#x, TTL %d, want %#x, %d", out.TOS, out.TTL, want, ttl)
		}
		l.env.Pool.ReleaseAll(out.Payload)
	}
	l.a.SetNoDelay(true)
	next(0x20, 7)
	l.a.SetTOS(0xbb) // the ECN bits are ours
	l.a.SetTTL(200)
	next(0xb8, 200)
	l.a.Abort(l.now)
	var out tcp.Out
	if l.a.Next(l.now, &out); out.TOS != 0xb8 || out.TTL != 200 {
		t.Errorf("RST: got TOS %#x, TTL %d", out.TOS, out.TTL)
	}
	if id := l.a.ID(); id.Local.Port() != 1 || id.Remote.Port() != 2 {
		t.Errorf("got %v", id)
	}
}

func TestInfo(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=60000><MSS=1012><SACKOK><TS=0,0><WS=7>"})
	s.Advance(20 * time.Millisecond)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Write(20_000)
	s.Recv("<SEQ=1><ACK=1001><WND=1000><DATA=700><CTL=ACK><SACK=3001:6001>")
	s.Ignore()
	s.Advance(5 * time.Millisecond)
	i := s.Info()
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"State", i.State, tcp.StateEstablished},
		{"Options", i.Options, "ts sack wscale:7,8"},
		{"CAState", i.CAState, "recovery"},
		{"Congestion", i.Congestion, "reno"},
		{"MinRTT", i.MinRTT, time.Microsecond},
		{"SndMSS", i.SndMSS, 1000},
		{"RcvMSS", i.RcvMSS, 700},
		{"AdvMSS", i.AdvMSS, 1460},
		{"PMTU", i.PMTU, 1500},
		{"Unacked", i.Unacked, 9000},
		{"Sacked", i.Sacked, 3000},
		{"Lost", i.Lost, 2000},
		{"SndWnd", i.SndWnd, 128_000},
		{"NotSent", i.NotSent, 10_000},
		{"ReadQueue", i.ReadQueue, 700},
		{"BytesSent", i.BytesSent, uint64(11_000)},
		{"BytesRetrans", i.BytesRetrans, uint64(1000)},
		{"BytesAcked", i.BytesAcked, uint64(1000)},
		{"BytesRecv", i.BytesRecv, uint64(700)},
		{"Recoveries", i.Recoveries, uint64(1)},
		{"LastDataSent", i.LastDataSent, 5 * time.Millisecond},
		{"LastRecv", i.LastRecv, 5 * time.Millisecond},
		{"Age", i.Age, 25 * time.Millisecond},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
}

// Names are what users see in counters and messages.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for d := tcp.Drop(0); int(d) < tcp.NumDrops; d++ {
		name := d.String()
		if name == "" || seen[name] || d != tcp.Accepted && !strings.HasPrefix(name, "tcp: ") {
			t.Errorf("drop %d is called %q", d, name)
		}
		seen[name] = true
	}
	for s := tcp.StateClosed; s <= tcp.StateTimeWait; s++ {
		name := s.String()
		if name != strings.ToUpper(name) || seen[name] {
			t.Errorf("state %d is called %q", s, name)
		}
		seen[name] = true
	}
	if tcp.Drop(200).String() == "" || tcp.State(200).String() == "" {
		t.Error("no name for nonsense")
	}
}

// A Config nobody filled in, or with nonsense, makes a connection all the same.
func TestConfigDefaults(t *testing.T) {
	cfg := tcp.Config{SendBuffer: 1, RecvBuffer: 1, InitialRecvBuffer: 1 << 40, MaxRTO: 1, Congestion: "no such thing", MSS: 1}
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: cfg})
	i := s.Info()
	if i.Congestion != congestion.DefaultName || i.RcvSpace < 256 || i.RcvSpace > 65535 || i.SndMSS < 48 {
		t.Errorf("got %+v", i)
	}
	s.Write(100)
	s.Ignore()
	s.Advance(time.Second)
	s.Ignore()
}
