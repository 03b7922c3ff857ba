package bench

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/tcp"
)

// An idleScene is a listener, a crowd of clients, and the connections that are held.
type idleScene struct {
	listener deadlineListener
	crowd    *crowd
	held     []net.Conn
	shut     func() // the stack, or what is in its place
	stop     func() bool
}

// deadlineListener is what listeners of package net and ours are.
type deadlineListener interface {
	net.Listener
	SetDeadline(time.Time) error
}

// memoryScene has a stack on a device in memory, ours if open is nil.
func memoryScene(open OpenStack) func(ctx context.Context, n int) (*idleScene, error) {
	if open == nil {
		open = openOurs
	}
	return func(ctx context.Context, n int) (*idleScene, error) {
		near, far := pipe.New(pipe.Config{Offload: link.OffloadChecksum})
		listen, shut, err := open(near, idleNet)
		if err != nil {
			return nil, err
		}
		return newIdleScene(ctx, n, far, listen, shut)
	}
}

// openOurs is an OpenStack.
func openOurs(dev link.Device, addr netip.Prefix) (Listen, func(), error) {
	stack, err := antedon.New(dev, antedon.Config{Addrs: []netip.Prefix{addr}})
	if err != nil {
		return nil, nil, err
	}
	return stack.Listen, func() { stack.Close(context.Background()) }, nil
}

// newKernelScene has a kernel in a namespace, behind a TUN device.
func newKernelScene(ctx context.Context, n int) (*idleScene, error) {
	lab, err := netlab.New(netlab.Options{Name: "idle", Kernel: []netip.Prefix{idleNet}, NoOffload: true})
	if err != nil {
		return nil, err
	}
	return newIdleScene(ctx, n, lab.Device(), lab.Listen, func() { lab.Close() })
}

// newIdleScene listens, and lets the crowd answer behind dev. shut ends all of it.
func newIdleScene(ctx context.Context, n int, dev link.Device, listen Listen, shut func()) (*idleScene, error) {
	at := netip.AddrPortFrom(idleNet.Addr(), idlePort)
	l, err := listen(ctx, "tcp4", at.String())
	if err != nil {
		shut()
		return nil, err
	}
	held := make([]net.Conn, n)
	clear(held) // the memory is ours: it is there before anything is measured
	s := &idleScene{listener: l.(deadlineListener), crowd: newCrowd(dev, at), held: held[:0], shut: shut}
	s.stop = context.AfterFunc(ctx, func() { l.Close() })
	go s.crowd.run()
	return s, nil
}

// close resets what is held.
func (s *idleScene) close() {
	s.stop()
	for _, c := range s.held {
		if c, ok := c.(interface{ SetLinger(int) error }); ok {
			c.SetLinger(0)
		}
		c.Close()
	}
	s.listener.Close()
	s.shut()
}

// acceptLimit is how long a connection may take. No packet is lost here.
const acceptLimit = 30 * time.Second

// open accepts n more connections, has each carry a request and its answer, and waits until nothing is under way.
func (s *idleScene) open(ctx context.Context, n int, progress func()) error {
	var request [idleRequest]byte
	var response [idleResponse]byte
	for target := len(s.held) + n; len(s.held) < target; progress() {
		if len(s.held)%1000 == 0 {
			s.listener.SetDeadline(time.Now().Add(acceptLimit))
		}
		for s.crowd.asked() < min(target, len(s.held)+crowdBatch) {
			s.crowd.ask()
		}
		c, err := s.listener.Accept()
		if err != nil {
			return cmp.Or(ctx.Err(), err)
		}
		s.held = append(s.held, c)
		if _, err := io.ReadFull(c, request[:]); err != nil {
			return err
		}
		if _, err := c.Write(response[:]); err != nil {
			return err
		}
	}
	return s.settle(ctx)
}

// settle waits until the answers are acknowledged and no delayed acknowledgment is owed. The last connections are the last
// to be.
func (s *idleScene) settle(ctx context.Context) error {
	for _, c := range s.held[max(0, len(s.held)-2*crowdBatch):] {
		ours, ok := c.(*antedon.Conn)
		for ok && ours.Info().SendQueue > 0 {
			if err := sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
	}
	return sleep(ctx, 100*time.Millisecond)
}

// alive returns how many connections are still there.
func (s *idleScene) alive() int {
	n := 0
	for _, c := range s.held {
		if ours, ok := c.(*antedon.Conn); !ok || ours.Info().State == tcp.StateEstablished {
			n++
		}
	}
	return n
}
