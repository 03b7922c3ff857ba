package grade

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/antedon-net/antedon/wire"
)

func markHandshake(s *stage, m *Mark) error {
	c, err := s.connect(0, patience)
	if c == nil {
		return err
	}
	syn, seen := firstSYN(s.path.all(c.port))
	m.check("a SYN is sent", 5, syn,
		`a segment with SYN alone and a right checksum (RFC 9293, Section 3.10.1: "A SYN segment of the form <SEQ=ISS><CTL=SYN> is sent")`, seen)
	established := err == nil
	m.check("the peer is established", 10, established,
		`the peer's SYN,ACK is acknowledged (RFC 9293, Section 3.10.7.3: "form an ACK segment <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> and send it")`,
		acceptance(established))
	connected := s.until(patience, func() bool { return s.driver.Counters().Connected > 0 })
	m.check("app_connected is called", 5, connected,
		"app_connected once the connection is ESTABLISHED: before that the driver reads nothing of the application",
		called("app_connected", connected))
	return nil
}

func acceptance(ok bool) string {
	if ok {
		return "the peer's kernel accepted the connection"
	}
	return fmt.Sprintf("the peer's kernel had accepted no connection after %v", patience)
}

func called(name string, ok bool) string {
	if ok {
		return name + " was called"
	}
	return fmt.Sprintf("%s was not called within %v", name, patience)
}

// firstSYN reports whether the first segment of the program is as it should be.
func firstSYN(pkts []packet) (bool, string) {
	for i := range pkts {
		p := &pkts[i]
		if !p.fromSDK {
			continue
		}
		text := p.describe(p.h.Seq, 0)
		switch {
		case !p.summed:
			return false, text + " with a wrong checksum"
		case p.h.Flags&(wire.SYN|wire.ACK|wire.FIN|wire.RST) != wire.SYN:
			return false, "first of all " + text
		}
		return true, text
	}
	return false, "no segment at all"
}

func markSmallData(s *stage, m *Mark) error {
	up, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	ok, seen := s.transferAlone(up.app, up.peer)
	m.check("from the application to the peer", 10, ok,
		`what app_send was given arrives (RFC 9293, Section 3.10.2: "Segmentize the buffer and send it with a piggybacked acknowledgment")`, seen)
	down, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	ok, seen = s.transferAlone(down.peer, down.app)
	m.check("from the peer to the application", 10, ok,
		`what the peer sends reaches app_recv (RFC 9293, Section 3.10.7.4: "Once in the ESTABLISHED state, it is possible to deliver segment data to user RECEIVE buffers")`, seen)
	turns, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	ok, seen = s.inTurn(turns)
	m.check("in turn", 10, ok, "twenty questions and answers on one connection, each as long as the seed says", seen)
	return nil
}

func (s *stage) inTurn(c *connection) (bool, string) {
	c.allow(transferTime)
	for i := range 20 {
		for _, way := range [][2]net.Conn{{c.app, c.peer}, {c.peer, c.app}} {
			if ok, seen := transfer(way[0], way[1], s.bytes(s.number(1, 1400))); !ok {
				return false, fmt.Sprintf("in round %d of 20: %s", i+1, seen)
			}
		}
	}
	return true, "all twenty of both, intact"
}

// transfer sends bytes and waits for them at the other end.
func transfer(from, to net.Conn, want []byte) (bool, string) {
	sent := make(chan error, 1)
	go func() {
		_, err := from.Write(want)
		sent <- err
	}()
	got := make([]byte, len(want))
	n, err := readAll(to, got)
	if err != nil {
		_ = from.SetDeadline(past)
	}
	<-sent
	return compare(got[:n], want, err)
}

// readAll fills b. It gives up when nothing comes for longer than any retransmission takes, or at the latest after
// transferTime.
func readAll(from net.Conn, b []byte) (n int, err error) {
	for end := time.Now().Add(transferTime); n < len(b) && err == nil; {
		_ = from.SetReadDeadline(earlier(end, time.Now().Add(stallTime)))
		var more int
		more, err = from.Read(b[n:])
		n += more
	}
	return n, err
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// transferAlone is transfer, and then once more: what came too much the first time, comes before what is sent then.
func (s *stage) transferAlone(from, to net.Conn) (bool, string) {
	want := s.bytes(s.number(100, 1000))
	if ok, seen := transfer(from, to, want); !ok {
		return ok, seen
	}
	if ok, seen := transfer(from, to, s.bytes(s.number(100, 200))); !ok {
		return false, fmt.Sprintf("%d bytes, and then not what was sent then: %s", len(want), seen)
	}
	return true, fmt.Sprintf("%d bytes, and then more, intact", len(want))
}

// compare says how far what came is what was sent.
func compare(got, want []byte, err error) (bool, string) {
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	switch {
	case bytes.Equal(got, want):
		return true, fmt.Sprintf("%d bytes, intact", len(want))
	case n < len(got) && n < len(want):
		return false, fmt.Sprintf("byte %d of %d is another than was sent", n+1, len(want))
	case len(got) > len(want):
		return false, fmt.Sprintf("%d bytes too many", len(got)-len(want))
	}
	return false, fmt.Sprintf("%d of %d bytes, then %v", len(got), len(want), reason(err))
}

func markClose(s *stage, m *Mark) error {
	c, err := s.connect(0, patience)
	if err != nil {
		return err
	}
	ok, seen := s.closing(c, c.app, c.peer)
	m.check("the application closes first", 5, ok,
		`app_fin sends a FIN, the peer's FIN is acknowledged, and the peer's kernel is done without a reset (RFC 9293, Section 3.6, Case 1)`, seen)
	if c, err = s.connect(0, patience); err != nil {
		return err
	}
	ok, seen = s.closing(c, c.peer, c.app)
	m.check("the peer closes first", 5, ok,
		`the peer's FIN is acknowledged and told by app_peer_fin, app_fin sends ours, and the peer's kernel is done without a reset (RFC 9293, Section 3.6, Case 2)`, seen)
	return nil
}

// closing has first close, and second answer and close then. Data goes both ways before, and one way between.
func (s *stage) closing(c *connection, first, second *net.TCPConn) (bool, string) {
	for _, way := range [][2]*net.TCPConn{{first, second}, {second, first}} {
		want := s.bytes(s.number(50, 500))
		from, to := way[0], way[1]
		if _, err := from.Write(want); err != nil {
			return false, fmt.Sprintf("before the close: %v", reason(err))
		}
		if err := from.CloseWrite(); err != nil {
			return false, fmt.Sprintf("at the close: %v", reason(err))
		}
		got, err := io.ReadAll(to)
		if ok, seen := compare(got, want, err); !ok || err != nil {
			return false, fmt.Sprintf("%s of what came before the end of the stream; %v", seen, reason(err))
		}
	}
	done := s.until(patience, func() bool { return c.state() == tcpClose })
	switch {
	case s.resets(c.port) > 0:
		return false, "the program sent a RST"
	case !done:
		return false, fmt.Sprintf("after %v the peer's kernel was still in %s", patience, stateNames[c.state()%uint8(len(stateNames))])
	}
	return true, "both streams ended behind all data; the peer's kernel has closed"
}

// stateNames are the states of Linux, which counts from 1.
var stateNames = [...]string{"no state", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
	"CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING"}
