package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/tcp"
)

// testSDK is an SDK whose TCP is a Stack on a link in memory, the other end of which is the driver.
type testSDK struct {
	ep    sdkEnd
	stack *antedon.Stack
	line  *pipe.Device // to and from the stack

	mu    sync.Mutex
	conns map[exp4.Conn]*sdkConn

	keep  bool               // never call release_connection
	ports []int              // whose calls it answers; none: it does not name the extension
	mute  bool               // calls are not answered
	onMsg func(exp4.Message) // told of each message before it is handled; may be nil
}

// sdkConn is a connection of a testSDK. What the application says is put in order by a goroutine.
type sdkConn struct {
	name exp4.Conn
	work chan func(net.Conn)

	finned chan struct{} // closed when our stream has ended
}

// sdkEnd is an SDK's end towards the driver.
type sdkEnd interface {
	Send(*exp4.Message) error
	Receive() (exp4.Message, error)
	Close() error
}

// startSDK says hello to the driver in dir.
func startSDK(ctx context.Context, dir string, prepare func(*testSDK)) (*testSDK, error) {
	ep, err := exp4.Dial(ctx, dir)
	if err != nil {
		return nil, err
	}
	return startSDKAt(ctx, ep, prepare)
}

// startSDKAt says hello at an end.
func startSDKAt(ctx context.Context, ep sdkEnd, prepare func(*testSDK)) (*testSDK, error) {
	near, far := pipe.New(pipe.Config{MTU: deviceMTU})
	stack, err := antedon.New(near, antedon.Config{AnyAddress: true, Routes: deviceRoutes})
	if err != nil {
		ep.Close()
		return nil, err
	}
	s := &testSDK{ep: ep, stack: stack, line: far, conns: make(map[exp4.Conn]*sdkConn)}
	if prepare != nil {
		prepare(s)
	}
	hello := exp4.Hello()
	for _, port := range s.ports {
		hello = exp4.Hello("another", exp4.Incoming)
		lc := antedon.ListenConfig{Stack: stack}
		ln, err := lc.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			return nil, err
		}
		go s.accept(ln)
	}
	if err := ep.Send(&hello); err != nil {
		return nil, err
	}
	go s.transmit()
	go s.receive()
	return s, nil
}

// transmit passes on what the stack sends.
func (s *testSDK) transmit() {
	pkts := make([]link.Packet, 8)
	for i := range pkts {
		pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	for {
		n, err := s.line.Queues()[0].Read(pkts)
		if err != nil {
			return
		}
		for i := range pkts[:n] {
			if name, segment, ok := parsePacket(pkts[i].Bytes); ok {
				s.call(name, exp4.Segment, segment)
			}
		}
	}
}

func (s *testSDK) call(name exp4.Conn, flags exp4.Flags, b []byte) {
	_ = s.ep.Send(&exp4.Message{Conn: name, Flags: flags, Bytes: b})
}

// receive handles what the driver says.
func (s *testSDK) receive() {
	for {
		m, err := s.ep.Receive()
		if err != nil {
			return
		}
		if s.onMsg != nil {
			s.onMsg(m)
		}
		if !m.Tick {
			s.handle(m)
		}
	}
}

func (s *testSDK) handle(m exp4.Message) {
	switch m.Flags {
	case exp4.Segment:
		packet := appendPacket(nil, turned(m.Conn), m.Bytes)
		_, _ = s.line.Queues()[0].Write([]link.Packet{{Bytes: packet}})
	case exp4.PeerConnect:
		if s.mute {
			return
		}
		s.add(m.Conn)
		packet := appendPacket(nil, turned(m.Conn), m.Bytes)
		_, _ = s.line.Queues()[0].Write([]link.Packet{{Bytes: packet}})
	case exp4.Greet: // it knows an extension, too
	case exp4.Connect:
		go s.run(s.add(m.Conn))
	default:
		s.mu.Lock()
		c := s.conns[m.Conn]
		s.mu.Unlock()
		if c == nil {
			return
		}
		b := append([]byte(nil), m.Bytes...)
		c.work <- func(n net.Conn) {
			switch m.Flags {
			case exp4.Data:
				_, _ = n.Write(b)
			case exp4.FIN:
				_ = n.(*antedon.Conn).CloseWrite()
				close(c.finned)
			case exp4.RST:
				_ = n.(*antedon.Conn).SetLinger(0)
				n.Close()
			}
		}
	}
}

func (s *testSDK) add(name exp4.Conn) *sdkConn {
	c := &sdkConn{name: name, work: make(chan func(net.Conn), 1<<16), finned: make(chan struct{})}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[name] = c
	return c
}

// accept takes calls when they are established.
func (s *testSDK) accept(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		name := exp4.Conn{Src: conn.LocalAddr().(*net.TCPAddr).AddrPort(), Dst: conn.RemoteAddr().(*net.TCPAddr).AddrPort()}
		s.mu.Lock()
		c := s.conns[name]
		s.mu.Unlock()
		s.call(name, exp4.PeerConnect, nil)
		go s.carry(c, conn)
	}
}

// run is the life of a connection that the application wants.
func (s *testSDK) run(c *sdkConn) {
	d := antedon.Dialer{Stack: s.stack, LocalAddr: net.TCPAddrFromAddrPort(c.name.Src)}
	conn, err := d.Dial(context.Background(), "tcp", c.name.Dst.String())
	if err != nil {
		s.call(c.name, exp4.RST, nil)
		return
	}
	s.call(c.name, exp4.Connect, nil)
	s.carry(c, conn)
}

// carry is the life of a connection that is established.
func (s *testSDK) carry(c *sdkConn, conn net.Conn) {
	go func() {
		for fn := range c.work {
			fn(conn)
		}
	}()
	b := make([]byte, 1<<15)
	for {
		n, err := conn.Read(b)
		if n > 0 {
			s.call(c.name, exp4.Data, b[:n])
		}
		if errors.Is(err, io.EOF) {
			s.call(c.name, exp4.FIN, nil)
			break
		}
		if err != nil {
			s.call(c.name, exp4.RST, nil)
			return
		}
	}
	<-c.finned
	for tick := time.NewTicker(5 * time.Millisecond); !isOver(conn.(*antedon.Conn).Info().State); <-tick.C {
	}
	conn.Close()
	if !s.keep {
		s.call(c.name, exp4.Release, nil)
	}
}

func (s *testSDK) close() {
	s.ep.Close()
	s.line.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // at once
	_ = s.stack.Close(ctx)
}

// isOver reports whether both streams have ended and are acknowledged.
func isOver(s tcp.State) bool { return s == tcp.StateTimeWait || s == tcp.StateClosed }
