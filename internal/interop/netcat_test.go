package interop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
)

// ncSize is how much is sent each way.
const ncSize = 20_000_000 / slow

// TestNetcat talks to nc, which half-closes when its standard input ends (-N).
func TestNetcat(t *testing.T) {
	t.Parallel()
	onEachLink(t, func(t *testing.T, b *bed) {
		for _, v := range b.versions() {
			t.Run(v.name+"/nc connects", func(t *testing.T) { ncConnects(t, b, v.ours) })
			t.Run(v.name+"/nc listens", func(t *testing.T) { ncListens(t, b, v.kernel) })
			t.Run(v.name+"/we half-close first", func(t *testing.T) { ncAnswers(t, b, v.ours) })
		}
	})
}

// ncConnects has nc send and half-close, and answers when that has arrived.
func ncConnects(t *testing.T, b *bed, ours netip.Addr) {
	ln := b.listenFor(t, ours)
	heard := newChecker("to nc")
	nc := b.startNC(t, first("from nc", ncSize), heard, ln.Addr())
	c := acceptOne(t, ln)
	check(t, receiveAll(c, "from nc", ncSize))
	check(t, send(c, "to nc", ncSize))
	check(t, c.Close())
	nc.wait(t)
	check(t, heard.ended(ncSize))
}

// ncListens has nc send to whoever connects, and half-close; then the other way.
func ncListens(t *testing.T, b *bed, kernel netip.Addr) {
	heard := newChecker("to nc")
	nc, c := dialNC(t, b, kernel, first("from nc", ncSize), heard)
	check(t, receiveAll(c, "from nc", ncSize))
	check(t, send(c, "to nc", ncSize))
	check(t, c.CloseWrite())
	nc.wait(t)
	check(t, heard.ended(ncSize))
}

// ncAnswers sends to nc and half-closes. Only when all that has come out of nc something goes in. nc has connected: one
// that listens ends when its peer half-closes.
func ncAnswers(t *testing.T, b *bed, ours netip.Addr) {
	ln := b.listenFor(t, ours)
	in, feed := pipe(t)
	out, heard := pipe(t)
	nc := b.startNC(t, in, heard, ln.Addr())
	c := acceptOne(t, ln)
	atOnce(t,
		func() error { return send(c, "to nc", ncSize) },
		func() error { return receive(out, "to nc", ncSize) })
	check(t, c.CloseWrite())
	atOnce(t,
		func() error {
			defer feed.Close()
			return send(feed, "from nc", ncSize)
		},
		func() error { return receiveAll(c, "from nc", ncSize) })
	nc.wait(t)
}

// pipe returns the ends of a pipe that breaks at the limit.
func pipe(t *testing.T) (*io.PipeReader, *io.PipeWriter) {
	r, w := io.Pipe()
	context.AfterFunc(bounded(t), func() {
		r.CloseWithError(errors.New("the pipe was not used up in time"))
		w.CloseWithError(errors.New("the pipe was not filled in time"))
	})
	return r, w
}

// startNC starts an nc that connects to us.
func (b *bed) startNC(t *testing.T, stdin io.Reader, stdout io.Writer, to net.Addr) *server {
	t.Helper()
	host, port, _ := net.SplitHostPort(to.String())
	return b.start(t, stdin, stdout, "succeeded", "nc", "-N", "-v", "-n", host, port)
}

// listenFor listens on the stack for one test.
func (b *bed) listenFor(t *testing.T, ours netip.Addr) net.Listener {
	t.Helper()
	ln, err := b.stack.Listen(t.Context(), "tcp", netip.AddrPortFrom(ours, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// acceptOne accepts a connection on the stack that is there already.
func acceptOne(t *testing.T, ln net.Listener) *antedon.Conn {
	t.Helper()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(limit))
	return c.(*antedon.Conn)
}

// dialNC starts an nc that listens, and connects to it.
func dialNC(t *testing.T, b *bed, kernel netip.Addr, stdin io.Reader, stdout io.Writer) (*server, *antedon.Conn) {
	t.Helper()
	at := netip.AddrPortFrom(kernel, 7000)
	nc := b.start(t, stdin, stdout, "Listening", "nc", "-N", "-v", "-n", "-l", kernel.String(), "7000")
	c, err := b.stack.Dial(bounded(t), "tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(limit))
	return nc, c.(*antedon.Conn)
}

// TestNetcatUDP exchanges datagrams with nc.
func TestNetcatUDP(t *testing.T) {
	t.Parallel()
	b := newBed(t, links[0].options, antedon.Config{})
	for _, v := range b.versions() {
		t.Run(v.name, func(t *testing.T) {
			u, err := b.stack.ListenPacket(t.Context(), "udp", netip.AddrPortFrom(v.ours, 7000).String())
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			u.SetDeadline(time.Now().Add(limit))
			in, feed := pipe(t)
			out, heard := pipe(t)
			nc := b.start(t, in, heard, "", "nc", "-u", "-n", "-q", "0", v.ours.String(), "7000")
			go feed.Write([]byte("to the stack"))
			buf := make([]byte, 100)
			n, from, err := u.ReadFrom(buf)
			if err != nil || string(buf[:n]) != "to the stack" {
				t.Fatalf("got %q, %v", buf[:n], err)
			}
			if _, err := u.WriteTo([]byte("to nc"), from); err != nil {
				t.Fatal(err)
			}
			if n, err = io.ReadFull(out, buf[:5]); string(buf[:n]) != "to nc" {
				t.Errorf("nc got %q, %v", buf[:n], err)
			}
			feed.Close() // with -q 0 nc ends now
			nc.wait(t)
		})
	}
}
