package api

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxPart is how many bytes for an application are sent at a time.
	maxPart = 65_536

	// maxDatagram is the size that no datagram reaches.
	maxDatagram = 500_000

	// retryAfter is how long to wait for another SDK to leave the driver.
	retryAfter = 500 * time.Millisecond
)

// silence is how long the driver, which sends a tick every 100 ms, may say nothing before we look whether it is there.
var silence = 5 * time.Second

// Main runs the TCP that create makes until the driver goes away. It does not return.
func Main(create func(Driver) Outgoing) {
	log.SetFlags(0)
	log.SetPrefix(filepath.Base(os.Args[0]) + ": ")
	log.Fatal(Run(create))
}

// Run is Main for those who want to go on afterwards. It returns why the session ended.
func Run(create func(Driver) Outgoing) error {
	s, err := open()
	if err != nil {
		return err
	}
	defer s.end()
	tcp := create(s)
	greeting := hello
	if in, ok := tcp.(Incoming); ok {
		s.incoming = in
		greeting.extensions = []string{extensionIncoming}
	}
	s.send(greeting)
	return s.serve(tcp)
}

// socketPaths returns where our socket and the driver's are.
func socketPaths() (ours, drivers string) {
	dir := os.Getenv("ANTEDON_LAB_DIR")
	if dir == "" {
		dir = "/tmp"
	}
	return filepath.Join(dir, "network-exp4-sdk.socket"), filepath.Join(dir, "network-exp4-driver.socket")
}

// session is a conversation with the driver. It is the Driver that a TCP gets.
type session struct {
	socket  socket
	drivers string // the path of the driver's socket

	incoming Incoming // nil if the TCP cannot be called
	agreed   bool     // the driver knows of that
	told     bool     // it does not, and that was logged

	mu     sync.Mutex   // held while datagrams are being sent, be the driver's queue full
	text   []byte       // those that wait to be sent together
	ends   []int        // of each of them
	out    *batch       // to send them
	since  time.Time    // when we began to let them wait; the zero Time if none may
	ended  bool         // the socket is closed
	failed atomic.Value // the error of a send
}

// serve receives what the driver says until it goes away.
func (s *session) serve(tcp Outgoing) error {
	room := newRoom()
	for {
		n, err := s.socket.receive(room)
		if failed, ok := s.failed.Load().(error); ok {
			return failed
		}
		switch {
		case err == nil:
			s.dispatchAll(tcp, room, n)
		case errors.Is(err, errSilence):
			if !isServing(s.drivers) {
				return errors.New("the driver has gone")
			}
		default:
			return fmt.Errorf("receiving from the driver: %w", err)
		}
	}
}

// dispatchAll calls what a batch stands for. What the TCP says meanwhile is sent together.
func (s *session) dispatchAll(tcp Outgoing, room *batch, n int) {
	s.letWait(time.Now())
	defer s.letWait(time.Time{})
	for i := 0; i < n; i++ {
		if b := room.received(i); len(b) < maxDatagram {
			s.dispatch(tcp, b)
		} else {
			log.Printf("a datagram of %d bytes or more came from the driver, and was left", len(b))
		}
	}
}

// dispatch calls what a datagram from the driver stands for.
func (s *session) dispatch(tcp Outgoing, b []byte) {
	if isTick(b) {
		s.checkAgreed()
		tcp.Tick()
		return
	}
	d, err := parseDatagram(b)
	if err != nil {
		log.Printf("a datagram of %d bytes from the driver makes no sense: %v", len(b), err)
		return
	}
	bytes := append([]byte(nil), d.bytes...) // b is about to be used again
	if s.incoming != nil && d.flags == flagHello {
		s.onAnswer(d.extensions)
		return
	}
	s.checkAgreed()
	switch d.flags {
	case flagConnect:
		tcp.AppConnect(d.conn)
	case flagData:
		tcp.AppSend(d.conn, bytes)
	case flagFin:
		tcp.AppFin(d.conn)
	case flagRst:
		tcp.AppRst(d.conn)
	case flagSegment:
		tcp.TcpRx(d.conn, bytes)
	case flagPeer:
		if s.agreed {
			s.incoming.PeerConnect(d.conn, bytes)
			return
		}
		fallthrough
	default:
		log.Printf("the driver sent flags %#x, which stand for nothing", d.flags)
	}
}

// onAnswer takes the driver's answer to a hello with extensions: those that it knows too.
func (s *session) onAnswer(extensions []string) {
	for _, e := range extensions {
		if e == extensionIncoming {
			s.agreed = true
		}
	}
}

// checkAgreed tells, once, if nobody is ever going to call: a driver that knew how to would have answered before anything else.
func (s *session) checkAgreed() {
	if s.incoming != nil && !s.agreed && !s.told {
		s.told = true
		log.Print("the driver knows nothing of incoming connections: nobody will call")
	}
}

// isTick reports whether a datagram is the tick, which is not a document.
func isTick(b []byte) bool { return len(b) == 1 && b[0] == 0 }

// send sends a datagram, at once or together with others. If the driver's queue is full it waits.
func (s *session) send(d datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.text = d.appendTo(s.text)
	s.ends = append(s.ends, len(s.text))
	if s.since.IsZero() || len(s.ends) == maxBatch || time.Since(s.since) > longestWait {
		s.flush()
	}
}

// longestWait bounds how long a TCP that takes its time may send things together.
const longestWait = time.Millisecond

// letWait has what is said from now on wait to be sent together, or no longer, if since is zero.
func (s *session) letWait(since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = since
	if since.IsZero() && !s.ended {
		s.flush()
	}
}

// flush sends what waits. The mutex is held.
func (s *session) flush() {
	begin := 0
	for i, end := range s.ends {
		s.out.set(i, s.text[begin:end])
		begin = end
	}
	if err := s.socket.sendBatch(s.out, len(s.ends)); err != nil {
		s.failed.Store(fmt.Errorf("sending to the driver: %w", err))
		s.socket.hangUp()
	}
	s.text, s.ends = s.text[:0], s.ends[:0]
}

// end closes the socket, which timers of the TCP may still want to send on.
func (s *session) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	s.socket.close()
}

// say sends one that is no hello.
func (s *session) say(conn Conn, bytes []byte, flags int) {
	s.send(datagram{conn: conn, bytes: bytes, flags: flags})
}

// AppConnected implements Driver.
func (s *session) AppConnected(conn Conn) { s.say(conn, nil, flagConnect) }

// PeerConnected implements Driver.
func (s *session) PeerConnected(conn Conn) { s.say(conn, nil, flagPeer) }

// AppRecv implements Driver.
func (s *session) AppRecv(conn Conn, data []byte) {
	for len(data) > maxPart {
		s.say(conn, data[:maxPart], flagData)
		data = data[maxPart:]
	}
	s.say(conn, data, flagData)
}

// AppPeerFin implements Driver.
func (s *session) AppPeerFin(conn Conn) { s.say(conn, nil, flagFin) }

// AppPeerRst implements Driver.
func (s *session) AppPeerRst(conn Conn) { s.say(conn, nil, flagRst) }

// TcpTx implements Driver.
func (s *session) TcpTx(conn Conn, segment []byte) { s.say(conn, segment, flagSegment) }

// ReleaseConnection implements Driver.
func (s *session) ReleaseConnection(conn Conn) { s.say(conn, nil, flagRelease) }
