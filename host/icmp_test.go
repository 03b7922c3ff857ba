package host

import (
	"bytes"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/wire"
)

// req: RFC792 1-1, 3-1, 3-2, RFC1122 3.1-1, 3.2.2.6-1, 3.2.2.6-3, 3.2.2.6-4, RFC4443 2-1, 4.1-1, 4.2-1, 4.2-4
func TestEchoReply(t *testing.T) {
	for _, c := range []struct{ us, them netip.Addr }{{us4, them4}, {us6, them6}, {link6, netip.MustParseAddr("fe80::2")}} {
		b := newBench(t, config())
		data := bytes.Repeat([]byte("ping"), 100)
		_, out := b.recv(echoPacket(c.them, c.us, 7, 8, data))
		p := one(t, out)
		typ, id, seq := p.icmp4.Type, p.icmp4.ID(), p.icmp4.Seq()
		want := uint8(wire.ICMPv4EchoReply)
		if c.us.Is6() {
			typ, id, seq, want = p.icmp6.Type, p.icmp6.ID(), p.icmp6.Seq(), wire.ICMPv6EchoReply
		}
		if p.src != c.us || p.dst != c.them || typ != want || id != 7 || seq != 8 || !bytes.Equal(p.payload, data) {
			t.Errorf("%v: got %+v", c.us, p)
		}
		b.checkLeaks()
	}
}

// An echo request that came in fragments is answered in fragments.
//
// req: RFC791 3.2-2, RFC1122 3.2.1.4-1, RFC6864 4.3-2
func TestEchoReplyInFragments(t *testing.T) {
	b := newBench(t, config())
	data := bytes.Repeat([]byte("0123456789"), 400)
	m := wire.ICMPv4{Type: wire.ICMPv4Echo}
	var out [][]byte
	for _, f := range cut4(them4, us4, wire.ProtoICMP, 9, m.AppendTo(nil, data), 1480) {
		_, out = b.recv(f)
	}
	if len(out) != 3 {
		t.Fatalf("%d packets, want 3 fragments", len(out))
	}
	var whole []byte
	for i, f := range out {
		p := parse(t, f)
		if p.v4.FragOffset != len(whole) || p.v4.MF != (i < 2) || p.v4.DF || p.v4.ID != parse(t, out[0]).v4.ID || len(f) > 1500 {
			t.Errorf("fragment %d: %+v", i, p.v4)
		}
		whole = append(whole, p.payload...)
	}
	if got, rest, err := wire.ParseICMPv4(whole); err != nil || got.Type != wire.ICMPv4EchoReply || !bytes.Equal(rest, data) {
		t.Errorf("the fragments make %+v, %v", got, err)
	}
	b.checkLeaks()
}

// TestPortUnreachable checks what an ICMP error says, and which packets it is never sent about.
//
// req: RFC792 2-1, 2-4, RFC1122 3.2.2-2, 3.2.2.1-1, 3.3.4.3-1, 3.3.8-1, 4.1.3.1-1, RFC4443 2.2-1, 2.4-3, 3.1-2
func TestPortUnreachable(t *testing.T) {
	b := newBench(t, config())
	for _, c := range []struct{ us, them netip.Addr }{{us4, them4}, {us6, them6}} {
		p := udpPacket(netip.AddrPortFrom(c.them, 9), netip.AddrPortFrom(c.us, 7), bytes.Repeat([]byte("x"), 1400))
		_, out := b.recv(p)
		got := one(t, out)
		typ, code, wantTyp, wantCode := got.icmp4.Type, got.icmp4.Code, wire.ICMPv4Unreachable, wire.ICMPv4PortUnreachable
		limit := 576
		if c.us.Is6() {
			typ, code, wantTyp, wantCode = got.icmp6.Type, got.icmp6.Code, wire.ICMPv6Unreachable, wire.ICMPv6PortUnreachable
			limit = 1280
		}
		if int(typ) != wantTyp || int(code) != wantCode || got.src != c.us || got.dst != c.them {
			t.Errorf("got %+v", got)
		}
		if len(out[0]) != limit || !bytes.HasPrefix(p, got.payload) {
			t.Errorf("error of %d bytes, want %d that quote the packet from its start", len(out[0]), limit)
		}
	}
	b.checkLeaks()
}

// req: RFC792 2-2, RFC1122 3.2.2-5
func TestNoErrorAboutErrors(t *testing.T) {
	b := newBench(t, config())
	// Two fragments' worth of an ICMP error that never completes, and one about an unknown protocol inside.
	inner := ip4(us4, them4, 99, []byte("12345678"), nil)
	m := wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4ProtoUnreachable}
	body := m.AppendTo(nil, inner)
	if d, out := b.recv(ip4(them4, us4, wire.ProtoICMP, body, nil)); d != DropICMPUnmatched || len(out) != 0 {
		t.Errorf("counted as %q with %d answers", d, len(out))
	}
	first := cut4(them4, us4, wire.ProtoICMP, 3, body, 16)[0]
	b.recv(first)
	if out := b.advance(time.Minute); len(out) != 0 {
		t.Errorf("%d packets sent about a fragment of an ICMP error", len(out))
	}
	if b.counted(DropReassemblyTimeout) != 1 {
		t.Error("reassembly did not time out")
	}
	b.checkLeaks()
}

// req: RFC4443 2.4-9, 2.4-10
func TestErrorsAreLimited(t *testing.T) {
	cfg := config()
	cfg.Limits.ICMPRate, cfg.Limits.ResetRate = 100, 100
	b := newBench(t, cfg)
	udp := udpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), nil)
	tcp := tcpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), wire.TCP{Flags: wire.SYN}, nil)
	flood := func() (errors, resets int) {
		for range 100 {
			_, out := b.recv(udp)
			errors += len(out)
			_, out = b.recv(tcp)
			resets += len(out)
		}
		return errors, resets
	}
	if e, r := flood(); e != 10 || r != 10 {
		t.Errorf("burst of %d errors and %d resets, want 10", e, r)
	}
	if b.counted(DropICMPLimited) != 90 || b.counted(DropResetLimited) != 90 {
		t.Errorf("%d and %d drops counted, want 90", b.counted(DropICMPLimited), b.counted(DropResetLimited))
	}
	b.advance(time.Second)
	if e, r := flood(); e < 8 || e > 10 || r < 8 || r > 10 {
		t.Errorf("%d errors and %d resets a second later, want 8 to 10", e, r)
	}
	b.checkLeaks()
}

// errorAbout returns an ICMP error from a router about packet p.
func errorAbout(p []byte, v4 wire.ICMPv4, v6 wire.ICMPv6) []byte {
	if p[0]>>4 == 4 {
		h, _, _ := wire.ParseIPv4(p)
		return ip4(far4, h.Src, wire.ProtoICMP, v4.AppendTo(nil, p[:28]), nil)
	}
	h, _, _ := wire.ParseIPv6(p)
	router := netip.MustParseAddr("2001:db8:ffff::1")
	return ip6(router, h.Src, wire.ProtoICMPv6, v6.AppendTo(nil, router, h.Src, p), nil)
}

func portUnreachable(p []byte) []byte {
	return errorAbout(p, wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4PortUnreachable},
		wire.ICMPv6{Type: wire.ICMPv6Unreachable, Code: wire.ICMPv6PortUnreachable})
}

func tooBig(p []byte, mtu int) []byte {
	return errorAbout(p, wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4FragNeeded, Rest: wire.ICMPv4MTURest(mtu)},
		wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, Rest: uint32(mtu)})
}

// req: RFC1122 3.2.2-3, 3.2.2.1-2, RFC4443 3.1-4, 5.2-1
func TestErrorReachesUDP(t *testing.T) {
	for _, them := range []netip.Addr{them4, them6} {
		b := newBench(t, config())
		u, err := b.OpenUDP(netip.AddrPort{}, netip.AddrPortFrom(them, 53), UDPOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Send(b.at, netip.AddrPort{}, []byte("query"), SendOptions{}); err != nil {
			t.Fatal(err)
		}
		sent := b.sent()
		if d, _ := b.recv(portUnreachable(sent[0])); d != accepted {
			t.Fatalf("counted as %q", d)
		}
		if err := u.Send(b.at, netip.AddrPort{}, nil, SendOptions{}); err != syscall.ECONNREFUSED {
			t.Errorf("error %v, want ECONNREFUSED", err)
		}
		if err := u.TakeError(); err != nil {
			t.Errorf("the error came twice: %v", err)
		}
		// The same about a port nobody sent from.
		sent[0][bodyOffset(sent[0])]++
		if d, _ := b.recv(portUnreachable(sent[0])); d != DropICMPUnmatched {
			t.Errorf("counted as %q, want %q", d, DropICMPUnmatched)
		}
		u.Close()
		b.checkLeaks()
	}
}

func bodyOffset(p []byte) int {
	if p[0]>>4 == 4 {
		return 20
	}
	return 40
}

// req: RFC1122 3.3.3-1, RFC4443 3.2-1, 5.2-1, RFC8200 5-2
func TestPathMTU(t *testing.T) {
	for _, c := range []struct {
		name  string
		them  netip.Addr
		mtu   int
		want  int
		drop  Drop
		spoof bool
	}{
		{"IPv4", far4, 1400, 1400, accepted, false},
		{"IPv4, a router that does not tell", far4, 0, 1006, accepted, false},
		{"IPv4, absurd", far4, 70, minPathMTU, accepted, false},
		{"IPv4, impossible", far4, 60, 1500, DropICMPMTU, false},
		{"IPv4, not smaller", far4, 1500, 1500, DropICMPMTU, false},
		{"IPv4, not ours", far4, 1400, 1500, DropICMPUnmatched, true},
		{"IPv6", them6, 1300, 1300, accepted, false},
		{"IPv6, below the minimum", them6, 1279, 1500, DropICMPMTU, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, config())
			u, err := b.OpenUDP(netip.AddrPort{}, netip.AddrPort{}, UDPOptions{})
			if err != nil {
				t.Fatal(err)
			}
			send := func() [][]byte {
				if err := u.Send(b.at, netip.AddrPortFrom(c.them, 53), make([]byte, 1410), SendOptions{}); err != nil {
					t.Fatal(err)
				}
				return b.sent()
			}
			p := send()[0]
			if c.spoof {
				p[bodyOffset(p)+1]++
			}
			if d, _ := b.recv(tooBig(p, c.mtu)); d != c.drop {
				t.Errorf("counted as %q, want %q", d, c.drop)
			}
			if got := b.mtu(c.them); got != c.want {
				t.Errorf("path MTU %d, want %d", got, c.want)
			}
			for _, f := range send() {
				if len(f) > c.want {
					t.Errorf("packet of %d bytes on a path of %d", len(f), c.want)
				}
			}
			b.advance(pathMTULife)
			if got := b.mtu(c.them); got != 1500 {
				t.Errorf("path MTU %d after its time, want 1500", got)
			}
		})
	}
}

// A connection learns what another one has made known already.
func TestPathMTUForEveryConnection(t *testing.T) {
	b := newBench(t, config())
	listener := b.mustListen("10.0.0.1:80", 0, ListenOptions{})
	var conns [2]*Conn
	var segments [2][]byte // of 576 bytes
	for i := range conns {
		port := uint16(5000 + i)
		_, out := b.recv(syn(port))
		_, out = b.recv(answer(t, out[0], wire.ACK))
		if conns[i] = listener.Accept(); conns[i] == nil {
			t.Fatalf("no connection; %d packets", len(out))
		}
		conns[i].Commit(b.at, len(conns[i].Reserve(1460)), true)
		b.MarkDirty(conns[i])
		segments[i] = b.sent()[0]
	}
	for i, c := range conns {
		if d, _ := b.recv(tooBig(segments[i], 560)); d != accepted {
			t.Errorf("connection %d: counted as %q", i, d)
		}
		if got := c.Info(b.at).PMTU; got != 560 {
			t.Errorf("connection %d: path MTU %d, want 560", i, got)
		}
	}
}

func TestPathMTUsAreBounded(t *testing.T) {
	c := pathMTUs{limit: 3}
	addr := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }
	for i := range 5 {
		c.set(begin, addr(i), 1000+i)
	}
	c.set(begin, addr(4), 900)
	if len(c.index) != 3 || len(c.paths) != 3 {
		t.Errorf("%d entries, want 3", len(c.index))
	}
	for i, want := range []int{0, 0, 1002, 1003, 900} {
		if got, _ := c.lookup(begin, addr(i)); got != want {
			t.Errorf("address %d: %d, want %d", i, got, want)
		}
	}
}

// req: RFC1122 3.2.1.7-3, 3.2.2.4-1, 3.2.2.6-2, 3.2.2.6-5, RFC4443 3.3-1, 4.1-2, 4.2-5
func TestPing(t *testing.T) {
	for _, them := range []netip.Addr{them4, them6} {
		b := newBench(t, config())
		p, err := b.OpenPing(netip.Addr{}, them)
		if err != nil {
			t.Fatal(err)
		}
		for seq := range uint16(3) {
			if err := p.Send(b.at, seq, []byte("hello"), 9); err != nil {
				t.Fatal(err)
			}
		}
		sent := b.sent()
		if len(sent) != 3 || parse(t, sent[0]).ttl != 9 {
			t.Fatalf("%d requests sent", len(sent))
		}
		// The peer, another host, answers the first; a router complains about the second; nobody answers the third.
		peer := newBench(t, Config{Addrs: []netip.Prefix{netip.PrefixFrom(them, them.BitLen())}})
		_, reply := peer.recv(sent[0])
		b.recv(reply[0])
		b.recv(errorAbout(sent[1], wire.ICMPv4{Type: wire.ICMPv4TimeExceeded}, wire.ICMPv6{Type: wire.ICMPv6TimeExceeded}))

		e, ok := p.Receive()
		if !ok || e.From != them || e.Seq != 0 || string(e.Payload.B) != "hello" || e.TTL != ttl || e.Err != 0 {
			t.Errorf("reply %+v, %v", e, ok)
		}
		b.pool.Release(e.Payload.Chunk)
		e, ok = p.Receive()
		wantType := uint8(wire.ICMPv4TimeExceeded)
		if them.Is6() {
			wantType = wire.ICMPv6TimeExceeded
		}
		if !ok || e.From == them || e.Seq != 1 || e.Err != syscall.EHOSTUNREACH || e.Type != wantType {
			t.Errorf("error %+v, %v", e, ok)
		}
		if _, ok := p.Receive(); ok {
			t.Error("a third answer")
		}
		p.Close()
		if d, _ := b.recv(reply[0]); d != DropEchoUnmatched {
			t.Errorf("late reply counted as %q", d)
		}
		b.checkLeaks()
		peer.checkLeaks()
	}
}

func TestPingErrors(t *testing.T) {
	b := newBench(t, config())
	if _, err := b.OpenPing(netip.Addr{}, netip.Addr{}); err != syscall.EINVAL {
		t.Errorf("to nothing: error %v", err)
	}
	p, err := b.OpenPing(us4, them4)
	if err != nil {
		t.Fatal(err)
	}
	if local, remote := p.Addrs(); local != us4 || remote != them4 {
		t.Errorf("between %v and %v", local, remote)
	}
	if err := p.Send(b.at, 1, make([]byte, 65_508), 0); err != syscall.EMSGSIZE {
		t.Errorf("too long: error %v", err)
	}
	// Answers nobody receives are bounded, and released with the Ping.
	m := wire.ICMPv4{Type: wire.ICMPv4EchoReply, Rest: wire.EchoRest(p.ID(), 1)}
	reply := ip4(them4, us4, wire.ProtoICMP, m.AppendTo(nil, nil), nil)
	for range 1000 {
		b.recv(reply)
	}
	if b.counted(DropReceiveQueueFull) != 1000-maxAnswers {
		t.Errorf("%d answers dropped, want %d", b.counted(DropReceiveQueueFull), 1000-maxAnswers)
	}
	request := ip4(us4, them4, wire.ProtoICMP, (&wire.ICMPv4{Type: wire.ICMPv4Echo, Rest: m.Rest}).AppendTo(nil, nil), nil)
	unreachable := wire.ICMPv4{Type: wire.ICMPv4Unreachable}
	if d, _ := b.recv(errorAbout(request, unreachable, wire.ICMPv6{})); d != DropReceiveQueueFull {
		t.Errorf("error about a request, queue full: counted as %q", d)
	}
	request[20] = wire.ICMPv4EchoReply
	if d, _ := b.recv(errorAbout(request, unreachable, wire.ICMPv6{})); d != DropICMPUnmatched {
		t.Errorf("error about a reply: counted as %q", d)
	}
	p.Close()
	p.Close()
	if err := p.Send(b.at, 1, nil, 0); err != syscall.EBADF {
		t.Errorf("closed: error %v", err)
	}
	b.checkLeaks()
}

// TestErrnos sends a connected socket every code of destination unreachable; only hard errors are its business.
func TestErrnos(t *testing.T) {
	for _, c := range []struct {
		them      netip.Addr
		typ, code uint8
		want      error
	}{
		{them4, wire.ICMPv4Unreachable, wire.ICMPv4NetUnreachable, nil},
		{them4, wire.ICMPv4Unreachable, wire.ICMPv4HostUnreachable, nil},
		{them4, wire.ICMPv4Unreachable, wire.ICMPv4ProtoUnreachable, syscall.ENOPROTOOPT},
		{them4, wire.ICMPv4Unreachable, wire.ICMPv4PortUnreachable, syscall.ECONNREFUSED},
		{them4, wire.ICMPv4Unreachable, wire.ICMPv4HostUnknown, syscall.EHOSTDOWN},
		{them4, wire.ICMPv4Unreachable, wire.ICMPv4AdminProhibited, syscall.EHOSTUNREACH},
		{them4, wire.ICMPv4Unreachable, 200, nil},
		{them4, wire.ICMPv4TimeExceeded, wire.ICMPv4TTLExceeded, nil},
		{them4, wire.ICMPv4ParameterProblem, 0, nil},
		{them6, wire.ICMPv6Unreachable, wire.ICMPv6NoRoute, nil},
		{them6, wire.ICMPv6Unreachable, wire.ICMPv6AddressUnreachable, nil},
		{them6, wire.ICMPv6Unreachable, wire.ICMPv6PortUnreachable, syscall.ECONNREFUSED},
		{them6, wire.ICMPv6Unreachable, wire.ICMPv6AdminProhibited, syscall.EACCES},
		{them6, wire.ICMPv6Unreachable, wire.ICMPv6RejectRoute, syscall.EACCES},
		{them6, wire.ICMPv6TimeExceeded, wire.ICMPv6HopLimitExceeded, nil},
		{them6, wire.ICMPv6ParameterProblem, wire.ICMPv6BadField, nil},
		{them6, wire.ICMPv6ParameterProblem, wire.ICMPv6UnknownHeader, syscall.EPROTO},
	} {
		b := newBench(t, config())
		u := mustOpenUDP(t, b.Host, netip.AddrPort{}, netip.AddrPortFrom(c.them, 53).String(), UDPOptions{})
		if err := u.Send(b.at, netip.AddrPort{}, nil, SendOptions{}); err != nil {
			t.Fatal(err)
		}
		sent := b.sent()[0]
		d, _ := b.recv(errorAbout(sent, wire.ICMPv4{Type: c.typ, Code: c.code}, wire.ICMPv6{Type: c.typ, Code: c.code}))
		if err := u.TakeError(); d != accepted || err != c.want {
			t.Errorf("from %v, type %d code %d: error %v, want %v (counted as %q)", c.them, c.typ, c.code, err, c.want, d)
		}
	}
}

func TestDiscovery(t *testing.T) {
	hops := func(n uint8) func(*wire.IPv6) { return func(h *wire.IPv6) { h.HopLimit = n } }
	solicit := func(src, target netip.Addr, hop uint8) []byte {
		n := wire.Neighbor{Target: target}
		m := n.Header()
		dst := solicitedNode(target)
		return ip6(src, dst, wire.ProtoICMPv6, m.AppendTo(nil, src, dst, n.AppendTo(nil)), hops(hop))
	}
	t.Run("neighbor solicitation", func(t *testing.T) {
		b := newBench(t, config())
		_, out := b.recv(solicit(them6, us6, 255))
		p := one(t, out)
		n, _, err := wire.ParseNeighbor(&p.icmp6, p.payload)
		if err != nil || !n.Advertisement || !n.Solicited || n.Target != us6 || p.dst != them6 || p.ttl != 255 {
			t.Errorf("got %+v, %v in %+v", n, err, p)
		}
	})
	t.Run("duplicate address detection", func(t *testing.T) {
		b := newBench(t, config())
		_, out := b.recv(solicit(netip.IPv6Unspecified(), us6, 255))
		p := one(t, out)
		n, _, err := wire.ParseNeighbor(&p.icmp6, p.payload)
		if err != nil || n.Solicited || p.dst != v6AllNodes {
			t.Errorf("got %+v, %v in %+v", n, err, p)
		}
	})
	t.Run("ignored", func(t *testing.T) {
		b := newBench(t, config())
		if d, out := b.recv(solicit(them6, us6, 254)); d != DropNeighborBad || len(out) != 0 {
			t.Errorf("from beyond the link: counted as %q", d)
		}
		if d, _ := b.recv(solicit(them6, them6, 255)); d != DropNotForUs && d != DropNotMember {
			t.Errorf("for somebody else: counted as %q", d)
		}
		routers := netip.MustParseAddr("ff02::2")
		rs := wire.ICMPv6{Type: wire.ICMPv6RouterSolicitation}
		if d, out := b.recv(ip6(link6.Next(), routers, wire.ProtoICMPv6, rs.AppendTo(nil, link6.Next(), routers, nil), hops(255))); d != accepted || len(out) != 0 {
			t.Errorf("router solicitation: counted as %q", d)
		}
		mld := wire.ICMPv6{Type: wire.ICMPv6MLDv2Report}
		v2 := netip.MustParseAddr("ff02::16")
		hop := wire.AppendOptionsHeader(nil, wire.ProtoICMPv6, []byte{wire.IPv6OptRouterAlert, 2, 0, 0})
		report := append(hop, mld.AppendTo(nil, link6.Next(), v2, nil)...)
		if d, _ := b.recv(ip6(link6.Next(), v2, wire.ProtoHopByHop, report, hops(1))); d != accepted {
			t.Errorf("MLD report: counted as %q", d)
		}
		if n := b.Counters(); n.RouterSolicitations != 1 || n.GroupReports != 1 {
			t.Errorf("%d solicitations and %d reports counted", n.RouterSolicitations, n.GroupReports)
		}
		echo := echoPacket(them6, routers, 1, 1, nil)
		if d, out := b.recv(echo); d != DropNotMember || len(out) != 0 {
			t.Errorf("echo request to all routers: counted as %q", d)
		}
		if d, _ := b.recv(echoPacket(netip.IPv6Unspecified(), us6, 1, 1, nil)); d != DropMartianSource {
			t.Errorf("echo request from nobody: counted as %q", d)
		}
	})
}
