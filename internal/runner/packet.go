package runner

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/antedon-net/antedon/host"
)

// PacketConn is a UDP socket for goroutines.
type PacketConn struct {
	s      *Shard
	h      *host.UDP
	rmu    sync.Mutex // one reader at a time
	gate   gate
	rdl    deadline
	wdl    deadline
	closed bool
}

// OpenUDP opens a UDP socket, connected if remote is valid.
func (s *Shard) OpenUDP(local, remote netip.AddrPort, opt host.UDPOptions) (*PacketConn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, s.err()
	}
	h, err := s.host.OpenUDP(local, remote, opt)
	if err != nil {
		return nil, err
	}
	c := &PacketConn{s: s, h: h}
	h.User = c
	s.waiters[c] = struct{}{}
	return c, nil
}

func (c *PacketConn) wakeAll() { c.s.wake(&c.gate) }

// Addrs returns the socket's ends; remote is not valid unless it is connected.
func (c *PacketConn) Addrs() (local, remote netip.AddrPort) { return c.h.Addrs() }

// Read receives a datagram into p and returns how much of it fitted, and who sent it to where. An error the network
// reported about something sent earlier is returned once.
func (c *PacketConn) Read(p []byte) (n int, from, to netip.AddrPort, err error) {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, from, to, net.ErrClosed
		case c.s.closed:
			return 0, from, to, c.s.err()
		case c.rdl.expired():
			return 0, from, to, os.ErrDeadlineExceeded
		}
		if d, ok := c.h.Receive(); ok {
			n = copy(p, d.B)
			c.s.pool.Release(d.Chunk)
			return n, d.From, d.To, nil
		}
		if err := c.h.TakeError(); err != nil {
			return 0, from, to, err
		}
		c.s.lanes[0].wait(&c.gate, landing{})
	}
}

// Write sends a datagram to to, which is not valid if the socket is connected.
func (c *PacketConn) Write(p []byte, to netip.AddrPort, opt host.SendOptions) error {
	c.s.mu.Lock()
	err := error(nil)
	now := c.s.Now()
	switch {
	case c.closed:
		err = net.ErrClosed
	case c.s.closed:
		err = c.s.err()
	case c.wdl.expired():
		err = os.ErrDeadlineExceeded
	default:
		err = c.h.Send(now, to, p, opt)
	}
	c.s.finish(now)
	return err
}

// Close closes the socket.
func (c *PacketConn) Close() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.closed = true
	c.rdl.stop()
	c.wdl.stop()
	c.h.Close()
	c.s.wake(&c.gate)
	delete(c.s.waiters, c)
	return nil
}

// SetDeadlines moves the read and the write deadline; the zero time means none.
func (c *PacketConn) SetDeadlines(t time.Time, read, write bool) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	if read {
		c.rdl.set(c.s, t, &c.gate)
	}
	if write {
		c.wdl.set(c.s, t, &c.gate) // wakes a reader for nothing
	}
	return nil
}
