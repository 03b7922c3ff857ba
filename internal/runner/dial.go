package runner

import (
	"context"
	"net"
	"net/netip"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/tcp"
)

// Dial opens a connection to remote and waits until it is established, refused, or ctx is done. It does not wait for one
// whose SYN waits for text (Fast Open).
func (s *Shard) Dial(ctx context.Context, local, remote netip.AddrPort, opt host.DialOptions) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.StartDial(local, remote, opt)
	if err != nil {
		return nil, err
	}
	if err := c.waitConnected(ctx); err != nil {
		_ = c.SetLinger(0)
		c.Close()
		return nil, err
	}
	return c, nil
}

// StartDial is Dial without the wait.
func (s *Shard) StartDial(local, remote netip.AddrPort, opt host.DialOptions) (*Conn, error) {
	s.mu.Lock()
	if s.closing {
		defer s.mu.Unlock()
		return nil, s.err()
	}
	now := s.Now()
	hc, err := s.host.DialTCP(now, local, remote, opt)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	c := s.connOf(hc)
	c.accepted = true
	s.finish(now)
	return c, nil
}

// waitConnected waits for the end of the handshake.
func (c *Conn) waitConnected(ctx context.Context) error {
	s := c.s
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		c.s.wake(&c.wgate)
		s.mu.Unlock()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if ok, err := c.connected(); ok || err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		c.wait(&c.wgate)
	}
}

// connected reports whether the handshake is over, or why it failed. One that waits for text has no need to be. The mutex is
// held.
func (c *Conn) connected() (bool, error) {
	switch st := c.h.State(); {
	case c.h.WaitsForText(), st >= tcp.StateEstablished:
		return true, nil
	case st == tcp.StateClosed && c.h.Err() != nil:
		return false, c.h.Err()
	case st == tcp.StateClosed:
		return false, net.ErrClosed
	case c.s.closed:
		return false, c.s.err()
	}
	return false, nil
}
