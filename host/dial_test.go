package host

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

func (b *bench) dial(local, remote string, opt DialOptions) (*Conn, [][]byte, error) {
	b.Helper()
	c, err := b.DialTCP(b.at, addrPort(local), addrPort(remote), opt)
	return c, b.sent(), err
}

// req: RFC6864 4.1-2
func TestDial(t *testing.T) {
	b := newBench(t, config())
	for _, remote := range []string{"10.0.0.2:80", "[2001:db8::2]:80", "[::ffff:10.0.0.3]:80"} {
		c, out, err := b.dial("", remote, DialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := one(t, out)
		id := c.ID()
		if p.tcp.Flags != wire.SYN || p.dst != unmap(addrPort(remote)).Addr() || p.tcp.SrcPort != id.Local.Port() || p.tcp.DstPort != 80 {
			t.Errorf("%s: sent %+v", remote, p)
		}
		if p.v4.IsFragment() || p.src.Is4() && (!p.v4.DF || p.v4.ID != 0) || p.src.Is6() && p.v6.FlowLabel == 0 {
			t.Errorf("%s: sent %+v %+v", remote, p.v4, p.v6)
		}
	}
}

// req: RFC9293 MUST-43, MUST-46, RFC791 3.3-1
func TestDialErrors(t *testing.T) {
	cfg := config()
	cfg.Routes = []Route{}
	b := newBench(t, cfg)
	if _, _, err := b.dial("10.0.0.1:5", "10.0.0.2:80", DialOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, local, remote string
		opt                 DialOptions
		err                 error
	}{
		{"same ends", "10.0.0.1:5", "10.0.0.2:80", DialOptions{}, syscall.EADDRINUSE},
		{"same ends, address chosen", "0.0.0.0:5", "10.0.0.2:80", DialOptions{}, syscall.EADDRINUSE},
		{"same local end", "10.0.0.1:5", "10.0.0.2:81", DialOptions{}, nil},
		{"foreign", "10.0.0.7:0", "10.0.0.2:80", DialOptions{}, syscall.EADDRNOTAVAIL},
		{"foreign, transparent", "10.0.0.7:0", "10.0.0.2:80", DialOptions{Transparent: true}, nil},
		{"no route", "", "198.51.100.1:80", DialOptions{}, syscall.ENETUNREACH},
		{"port 0", "", "10.0.0.2:0", DialOptions{}, syscall.EINVAL},
		{"multicast", "", "[ff02::1]:80", DialOptions{}, syscall.ENETUNREACH},
		{"broadcast", "", "10.0.0.255:80", DialOptions{}, syscall.ENETUNREACH},
		{"nothing", "", "", DialOptions{}, syscall.EINVAL},
	} {
		conn, _, err := b.dial(c.local, c.remote, c.opt)
		if (conn == nil) != (err != nil) || c.err == nil && err != nil || c.err != nil && err != c.err {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
		}
	}
}

// What comes back for a connection from an address nobody owns reaches it, and nothing else at that address is answered.
//
// req: RFC9293 MUST-43
func TestTransparentSource(t *testing.T) {
	b := newBench(t, config())
	c, out, err := b.dial("203.0.113.5:1234", "10.0.0.2:80", DialOptions{Transparent: true})
	if err != nil {
		t.Fatal(err)
	}
	if p := one(t, out); p.src != netip.MustParseAddr("203.0.113.5") || p.tcp.SrcPort != 1234 {
		t.Errorf("sent from %v, port %d", p.src, p.tcp.SrcPort)
	}
	b.recv(answer(t, out[0], wire.SYN|wire.ACK))
	if c.State() != tcp.StateEstablished {
		t.Errorf("state %v", c.State())
	}
	other := tcpPacket(addrPort("10.0.0.2:80"), addrPort("203.0.113.5:1235"), wire.TCP{Flags: wire.ACK}, nil)
	if d, out := b.recv(other); d != DropNotForUs || len(out) != 0 {
		t.Errorf("counted as %q with %d answers", d, len(out))
	}
	if d, out := b.recv(echoPacket(them4, netip.MustParseAddr("203.0.113.5"), 1, 1, nil)); d != DropNotForUs || len(out) != 0 {
		t.Errorf("echo request counted as %q with %d answers", d, len(out))
	}
}

func TestAnyAddressHost(t *testing.T) {
	b := newBench(t, Config{AnyAddress: true})
	l := b.mustListen("0.0.0.0:80", 0, ListenOptions{})
	_, out := b.recv(synTo(9, "198.51.100.1:80"))
	b.recv(answer(t, out[0], wire.ACK))
	if c := l.Accept(); c == nil || c.ID().Local != addrPort("198.51.100.1:80") {
		t.Error("not accepted")
	}
	_, out = b.recv(echoPacket(them4, far4, 1, 1, nil))
	if p := one(t, out); p.src != far4 {
		t.Errorf("echo reply from %v", p.src)
	}
	if _, _, err := b.dial("192.0.2.77:0", "192.0.2.1:80", DialOptions{}); err != nil {
		t.Error(err)
	}
}

// TestEphemeralPorts draws all ports there are, towards one destination, and one more.
func TestEphemeralPorts(t *testing.T) {
	b := newBench(t, config())
	remote := addrPort("10.0.0.2:80")
	taken := map[uint16]bool{40_000: true}
	draw := func() (uint16, bool) {
		return b.ephemeral(us4, remote, func(p uint16) bool { return !taken[p] })
	}
	ordered := 0
	for last := uint16(0); ; {
		p, ok := draw()
		if !ok {
			break
		}
		if p < firstEphemeral || p > lastEphemeral || taken[p] {
			t.Fatalf("drew port %d", p)
		}
		if p == last+1 {
			ordered++
		}
		taken[p], last = true, p
	}
	if len(taken) != numEphemeral {
		t.Errorf("%d ports, want %d", len(taken), numEphemeral)
	}
	if ordered < numEphemeral-4 {
		t.Errorf("only %d ports in order: one destination's should be drawn in turn", ordered)
	}
	// Two destinations begin at different places.
	p, _ := b.ephemeral(us4, addrPort("10.0.0.3:80"), func(uint16) bool { return true })
	q, _ := b.ephemeral(us4, addrPort("10.0.0.4:80"), func(uint16) bool { return true })
	if p == q {
		t.Errorf("two destinations both begin with port %d", p)
	}
}

func TestRandomPortsDoNotFollowEachOther(t *testing.T) {
	b := newBench(t, config())
	seen := map[uint16]bool{}
	for range 100 {
		p, ok := b.randomPort(func(p uint16) bool { return !seen[p] })
		if !ok || seen[p] || seen[p-1] {
			t.Fatalf("drew %d after %v", p, seen)
		}
		seen[p] = true
	}
	if _, ok := b.randomPort(func(uint16) bool { return false }); ok {
		t.Error("drew a port though none suits")
	}
}

// TestRedial dials again between the ends of a connection in TIME-WAIT: not at once, but when timestamps tell the two apart.
func TestRedial(t *testing.T) {
	p := newPair(t, nil)
	p.listen(1, "10.0.0.2:80")
	dial := func() (*Conn, error) {
		return p.host[0].DialTCP(p.now, addrPort("10.0.0.1:5000"), addrPort("10.0.0.2:80"), DialOptions{})
	}
	c, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	c.User = &stream{}
	p.run(100 * time.Millisecond)
	if c.State() != tcp.StateTimeWait {
		t.Fatalf("state %v", c.State())
	}
	if _, err := dial(); err != syscall.EADDRINUSE {
		t.Errorf("at once: %v", err)
	}
	p.run(1100 * time.Millisecond)
	c, err = dial()
	if err != nil {
		t.Fatalf("after a second: %v", err)
	}
	s := &stream{toSend: pattern(1000)}
	c.User = s
	p.run(2 * time.Minute)
	if !s.eof || len(p.accepted) != 2 {
		t.Errorf("the new connection did not come about")
	}
	p.checkIdle()
}

// TestOverButNotDrained: what ended in the same batch stands in nobody's way, neither a dial's nor a SYN's.
func TestOverButNotDrained(t *testing.T) {
	b := newBench(t, config())
	b.mustListen("10.0.0.1:80", 0, ListenOptions{})
	_, out := b.recv(syn(1000))
	rst := tcpPacket(netip.AddrPortFrom(them4, 1000), addrPort("10.0.0.1:80"), wire.TCP{Seq: parse(t, out[0]).tcp.Ack, Flags: wire.RST}, nil)
	b.Recv(b.at, &link.Packet{Bytes: rst}, nil)
	if _, out := b.recv(syn(1000)); len(out) != 1 || parse(t, out[0]).tcp.Flags != wire.SYN|wire.ACK {
		t.Errorf("the SYN after the RST is answered with %d packets, want a SYN-ACK", len(out))
	}
	b.Recv(b.at, &link.Packet{Bytes: rst}, nil)
	if _, _, err := b.dial("10.0.0.1:80", "10.0.0.2:1000", DialOptions{}); err != nil {
		t.Errorf("dial after the RST: %v", err)
	}
	if n := b.tcp.conns.n; n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestRefused(t *testing.T) {
	p := newPair(t, nil)
	c := p.dial(0, "10.0.0.2:81", &stream{})
	p.run(time.Second)
	if c.State() != tcp.StateClosed || c.Err() != syscall.ECONNREFUSED {
		t.Errorf("state %v, error %v", c.State(), c.Err())
	}
	if p.host[1].Counters().ResetsOut != 1 {
		t.Error("no RST counted")
	}
	p.checkIdle()
}

// TestICMPForConnections checks which errors a connection in SYN-SENT believes.
//
// req: RFC9293 MUST-54, MUST-56, RFC1122 3.2.2-3, 3.2.2.1-3, 3.2.2.1-4, 3.2.2.1-5, RFC4443 5.2-1
func TestICMPForConnections(t *testing.T) {
	for _, c := range []struct {
		name string
		code uint8
		edit func([]byte)
		drop Drop
		err  error
	}{
		{"port unreachable", wire.ICMPv4PortUnreachable, nil, accepted, syscall.ECONNREFUSED},
		{"prohibited", wire.ICMPv4AdminProhibited, nil, accepted, syscall.EHOSTUNREACH},
		{"host unreachable", wire.ICMPv4HostUnreachable, nil, accepted, nil},
		{"other sequence number", wire.ICMPv4PortUnreachable, func(p []byte) { p[25]++ }, DropICMPSequence, nil},
		{"other port", wire.ICMPv4PortUnreachable, func(p []byte) { p[21]++ }, DropICMPUnmatched, nil},
		{"other protocol", wire.ICMPv4PortUnreachable, func(p []byte) { p[9] = 17 }, DropICMPUnmatched, nil},
		{"other sender", wire.ICMPv4PortUnreachable, func(p []byte) { p[15]++ }, DropICMPUnmatched, nil},
		{"later fragment", wire.ICMPv4PortUnreachable, func(p []byte) { p[7]++ }, DropBadICMP, nil},
		{"header length", wire.ICMPv4PortUnreachable, func(p []byte) { p[0] = 0x44 }, DropBadICMP, nil},
		{"version", wire.ICMPv4PortUnreachable, func(p []byte) { p[0] = 0x55 }, DropBadICMP, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			conn, out, err := b.dial("", "10.0.0.2:80", DialOptions{})
			if err != nil {
				t.Fatal(err)
			}
			quote := out[0][:28]
			if c.edit != nil {
				c.edit(quote)
			}
			m := wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: c.code}
			if d, _ := b.recv(ip4(far4, us4, wire.ProtoICMP, m.AppendTo(nil, quote), nil)); d != c.drop {
				t.Errorf("counted as %q, want %q", d, c.drop)
			}
			if c.err == nil && conn.State() != tcp.StateSynSent || c.err != nil && conn.Err() != c.err {
				t.Errorf("state %v, error %v, want %v", conn.State(), conn.Err(), c.err)
			}
		})
	}
}
