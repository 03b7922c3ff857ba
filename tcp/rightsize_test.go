package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// reader is a connection whose application reads at once what arrives.
type reader struct {
	*tcptest.Script
	at    int // sequence number of the next byte
	start mono.Time
}

const rightSizeRTT = 10 * time.Millisecond

func newReader(t *testing.T, peer string, cfg tcp.Config) *reader {
	return newReaderOver(t, rightSizeRTT, peer, cfg)
}

func newReaderOver(t *testing.T, rtt time.Duration, peer string, cfg tcp.Config) *reader {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: peer, Config: cfg})
	start := s.Now()
	s.Advance(rtt)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Ignore()
	return &reader{s, 1, start}
}

// take lets n bytes arrive, which echo what was sent a while ago, and reads them.
func (r *reader) take(n int, echo time.Duration) {
	for n > 0 {
		k := min(n, 60_000)
		r.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><GSO=1000><CTL=ACK>%s", r.at, k, r.stamp(echo)))
		r.ExpectDrop(tcp.Accepted)
		r.Read(k)
		r.at += k
		n -= k
	}
	r.Ignore()
}

func (r *reader) stamp(echo time.Duration) string {
	if r.Info().Options[:2] != "ts" {
		return ""
	}
	now := r.Now().Sub(r.start).Milliseconds()
	return fmt.Sprintf("<TS=%d,%d>", now, now-echo.Milliseconds())
}

// The receive buffer follows what the application reads in a round trip.
func TestReceiveBufferGrows(t *testing.T) {
	const initial, most = 256 << 10, 4 << 20
	const plain, stamped = "<WND=10000><WS=7>", "<WND=10000><WS=7><TS=0,0>"
	for _, c := range []struct {
		name     string
		peer     string
		rtt      time.Duration // as echoed; the handshake's is always the same
		perRTT   int           // read in each round trip
		low, top int           // of the buffer after 20 of them
	}{
		{"slow", plain, rightSizeRTT, 24_000, initial, initial},
		{"a window for two round trips", plain, rightSizeRTT, 300_000, 600_000, 3_000_000},
		{"fast", plain, rightSizeRTT, 4_000_000, most, most},
		{"slow, timestamps", stamped, rightSizeRTT, 24_000, initial, initial},
		{"two round trips, timestamps", stamped, rightSizeRTT, 300_000, 600_000, 3_000_000},
		// 60 kB in 10 ms are 300 kB in the 50 ms that the path has taken since.
		{"the path became longer", stamped, 5 * rightSizeRTT, 60_000, 500_000, 3_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReader(t, c.peer, tcp.Config{RecvBuffer: most})
			for range 20 * c.rtt / rightSizeRTT {
				r.take(c.perRTT/2, c.rtt)
				r.Advance(rightSizeRTT / 2)
				r.take(c.perRTT/2, c.rtt)
				r.Advance(rightSizeRTT / 2)
			}
			if got := r.Info().RcvSpace; got < c.low || got > c.top {
				t.Errorf("got %d, want %d to %d", got, c.low, c.top)
			}
		})
	}
}

// However much is read at once, on a short path the buffer does not grow far: what it would let the sender have under way
// beyond what the path holds lies in queues.
func TestReceiveBufferOnShortPath(t *testing.T) {
	for _, c := range []struct {
		rtt         time.Duration
		least, most int
	}{
		{20 * time.Microsecond, 1 << 20, 1<<20 + 100<<10},
		{time.Millisecond, 5 << 20, 6 << 20},
		{20 * time.Millisecond, 12 << 20, 16<<20 - 1},
	} {
		r := newReaderOver(t, c.rtt, "<MSS=1000><WS=7>", tcp.Config{})
		for range 60 {
			r.take(600_000, 0)
			r.Advance(c.rtt / 4)
		}
		if got := r.Info().RcvSpace; got < c.least || got > c.most {
			t.Errorf("%d bytes over %v, want %d to %d", got, c.rtt, c.least, c.most)
		}
	}
}

// A sender that doubles what it sends with each round trip finds a window that lets it do so in the next.
func TestWindowKeepsAheadOfSlowStart(t *testing.T) {
	const most = 16<<20 - 64<<10
	for _, peer := range []string{"<WND=10000><WS=7>", "<WND=10000><WS=7><TS=0,0>"} {
		r := newReader(t, peer, tcp.Config{})
		for flight := 10_000; flight < 8<<20; flight *= 2 {
			// The segments of a flight arrive over the round trip, as the acknowledgments let them out. What arrives
			// in the next round trip is let out by now.
			for i := range 10 {
				r.take(flight/10, rightSizeRTT)
				if next := flight + flight*i/10; r.Info().RcvWnd < min(next, most) {
					t.Errorf("the window is %d when %d are to arrive in a round trip", r.Info().RcvWnd, next)
				}
				r.Advance(rightSizeRTT / 10)
			}
		}
	}
}

// While a hole is being mended the sender may go on as before, for several round trips.
func TestReceiveBufferGrowsBeyondHole(t *testing.T) {
	const perRTT = 240_000
	r := newReader(t, "<WND=10000><WS=7><SACKOK>", tcp.Config{})
	for range 40 {
		r.take(perRTT/10, 0)
		r.Advance(rightSizeRTT / 10)
	}
	lost := r.at
	r.at += 1000
	for range 40 {
		r.Recv(fmt.Sprintf("<SEQ=%d><ACK=1><DATA=%d><GSO=1000><CTL=ACK>", r.at, perRTT/10))
		r.ExpectDrop(tcp.Accepted)
		r.at += perRTT / 10
		r.Ignore()
		r.Advance(rightSizeRTT / 10)
		if wnd := r.Info().RcvWnd; wnd < r.at-lost+perRTT {
			t.Fatalf("the window is %d when %d wait behind a hole", wnd, r.at-lost)
		}
	}
}

// Without a round trip of its own, and without timestamps, a receiver learns it from the time a window takes.
func TestRoundTripOfReceiver(t *testing.T) {
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=10000><WS=7>"})
	s.Advance(time.Second) // the SYN is repeated: there is no telling which is answered
	s.Advance(rightSizeRTT)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK>")
	s.Ignore()
	r := &reader{s, 1, s.Now()}
	if rtt := s.Info().RcvRTT; rtt != 0 {
		t.Errorf("measured %v by a repeated SYN", rtt)
	}
	for range 20 {
		r.take(120_000, 0)
		r.Advance(rightSizeRTT)
	}
	if rtt := s.Info().RcvRTT; rtt < rightSizeRTT || rtt > 5*rightSizeRTT {
		t.Errorf("measured %v, the path takes %v", rtt, rightSizeRTT)
	}
	if got := s.Info().RcvSpace; got < 300_000 {
		t.Errorf("the buffer stays at %d", got)
	}
}
