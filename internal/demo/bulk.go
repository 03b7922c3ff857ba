package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A stream ends after so long, or so much, whatever comes first.
const (
	bulkTime  = 750 * time.Millisecond
	bulkBytes = 1 << 30
	bulkPort  = 5001
)

// end is whoever can dial and listen.
type end interface {
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
}

// send measures a stream from us to the kernel.
func (d *Demo) send(ctx context.Context, s side) (Check, error) {
	return d.bulk(ctx, Check{Kind: "bulk", From: Antedon, To: Kernel}, s, d.stack, d.lab, s.kernel)
}

// receive measures a stream from the kernel to us.
func (d *Demo) receive(ctx context.Context, s side) (Check, error) {
	return d.bulk(ctx, Check{Kind: "bulk", From: Kernel, To: Antedon}, s, d.lab, d.stack, s.ours)
}

// bulk measures a stream between two kernels, and then the one it is about.
func (d *Demo) bulk(ctx context.Context, c Check, s side, from, to end, at netip.Addr) (Check, error) {
	rival, err := measure(ctx, d.pair.B, d.pair.A, s.rival[0])
	if err != nil {
		return c, fmt.Errorf("kernel to kernel: %w", err)
	}
	own, err := measure(ctx, from, to, at)
	c.Bytes, c.Gbps, c.KernelGbps = own.bytes, own.gbps(), rival.gbps()
	if c.KernelGbps > 0 {
		c.Ratio = c.Gbps / c.KernelGbps
	}
	return c, err
}

// result is what a stream came to, at its receiver.
type result struct {
	bytes   int64
	elapsed time.Duration
	err     error
}

func (r result) gbps() float64 {
	if r.elapsed <= 0 {
		return 0
	}
	return float64(r.bytes) * 8 / r.elapsed.Seconds() / 1e9
}

// measure sends a stream to a listener at an address and compares every byte that arrives.
func measure(ctx context.Context, from, to end, at netip.Addr) (result, error) {
	ln, err := to.Listen(ctx, "tcp", netip.AddrPortFrom(at, bulkPort).String())
	if err != nil {
		return result{}, err
	}
	defer ln.Close()
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	received := make(chan result, 1)
	go func() { received <- receive(ctx, ln) }()
	sent, err := send(ctx, from, ln.Addr().String())
	if err != nil {
		ln.Close()
		return result{}, errors.Join((<-received).err, err)
	}
	r := <-received
	if r.err == nil && r.bytes != sent {
		r.err = fmt.Errorf("%d bytes were sent and %d arrived", sent, r.bytes)
	}
	return r, r.err
}

// send sends a stream, and waits for the receiver to close.
func send(ctx context.Context, from end, address string) (int64, error) {
	c, err := from.Dial(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	useCubic(c)
	if err := bound(ctx, c); err != nil {
		return 0, err
	}
	pattern := newPattern()
	total := int64(0)
	for start := time.Now(); total < bulkBytes && time.Since(start) < bulkTime; {
		n, err := c.Write(pattern.from(total))
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		return total, err
	}
	_, err = io.Copy(io.Discard, c)
	return total, err
}

// receive accepts a stream and checks it.
func receive(ctx context.Context, ln net.Listener) result {
	c, err := ln.Accept()
	if err != nil {
		return result{err: err}
	}
	defer c.Close()
	if err := bound(ctx, c); err != nil {
		return result{err: err}
	}
	pattern := newPattern()
	b := make([]byte, pieceSize)
	r := result{}
	for start := time.Now(); ; {
		n, err := c.Read(b)
		if !bytes.Equal(b[:n], pattern.from(r.bytes)[:n]) {
			r.err = fmt.Errorf("what arrived is not what was sent, within %d bytes from byte %d", n, r.bytes)
			return r
		}
		r.bytes += int64(n)
		r.elapsed = time.Since(start)
		switch {
		case errors.Is(err, io.EOF):
			return r
		case err != nil:
			r.err = err
			return r
		}
	}
}

// bound gives a socket ctx's deadline.
func bound(ctx context.Context, c interface{ SetDeadline(time.Time) error }) error {
	t, _ := ctx.Deadline()
	return c.SetDeadline(t)
}

// useCubic has a connection of the kernel's use CUBIC: other algorithms pace, and would be slow for that reason alone.
func useCubic(c net.Conn) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return // ours
	}
	if raw, err := sc.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "cubic") })
	}
}

const (
	pieceSize = 256 << 10 // of each write, and at most of each read
	period    = 262147    // of the pattern: a prime, so that no displaced segment looks like the right one
)

// pattern is an endless stream of bytes, the same for sender and receiver.
type pattern []byte

func newPattern() pattern {
	p := make(pattern, period+pieceSize)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(p[:period])
	for i := period; i < len(p); i++ {
		p[i] = p[i-period]
	}
	return p
}

// from returns pieceSize bytes of the stream from an offset on.
func (p pattern) from(offset int64) []byte { return p[offset%period:][:pieceSize] }
