package tcp_test

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// hole is a path that loses packets of more than mtu bytes without a word.
type hole struct {
	mtu  func(at time.Duration) int
	pair *tcptest.Pair
	lost int // segments
}

// transfer sends n bytes over the path and returns how the sender sees it before it closes.
func (h *hole) transfer(t *testing.T, cfg tcp.Config, n int) (info tcp.Info) {
	t.Helper()
	h.pair = tcptest.NewPair(t, tcptest.PairSetup{
		Config: [2]tcp.Config{cfg, {}}, Delay: 10 * time.Millisecond,
		Path: func(from, _ int, seg *tcp.Segment) (f tcptest.Fate) {
			if len(seg.Payload) > 0 && 20+seg.Header.Len()+len(seg.Payload) > h.mtu(h.pair.Elapsed()) {
				f.Drop = true
				h.lost++
			}
			return f
		},
	})
	h.pair.Ends[0].ToSend = n
	for h.pair.Step() {
		if i := h.pair.Ends[0].Conn.Info(h.pair.Now); i.Unacked > 0 {
			info = i
		}
	}
	if got := h.pair.Ends[1].Got; got != n {
		t.Fatalf("%d of %d bytes arrived", got, n)
	}
	return info
}

func always(mtu int) func(time.Duration) int { return func(time.Duration) int { return mtu } }

// RFC 4821, Section 7; RFC 8899, Section 4.3: where large packets vanish and no router says so, the connection finds out
// by itself, and then what the path does carry.
func TestBlackHole(t *testing.T) {
	for _, mtu := range []int{1492, 1400, 1280, 1100, 600} {
		h := hole{mtu: always(mtu)}
		i := h.transfer(t, tcp.Config{}, 3<<20)
		if i.PMTU > mtu || i.PMTU < mtu-16 || i.Timeouts > 6 {
			t.Errorf("%d: found %d after %d timeouts and %d probes", mtu, i.PMTU, i.Timeouts, i.MTUProbes)
		}
		if d := h.pair.Elapsed(); d > 20*time.Second {
			t.Errorf("%d: took %v", mtu, d)
		}
	}
	t.Run("from the middle of the transfer on", func(t *testing.T) {
		h := hole{mtu: func(at time.Duration) int {
			if at < 60*time.Millisecond {
				return 1500
			}
			return 1300
		}}
		if i := h.transfer(t, tcp.Config{}, 3<<20); i.PMTU > 1300 || i.PMTU < 1284 {
			t.Errorf("found %d", i.PMTU)
		}
	})
	t.Run("an outage is none", func(t *testing.T) {
		h := hole{mtu: func(at time.Duration) int {
			if at > 100*time.Millisecond && at < 8*time.Second {
				return 0
			}
			return 1500
		}}
		if i := h.transfer(t, tcp.Config{}, 3<<20); i.PMTU != 1500 || i.MTUProbes != 1 {
			t.Errorf("found %d with %d probes", i.PMTU, i.MTUProbes)
		}
	})
}

func TestNoBlackHoleDetection(t *testing.T) {
	pair := tcptest.NewPair(t, tcptest.PairSetup{
		Config: [2]tcp.Config{{MTUProbing: tcp.ProbeNever, DataRetries: 6}, {UserTimeout: time.Minute, KeepAlive: true, KeepIdle: time.Minute, KeepInterval: time.Second}},
		Path:   func(_, _ int, seg *tcp.Segment) tcptest.Fate { return tcptest.Fate{Drop: len(seg.Payload) > 1300} },
	})
	pair.Ends[0].ToSend = 1 << 20
	for pair.Step() {
		if i := pair.Ends[0].Conn.Info(pair.Now); i.PMTU != 1500 {
			t.Fatalf("path MTU %d", i.PMTU)
		}
	}
	if pair.Ends[1].Got != 0 {
		t.Errorf("%d bytes arrived", pair.Ends[1].Got)
	}
}

// ProbeAlways begins with what nearly every path carries. Probes that are lost reduce no window.
func TestProbeAlways(t *testing.T) {
	for _, mtu := range []int{1500, 1400, 1200} {
		h := hole{mtu: always(mtu)}
		i := h.transfer(t, tcp.Config{MTUProbing: tcp.ProbeAlways}, 4<<20)
		if i.PMTU > mtu || i.PMTU < mtu-16 || i.Timeouts != 0 || i.Recoveries != 0 {
			t.Errorf("%d: found %d with %d probes, %d timeouts and %d recoveries", mtu, i.PMTU, i.MTUProbes, i.Timeouts, i.Recoveries)
		}
		if mtu == 1500 && (i.MTUProbes != 1 || i.TotalRetrans != 0) {
			t.Errorf("%d probes and %d retransmissions where everything fits", i.MTUProbes, i.TotalRetrans)
		}
	}
}

// A router's word ends the search at once; 10 minutes later something larger is tried.
func TestPathMTUGrowsAgain(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1460><SACKOK>"})
	s.Write(3000)
	s.Ignore()
	if !s.ICMP(tcp.ICMPTooBig, 1, 1000, 0) || s.Info().PMTU != 1000 {
		t.Fatalf("path MTU %d", s.Info().PMTU)
	}
	s.Ignore()
	s.Recv("<SEQ=1><ACK=3001><CTL=ACK>")
	s.Advance(9 * time.Minute)
	s.Write(8000)
	s.Ignore()
	s.Recv("<SEQ=1><ACK=11001><CTL=ACK>")
	if i := s.Info(); i.MTUProbes != 0 {
		t.Errorf("%d probes after 9 minutes", i.MTUProbes)
	}
	s.Ignore()
	s.Advance(time.Minute)
	s.Write(9000)
	s.Expect("<SEQ=11001><DATA=1460><CTL=ACK>")
	s.Ignore()
	t.Run("and a router says no", func(t *testing.T) {
		if !s.ICMP(tcp.ICMPTooBig, 11001, 1400, 0) {
			t.Error("not believed")
		}
		if i := s.Info(); i.PMTU != 1000 || i.CAState != "open" {
			t.Errorf("got %+v", i)
		}
		s.Expect("<SEQ=11001><DATA=960><CTL=ACK>")
		s.Ignore()
	})
}
