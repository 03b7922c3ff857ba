package main

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/tcp"
)

// stream is a TCP connection, ours or the kernel's.
type stream interface {
	net.Conn
	CloseWrite() error
}

// talk copies in to c and c to the output until both have ended. The end of in is passed on to the peer; nil has none.
func (n *netcat) talk(ctx context.Context, c stream, in io.Reader) error {
	defer c.Close()
	idle := newIdleTimer(n.wait.Duration())
	defer idle.stop()
	sent, received := make(chan error, 1), make(chan error, 1)
	if in == nil {
		sent <- nil
	} else {
		go func() {
			_, err := io.Copy(c, idle.reader(in))
			if err == nil {
				err = c.CloseWrite()
			}
			sent <- err
		}()
	}
	go func() {
		_, err := io.Copy(idle.writer(n.out), c)
		received <- err
	}()
	for gone := false; ; {
		select {
		case err := <-sent:
			if !gone && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
				if reason := <-received; reason != nil { // which of the two is told first is chance
					return reason
				}
			}
			if err != nil || gone {
				return err
			}
			sent = nil
		case err := <-received:
			if err != nil || sent == nil || isTyped(in) {
				return err
			}
			gone = true
		case <-idle.expired:
			return finish(c, received)
		case <-ctx.Done():
			return finish(c, received)
		}
	}
}

// finish ends the stream to the peer and waits until everything in it is acknowledged, while somebody else goes on reading
// c: closing with unread bytes would take back what was sent.
func finish(c stream, received <-chan error) error {
	if err := c.CloseWrite(); err != nil {
		return nil // it has ended already
	}
	ours, ok := c.(*antedon.Conn)
	if !ok {
		return nil // the kernel goes on by itself
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(antedon.DefaultCloseTimeout)
	for {
		switch ours.Info().State {
		case tcp.StateFinWait2, tcp.StateTimeWait, tcp.StateClosed:
			return nil
		}
		select {
		case <-tick.C:
		case <-limit:
			return nil // closing the stack says so
		case err := <-received:
			if err != nil {
				return nil
			}
			received = nil
		}
	}
}

// idleTimer tells when nothing has been copied for a while.
type idleTimer struct {
	limit   time.Duration
	timer   *time.Timer
	expired <-chan time.Time // nil if there is no limit
}

func newIdleTimer(limit time.Duration) *idleTimer {
	if limit <= 0 {
		return &idleTimer{}
	}
	t := time.NewTimer(limit)
	return &idleTimer{limit: limit, timer: t, expired: t.C}
}

func (t *idleTimer) touch() {
	if t.timer != nil {
		t.timer.Reset(t.limit)
	}
}

func (t *idleTimer) stop() {
	if t.timer != nil {
		t.timer.Stop()
	}
}

// reader returns r with the timer starting anew at each read.
func (t *idleTimer) reader(r io.Reader) io.Reader {
	if t.timer == nil {
		return r
	}
	return touchingReader{t, r}
}

// writer does the same for w.
func (t *idleTimer) writer(w io.Writer) io.Writer {
	if t.timer == nil {
		return w
	}
	return touchingWriter{t, w}
}

type touchingReader struct {
	t *idleTimer
	r io.Reader
}

func (r touchingReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.t.touch()
	return n, err
}

type touchingWriter struct {
	t *idleTimer
	w io.Writer
}

func (w touchingWriter) Write(p []byte) (int, error) {
	w.t.touch()
	return w.w.Write(p)
}
