package lockstep

import (
	"fmt"
	"io"
	"net/netip"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

// ourEndpoint is a host of ours, in virtual time.
type ourEndpoint struct {
	host     *host.Host
	pool     *buffer.Pool
	listener *host.Listener
	at       mono.Time
	sockets  []*ourSocket
	out      []packet
	pkt      host.Packet
}

const virtualStart = mono.Time(1000 * time.Second)

func newOurs(s setup) *ourEndpoint {
	e := &ourEndpoint{at: virtualStart, pool: buffer.NewPool(0)}
	bits := 24
	if s.local.Is6() {
		bits = 64
	}
	e.host = host.New(host.Config{Addrs: []netip.Prefix{netip.PrefixFrom(s.local, bits)}, Secret: [32]byte{1, 2, 3}, Pool: e.pool})
	return e
}

// config is the kernel's, where that differs from our defaults.
func (o options) config() *tcp.Config {
	c := &tcp.Config{RecvBuffer: 6 << 20} // the largest of tcp_rmem
	c.SYNRetries, c.SYNACKRetries, c.DataRetries = o["synretries"], o["synackretries"], o["dataretries"]
	c.FinTimeout = time.Duration(o["fintimeout"]) * time.Second
	if n := o["rcvbuf"]; n != 0 {
		c.InitialRecvBuffer, c.RecvBuffer = n, n
	}
	return c
}

func (e *ourEndpoint) now() time.Duration { return e.at.Sub(virtualStart) }

func (e *ourEndpoint) inject(b []byte) error {
	e.host.Recv(e.at, &link.Packet{Bytes: b}, nil)
	e.drain(true)
	return nil
}

func (e *ourEndpoint) settle() ([]packet, error) {
	e.drain(true)
	return e.take(), nil
}

func (e *ourEndpoint) take() []packet {
	out := e.out
	e.out = nil
	return out
}

// drain keeps what the host sends.
func (e *ourEndpoint) drain(prompt bool) {
	for d := e.host.NextDirty(); d != nil; d = e.host.NextDirty() {
		if c, ok := d.(*host.Conn); ok {
			for c.NextPacket(e.at, &e.pkt) {
				e.keep(prompt)
			}
		}
	}
	for e.host.NextPacket(&e.pkt) {
		e.keep(prompt)
	}
}

func (e *ourEndpoint) keep(prompt bool) {
	b := append([]byte(nil), e.pkt.Bytes...)
	for _, x := range e.pkt.Payload {
		b = append(b, x...)
	}
	e.pkt.Release(e.pool)
	e.out = append(e.out, packet{e.now(), prompt, b})
}

// tick goes on to the next deadline, or to end if that comes first, and reports whether there was one.
func (e *ourEndpoint) tick(end mono.Time) bool {
	next := e.host.Deadline()
	if next > end {
		e.at = end
		return false
	}
	e.at = max(e.at, next)
	e.host.Tick(e.at)
	e.drain(false)
	return true
}

func (e *ourEndpoint) wait(limit time.Duration) ([]packet, error) {
	end := e.at.Add(limit)
	for len(e.out) == 0 && e.tick(end) {
	}
	return e.take(), nil
}

func (e *ourEndpoint) sleep(d time.Duration) ([]packet, error) {
	end := e.at.Add(d)
	for e.tick(end) {
	}
	return e.take(), nil
}

func (e *ourEndpoint) listen(local netip.AddrPort, o options) (err error) {
	e.listener, err = e.host.ListenTCP(local, o["backlog"], host.ListenOptions{TCP: o.config()})
	return err
}

func (e *ourEndpoint) accept() (socket, error) {
	c := e.listener.Accept()
	if c == nil {
		return nil, syscall.EAGAIN
	}
	return e.adopt(c), nil
}

func (e *ourEndpoint) connect(local, remote netip.AddrPort, o options) (socket, error) {
	c, err := e.host.DialTCP(e.at, local, remote, host.DialOptions{TCP: o.config()})
	if err != nil {
		return nil, err
	}
	return e.adopt(c), nil
}

func (e *ourEndpoint) adopt(c *host.Conn) *ourSocket {
	s := &ourSocket{e, c}
	e.sockets = append(e.sockets, s)
	return s
}

// close makes sure that nothing of the connections is left.
func (e *ourEndpoint) close() error {
	if e.listener != nil {
		e.listener.Close()
	}
	for _, s := range e.sockets {
		s.abort()
	}
	if n := e.pool.Used(); n != 0 {
		return fmt.Errorf("%d bytes of the pool are still in use", n)
	}
	return nil
}

// ourSocket is one of our connections.
type ourSocket struct {
	end *ourEndpoint
	c   *host.Conn
}

// do runs a command and has the connection send what it owes.
func (s *ourSocket) do(command func()) error {
	command()
	s.end.host.MarkDirty(s.c)
	s.end.drain(true)
	return nil
}

func (s *ourSocket) write(b []byte) error {
	if err := s.c.Err(); err != nil {
		return err
	}
	return s.do(func() {
		for len(b) > 0 {
			room := s.c.Reserve(len(b))
			n := copy(room, b)
			b = b[n:]
			s.c.Commit(s.end.at, n, len(b) == 0)
			if n == 0 {
				break
			}
		}
	})
}

func (s *ourSocket) read(b []byte) (n int, err error) {
	var views [8]buffer.View
	for n < len(b) && s.c.Readable() > 0 {
		got := s.c.Peek(views[:0], len(b)-n)
		m := 0
		for _, v := range got {
			m += copy(b[n+m:], v.B)
		}
		s.end.pool.ReleaseAll(got)
		s.do(func() { s.c.Consume(s.end.at, m) })
		n += m
	}
	switch {
	case n > 0:
		return n, nil
	case s.c.EOF():
		return 0, io.EOF
	case s.c.Err() != nil:
		return 0, s.c.Err()
	}
	return 0, syscall.EAGAIN
}

func (s *ourSocket) readable() (int, error) { return s.c.Readable(), nil }
func (s *ourSocket) shutdown() error        { return s.do(func() { s.c.CloseWrite(s.end.at) }) }
func (s *ourSocket) close() error           { return s.do(func() { s.c.Close(s.end.at) }) }
func (s *ourSocket) abort() error           { return s.do(func() { s.c.Abort(s.end.at) }) }
func (s *ourSocket) state() (string, error) { return s.c.State().String(), nil }

// set sets an option that the kernel has under the same name.
func (s *ourSocket) set(name string, n int) error {
	seconds := time.Duration(n) * time.Second
	c, now := s.c, s.end.at
	switch name {
	case "nodelay":
		c.SetNoDelay(n != 0)
	case "cork":
		c.SetCork(n != 0)
	case "quickack":
		c.SetQuickACK(n != 0)
	case "keepalive":
		c.SetKeepAlive(now, n != 0)
	case "keepidle":
		c.SetKeepAliveTimes(now, seconds, 0, 0)
	case "keepintvl":
		c.SetKeepAliveTimes(now, 0, seconds, 0)
	case "keepcnt":
		c.SetKeepAliveTimes(now, 0, 0, n)
	case "usertimeout":
		c.SetUserTimeout(time.Duration(n) * time.Millisecond)
	default:
		return fmt.Errorf("no such option: %s", name)
	}
	return s.do(func() {})
}
