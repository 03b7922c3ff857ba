package antedon

import (
	"context"
	"net"
	"net/netip"

	"github.com/antedon-net/antedon/internal/runner"
)

// Echo is the answer to an ICMP echo request: a reply, or, if Err is not 0, an error from somebody on the way.
type Echo = runner.Echo

// Pinger sends ICMP echo requests to one destination. One goroutine at a time may use it.
type Pinger struct {
	p             *runner.Pinger
	local, remote net.Addr
}

// NewPinger returns a Pinger from local, chosen by the stack if it is not valid, to remote.
func (s *Stack) NewPinger(local, remote netip.Addr) (*Pinger, error) {
	p, err := s.shard.OpenPing(local, remote)
	if err != nil {
		return nil, &net.OpError{Op: "ping", Net: "ip", Addr: ipAddr(remote), Err: err}
	}
	return &Pinger{p: p, local: ipAddr(local), remote: ipAddr(remote)}, nil
}

func ipAddr(a netip.Addr) net.Addr { return &net.IPAddr{IP: a.AsSlice(), Zone: a.Zone()} }

// Ping sends one request, with the given sequence number and payload, and waits for its answer or for ctx. hops is the
// TTL or hop limit of the request, 0 for the default.
func (p *Pinger) Ping(ctx context.Context, seq uint16, payload []byte, hops uint8) (Echo, error) {
	e, err := p.p.Ping(ctx, seq, payload, hops)
	if err != nil {
		return e, &net.OpError{Op: "ping", Net: "ip", Addr: p.remote, Err: err}
	}
	return e, nil
}

// Close ends the Pinger.
func (p *Pinger) Close() error { return p.p.Close() }
