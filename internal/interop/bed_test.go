package interop

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
)

// A bed is a link with a kernel at one end and a stack at the other.
type bed struct {
	*netlab.Lab
	stack *antedon.Stack
	tap   *tap

	excused []string // warnings of tshark that this test explains
}

// newBed makes a bed that lasts until the test ends. The addresses of cfg are filled in. If the link has no offload, tshark
// judges what crosses it.
func newBed(t *testing.T, o netlab.Options, cfg antedon.Config) *bed {
	t.Helper()
	return newBedOn(t, o, cfg, func(d link.Device) link.Device { return d })
}

// newBedOn is newBed with a device around the link's own.
func newBedOn(t *testing.T, o netlab.Options, cfg antedon.Config, wrap func(link.Device) link.Device) *bed {
	t.Helper()
	lab, err := netlab.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	record, dev := newRecord(wrap(lab.Device()), o.NoOffload)
	b := &bed{Lab: lab, tap: newTap(dev)}
	t.Cleanup(func() {
		record.judge(t, b.excused...)
		record.explain(t)
	})
	cfg.Addrs = lab.Options.Ours
	if b.stack, err = antedon.New(b.tap, cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.close(t) })
	return b
}

// close closes the stack. A test leaves no connection behind that its peer does not answer, so that must succeed.
func (b *bed) close(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if t.Failed() {
		for name, n := range b.stack.Counters() {
			t.Logf("%s: %d", name, n)
		}
		cancel()
	}
	if err := b.stack.Close(ctx); err != nil && !t.Failed() {
		t.Error(err)
	}
}

// kind is a kind of link between kernel and stack.
type kind struct {
	name    string
	options netlab.Options
}

var links = []kind{
	{"TUN", netlab.Options{TUN: netlab.TUNAlways}},
	{"TUN without offload", netlab.Options{TUN: netlab.TUNAlways, NoOffload: true}},
	{"packet socket", netlab.Options{TUN: netlab.TUNNever}},
}

// onEachLink runs a test on a bed of each kind, at the same time.
func onEachLink(t *testing.T, test func(t *testing.T, b *bed)) {
	for _, l := range links {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			test(t, newBed(t, l.options, antedon.Config{}))
		})
	}
}

// An end is the stack, or the kernel.
type end interface {
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	Listen(ctx context.Context, network, address string) (net.Listener, error)
	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
}

// version is a version of IP, and the addresses of the two ends in it.
type version struct {
	name         string
	ours, kernel netip.Addr
}

func (b *bed) versions() []version {
	return []version{{"IPv4", b.Ours4(), b.Kernel4()}, {"IPv6", b.Ours6(), b.Kernel6()}}
}

// A corner says who connects to whom.
type corner struct {
	client, server end
	from, to       netip.Addr // theirs, in that order
	ours           bool       // the stack is the server
}

// corners returns the corners of a bed and their names.
func (b *bed) corners() (names []string, corners []corner) {
	for _, v := range b.versions() {
		names = append(names, v.name+", we serve", v.name+", the kernel serves")
		corners = append(corners,
			corner{client: b.Lab, server: b.stack, from: v.kernel, to: v.ours, ours: true},
			corner{client: b.stack, server: b.Lab, from: v.ours, to: v.kernel})
	}
	return names, corners
}

// inEachCorner runs a test in each corner, one after the other, until it fails in one: the end of the record then shows why.
func (b *bed) inEachCorner(t *testing.T, test func(t *testing.T, c corner)) {
	names, corners := b.corners()
	for i, c := range corners {
		if !t.Run(names[i], func(t *testing.T) { test(t, c) }) {
			return
		}
	}
}

// everywhere runs a test in each corner of a bed of each kind.
func everywhere(t *testing.T, test func(t *testing.T, b *bed, c corner)) {
	onEachLink(t, func(t *testing.T, b *bed) {
		b.inEachCorner(t, func(t *testing.T, c corner) { test(t, b, c) })
	})
}

// bounded returns a context that ends with the test, or at the limit.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// listen listens at the server's end until the test is over.
func (c corner) listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := c.server.Listen(bounded(t), "tcp", netip.AddrPortFrom(c.to, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// connect makes a connection that lasts until the test is over, all of it within the limit.
func (c corner) connect(t *testing.T) (client, server net.Conn) {
	t.Helper()
	return c.dial(t, c.listen(t))
}

// dial connects to the server's listener.
func (c corner) dial(t *testing.T, ln net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := c.client.Dial(bounded(t), "tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client, accept(t, ln, client)
}

// accept accepts a connection that is there already.
func accept(t *testing.T, ln net.Listener, client net.Conn) net.Conn {
	t.Helper()
	ln.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Now().Add(limit))
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	client.SetDeadline(time.Now().Add(limit))
	server.SetDeadline(time.Now().Add(limit))
	return server
}

// sides returns the stack's and the kernel's end of a connection.
func (c corner) sides(client, server net.Conn) (ours *antedon.Conn, kernel *net.TCPConn) {
	if c.ours {
		client, server = server, client
	}
	return client.(*antedon.Conn), server.(*net.TCPConn)
}

// pair connects and returns the stack's and the kernel's end.
func (c corner) pair(t *testing.T) (ours *antedon.Conn, kernel *net.TCPConn) {
	t.Helper()
	return c.sides(c.connect(t))
}
