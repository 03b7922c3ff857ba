package host

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// syn returns a SYN from port of them4 to us4, port 80.
func syn(port uint16) []byte { return synTo(port, "10.0.0.1:80") }

func synTo(port uint16, to string) []byte {
	return tcpPacket(netip.AddrPortFrom(them4, port), addrPort(to), wire.TCP{Seq: 1000, Flags: wire.SYN, Window: 1000}, nil)
}

// answer returns the segment that acknowledges p, a SYN-ACK or FIN of the host under test, with further flags.
func answer(t testing.TB, p []byte, flags wire.Flags) []byte {
	q := parse(t, p)
	h := wire.TCP{Seq: q.tcp.Ack, Ack: q.tcp.Seq + 1, Flags: flags, Window: 1000}
	return tcpPacket(netip.AddrPortFrom(q.dst, q.tcp.DstPort), netip.AddrPortFrom(q.src, q.tcp.SrcPort), h, nil)
}

func (b *bench) mustListen(at string, backlog int, opt ListenOptions) *Listener {
	b.Helper()
	l, err := b.ListenTCP(addrPort(at), backlog, opt)
	if err != nil {
		b.Fatal(err)
	}
	return l
}

// TestUnconnected is RFC 9293, Sections 3.10.7.1 and 3.10.7.2: what segments without a connection are answered with.
func TestUnconnected(t *testing.T) {
	for _, c := range []struct {
		name    string
		port    uint16
		flags   wire.Flags
		payload int
		want    wire.Flags // 0: no answer
		drop    Drop
	}{
		{"CLOSED, SYN", 81, wire.SYN, 0, wire.RST | wire.ACK, DropNoListener},
		{"CLOSED, SYN with data", 81, wire.SYN, 7, wire.RST | wire.ACK, DropNoListener},
		{"CLOSED, ACK", 81, wire.ACK, 0, wire.RST, DropNoListener},
		{"CLOSED, FIN", 81, wire.FIN | wire.ACK, 0, wire.RST, DropNoListener},
		{"CLOSED, RST", 81, wire.RST, 0, 0, DropNoListener},
		{"CLOSED, RST+ACK", 81, wire.RST | wire.ACK, 0, 0, DropNoListener},
		{"LISTEN, SYN", 80, wire.SYN, 0, wire.SYN | wire.ACK, accepted},
		{"LISTEN, ACK", 80, wire.ACK, 0, wire.RST, DropNoListener},
		{"LISTEN, SYN+ACK", 80, wire.SYN | wire.ACK, 0, wire.RST, DropNoListener},
		{"LISTEN, RST", 80, wire.RST, 0, 0, DropNoListener},
		{"LISTEN, RST+ACK", 80, wire.RST | wire.ACK, 0, 0, DropNoListener},
		{"LISTEN, nothing", 80, 0, 0, 0, DropNoListener},
		{"LISTEN, FIN", 80, wire.FIN, 0, 0, DropNoListener},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			b.mustListen("10.0.0.1:80", 0, ListenOptions{})
			h := wire.TCP{Seq: 1000, Ack: 2000, Flags: c.flags}
			drop, out := b.recv(tcpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, c.port), h, make([]byte, c.payload)))
			if drop != c.drop {
				t.Errorf("counted as %q, want %q", drop, c.drop)
			}
			if c.want == 0 {
				if len(out) != 0 {
					t.Errorf("answered with %+v", parse(t, out[0]).tcp)
				}
				return
			}
			got := one(t, out).tcp
			if got.Flags != c.want {
				t.Errorf("answered with %v, want %v", got.Flags, c.want)
			}
			switch c.want {
			case wire.RST:
				if got.Seq != 2000 {
					t.Errorf("RST has sequence number %d, want SEG.ACK", got.Seq)
				}
			case wire.RST | wire.ACK:
				if got.Seq != 0 || got.Ack != uint32(1001+c.payload) {
					t.Errorf("RST has SEQ %d, ACK %d", got.Seq, got.Ack)
				}
			}
		})
	}
}

func TestListenerMatching(t *testing.T) {
	b := newBench(t, config())
	listeners := map[string]*Listener{
		"exact":      b.mustListen("10.0.0.1:80", 0, ListenOptions{}),
		"any 4":      b.mustListen("0.0.0.0:81", 0, ListenOptions{}),
		"any 4, 82":  b.mustListen("0.0.0.0:82", 0, ListenOptions{AnyAddress: true}),
		"everything": b.mustListen("0.0.0.0:0", 0, ListenOptions{AnyAddress: true, AnyPort: true}),
	}
	any, err := b.ListenTCP(anyAddr(83), 0, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	listeners["any"] = any
	for i, c := range []struct{ to, want string }{
		{"10.0.0.1:80", "exact"}, {"10.0.0.1:81", "any 4"}, {"10.0.0.1:83", "any"}, {"10.0.0.1:7777", "everything"},
		{"192.0.2.1:82", "any 4, 82"}, {"192.0.2.1:81", "everything"}, {"192.0.2.1:83", "everything"},
	} {
		_, out := b.recv(synTo(uint16(1000+i), c.to))
		if got := one(t, out); netip.AddrPortFrom(got.src, got.tcp.SrcPort) != addrPort(c.to) {
			t.Errorf("%s: answered from %v, port %d", c.to, got.src, got.tcp.SrcPort)
		}
		b.recv(answer(t, out[0], wire.ACK))
		for name, l := range listeners {
			conn := l.Accept()
			if (conn != nil) != (name == c.want) {
				t.Errorf("%s: accepted at %q: %v, want %q", c.to, name, conn != nil, c.want)
			}
			if conn != nil && conn.ID().Local != addrPort(c.to) {
				t.Errorf("%s: connection says %v", c.to, conn.ID())
			}
		}
	}
}

// req: RFC9293 MUST-41, RFC1122 3.3.1.6-1
func TestListenErrors(t *testing.T) {
	b := newBench(t, config())
	b.mustListen("10.0.0.1:80", 0, ListenOptions{})
	b.mustListen("[::]:90", 0, ListenOptions{})
	for _, c := range []struct {
		at  netip.AddrPort
		opt ListenOptions
		err error
	}{
		{addrPort("10.0.0.1:80"), ListenOptions{}, syscall.EADDRINUSE},
		{addrPort("[::ffff:10.0.0.1]:80"), ListenOptions{}, syscall.EADDRINUSE},
		{addrPort("0.0.0.0:80"), ListenOptions{}, syscall.EADDRINUSE},
		{anyAddr(80), ListenOptions{}, syscall.EADDRINUSE},
		{anyAddr(90), ListenOptions{}, syscall.EADDRINUSE},
		{addrPort("[2001:db8::1]:90"), ListenOptions{}, syscall.EADDRINUSE},
		{addrPort("[::]:80"), ListenOptions{}, nil},
		{addrPort("10.0.0.1:90"), ListenOptions{}, nil},
		{addrPort("10.0.0.9:1"), ListenOptions{}, syscall.EADDRNOTAVAIL},
		{addrPort("10.0.0.1:1"), ListenOptions{AnyAddress: true}, syscall.EINVAL},
		{addrPort("0.0.0.0:1"), ListenOptions{AnyPort: true}, syscall.EINVAL},
	} {
		if _, err := b.ListenTCP(c.at, 0, c.opt); c.err == nil && err != nil || c.err != nil && err != c.err {
			t.Errorf("%v: error %v, want %v", c.at, err, c.err)
		}
	}
	l := b.mustListen("10.0.0.1:0", 0, ListenOptions{})
	if port := l.Addr().Port(); port < firstEphemeral || port > lastEphemeral {
		t.Errorf("chosen port %d", port)
	}
	l.Close()
	l.Close()
	if _, err := b.ListenTCP(l.Addr(), 0, ListenOptions{}); err != nil {
		t.Errorf("the address of a closed listener: %v", err)
	}
}

// TestSYNQueueIsBounded sends SYNs whose handshakes never end.
func TestSYNQueueIsBounded(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 3, ListenOptions{NoCookies: true})
	answers := 0
	for port := range uint16(10) {
		_, out := b.recv(syn(1000 + port))
		answers += len(out)
	}
	if answers != 3 || l.embryos != 3 || b.counted(DropSYNQueueFull) != 7 {
		t.Errorf("%d answers, %d in the queue, %d dropped", answers, l.embryos, b.counted(DropSYNQueueFull))
	}
	// When they are given up, there is room again.
	b.advance(5 * time.Minute)
	if l.embryos != 0 || !b.Idle() {
		t.Errorf("%d still in the queue", l.embryos)
	}
	if _, out := b.recv(syn(5000)); len(out) != 1 {
		t.Error("no room again")
	}
	b.checkLeaks()
}

// TestAcceptQueueIsBounded completes handshakes that nobody accepts.
func TestAcceptQueueIsBounded(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 2, ListenOptions{})
	var synacks [][]byte
	for port := range uint16(2) {
		_, out := b.recv(syn(1000 + port))
		synacks = append(synacks, out...)
	}
	b.recv(answer(t, synacks[0], wire.ACK))
	_, out := b.recv(syn(1002))
	synacks = append(synacks, out...)
	b.recv(answer(t, synacks[1], wire.ACK))
	if d, out := b.recv(answer(t, synacks[2], wire.ACK)); d != DropAcceptQueueFull || len(out) != 0 {
		t.Errorf("third handshake: counted as %q", d)
	}
	if d, _ := b.recv(syn(1003)); d != DropAcceptQueueFull {
		t.Errorf("SYN at a full accept queue: counted as %q", d)
	}
	if l.queue.len() != 2 || l.embryos != 1 {
		t.Errorf("%d to accept, %d embryos", l.queue.len(), l.embryos)
	}
	if c := l.Accept(); c == nil || c.State() != tcp.StateEstablished {
		t.Fatal("nothing to accept")
	}
	// The peer, which got no answer to its ACK, repeats it, and now there is room.
	if d, _ := b.recv(answer(t, synacks[2], wire.ACK)); d != accepted {
		t.Errorf("once there is room: counted as %q", d)
	}
	if l.queue.len() != 2 || l.embryos != 0 {
		t.Errorf("%d to accept, %d embryos", l.queue.len(), l.embryos)
	}
}

func TestResetInHandshake(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 1, ListenOptions{})
	_, out := b.recv(syn(1000))
	if _, out := b.recv(answer(t, out[0], wire.RST)); len(out) != 0 {
		t.Error("a RST was answered")
	}
	if l.embryos != 0 || l.queue.len() != 0 || !b.Idle() {
		t.Errorf("%d embryos, %d queued: the connection should be gone", l.embryos, l.queue.len())
	}
	b.checkLeaks()
}

func TestCloseListenerResetsTheUnaccepted(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 0, ListenOptions{})
	_, a := b.recv(syn(1000))
	b.recv(answer(t, a[0], wire.ACK))
	b.recv(syn(1001)) // stays an embryo
	_, kept := b.recv(syn(1002))
	b.recv(answer(t, kept[0], wire.ACK))
	if c := l.Accept(); c.ID().Remote.Port() != 1000 {
		t.Fatalf("accepted %v", c.ID())
	}
	l.Close()
	out := b.sent()
	if len(out) != 2 {
		t.Fatalf("%d packets, want two RSTs", len(out))
	}
	for _, p := range out {
		if q := parse(t, p).tcp; !q.Flags.Has(wire.RST) {
			t.Errorf("sent %v", q.Flags)
		}
	}
	if n := b.tcp.conns.n; n != 1 {
		t.Errorf("%d connections left, want the accepted one", n)
	}
	if d, out := b.recv(syn(1003)); d != DropNoListener || len(out) != 1 {
		t.Errorf("a SYN after Close counted as %q", d)
	}
}

// TestTimeWaitReuse is RFC 6191: a SYN that is newer begins a new incarnation of a connection in TIME-WAIT.
//
// req: RFC9293 MAY-2
func TestTimeWaitReuse(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 0, ListenOptions{})
	_, out := b.recv(syn(1000))
	b.recv(answer(t, out[0], wire.ACK))
	c := l.Accept()
	c.Close(b.at)
	b.MarkDirty(c)
	fin := b.sent()
	b.recv(answer(t, fin[0], wire.FIN|wire.ACK))
	if c.State() != tcp.StateTimeWait || b.pool.Used() != 0 {
		t.Fatalf("state %v with %d bytes", c.State(), b.pool.Used())
	}
	if _, out := b.recv(syn(1000)); len(out) > 1 || len(out) == 1 && parse(t, out[0]).tcp.Flags.Has(wire.SYN) {
		t.Error("an old SYN began a new connection")
	}
	p := tcpPacket(netip.AddrPortFrom(them4, 1000), addrPort("10.0.0.1:80"), wire.TCP{Seq: 500_000, Flags: wire.SYN, Window: 1000}, nil)
	_, out = b.recv(p)
	if q := one(t, out).tcp; q.Flags != wire.SYN|wire.ACK || q.Ack != 500_001 {
		t.Errorf("answered with %v, ACK %d", q.Flags, q.Ack)
	}
	if b.tcp.conns.n != 1 {
		t.Errorf("%d connections", b.tcp.conns.n)
	}
	l.Close()
	b.advance(2 * time.Minute)
	b.checkLeaks()
}
