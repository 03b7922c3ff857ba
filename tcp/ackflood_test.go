package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// A receiver who acknowledges every byte by itself gains nothing: the window grows by what is acknowledged, by whatever
// algorithm (S. Savage and others, "TCP Congestion Control with a Misbehaving Receiver", 1999).
func TestACKSplitting(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		t.Run(cc, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{
				Peer: "<WND=60000><MSS=1000><SACKOK>", Config: tcp.Config{Congestion: cc},
			})
			s.Write(100_000)
			before := s.Info().SndCwnd
			const acked = 5000
			for at := 2; at <= 1+acked; at++ {
				s.Advance(time.Microsecond)
				s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at))
			}
			s.Ignore()
			if got := s.Info().SndCwnd; got > before+acked {
				t.Errorf("%d bytes acknowledged one by one open the window from %d to %d", acked, before, got)
			}
		})
	}
}

// Acknowledgments of what was not sent yet change nothing, and are answered twice a second at most.
func TestOptimisticACK(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=60000><MSS=1000><SACKOK>"})
	s.Write(100_000)
	s.Ignore()
	before := s.Info()
	for range 1000 {
		s.Advance(time.Microsecond)
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", 2+before.Unacked))
		s.ExpectDrop(tcp.DropACKOfUnsent)
	}
	if n, _ := s.Sent(); n > 1 {
		t.Errorf("%d answers", n)
	}
	s.Ignore()
	if got := s.Info(); got.SndCwnd != before.SndCwnd || got.Unacked != before.Unacked || got.BytesSent != before.BytesSent {
		t.Errorf("got %+v, before %+v", got, before)
	}
}

// "A TCP MAY therefore limit the number of times cwnd is artificially inflated during loss recovery to the number of
// outstanding segments (or, an approximation thereof)" (RFC 5681, Section 3.2): duplicates that nothing has caused let no
// more out than twice the window.
func TestDuplicateACKSpoofing(t *testing.T) {
	for _, options := range []string{"", "<SACKOK>"} {
		t.Run(options, func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{
				Peer: "<WND=65000><MSS=1000><WS=7>" + options, Config: tcp.Config{Congestion: "reno"},
			})
			s.Write(200_000)
			before := s.Info()
			for range 1000 {
				s.Advance(time.Microsecond)
				s.Recv("<SEQ=1><ACK=1><CTL=ACK>")
			}
			s.Ignore()
			if got := s.Info(); got.Unacked > 2*before.SndCwnd || got.TotalRetrans > 2 {
				t.Errorf("%d bytes in flight, window %d, %d retransmissions", got.Unacked, before.SndCwnd, got.TotalRetrans)
			}
		})
	}
}

// A receiver who offers a window of a few bytes gets few segments: one for each window it opens, and none that is smaller
// than half of the largest it ever offered until the persist timer says so.
func TestTinyWindows(t *testing.T) {
	for _, c := range []struct{ largest, window, most int }{
		{1, 1, 101},         // all it ever offered
		{100, 100, 101},     //
		{100, 49, 10},       // silly: less than half
		{10_000, 999, 12},   // less than a segment
		{10_000, 1000, 110}, // a segment, after ten at the start
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: fmt.Sprintf("<WND=%d><MSS=1000>", c.largest)})
			s.Write(200_000)
			una := 1
			for range 100 {
				s.Advance(time.Millisecond)
				una += s.Info().Unacked
				s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><WND=%d><CTL=ACK>", una, c.window))
			}
			n, _ := s.Sent()
			s.Ignore()
			if n > c.most {
				t.Errorf("%d segments, want %d at most", n, c.most)
			}
		})
	}
}

// PAWS and sequence numbers both wrap, at the same time, in connections that begin ten numbers before zero: all that is sent
// arrives, and old duplicates do not.
func TestBothWrap(t *testing.T) {
	iss, irs := uint32(1<<32-10), uint32(1<<32-7)
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{
		Peer: "<WND=60000><MSS=1000><SACKOK><TS=0,0>", ISS: iss, IRS: irs, TSBase: 1<<32 - 20,
	})
	at := 1
	for range 40 { // the timestamps wrap after 20 of them, the sequence numbers with the first
		s.Advance(time.Millisecond)
		s.Recv(fmt.Sprintf("<SEQ=%d><ACK=%d><DATA=100><CTL=ACK>", at, at))
		s.ExpectDrop(tcp.Accepted)
		at += 100
		s.Read(100)
		s.Write(100)
		s.Ignore()
	}
	s.Recv(fmt.Sprintf("<SEQ=%d><ACK=%d><DATA=100><CTL=ACK><TS=5,0>", at, at)) // from before the wrap
	s.ExpectDrop(tcp.DropOldTimestamp)
	s.Ignore()
	s.Recv(fmt.Sprintf("<SEQ=%d><ACK=%d><DATA=100><CTL=ACK>", at, at))
	s.ExpectDrop(tcp.Accepted)
	s.Read(100)
	s.Ignore()
}

// TIME-WAIT holds no buffer, whatever was left in either.
//
// req: RFC9293 MUST-13
func TestTimeWaitHoldsNoBuffer(t *testing.T) {
	p := newPeer(t, tcp.Config{}, 0)
	for off := 2000; off < 50_000; off += 2000 {
		p.recv(off, p.text(off, 1000)) // with holes
	}
	p.recv(0, p.text(0, 2000))
	p.read(0, 1<<20)
	copy(p.conn.Reserve(5000), make([]byte, 5000))
	p.conn.Commit(p.now, 5000, true)
	p.conn.CloseWrite(p.now)
	p.drain()
	p.ackAll(0)
	for off := p.ackOffset(); off < 49_000; off = p.ackOffset() {
		p.recv(off, p.text(off, 1000))
		p.read(off, 1<<20)
	}
	p.ackAll(wire.FIN)
	if got := p.conn.State(); got != tcp.StateTimeWait {
		t.Fatalf("in %v", got)
	}
	if used := p.env.Pool.Used(); used != 0 {
		t.Errorf("%d bytes of chunks", used)
	}
}
