package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/antedon-net/antedon/wire"
)

var pingPayload = []byte("feather stars let go of the sea floor and swim")

// pingKernel sends an echo request to the kernel.
func (d *Demo) pingKernel(ctx context.Context, s side) (Check, error) {
	c := Check{Kind: "ping", From: Antedon, To: Kernel}
	p, err := d.stack.NewPinger(s.ours, s.kernel)
	if err != nil {
		return c, err
	}
	defer p.Close()
	echo, err := p.Ping(ctx, 1, pingPayload, 0)
	if err != nil {
		return c, err
	}
	c.MS = milliseconds(echo.RTT)
	switch {
	case echo.Err != 0:
		return c, echo.Err
	case !bytes.Equal(echo.Payload, pingPayload):
		return c, errors.New("the payload came back changed")
	}
	return c, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// pingUs has the kernel send us an echo request, from a raw socket.
func (d *Demo) pingUs(ctx context.Context, s side) (Check, error) {
	c := Check{Kind: "ping", From: Kernel, To: Antedon}
	network := "ip4:icmp"
	if s.kernel.Is6() {
		network = "ip6:ipv6-icmp"
	}
	conn, err := d.lab.ListenPacket(ctx, network, s.kernel.String())
	if err != nil {
		return c, err
	}
	defer conn.Close()
	if err := bound(ctx, conn); err != nil {
		return c, err
	}
	id := uint16(os.Getpid())
	start := time.Now()
	if _, err := conn.WriteTo(echoRequest(s, id), &net.IPAddr{IP: s.ours.AsSlice()}); err != nil {
		return c, err
	}
	b := make([]byte, 1500)
	for {
		n, _, err := conn.ReadFrom(b)
		if err != nil {
			return c, fmt.Errorf("no answer: %w", err)
		}
		if !isReply(b[:n], s, id) {
			continue // the request of somebody else
		}
		c.MS = milliseconds(time.Since(start))
		if !bytes.Equal(b[wire.ICMPHeaderLen:n], pingPayload) {
			return c, errors.New("the payload came back changed")
		}
		return c, nil
	}
}

func echoRequest(s side, id uint16) []byte {
	if s.kernel.Is6() {
		h := wire.ICMPv6{Type: wire.ICMPv6Echo, Rest: wire.EchoRest(id, 1)}
		return h.AppendTo(nil, s.kernel, s.ours, pingPayload)
	}
	h := wire.ICMPv4{Type: wire.ICMPv4Echo, Rest: wire.EchoRest(id, 1)}
	return h.AppendTo(nil, pingPayload)
}

// isReply reports whether b answers a request with that identifier.
func isReply(b []byte, s side, id uint16) bool {
	if s.kernel.Is6() {
		h, _, err := wire.ParseICMPv6(b, s.ours, s.kernel)
		return err == nil && h.Type == wire.ICMPv6EchoReply && h.ID() == id
	}
	h, _, err := wire.ParseICMPv4(b)
	return err == nil && h.Type == wire.ICMPv4EchoReply && h.ID() == id
}
