package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// firstPort is where the receiver listens for the first flow.
const firstPort = 5001

// dialLimit is how long a flow may take to connect. It is enough for several lost SYNs.
const dialLimit = 30 * time.Second

// flowResult is what a flow came to.
type flowResult struct {
	bytes int64 // that the receiving application read in time
	err   error // what ended the flow early, if anything
}

// stream is a flow under way: a connection from a sender to the receiver.
type stream struct {
	ln   net.Listener
	conn net.Conn // the sender's end
	peer net.Conn // the receiver's, once it is accepted

	received flowResult
	sendErr  error
}

// transfer has senders send as much as they can for some time, each flow named by its sender, and returns what arrived.
// The time begins when all are connected.
func (s *scene) transfer(ctx context.Context, flows []int, d time.Duration) ([]flowResult, error) {
	streams := make([]stream, len(flows))
	defer func() {
		for i := range streams {
			streams[i].abort()
		}
	}()
	if err := s.connect(ctx, flows, streams); err != nil {
		return nil, err
	}
	until := time.Now().Add(d)
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() { streams[i].send(ctx, until) })
		wg.Go(func() { streams[i].receive(ctx, until) })
	}
	wg.Wait()
	results := make([]flowResult, len(streams))
	for i := range streams {
		results[i] = streams[i].result()
	}
	return results, context.Cause(ctx)
}

// connect opens the connections. Whether the receiver knows of them yet is left open.
func (s *scene) connect(ctx context.Context, flows []int, streams []stream) error {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	errs := make([]error, len(flows))
	var wg sync.WaitGroup
	for i, sender := range flows {
		wg.Go(func() {
			at := netip.AddrPortFrom(addressOf(toReceiver), uint16(firstPort+i))
			ln, err := s.receiver.listen(ctx, at)
			if err == nil {
				streams[i].ln = ln
				streams[i].conn, err = s.senders[sender].dial(ctx, at)
			}
			errs[i] = err
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// bound ends what waits at x at a time, or when ctx is done. What it returns has to be called in the end.
func bound(ctx context.Context, x interface{ SetDeadline(time.Time) error }, t time.Time) (stop func() bool) {
	_ = x.SetDeadline(t)
	return context.AfterFunc(ctx, func() { _ = x.SetDeadline(time.Now()) })
}

// send sends until it is over.
func (s *stream) send(ctx context.Context, until time.Time) {
	defer bound(ctx, s.conn, until)()
	p := newPattern()
	for total := int64(0); s.sendErr == nil; {
		var n int
		n, s.sendErr = s.conn.Write(p.from(total))
		total += int64(n)
	}
}

// receive accepts the connection, and reads and compares until it is over.
func (s *stream) receive(ctx context.Context, until time.Time) {
	r := &s.received
	defer bound(ctx, s.ln.(interface{ SetDeadline(time.Time) error }), until)()
	c, err := s.ln.Accept()
	if err != nil {
		r.err = err
		return
	}
	s.peer = c // stays open until the sender has stopped too, which else might be reset
	defer bound(ctx, c, until)()
	p := newPattern()
	b := make([]byte, pieceSize)
	for r.err == nil {
		var n int
		n, r.err = c.Read(b)
		if !bytes.Equal(b[:n], p.from(r.bytes)[:n]) {
			r.err = fmt.Errorf("what arrived is not what was sent, within %d bytes from byte %d", n, r.bytes)
			return
		}
		if time.Now().After(until) { // the deadline's timer was late
			return
		}
		r.bytes += int64(n)
	}
}

// result returns what came of the stream. That it was cut off by its deadline is no error.
func (s *stream) result() flowResult {
	r := s.received
	var errs []error
	for _, err := range []error{s.sendErr, r.err} {
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			errs = append(errs, err)
		}
	}
	r.err = errors.Join(errs...)
	return r
}

// abort resets the connection.
func (s *stream) abort() {
	for _, c := range []net.Conn{s.conn, s.peer} {
		if c != nil {
			_ = c.(interface{ SetLinger(int) error }).SetLinger(0)
			c.Close()
		}
	}
	if s.ln != nil {
		s.ln.Close()
	}
}

const (
	pieceSize = 128 << 10 // of each write, and at most of each read
	period    = 65521     // of the pattern: a prime, so that no displaced segment looks like the right one
)

// pattern is an endless stream of bytes, the same for sender and receiver.
type pattern []byte

func newPattern() pattern {
	p := make(pattern, period+pieceSize)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(p[:period])
	for i := period; i < len(p); i++ {
		p[i] = p[i-period]
	}
	return p
}

// from returns pieceSize bytes of the stream from an offset on.
func (p pattern) from(offset int64) []byte { return p[offset%period:][:pieceSize] }
