package drill

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/sandbox"
	"github.com/antedon-net/antedon/lab/exp4"
)

// tickEvery is how often a program is told that time passes.
const tickEvery = 100 * time.Millisecond

// The ends of connections, but for the program's port.
var (
	ourAddr = netip.MustParseAddr("10.7.0.1") // the program's
	peer    = netip.MustParseAddrPort("10.7.0.2:80")
)

// firstPort is the program's in the first connection.
const firstPort = 61084

// socket is what the program is reached by: an exp4.Endpoint.
type socket interface {
	Send(m *exp4.Message) error
	Receive() (exp4.Message, error)
	Connect() error
	Close() error
}

// A program is one that was started, and is driven.
type program struct {
	socket socket
	box    *sandbox.Box
	out    tail
	hello  chan struct{}
	done   chan struct{} // closed when the program has ended
	closed chan struct{} // closed by shut
	wg     sync.WaitGroup

	mu    sync.Mutex // guards what follows
	conns map[exp4.Conn]*conversation
	ports uint16
	queue []*exp4.Message // that the program has not taken yet
	more  chan struct{}   // told when something is in it
	stray []string        // what came and belongs to no connection

	callable bool // it takes connections that the drill opens
}

func newProgram() *program {
	return &program{
		hello: make(chan struct{}), closed: make(chan struct{}), more: make(chan struct{}, 1),
		conns: make(map[exp4.Conn]*conversation),
	}
}

// serve begins to talk. done is closed when the program has ended.
func (p *program) serve(s socket, done <-chan struct{}) {
	p.socket, p.done = s, make(chan struct{})
	p.wg.Go(p.receive)
	p.wg.Go(p.deliver)
	p.wg.Go(func() {
		select {
		case <-done:
			close(p.done)
		case <-p.closed:
		}
	})
}

// shut ends the program and everything here.
func (p *program) shut() {
	close(p.closed)
	p.socket.Close()
	if p.box != nil {
		p.box.Close()
	}
	p.wg.Wait()
}

// why says after done how the program ended.
func (p *program) why() string {
	if p.box == nil || p.box.Err() == nil {
		return "exit status 0"
	}
	return p.box.Err().Error()
}

// receive takes what the program says.
func (p *program) receive() {
	for {
		m, err := p.socket.Receive()
		var bad exp4.BadDatagram
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case errors.As(err, &bad):
			p.notice(bad.Error())
		case err != nil: // what the other end's death leaves behind
			select {
			case <-p.closed:
				return
			case <-time.After(time.Millisecond):
			}
		case m.IsHello():
			p.greet(&m)
		default:
			p.dispatch(&m)
		}
	}
}

// greet answers a hello. A second one means that the program has forgotten everything.
func (p *program) greet(m *exp4.Message) {
	if err := p.socket.Connect(); err != nil {
		p.notice("its socket: " + err.Error())
		return
	}
	select {
	case <-p.hello:
		p.notice("a second hello")
	default:
		if common := exp4.Common(m.Extensions, []string{exp4.Incoming}); len(common) > 0 {
			p.mu.Lock()
			p.callable = true
			p.mu.Unlock()
			p.send(&exp4.Message{Conn: m.Conn, Flags: m.Flags, Bytes: bytes.Clone(m.Bytes), Extensions: common})
		}
		close(p.hello)
	}
}

// canBeCalled reports whether the program takes connections that the drill opens.
func (p *program) canBeCalled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.callable
}

// dispatch gives a call to its connection.
func (p *program) dispatch(m *exp4.Message) {
	p.mu.Lock()
	c := p.conns[m.Conn]
	p.mu.Unlock()
	if c == nil {
		p.notice(fmt.Sprintf("%s for the unknown connection %v", m.Flags.ToDriver(), m.Conn))
		return
	}
	c.take(m)
}

// mostStray is how much is kept of what belongs to no connection.
const mostStray = 5

func (p *program) notice(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.stray) < mostStray {
		p.stray = append(p.stray, text)
	}
}

// strays returns it.
func (p *program) strays() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stray
}

// send sends when the program takes it. It does not wait.
func (p *program) send(m *exp4.Message) {
	p.mu.Lock()
	p.queue = append(p.queue, m)
	p.mu.Unlock()
	select {
	case p.more <- struct{}{}:
	default:
	}
}

// deliver sends what is queued, and ticks when nothing is.
func (p *program) deliver() {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for {
		due := false
		select {
		case <-p.closed:
			return
		case <-p.more:
		case <-tick.C:
			select {
			case <-p.hello:
				due = true
			default:
			}
		}
		for m := p.next(); m != nil; m = p.next() {
			_ = p.socket.Send(m) // if it is gone, done tells
		}
		if due {
			_ = p.socket.Send(&exp4.Message{Tick: true})
		}
	}
}

func (p *program) next() *exp4.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return nil
	}
	m := p.queue[0]
	p.queue = p.queue[1:]
	return m
}

// open makes a connection, of which the program does not know yet.
func (p *program) open(id int, irs uint32, incoming bool) *conversation {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := exp4.Conn{Src: netip.AddrPortFrom(ourAddr, firstPort+p.ports), Dst: peer}
	p.ports++
	c := newConversation(id, name, irs, incoming)
	p.conns[name] = c
	return c
}

// close has the program forget a connection. What it says of it from then on is of no interest.
func (p *program) close(c *conversation) {
	c.mu.Lock()
	gone := c.a.reset || len(c.log) == 0
	c.mu.Unlock()
	if !gone {
		p.send(c.message(exp4.RST, nil))
	}
}
