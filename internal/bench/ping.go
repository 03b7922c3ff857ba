package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/wire"
)

// pings is how many echo requests measure a path's round trip.
const pings = 5

// pingLimit bounds the wait for one answer.
const pingLimit = 5 * time.Second

// measureRTT returns the median round trip of a path between two ends, nothing of which is lost, as an application sees it.
func (p *LossPlan) measureRTT(ctx context.Context, rtt time.Duration, sender, receiver Who) (time.Duration, error) {
	c := Cell{RTT: rtt}
	s, err := newScene(&sceneConfig{plan: c.plan(p.Link, 1), spin: c.spin(), cc: p.CC, senders: []Who{sender}, receiver: receiver})
	if err != nil {
		return 0, err
	}
	defer s.close()
	var all []float64
	for i := range pings {
		d, err := pingOnce(ctx, s.senders[0], uint16(i+1))
		if err != nil {
			return 0, fmt.Errorf("ping on a path of %v: %w", rtt, err)
		}
		all = append(all, float64(d))
	}
	return time.Duration(Median(all)), nil
}

func pingOnce(ctx context.Context, e end, seq uint16) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	return e.ping(ctx, addressOf(toReceiver), seq)
}

// ping sends an echo request from a raw socket and returns how long the answer took.
func (e *kernelEnd) ping(ctx context.Context, to netip.Addr, seq uint16) (time.Duration, error) {
	conn, err := e.lab.ListenPacket(ctx, "ip4:icmp", "")
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	limit, _ := ctx.Deadline()
	_ = conn.SetDeadline(limit)
	request := wire.ICMPv4{Type: wire.ICMPv4Echo, Rest: wire.EchoRest(1, seq)}
	start := time.Now()
	if _, err := conn.WriteTo(request.AppendTo(nil, nil), &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return 0, err
	}
	b := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			return 0, errors.Join(err, ctx.Err())
		}
		h, _, err := wire.ParseICMPv4(b[:n])
		if err == nil && h.Type == wire.ICMPv4EchoReply && h.Rest == request.Rest {
			return time.Since(start), nil
		}
	}
}

func (e *stackEnd) ping(ctx context.Context, to netip.Addr, seq uint16) (time.Duration, error) {
	p, err := e.stack.NewPinger(netip.Addr{}, to)
	if err != nil {
		return 0, err
	}
	defer p.Close()
	echo, err := p.Ping(ctx, seq, nil, 0)
	if err == nil && echo.Err != 0 {
		err = echo.Err
	}
	return echo.RTT, err
}
