package host

import (
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// A listener that defers hands a connection out when its peer has sent something, has ended, or when the time is over.
func TestDeferAccept(t *testing.T) {
	const wait = 3 * time.Second
	seq := func(n uint32) wire.TCP {
		return wire.TCP{Seq: n, Window: 5000, Flags: wire.ACK}
	}
	for _, c := range []struct {
		name  string
		send  wire.TCP
		text  string
		after time.Duration // until Accept returns it; 0: never
	}{
		{"text", seq(1001), "GET", 1},
		{"FIN", wire.TCP{Seq: 1001, Window: 5000, Flags: wire.ACK | wire.FIN}, "", 1},
		{"nothing", seq(1001), "", wait},
		{"a keep-alive", seq(1000), "", wait},
		{"RST", wire.TCP{Seq: 1001, Flags: wire.RST}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			l := b.mustListen("10.0.0.1:80", 0, ListenOptions{DeferAccept: wait})
			x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{}}
			_, out := b.recv(x.syn(0))
			synAck := one(t, out).tcp
			b.recv(x.ack(synAck, ""))
			if l.Accept() != nil {
				t.Fatal("accepted before anything was sent")
			}
			c.send.Ack = synAck.Seq + 1
			b.recv(tcpPacket(x.at, x.to, c.send, []byte(c.text)))
			got := l.Accept()
			if (got != nil) != (c.after == 1) {
				t.Fatalf("accepted %v", got != nil)
			}
			if got == nil {
				b.advance(wait - time.Millisecond)
				if l.Accept() != nil {
					t.Error("accepted too early")
				}
				b.advance(2 * time.Millisecond) // timers are late by less than that
				got = l.Accept()
			}
			if (got != nil) != (c.after != 0) {
				t.Fatalf("accepted at last: %v", got != nil)
			}
			if l.embryos != 0 {
				t.Errorf("%d connections are left in the SYN queue", l.embryos)
			}
			if got != nil {
				if got.Readable() != len(c.text) {
					t.Errorf("%d bytes to read", got.Readable())
				}
				got.Abort(b.now)
			}
		})
	}
}

// Connections that wait for their first byte fill the SYN queue; then cookies keep nothing of those that come, until their
// data does.
func TestDeferAcceptUnderPressure(t *testing.T) {
	b, l := flooded(t, config(), ListenOptions{DeferAccept: time.Minute})
	x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{HasMSS: true, MSS: 1000}}
	_, out := b.recv(x.syn(0))
	synAck := one(t, out).tcp
	if drop, out := b.recv(x.ack(synAck, "")); drop != DropDeferred || len(out) != 0 || l.Accept() != nil {
		t.Errorf("the ACK of a cookie is counted as %q", drop)
	}
	b.recv(x.ack(synAck, "GET"))
	c := l.Accept()
	if c == nil || c.Readable() != 3 || c.State() != tcp.StateEstablished {
		t.Fatal("the data did not open a connection")
	}
	c.Abort(b.now)
}

// A listener that closes ends those that wait.
func TestDeferAcceptClose(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 0, ListenOptions{DeferAccept: time.Minute})
	x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{}}
	_, out := b.recv(x.syn(0))
	b.recv(x.ack(one(t, out).tcp, ""))
	l.Close()
	if got := one(t, b.sent()).tcp; !got.Flags.Has(wire.RST) {
		t.Errorf("got %v", got.Flags)
	}
	if !b.Idle() {
		t.Error("a connection is left")
	}
}
