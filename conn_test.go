package antedon_test

import (
	"context"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/link/pipe"
)

// closeTimeout is generous: it is reached only by a bug.
const closeTimeout = 30 * time.Second

var (
	left4, right4 = netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("10.0.0.2/24")
	left6, right6 = netip.MustParsePrefix("fd00::1/64"), netip.MustParsePrefix("fd00::2/64")
)

// newStack starts a stack.
func newStack(t testing.TB, dev link.Device, cfg antedon.Config) *antedon.Stack {
	t.Helper()
	s, err := antedon.New(dev, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pair returns two stacks joined by devices. When the test ends both are closed at the same time, for each has to
// acknowledge what the other still delivers. One of them has to come to a good end; it leaves the other without a peer.
func pair(t testing.TB, a, b link.Device) (*antedon.Stack, *antedon.Stack) {
	left := newStack(t, a, antedon.Config{Addrs: []netip.Prefix{left4, left6}})
	right := newStack(t, b, antedon.Config{Addrs: []netip.Prefix{right4, right6}})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		done := make(chan error, 2)
		for _, s := range []*antedon.Stack{left, right} {
			go func() { done <- s.Close(ctx) }()
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		cancel()
		<-done
	})
	return left, right
}

// pipes returns two stacks joined by memory.
func pipes(t testing.TB, offload link.Offload) (*antedon.Stack, *antedon.Stack) {
	a, b := pipe.New(pipe.Config{Offload: offload})
	return pair(t, a, b)
}

const allOffload = link.OffloadChecksum | link.OffloadTSO

// connPair is a connection between two stacks.
func connPair(a, b *antedon.Stack, address string) (c1, c2 net.Conn, stop func(), err error) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	ln, err := b.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, nil, err
	}
	defer ln.Close()
	accepted := make(chan error, 1)
	go func() {
		var err error
		c2, err = ln.Accept()
		accepted <- err
	}()
	if c1, err = a.Dial(ctx, "tcp", ln.Addr().String()); err != nil {
		return nil, nil, nil, err
	}
	if err := <-accepted; err != nil {
		return nil, nil, nil, err
	}
	return c1, c2, func() { c1.Close(); c2.Close() }, nil
}

func TestConnConformance(t *testing.T) {
	for _, c := range []struct {
		name    string
		offload link.Offload
		impair  string
		address string
	}{
		{"offload", allOffload, "", "10.0.0.2:0"},
		{"MTU-sized packets", 0, "", "10.0.0.2:0"},
		{"IPv6", allOffload, "", "[fd00::2]:0"},
		{"impaired", 0, "loss=1%,delay=1ms,jitter=200us,reorder=1%,dup=1%,corrupt=0.5%,seed=7", "10.0.0.2:0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a, b link.Device = pipe.New(pipe.Config{Offload: c.offload})
			if c.impair != "" {
				plan, err := impair.Parse(c.impair)
				if err != nil {
					t.Fatal(err)
				}
				if a, err = impair.New(a, plan, plan); err != nil {
					t.Fatal(err)
				}
			}
			s1, s2 := pair(t, a, b)
			nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return connPair(s1, s2, c.address) })
		})
	}
}

// A peer that has sent its FIN and is gone owes us nothing but the acknowledgment of ours: Close does not fail for want of that.
func TestCloseAfterPeer(t *testing.T) {
	a, b := pipe.New(pipe.Config{})
	gone := newStack(t, a, antedon.Config{Addrs: []netip.Prefix{left4}})
	left := newStack(t, b, antedon.Config{Addrs: []netip.Prefix{right4}})
	c1, c2, _, err := connPair(gone, left, "10.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c1.Close()
	if _, err := c2.Read(make([]byte, 1)); err != io.EOF {
		t.Fatal(err)
	}
	if err := gone.Close(ctx); err != nil { // its FIN is acknowledged
		t.Fatal(err)
	}
	if err := left.Close(ctx); err != nil {
		t.Error(err)
	}
}
