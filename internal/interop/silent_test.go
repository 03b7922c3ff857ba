package interop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/tcp"
)

// probes is how many zero-window probes a test waits for.
const probes = 3

// TestPeerStopsReading has a kernel with a small buffer stop reading until we have probed its window, and go on.
func TestPeerStopsReading(t *testing.T) {
	t.Parallel()
	const size = 3_000_000
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ln := c.listen(t)
		if !c.ours {
			setRecvBuffer(t, ln.(syscall.Conn), 4096) // before the connection, as the window is offered then
		}
		ours, kernel := c.sides(c.dial(t, ln))
		setRecvBuffer(t, kernel, 4096)
		sent := make(chan error, 1)
		go func() { sent <- sendAll(ours, t.Name(), size) }()
		stalled := uint64(0)
		b.tap.until(t, "probes leave", func() bool {
			i := ours.Info()
			switch {
			case i.SndWnd > 0:
				stalled = 0
			case stalled == 0:
				stalled = i.SegsOut
			}
			return stalled > 0 && i.SegsOut >= stalled+probes
		})
		check(t, receiveAll(kernel, t.Name(), size))
		check(t, <-sent)
	})
}

// TestPeerTakesWindowBack has a kernel offer a window and then find that it has no memory for it, so that it takes the window
// back. It must still learn that what it sends itself has arrived.
func TestPeerTakesWindowBack(t *testing.T) {
	t.Parallel()
	const size = 3_000_000
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ours, kernel := c.pair(t)
		setRecvBuffer(t, kernel, 4096)
		sent := make(chan error, 2)
		go func() { sent <- sendAll(ours, t.Name(), size) }()
		b.tap.until(t, "the window is taken back", func() bool {
			i := ours.Info()
			return i.SndWnd == 0 && i.Unacked > 0
		})
		go func() { sent <- sendAll(kernel, t.Name(), size) }()
		check(t, receiveAll(ours, t.Name(), size))
		check(t, receiveAll(kernel, t.Name(), size))
		check(t, errors.Join(<-sent, <-sent))
	})
}

// setRecvBuffer makes the buffer of a kernel's socket small.
func setRecvBuffer(t *testing.T, c syscall.Conn, n int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		check(t, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, n))
	})
	check(t, err)
}

// TestWeStopReading stops reading until the kernel has probed our window, and goes on.
func TestWeStopReading(t *testing.T) {
	t.Parallel()
	const size, buffer = 10_000_000, 64 << 10
	for _, l := range links {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, l.options, antedon.Config{TCP: tcp.Config{RecvBuffer: buffer}})
			b.inEachCorner(t, func(t *testing.T, c corner) {
				ours, kernel := c.pair(t)
				sent := make(chan error, 1)
				go func() { sent <- sendAll(kernel, t.Name(), size) }()
				stalled := uint64(0)
				b.tap.until(t, "probes arrive", func() bool {
					i := ours.Info()
					if i.RcvWnd == 0 && stalled == 0 {
						stalled = i.SegsIn
					}
					return stalled > 0 && i.SegsIn >= stalled+probes
				})
				check(t, receiveAll(ours, t.Name(), size))
				check(t, <-sent)
			})
		})
	}
}

// setLink takes the kernel's end of the link down or up.
func (b *bed) setLink(up bool) error {
	return b.Do(func() error {
		l, err := netlink.LinkByName(b.Options.Name)
		if err != nil {
			return err
		}
		if up {
			return b.restoreLink(l)
		}
		// IPv6 addresses do not survive this without being told to.
		keep := "/proc/sys/net/ipv6/conf/" + b.Options.Name + "/keep_addr_on_down"
		if err := os.WriteFile(keep, []byte("1"), 0); err != nil {
			return err
		}
		return netlink.LinkSetDown(l)
	})
}

// restoreLink brings the link up, and its IPv6 addresses with it. The kernel restores them in its own time, and not always
// if the link was down for a moment only.
func (b *bed) restoreLink(l netlink.Link) error {
	addrs, err := netlink.AddrList(l, netlink.FAMILY_V6)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return err
	}
	for _, a := range addrs {
		if a.Scope != int(netlink.SCOPE_UNIVERSE) {
			continue
		}
		again := &netlink.Addr{IPNet: a.IPNet, Flags: unix.IFA_F_NODAD}
		if err := netlink.AddrDel(l, again); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
			return err
		}
		if err := netlink.AddrReplace(l, again); err != nil {
			return err
		}
	}
	return nil
}

// TestLinkDrops takes the link down in the middle of a transfer each way, until something was sent in vain.
func TestLinkDrops(t *testing.T) {
	t.Parallel()
	const half = 20_000_000 // more than all buffers
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		ours, kernel := c.pair(t)
		check(t, kernel.SetReadBuffer(1<<20)) // left alone it may hold everything
		down := make(chan struct{})
		var halves sync.WaitGroup
		halves.Add(2)
		receive := func(conn net.Conn, name string) error {
			check := newChecker(name)
			_, err := io.CopyN(check, conn, half)
			halves.Done()
			<-down // until then the sender has to wait
			if err != nil {
				return fmt.Errorf("before the link goes down: %w", err)
			}
			_, err = io.CopyN(check, conn, half)
			return err
		}
		atOnce(t,
			func() error { return send(ours, "up", 2*half) },
			func() error { return send(kernel, "down", 2*half) },
			func() error { return receive(kernel, "up") },
			func() error { return receive(ours, "down") },
			func() error {
				halves.Wait()
				err := b.setLink(false)
				close(down)
				if err != nil {
					return err
				}
				before := b.counter("packets out")
				err = b.tap.await("packets leave in vain", func() bool { return b.counter("packets out") >= before+2 })
				return errors.Join(err, b.setLink(true))
			})
	})
}

// counter returns one of the stack's counters.
func (b *bed) counter(name string) uint64 {
	for n, v := range b.stack.Counters() {
		if n == name {
			return v
		}
	}
	return 0
}

// TestDeadPeer loses the peer: there is no FIN, no RST, nothing.
func TestDeadPeer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bed, c corner) {
		sending, _ := c.pair(t)
		check(t, sending.SetUserTimeout(300*time.Millisecond))
		idle, _ := c.pair(t)
		check(t, idle.SetKeepAliveConfig(net.KeepAliveConfig{
			Enable: true, Idle: 100 * time.Millisecond, Interval: 100 * time.Millisecond, Count: 3,
		}))
		check(t, b.setLink(false))
		defer b.setLink(true)
		_, err := idle.Read(make([]byte, 1))
		if !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("idle: Read: got %v, want ETIMEDOUT", err)
		}
		if err := send(sending, t.Name(), 1<<40); !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("sending: Write: got %v, want ETIMEDOUT", err)
		}
		if _, err := sending.Read(make([]byte, 1)); !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("sending: Read: got %v, want ETIMEDOUT", err)
		}
	})
}
