package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// shortPath is a round trip that does not leave the machine.
const shortPath = 100 * time.Microsecond

// startLong returns a connection that may send super-segments of 3 and of 9 segments, on a short path.
func startLong(t *testing.T, options string) *tcptest.Script {
	s := tcptest.New(t, tcptest.Established, tcptest.Setup{
		MaxSuper: 3000, LongSuper: 9500, Peer: "<WND=60000><MSS=1000>" + options,
		Config: tcp.Config{NoDelay: true, InitialWindow: 60},
	})
	s.Write(1)
	s.Expect("<SEQ=1><DATA=1><CTL=ACK,PSH>")
	s.Advance(shortPath)
	s.Recv("<SEQ=1><ACK=2><CTL=ACK>")
	return s
}

// The first long super-segment goes alone among ordinary ones. When it has arrived whole they all are long.
func TestLongSegments(t *testing.T) {
	s := startLong(t, "")
	s.Write(18000)
	s.Expect("<SEQ=2><DATA=9000><GSO=1000><CTL=ACK,PSH>")
	for at := 9002; at < 18002; at += 3000 {
		s.Expect(fmt.Sprintf("<SEQ=%d><DATA=3000><GSO=1000><CTL=ACK,PSH>", at))
	}
	s.Recv("<SEQ=1><ACK=9002><CTL=ACK>")
	s.Write(18000)
	s.Expect("<SEQ=18002><DATA=9000><GSO=1000><CTL=ACK,PSH>")
	s.ExpectOnly("<SEQ=27002><DATA=9000><GSO=1000><CTL=ACK,PSH>")

	// It is remembered while nothing is under way.
	s.Recv("<SEQ=1><ACK=36002><CTL=ACK>")
	s.Advance(time.Hour)
	s.Write(9000)
	s.ExpectOnly("<SEQ=36002><DATA=9000><GSO=1000><CTL=ACK,PSH>")
}

// They are for paths that do not leave the machine, and devices that take them.
func TestLongSegmentsElsewhere(t *testing.T) {
	for _, c := range []struct {
		name      string
		rtt       time.Duration
		long, max int
	}{
		{"a short path", shortPath, 9500, 9000},
		{"a longer path", time.Millisecond, 9500, 3000},
		{"a device that takes none", shortPath, 0, 3000},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tcptest.New(t, tcptest.SynSent, tcptest.Setup{MaxSuper: 3000, LongSuper: c.long, Config: tcp.Config{InitialWindow: 60}})
			s.Advance(c.rtt)
			s.Recv("<SEQ=0><ACK=1><WND=60000><MSS=1000><CTL=SYN,ACK>")
			s.Expect("<SEQ=1><ACK=1><CTL=ACK>")
			s.Write(9000)
			s.Expect(fmt.Sprintf("<SEQ=1><DATA=%d><GSO=1000><CTL=ACK,PSH>", c.max))
			s.Ignore()
		})
	}
}

// An acknowledgment that ends inside shows that somebody cut the segment: ordinary ones do better there. A second later it is
// tried again, then after two.
func TestLongSegmentCut(t *testing.T) {
	s := startLong(t, "")
	at := 2
	for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		s.Write(9000)
		s.ExpectOnly(fmt.Sprintf("<SEQ=%d><DATA=9000><GSO=1000><CTL=ACK,PSH>", at))
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at+4000))
		s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at+9000))
		at += 9000
		for range 2 {
			s.Write(6000)
			s.Expect(fmt.Sprintf("<SEQ=%d><DATA=3000><GSO=1000><CTL=ACK,PSH>", at))
			s.ExpectOnly(fmt.Sprintf("<SEQ=%d><DATA=3000><GSO=1000><CTL=ACK,PSH>", at+3000))
			at += 6000
			s.Advance(shortPath)
			s.Recv(fmt.Sprintf("<SEQ=1><ACK=%d><CTL=ACK>", at))
			s.Advance(wait - 10*shortPath)
			wait = 20 * shortPath
		}
	}
}

// The first long one never arrives. The ordinary ones behind it tell, as of any loss, a round trip later, and what is sent again is
// short.
func TestLongSegmentLost(t *testing.T) {
	s := startLong(t, "<SACKOK>")
	s.Write(15000)
	s.Expect("<SEQ=2><DATA=9000><GSO=1000><CTL=ACK,PSH>")
	s.Expect("<SEQ=9002><DATA=3000><GSO=1000><CTL=ACK,PSH>")
	s.ExpectOnly("<SEQ=12002><DATA=3000><GSO=1000><CTL=ACK,PSH>")
	s.Advance(shortPath)
	s.Recv("<SEQ=1><ACK=2><SACK=9002:15002><CTL=ACK>")
	s.Expect("<SEQ=2><DATA=3000><GSO=1000><CTL=ACK,PSH>")
	s.Ignore()
	s.Advance(shortPath)
	s.Recv("<SEQ=1><ACK=15002><CTL=ACK>")
	s.Write(6000)
	s.Expect("<SEQ=15002><DATA=3000><GSO=1000><CTL=ACK,PSH>")
	s.ExpectOnly("<SEQ=18002><DATA=3000><GSO=1000><CTL=ACK,PSH>")
}

// Nothing comes back at all: a timeout.
func TestLongSegmentTimeout(t *testing.T) {
	s := startLong(t, "")
	s.Write(9000)
	s.ExpectOnly("<SEQ=2><DATA=9000><GSO=1000><CTL=ACK,PSH>")
	s.Advance(400 * time.Millisecond)
	s.ExpectOnly("<SEQ=2><DATA=1000><CTL=ACK>")
	s.Recv("<SEQ=1><ACK=9002><CTL=ACK>")
	s.Write(5000)
	s.Expect("<SEQ=9002><DATA=3000><GSO=1000><CTL=ACK,PSH>")
	s.ExpectOnly("<SEQ=12002><DATA=2000><GSO=1000><CTL=ACK,PSH>")
}
