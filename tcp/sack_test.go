package tcp_test

import (
	"fmt"
	"testing"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// sacking is a peer that takes SACK.
func sacking(t *testing.T) *tcptest.Script {
	return tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: "<WND=20000><MSS=1000><SACKOK>"})
}

// RFC 2018, Section 4: "The first SACK block (i.e., the one immediately following the kind and length fields in the option)
// MUST specify the contiguous block of data containing the segment which triggered this ACK, unless that segment
// advanced the Acknowledgment Number field in the header."
//
// "The SACK option SHOULD be filled out by repeating the most recently reported SACK blocks … that are not subsets of a
// SACK block already included in the SACK option being constructed."
//
// req: RFC9293 MAY-13, RFC2018 4-1, 4-3, 4-4, 4-5, 4-6, 4-7, 8-1
func TestSACKGeneration(t *testing.T) {
	t.Run("RFC 2018, Section 4, case 2: the first of eight is lost", func(t *testing.T) {
		s := sacking(t)
		for _, c := range []struct{ recv, want string }{
			{"<SEQ=501><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=1><CTL=ACK><SACK=501:1001>"},
			{"<SEQ=1001><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=1><CTL=ACK><SACK=501:1501>"},
			{"<SEQ=1501><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=1><CTL=ACK><SACK=501:2001>"},
			{"<SEQ=1><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=2001><CTL=ACK>"},
		} {
			s.Recv(c.recv)
			s.ExpectOnly(c.want)
		}
		s.Read(2000)
	})
	t.Run("case 3: the 2nd, 4th, 6th and 8th are lost", func(t *testing.T) {
		s := sacking(t)
		for _, c := range []struct{ recv, want string }{
			{"<SEQ=1><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=501><CTL=ACK>"},
			{"<SEQ=1001><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=501><CTL=ACK><SACK=1001:1501>"},
			{"<SEQ=2001><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=501><CTL=ACK><SACK=2001:2501,1001:1501>"},
			{"<SEQ=3001><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=501><CTL=ACK><SACK=3001:3501,2001:2501,1001:1501>"},
			// "the 4th packet is received out of order": it joins two blocks.
			{"<SEQ=1501><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=501><CTL=ACK><SACK=1001:2501,3001:3501>"},
			{"<SEQ=501><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1><ACK=2501><CTL=ACK><SACK=3001:3501>"},
		} {
			s.Recv(c.recv)
			s.ExpectOnly(c.want)
		}
		s.Read(2500)
	})
	t.Run("the newest blocks are those reported last", func(t *testing.T) {
		s := sacking(t)
		for _, recv := range []string{
			"<SEQ=1001><ACK=1><DATA=100><CTL=ACK>", "<SEQ=2001><ACK=1><DATA=100><CTL=ACK>", "<SEQ=3001><ACK=1><DATA=100><CTL=ACK>",
			"<SEQ=4001><ACK=1><DATA=100><CTL=ACK>", "<SEQ=5001><ACK=1><DATA=100><CTL=ACK>",
		} {
			s.Recv(recv)
		}
		s.Ignore()
		s.Recv("<SEQ=1101><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=1001:1201,5001:5101,4001:4101,3001:3101>")
		s.Recv("<SEQ=1201><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=1001:1301,5001:5101,4001:4101,3001:3101>")
		s.Recv("<SEQ=1301><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=1001:1401,5001:5101,4001:4101,3001:3101>")
		s.Recv("<SEQ=2101><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=2001:2201,1001:1401,5001:5101,4001:4101>")
	})
	t.Run("three fit beside timestamps", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: everyOption})
		s.Recv("<SEQ=1001><ACK=1><DATA=100><CTL=ACK>", "<SEQ=2001><ACK=1><DATA=100><CTL=ACK>",
			"<SEQ=3001><ACK=1><DATA=100><CTL=ACK>", "<SEQ=4001><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK><SACK=4001:4101,3001:3101,2001:2101>")
	})
	t.Run("a FIN beyond the hole counts", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=501><ACK=1><CTL=FIN,ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=501:502>")
		s.Recv("<SEQ=401><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=401:502>")
		s.Recv("<SEQ=201><ACK=1><DATA=100><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1><CTL=ACK><SACK=201:301,401:502>")
		s.Recv("<SEQ=1><ACK=1><DATA=200><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=301><CTL=ACK><SACK=401:502>")
		s.Recv("<SEQ=301><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=502><CTL=ACK>")
	})
	t.Run("data carries them too", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=1001><ACK=1><DATA=100><CTL=ACK>")
		s.Ignore()
		s.Write(1500)
		s.Expect("<SEQ=1><ACK=1><DATA=988><CTL=ACK><SACK=1001:1101>") // and takes its room
		s.Expect("<SEQ=989><ACK=1><DATA=512><CTL=ACK,PSH><SACK=1001:1101>")
	})
	t.Run("not unless permitted", func(t *testing.T) {
		// "If the data receiver has not received a SACK-Permitted option for a given connection, it MUST NOT send SACK
		// options on that connection."
		//
		// req: RFC2018 4-2
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{})
		s.Recv("<SEQ=1001><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
		s.Recv("<SEQ=1001><ACK=1><DATA=100><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK>")
	})
}

// RFC 2883, Section 4: "Each duplicate contiguous sequence of data received is reported in at most one D-SACK block."
//
// req: RFC2883 4-1, 4-2, 4-3, 4-4, 4-5
func TestDSACK(t *testing.T) {
	t.Run("4.1.1: a full duplicate", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK>", "<SEQ=501><ACK=1><DATA=500><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1001><CTL=ACK>")
		s.Recv("<SEQ=501><ACK=1><DATA=500><CTL=ACK>")
		s.Expect("<SEQ=1><ACK=1001><CTL=ACK><SACK=501:1001>")
		s.Recv("<SEQ=1001><ACK=1><DATA=500><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1501><CTL=ACK>") // said once
	})
	t.Run("4.1.2: with a hole", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1001><ACK=1><DATA=500><CTL=ACK>")
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=501><CTL=ACK><SACK=1:501,1001:1501>")
	})
	t.Run("4.1.3: a duplicate of data out of order", func(t *testing.T) {
		// "the second SACK block … should specify the … block of data … that contains the duplicate"
		s := sacking(t)
		s.Recv("<SEQ=501><ACK=1><DATA=500><CTL=ACK>", "<SEQ=1001><ACK=1><DATA=500><CTL=ACK>")
		s.Ignore()
		s.Recv("<SEQ=1001><ACK=1><DATA=500><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK><SACK=1001:1501,501:1501>")
	})
	t.Run("4.2.1: partly old", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK>")
		s.Ignore()
		s.Recv("<SEQ=251><ACK=1><DATA=500><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=751><CTL=ACK><SACK=251:501>")
		s.Read(750)
	})
	t.Run("partly held out of order", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=501><ACK=1><DATA=500><CTL=ACK>")
		s.Ignore()
		s.Recv("<SEQ=751><ACK=1><DATA=500><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK><SACK=751:1001,501:1251>")
	})
	t.Run("held in the middle", func(t *testing.T) {
		s := sacking(t)
		s.Recv("<SEQ=501><ACK=1><DATA=100><CTL=ACK>")
		s.Ignore()
		s.Recv("<SEQ=401><ACK=1><DATA=300><CTL=ACK>")
		s.ExpectOnly("<SEQ=1><ACK=1><CTL=ACK><SACK=501:601,401:701>")
	})
	t.Run("an original that its retransmission has overtaken", func(t *testing.T) {
		s := tcptest.New(t, tcptest.Established, tcptest.Setup{Peer: everyOption})
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK><TS=300,0>")
		s.Ignore()
		s.Recv("<SEQ=1><ACK=1><DATA=500><CTL=ACK><TS=100,0>")
		s.ExpectDrop(tcp.DropOldTimestamp)
		s.ExpectOnly("<SEQ=1><ACK=501><CTL=ACK><SACK=1:501>")
	})
	t.Run("a duplicate FIN is none", func(t *testing.T) {
		s := tcptest.New(t, tcptest.CloseWait, tcptest.Setup{Peer: "<WND=20000><MSS=1000><SACKOK>"})
		s.Recv("<SEQ=1><ACK=1><CTL=FIN,ACK>")
		s.ExpectOnly("<SEQ=1><ACK=2><CTL=ACK>")
	})
}

// A flood of tiny segments out of order holds no more memory than the window is worth.
func TestTinySegmentsOutOfOrder(t *testing.T) {
	const size = 20_000
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{RecvBuffer: size}})
	for at := 3; at < size; at += 2 {
		s.Recv(oneByte(at))
	}
	s.Ignore()
	if used := s.Env().Pool.Used(); used > 2*size+66<<10 {
		t.Errorf("%d bytes held for a window of %d", used, size)
	}
	s.Recv("<SEQ=1><ACK=1><DATA=1000><CTL=ACK>") // data in order is taken all the same
	s.ExpectDrop(tcp.Accepted)
	s.Ignore()
	if s.Conn().Readable() < 1000 {
		t.Error("data in order refused")
	}
}

// A flood of tiny segments in order is kept in few chunks, whether it is read or not.
func TestTinySegmentsInOrder(t *testing.T) {
	const size = 10_000
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{Config: tcp.Config{RecvBuffer: size}})
	for at := 1; at <= size; at++ {
		s.Recv(oneByte(at))
	}
	s.Ignore()
	if used := s.Env().Pool.Used(); used > 3*size {
		t.Errorf("%d bytes held for %d", used, size)
	}
	s.Read(size)
	s.Ignore()
}

func oneByte(at int) string { return fmt.Sprintf("<SEQ=%d><ACK=1><DATA=1><CTL=ACK>", at) }
