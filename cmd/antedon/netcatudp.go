package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
)

// datagramSize is how much of the input goes into one datagram, as in nc.
const datagramSize = 16 << 10

func (n *netcat) runUDP(ctx context.Context, s *session, address string) error {
	if n.listen {
		return n.listenUDP(ctx, s, address)
	}
	return n.dialUDP(ctx, s, address)
}

// dialUDP sends the input to a peer, a datagram for each read, and prints what it answers.
func (n *netcat) dialUDP(ctx context.Context, s *session, address string) error {
	c, err := s.Dial(ctx, "udp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	n.say("sending to %v from %v", c.RemoteAddr(), c.LocalAddr())
	return n.exchange(ctx, c.Write, c.Read)
}

// listenUDP prints what arrives. Whoever sends first becomes the peer, the only one that is listened to and answered; with
// -k everybody is listened to and nobody answered.
func (n *netcat) listenUDP(ctx context.Context, s *session, address string) error {
	pc, err := s.ListenPacket(ctx, "udp", s.local(address))
	if err != nil {
		return err
	}
	defer pc.Close()
	n.say("listening on %s", strings.Join(s.hosts(pc.LocalAddr()), " "))
	var peer net.Addr
	known := make(chan struct{})
	receive := func(b []byte) (int, error) {
		for {
			size, from, err := pc.ReadFrom(b)
			switch {
			case err != nil || n.keep:
				return size, err
			case peer == nil:
				n.say("datagram from %v", from)
				peer = from
				close(known)
				return size, nil
			case from.String() == peer.String():
				return size, nil
			}
		}
	}
	send := func(b []byte) (int, error) {
		<-known
		return pc.WriteTo(b, peer)
	}
	return n.exchange(ctx, send, receive)
}

// exchange goes on until a signal, -w or an error ends it.
func (n *netcat) exchange(ctx context.Context, send, receive func([]byte) (int, error)) error {
	idle := newIdleTimer(n.wait.Duration())
	defer idle.stop()
	failed := make(chan error, 2)
	if !n.noInput && !(n.listen && n.keep) {
		go func() {
			if err := each(idle.reader(n.in), send); err != nil {
				failed <- err
			}
		}()
	}
	go func() {
		b := make([]byte, 64<<10)
		for {
			size, err := receive(b)
			if err == nil {
				_, err = idle.writer(n.out).Write(b[:size])
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-idle.expired:
	case <-ctx.Done():
	}
	return nil
}

// each calls send for all that is read from r.
func each(r io.Reader, send func([]byte) (int, error)) error {
	b := make([]byte, datagramSize)
	for {
		size, err := r.Read(b)
		if size > 0 {
			if _, err := send(b[:size]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
