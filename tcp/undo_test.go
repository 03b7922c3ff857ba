package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// stampedAck is ack with timestamps: ecr is the time, in milliseconds since the first segment, that it echoes.
func stampedAck(n, ecr int, sacked ...[2]int) string {
	return ack(n, sacked...) + fmt.Sprintf("<TS=%d,%d>", 2000, ecr)
}

// tenStamped returns a connection with timestamps that has sent ten segments of 1000 bytes at 100 ms and now, at 200 ms,
// has had the first found lost and sent again.
func tenStamped(t *testing.T) *tcptest.Script {
	t.Helper()
	s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{Peer: "<WND=60000><MSS=1012><TS=0,0><SACKOK>"})
	s.Advance(100 * time.Millisecond)
	s.Recv("<SEQ=0><ACK=1><CTL=SYN,ACK><TS=1000,0>")
	s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
	s.Write(40_000)
	s.Ignore()
	s.Advance(100 * time.Millisecond)
	s.Recv(stampedAck(0, 100, [2]int{2, 4}))
	s.Advance(10 * time.Millisecond)
	if i := s.Info(); i.CAState != "recovery" || i.TotalRetrans != 1 || i.SndSsthresh != 5000 {
		t.Fatalf("no recovery: %+v", i)
	}
	s.Ignore()
	return s
}

// The acknowledgment of what was sent again echoes when the original was sent: that one had only been late (RFC 3522,
// Section 3.2, step 5). The window is what it was, and reordering has been learnt.
func TestUndoByTimestamp(t *testing.T) {
	s := tenStamped(t)
	s.Recv(stampedAck(4, 100))
	i := s.Info()
	if i.CAState != "open" || i.SndCwnd < 10_000 || i.Undone != 1 || i.Lost != 0 {
		t.Errorf("not undone: %+v", i)
	}
	s.Ignore()
	s.Recv(stampedAck(4, 110, [2]int{6, 8})) // three beyond a hole: wait a quarter of the round trip
	if i := s.Info(); i.TotalRetrans != 1 {
		t.Errorf("%d retransmissions where reordering is known", i.TotalRetrans)
	}
	s.Ignore()
}

// "If … the value of the TSecr is equal to or larger", the retransmission was needed.
func TestNoUndo(t *testing.T) {
	s := tenStamped(t)
	s.Recv(stampedAck(0, 100, [2]int{2, 10}))
	s.Ignore()
	s.Advance(90 * time.Millisecond)
	s.Recv(stampedAck(10, 200))
	s.Ignore()
	if i := s.Info(); i.SndSsthresh != 5000 || i.Undone != 0 || i.TotalRetrans != 1 {
		t.Errorf("undone: %+v", i)
	}
}

// While another hole is being filled, that one segment was late proves nothing.
func TestNoUndoWhileRepairing(t *testing.T) {
	s := tenStamped(t)
	s.Recv(stampedAck(0, 100, [2]int{6, 9}, [2]int{2, 4})) // 5 is lost too
	s.Ignore()
	s.Recv(stampedAck(4, 100, [2]int{6, 9}))
	if i := s.Info(); i.CAState != "recovery" || i.Undone != 0 || i.TotalRetrans != 2 {
		t.Errorf("got %+v", i)
	}
	s.Ignore()
}

// A DSACK for each retransmission proves that none was needed (RFC 3708, Section 3).
func TestUndoByDSACK(t *testing.T) {
	s := tenInFlight(t, sackOK)
	s.Recv(ack(0, [2]int{2, 2}, [2]int{4, 7})) // 1 and 3
	expectSegments(s, 1, 1)
	expectSegments(s, 3, 3)
	s.Ignore()
	s.Advance(10 * time.Millisecond)
	s.Recv(ack(7))
	s.Recv(ack(7, [2]int{1, 1}))
	if i := s.Info(); i.Undone != 0 || i.CAState != "recovery" {
		t.Errorf("undone by the first of two: %+v", i)
	}
	s.Recv(ack(7, [2]int{3, 3}))
	if i := s.Info(); i.Undone != 1 || i.CAState != "open" || i.SndCwnd < 10_000 || i.DSACKDups != 2 {
		t.Errorf("not undone: %+v", i)
	}
	s.Ignore()
}

// DSACKs of what was never sent, or long ago, are not believed.
func TestBadDSACK(t *testing.T) {
	s := tenInFlight(t, sackOK)
	s.Recv(ack(0, [2]int{2, 4}))
	s.Ignore()
	for _, block := range []string{"-900000:-899000", "20001:21001", "1:1"} {
		s.Recv("<SEQ=1><ACK=4001><CTL=ACK><SACK=" + block + ">")
	}
	if i := s.Info(); i.DSACKDups != 0 || i.Undone != 0 {
		t.Errorf("got %+v", i)
	}
	s.Ignore()
}

// Without SACK more duplicates are waited for once a recovery was spurious.
func TestReorderingWithoutSACK(t *testing.T) {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{
		Peer: "<WND=60000><MSS=1012><TS=0,0>", Config: tcp.Config{InitialWindow: 20},
	})
	s.Write(40_000)
	s.Ignore()
	s.Advance(100 * time.Millisecond)
	for range 3 {
		s.Recv(stampedAck(0, 0))
	}
	if i := s.Info(); i.CAState != "recovery" {
		t.Fatalf("got %+v", i)
	}
	s.Advance(5 * time.Millisecond)
	s.Recv(stampedAck(20, 0))
	if i := s.Info(); i.Undone != 1 || i.Reordering != 6 {
		t.Errorf("got %+v", i)
	}
	s.Ignore()
	s.Recv(stampedAck(25, 100))
	for range 5 {
		s.Recv(stampedAck(25, 100))
	}
	if i := s.Info(); i.CAState != "open" {
		t.Errorf("five duplicates where six are to be waited for: %+v", i)
	}
	s.Recv(stampedAck(25, 100))
	if i := s.Info(); i.CAState != "recovery" {
		t.Errorf("six duplicates: %+v", i)
	}
	s.Ignore()
}
