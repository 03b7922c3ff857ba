package demo

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// The demo itself is tested by cmd/antedon, whose command "demo" this package is.

func TestPattern(t *testing.T) {
	p := newPattern()
	for _, offset := range []int64{0, 1, period - 1, period, 3*period + 17, 1 << 40} {
		piece := p.from(offset)
		if len(piece) != pieceSize {
			t.Fatalf("%d bytes from %d, want %d", len(piece), offset, pieceSize)
		}
		for _, n := range []int64{1, 1460, pieceSize - 1} {
			if !bytes.Equal(piece[n:], p.from(offset + n)[:pieceSize-n]) {
				t.Errorf("the streams from %d and %d differ", offset, offset+n)
			}
		}
	}
}

// loopback is both ends of a stream, and changes a byte on the way if corrupt is not 0.
type loopback struct{ corrupt int64 }

func (loopback) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, network, "127.0.0.1:0")
}

func (l loopback) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil || l.corrupt == 0 {
		return c, err
	}
	return &corruptConn{c.(*net.TCPConn), l.corrupt}, nil
}

type corruptConn struct {
	*net.TCPConn
	at int64
}

func (c *corruptConn) Write(p []byte) (int, error) {
	if c.at >= 0 && c.at < int64(len(p)) {
		p = bytes.Clone(p)
		p[c.at] ^= 1
	}
	c.at -= int64(len(p))
	return c.TCPConn.Write(p)
}

// TestMeasure: a stream that arrives intact passes, and one with a single wrong bit does not.
func TestMeasure(t *testing.T) {
	for _, corrupt := range []int64{0, 5_000_001} {
		r, err := measure(t.Context(), loopback{corrupt}, loopback{}, netip.IPv6Unspecified())
		switch {
		case corrupt == 0 && (err != nil || r.bytes < pieceSize || r.gbps() <= 0):
			t.Errorf("got %+v, %v", r, err)
		case corrupt != 0 && (err == nil || !strings.Contains(err.Error(), "what arrived is not what was sent")):
			t.Errorf("a wrong bit: got %v", err)
		}
	}
}
