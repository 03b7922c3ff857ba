package runner

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/host"
)

// Pinger sends ICMP echo requests to one destination and waits for the answers. One goroutine at a time may use it.
type Pinger struct {
	s      *Shard
	h      *host.Ping
	gate   gate
	closed bool
}

// OpenPing returns a Pinger from local, chosen if unspecified, to remote.
func (s *Shard) OpenPing(local, remote netip.Addr) (*Pinger, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, s.err()
	}
	h, err := s.host.OpenPing(local, remote)
	if err != nil {
		return nil, err
	}
	p := &Pinger{s: s, h: h}
	h.User = p
	s.waiters[p] = struct{}{}
	return p, nil
}

func (p *Pinger) wakeAll() { p.s.wake(&p.gate) }

// Echo is the answer to an echo request: a reply, or an error from somebody on the way.
type Echo struct {
	From       netip.Addr
	Seq        uint16
	TTL        uint8
	Payload    []byte
	RTT        time.Duration
	Err        syscall.Errno // 0 for a reply
	Type, Code uint8         // of the ICMP error
}

// Ping sends one request and waits for its answer, or for ctx.
func (p *Pinger) Ping(ctx context.Context, seq uint16, payload []byte, hops uint8) (Echo, error) {
	expired := false
	stop := context.AfterFunc(ctx, func() {
		p.s.mu.Lock()
		expired = true
		p.s.wake(&p.gate)
		p.s.mu.Unlock()
	})
	defer stop()
	p.s.mu.Lock()
	start := p.s.Now()
	if p.closed {
		p.s.mu.Unlock()
		return Echo{}, net.ErrClosed
	}
	err := p.h.Send(start, seq, payload, hops)
	p.s.finish(start)
	if err != nil {
		return Echo{}, err
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	for {
		for e, ok := p.h.Receive(); ok; e, ok = p.h.Receive() {
			echo := Echo{From: e.From, Seq: e.Seq, TTL: e.TTL, Err: e.Err, Type: e.Type, Code: e.Code, RTT: p.s.Now().Sub(start)}
			if e.Payload.Chunk != nil {
				echo.Payload = append([]byte(nil), e.Payload.B...)
				p.s.pool.Release(e.Payload.Chunk)
			}
			if e.Seq == seq {
				return echo, nil
			}
		}
		switch {
		case p.closed:
			return Echo{}, net.ErrClosed
		case p.s.closed:
			return Echo{}, p.s.err()
		case expired:
			return Echo{}, ctx.Err()
		}
		p.s.lanes[0].wait(&p.gate, landing{})
	}
}

// Close ends the Pinger.
func (p *Pinger) Close() error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	p.closed = true
	p.h.Close()
	p.s.wake(&p.gate)
	delete(p.s.waiters, p)
	return nil
}
