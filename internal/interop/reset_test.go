package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/tcp"
)

// isReset reports whether err is what a peer's RST leaves behind.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// reset makes the kernel's end send a RST.
func reset(t *testing.T, kernel *net.TCPConn) {
	t.Helper()
	check(t, kernel.SetLinger(0))
	check(t, kernel.Close())
}

// TestKernelResets has the kernel's end reset the connection while we do various things.
func TestKernelResets(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		t.Run("reading", func(t *testing.T) {
			ours, kernel := c.pair(t)
			failed := make(chan error, 1)
			go func() {
				_, err := ours.Read(make([]byte, 1))
				failed <- err
			}()
			reset(t, kernel)
			if err := <-failed; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Read: got %v, want ECONNRESET", err)
			}
		})
		t.Run("writing", func(t *testing.T) {
			ours, kernel := c.pair(t)
			failed := make(chan error, 1)
			go func() { failed <- send(ours, "", 1<<40) }()
			check(t, receive(kernel, "", 10<<20))
			reset(t, kernel)
			if err := <-failed; !isReset(err) {
				t.Errorf("Write: got %v, want ECONNRESET or EPIPE", err)
			}
		})
		t.Run("blocked", func(t *testing.T) {
			ours, kernel := c.pair(t)
			failed := make(chan error, 1)
			go func() { failed <- send(ours, "", 1<<40) }()
			b.tap.until(t, "the window closes", func() bool { return ours.Info().SndWnd == 0 })
			check(t, kernel.Close()) // what it has not read makes it a reset
			if err := <-failed; !isReset(err) {
				t.Errorf("Write: got %v, want ECONNRESET or EPIPE", err)
			}
		})
		t.Run("idle", func(t *testing.T) {
			ours, kernel := c.pair(t)
			transfer(t, kernel, ours, 100)
			reset(t, kernel)
			b.untilState(t, ours, tcp.StateClosed)
			if _, err := ours.Write([]byte("x")); !isReset(err) {
				t.Errorf("Write: got %v, want ECONNRESET or EPIPE", err)
			}
			if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Read: got %v, want ECONNRESET", err)
			}
		})
		t.Run("with data unread", func(t *testing.T) {
			ours, kernel := c.pair(t)
			check(t, send(kernel, t.Name(), 1000))
			b.tap.until(t, "the data arrives", func() bool { return ours.Info().ReadQueue == 1000 })
			reset(t, kernel)
			b.untilState(t, ours, tcp.StateClosed)
			check(t, receive(ours, t.Name(), 1000)) // as in Linux
			if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Read: got %v, want ECONNRESET", err)
			}
		})
	})
}

// untilState waits until a connection of ours is in a state.
func (b *bed) untilState(t *testing.T, c *antedon.Conn, s tcp.State) {
	t.Helper()
	b.tap.until(t, "the state becomes "+s.String(), func() bool { return c.Info().State == s })
}

// TestWeReset has the stack reset connections.
func TestWeReset(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		t.Run("no linger", func(t *testing.T) {
			ours, kernel := c.pair(t)
			transfer(t, ours, kernel, 100)
			check(t, ours.SetLinger(0))
			check(t, ours.Close())
			if _, err := kernel.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the kernel's Read: got %v, want ECONNRESET", err)
			}
		})
		t.Run("unread data", func(t *testing.T) {
			ours, kernel := c.pair(t)
			check(t, send(kernel, t.Name(), 1000))
			b.tap.until(t, "the data arrives", func() bool { return ours.Info().ReadQueue == 1000 })
			check(t, ours.Close())
			if _, err := kernel.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the kernel's Read: got %v, want ECONNRESET", err)
			}
		})
		t.Run("data after Close", func(t *testing.T) {
			ours, kernel := c.pair(t)
			check(t, ours.Close())
			if _, err := kernel.Read(make([]byte, 1)); err != io.EOF {
				t.Fatalf("the kernel's Read: got %v, want EOF", err)
			}
			if err := send(kernel, "", 1<<40); !isReset(err) {
				t.Errorf("the kernel's Write: got %v, want ECONNRESET or EPIPE", err)
			}
		})
	})
}

// TestRefused dials a port where nobody listens.
func TestRefused(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		for range 10 {
			conn, err := c.client.Dial(bounded(t), "tcp", netip.AddrPortFrom(c.to, 9).String())
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Fatalf("got %v, %v, want ECONNREFUSED", conn, err)
			}
		}
	})
}

// TestUnanswered dials an address behind the kernel that nobody has.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	b := newBed(t, links[0].options, antedon.Config{})
	for _, address := range []string{"192.0.2.1:80", "[2001:db8::1]:80"} {
		ctx, cancel := context.WithCancel(bounded(t))
		failed := make(chan error, 1)
		go func() {
			_, err := b.stack.Dial(ctx, "tcp", address)
			failed <- err
		}()
		before := b.counter("packets out")
		b.tap.until(t, "two SYNs leave", func() bool { return b.counter("packets out") >= before+2 })
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", address, err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 1)
		defer cancel()
		_, err := b.stack.Dial(ctx, "tcp", address)
		if nerr, ok := err.(net.Error); !ok || !nerr.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want a timeout", address, err)
		}
	}
}
