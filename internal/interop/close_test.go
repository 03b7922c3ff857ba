package interop

import (
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/tcp"
)

// TestHalfClose goes on in one direction after the other one has ended.
func TestHalfClose(t *testing.T) {
	t.Parallel()
	const size = 5_000_000
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ours, kernel := c.pair(t)
		first, second := io.ReadWriter(ours), io.ReadWriter(kernel)
		for _, who := range []string{"we first", "the kernel first"} {
			t.Run(who, func(t *testing.T) {
				atOnce(t, func() error { return sendAll(first, "there", size) },
					func() error { return receiveAll(second, "there", size) })
				atOnce(t, func() error { return sendAll(second, "back", size) },
					func() error { return receiveAll(first, "back", size) })
			})
			ours, kernel = c.pair(t)
			first, second = kernel, ours
		}
	})
}

// sendAll sends n bytes of a stream and ends it.
func sendAll(c io.Writer, name string, n int64) error {
	if err := send(c, name, n); err != nil {
		return err
	}
	return c.(interface{ CloseWrite() error }).CloseWrite()
}

// TestSimultaneousClose has the FINs cross.
func TestSimultaneousClose(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ours, kernel := c.pair(t)
		transfer(t, kernel, ours, 100)
		b.tap.hold()
		check(t, kernel.CloseWrite())
		check(t, ours.CloseWrite())
		if _, err := kernel.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the kernel's Read: got %v, want EOF", err)
		}
		b.tap.release()
		if _, err := ours.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read: got %v, want EOF", err)
		}
		b.untilState(t, ours, tcp.StateTimeWait) // who sees a FIN before the ACK of its own goes by CLOSING
	})
}

// TestSimultaneousOpen has the SYNs cross.
func TestSimultaneousOpen(t *testing.T) {
	t.Parallel()
	for _, l := range links {
		for i := range 2 {
			b := newBed(t, l.options, antedon.Config{}) // on which nothing else moves
			v := b.versions()[i]
			t.Run(l.name+"/"+v.name, func(t *testing.T) { simultaneousOpen(t, b, v) })
		}
	}
}

func simultaneousOpen(t *testing.T, b *bed, v version) {
	at, peer := netip.AddrPortFrom(v.ours, 4000), netip.AddrPortFrom(v.kernel, 4001)
	kernel, ours := make(chan net.Conn, 1), make(chan net.Conn, 1)
	b.tap.hold()
	go func() {
		d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(peer)}
		c, err := b.DialWith(bounded(t), &d, "tcp", at.String())
		check(t, err)
		kernel <- c
	}()
	b.tap.until(t, "the kernel's SYN arrives", func() bool { in, _ := b.tap.crossed(); return in > 0 })
	go func() {
		d := antedon.Dialer{Stack: b.stack, LocalAddr: net.TCPAddrFromAddrPort(at)}
		c, err := d.Dial(bounded(t), "tcp", peer.String())
		check(t, err)
		ours <- c
	}()
	b.tap.until(t, "our SYN leaves", func() bool { _, out := b.tap.crossed(); return out > 0 })
	b.tap.release()
	o, k := <-ours, <-kernel
	if t.Failed() {
		t.FailNow()
	}
	defer o.Close()
	defer k.Close()
	o.SetDeadline(time.Now().Add(limit))
	k.SetDeadline(time.Now().Add(limit))
	transfer(t, o, k, 1_000_000)
	transfer(t, k, o, 1_000_000)
}
