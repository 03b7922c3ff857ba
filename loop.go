package antedon

import (
	"context"
	"errors"
	"net"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/runner"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/reactor"
)

// NewInLoop starts a stack that has no goroutine: loop, while it runs, reads the device, keeps time and calls back. It must be
// called on the loop's goroutine, or before the loop runs.
//
// Connections made with ListenConfig.ListenInLoop and Dialer.DialInLoop call back from the loop (LoopConn). Everything else works
// as on any stack, net.Conn, net.Listener and Close included, but may wait and so belongs on other goroutines than the
// loop's. Any connection can pass from one world to the other: see Conn.InLoop and LoopConn.Conn.
//
// The device must be one whose queue a loop can wait for: a link.Polled (link/tun, link/packet, and captures of them), or,
// at the cost of a goroutine that wakes the loop, any link.Waiter (link/udp, link/impair). When the loop closes, so does the stack, and
// its connections are reset.
func NewInLoop(loop *reactor.Loop, dev link.Device, cfg Config) (*Stack, error) {
	waiter, ok := dev.Queues()[0].(link.Waiter)
	if !ok {
		return nil, errors.New("antedon: an event loop cannot wait for packets of " + dev.Name())
	}
	l := &loopStack{loop: loop, queue: waiter}
	return newStack(cfg, func(cfg host.Config) (*Stack, error) {
		l.shard = runner.NewInLoop(dev, cfg, l)
		if err := l.start(); err != nil {
			return nil, err
		}
		return &Stack{shard: l.shard, inLoop: l}, nil
	})
}

// loopStack ties a shard to its loop.
type loopStack struct {
	loop  *reactor.Loop
	shard *runner.Shard
	queue link.Waiter

	desc    *reactor.Desc // of a link.Polled
	timer   *reactor.Timer
	hook    *reactor.Hook
	atClose *reactor.Hook
	turns   func() // l.turn, for Post
	over    bool   // the device is not read any more
	closed  bool   // and the loop is closing
}

func (l *loopStack) start() error {
	l.turns = l.turn
	if p, ok := l.queue.(link.Polled); ok {
		desc, err := l.loop.Register(p.PollFD(), reactor.Readable, func(reactor.Events) { l.turn() })
		if err != nil {
			return err
		}
		l.desc = desc
	} else {
		go l.wait()
	}
	l.timer = l.loop.NewTimer(l.turn)
	l.hook = l.loop.BeforeSleep(l.rest)
	l.atClose = l.loop.AtClose(l.loopClosed)
	return nil
}

// wait wakes the loop for packets of a device without a descriptor to watch.
func (l *loopStack) wait() {
	l.queue.Arm()
	for l.queue.Wait() == nil && l.loop.Post(l.armedTurn) == nil {
	}
}

func (l *loopStack) armedTurn() {
	l.turn()
	l.queue.Arm() // at once again if there is more
}

// turn lets the shard do what there is to do.
func (l *loopStack) turn() {
	if l.shard.Turn() != nil {
		l.stop()
	}
}

// rest is the loop's hook: it sets the timer for what comes next.
func (l *loopStack) rest() (busy bool) {
	switch d := l.shard.Rest(); {
	case d == 0 && l.desc != nil && !l.over:
		l.desc.Again(reactor.Readable)
		return true
	case d == 0:
		_ = l.loop.Post(l.turns)
	case d > 0:
		l.timer.Reset(d)
	case l.over:
		l.hook.Remove()
	default:
		l.timer.Stop()
	}
	return false
}

// Wake implements runner.Loop.
func (l *loopStack) Wake() { _ = l.loop.Post(l.turns) } // a closed loop calls nobody back

// Detach implements runner.Loop.
func (l *loopStack) Detach() {
	done := make(chan struct{})
	if l.loop.Post(func() { l.stop(); close(done) }) != nil {
		<-l.loop.Done()
		return
	}
	<-done
}

// stop keeps the loop from looking at the device. What is to be called back still is.
func (l *loopStack) stop() {
	l.over = true
	l.timer.Stop()
	l.atClose.Remove()
	if l.desc != nil {
		_ = l.desc.Remove() // a descriptor that is closed already has left the poller
	}
}

func (l *loopStack) loopClosed() {
	l.stop()
	l.closed = true
	l.shard.Cut(reactor.ErrClosed)
}

// LoopListener accepts connections in a loop.
type LoopListener struct {
	l       *Listener
	stack   *loopStack
	accept  func(c reactor.Conn) reactor.Handler
	network string
}

// ListenInLoop announces on a local address, of which the host is a literal. accept is called for each connection and returns whom
// it calls back, beginning with OnConnect; if that is nil, the connection is reset. The stack must be one of NewInLoop.
func (lc *ListenConfig) ListenInLoop(network, address string, accept func(c reactor.Conn) reactor.Handler) (*LoopListener, error) {
	if lc.Stack.inLoop == nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: errNoLoop}
	}
	only := *lc
	only.Stack = lc.Stack.literals()
	l, err := only.listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	ll := &LoopListener{l: l, stack: lc.Stack.inLoop, accept: accept, network: network}
	l.l.Watch(ll.acceptAll)
	return ll, nil
}

// literals is s without its resolver, which would wait.
func (s *Stack) literals() *Stack { return &Stack{shard: s.shard, inLoop: s.inLoop} }

var errNoLoop = errors.New("the stack is in no loop: see NewInLoop")

// acceptBatch is how many connections are accepted in a turn.
const acceptBatch = 64

func (l *LoopListener) acceptAll() {
	for range acceptBatch {
		c, err := l.l.l.TryAccept()
		if err != nil {
			return // none, or closed
		}
		lc := newLoopConn(newConn(l.network, c), l.stack)
		h := l.accept(lc)
		if h == nil {
			_ = lc.Abort()
			continue
		}
		lc.SetHandler(h)
	}
	l.l.l.Again()
}

// Close stops listening. Connections that were not accepted are reset; those that were live on.
func (l *LoopListener) Close() error { return l.l.Close() }

// Addr returns the listener's address, a *net.TCPAddr.
func (l *LoopListener) Addr() net.Addr { return l.l.Addr() }

// DialInLoop begins to connect to an address, of which the host is a literal; names are resolved by calls that wait. The handler is
// told how it went, by OnConnect or by OnClose, in a later turn. What is written before OnConnect finds no room, with
// OnWritable to follow. The stack must be one of NewInLoop.
func (d *Dialer) DialInLoop(network, address string, h reactor.Handler) (*LoopConn, error) {
	fail := func(err error) (*LoopConn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Err: err}
	}
	if d.Stack.inLoop == nil {
		return fail(errNoLoop)
	}
	only := *d
	only.Stack = d.Stack.literals()
	local, remotes, err := only.ends(context.Background(), network, address)
	if err != nil {
		return fail(err)
	}
	c, err := d.Stack.shard.StartDial(local, remotes[0], d.options())
	if err != nil {
		return fail(err)
	}
	lc := newLoopConn(newConn(network, c), d.Stack.inLoop)
	lc.dialled = true
	lc.SetHandler(h)
	lc.setConnectTimeout(d.Timeout)
	return lc, nil
}

// InLoop has the connection call back from its stack's loop from now on, on whose goroutine InLoop must be called. Nobody may be
// waiting in Read or Write. It returns nil if the stack is not one of NewInLoop.
func (c *Conn) InLoop(s *Stack, h reactor.Handler) *LoopConn {
	if s.inLoop == nil {
		return nil
	}
	lc := newLoopConn(c, s.inLoop)
	lc.SetHandler(h)
	return lc
}
