package host

import (
	"bytes"
	"net/netip"
	"syscall"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

func addrPort(s string) netip.AddrPort {
	if s == "" {
		return netip.AddrPort{}
	}
	return netip.MustParseAddrPort(s)
}

// anyPort returns port on every address.
func anyAddr(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.Addr{}, port) }

func mustOpenUDP(t testing.TB, h *Host, local netip.AddrPort, remote string, opt UDPOptions) *UDP {
	t.Helper()
	u, err := h.OpenUDP(local, addrPort(remote), opt)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestUDPMatching sends datagrams to a host with sockets of every kind; each has to reach the most specific.
//
// req: RFC768 3-1, RFC1122 3.3.6-1, 4.1.3.5-1
func TestUDPMatching(t *testing.T) {
	b := newBench(t, config())
	sockets := map[string]*UDP{
		"any":        mustOpenUDP(t, b.Host, anyAddr(1000), "", UDPOptions{}),
		"any 4":      mustOpenUDP(t, b.Host, addrPort("0.0.0.0:7"), "", UDPOptions{}),
		"any 6":      mustOpenUDP(t, b.Host, addrPort("[::]:7"), "", UDPOptions{}),
		"exact":      mustOpenUDP(t, b.Host, addrPort("10.0.0.1:8"), "", UDPOptions{}),
		"connected":  mustOpenUDP(t, b.Host, addrPort("10.0.0.1:8"), "10.0.0.2:9", UDPOptions{}),
		"everything": mustOpenUDP(t, b.Host, anyAddr(0), "", UDPOptions{AnyAddress: true, AnyPort: true}),
	}
	for _, c := range []struct{ from, to, want string }{
		{"10.0.0.2:9", "10.0.0.1:1000", "any"},
		{"[2001:db8::2]:9", "[2001:db8::1]:1000", "any"},
		{"10.0.0.2:9", "10.0.0.1:7", "any 4"},
		{"10.0.0.2:9", "10.0.0.255:7", "any 4"},
		{"10.0.0.2:9", "255.255.255.255:7", "any 4"},
		{"10.0.0.2:9", "224.0.0.1:7", "any 4"},
		{"[2001:db8::2]:9", "[2001:db8::1]:7", "any 6"},
		{"10.0.0.2:9", "10.0.0.1:8", "connected"},
		{"10.0.0.2:10", "10.0.0.1:8", "exact"},
		{"10.0.0.3:9", "10.0.0.1:8", "exact"},
		{"10.0.0.2:9", "10.0.0.1:6", "everything"},
		{"10.0.0.2:9", "192.0.2.1:7", "everything"},
		{"[2001:db8::2]:9", "[2001:db8::8]:7", "everything"},
	} {
		from, to := addrPort(c.from), addrPort(c.to)
		b.recv(udpPacket(from, to, []byte("x")))
		for name, u := range sockets {
			d, ok := u.Receive()
			if ok != (name == c.want) {
				t.Errorf("%s to %s: at %q %v, want it at %q", c.from, c.to, name, ok, c.want)
			}
			if ok {
				if d.From != from || d.To != to || d.TTL != 61 {
					t.Errorf("%s to %s: datagram says %+v", c.from, c.to, d)
				}
				b.pool.Release(d.Chunk)
			}
		}
	}
	for _, u := range sockets {
		u.Close()
		u.Close()
	}
	if b.udp.connected.n != 0 || len(b.udp.bound) != 0 {
		t.Errorf("closed sockets remain: %d connected, %d ports", b.udp.connected.n, len(b.udp.bound))
	}
	b.checkLeaks()
}

// req: RFC1122 4.1.3.5-2
func TestOpenUDPErrors(t *testing.T) {
	b := newBench(t, config())
	mustOpenUDP(t, b.Host, addrPort("10.0.0.1:8"), "", UDPOptions{})
	mustOpenUDP(t, b.Host, addrPort("[::]:9"), "", UDPOptions{})
	mustOpenUDP(t, b.Host, addrPort("10.0.0.1:5"), "10.0.0.2:5", UDPOptions{})
	for _, c := range []struct {
		name          string
		local, remote string
		opt           UDPOptions
		err           error
	}{
		{"same address", "10.0.0.1:8", "", UDPOptions{}, syscall.EADDRINUSE},
		{"same address by wildcard", "0.0.0.0:8", "", UDPOptions{}, syscall.EADDRINUSE},
		{"same port, other family", "[::]:8", "", UDPOptions{}, nil},
		{"same port, other address", "0.0.0.0:9", "", UDPOptions{}, nil},
		{"same ends", "10.0.0.1:5", "10.0.0.2:5", UDPOptions{}, syscall.EADDRINUSE},
		{"same port, other remote", "10.0.0.1:5", "10.0.0.2:6", UDPOptions{}, nil},
		{"foreign", "10.0.0.7:7", "", UDPOptions{}, syscall.EADDRNOTAVAIL},
		{"foreign, connected", "10.0.0.7:7", "10.0.0.2:9", UDPOptions{}, syscall.EADDRNOTAVAIL},
		{"foreign, connected, allowed", "10.0.0.7:7", "10.0.0.2:9", UDPOptions{AnyAddress: true}, nil},
		{"to port 0", "", "10.0.0.2:0", UDPOptions{}, syscall.EINVAL},
		{"any port, but one", "0.0.0.0:8", "", UDPOptions{AnyPort: true}, syscall.EINVAL},
		{"any address, but one", "10.0.0.1:99", "", UDPOptions{AnyAddress: true}, syscall.EINVAL},
	} {
		u, err := b.OpenUDP(addrPort(c.local), addrPort(c.remote), c.opt)
		if (u == nil) != (err != nil) || c.err == nil && err != nil || c.err != nil && err != c.err {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
		}
	}
	u := mustOpenUDP(t, b.Host, netip.AddrPort{}, "", UDPOptions{})
	if local, _ := u.Addrs(); local.Port() < firstEphemeral || local.Port() > lastEphemeral {
		t.Errorf("chosen port %d", local.Port())
	}
}

// req: RFC791 3.2-2, RFC1122 3.2.1.6-1, 3.2.1.7-3, 3.2.1.7-4, 4.1.4-1, RFC5722 4-1, RFC6864 4.3-2, RFC8200 4.5-2
// req: RFC8200 4.5-3, 4.5-4
func TestUDPSend(t *testing.T) {
	for _, offload := range []link.Offload{0, link.OffloadChecksum} {
		cfg := config()
		cfg.Offload = offload
		b := newBench(t, cfg)
		u := mustOpenUDP(t, b.Host, anyAddr(7), "", UDPOptions{})
		for _, to := range []string{"10.0.0.2:9", "[2001:db8::2]:9"} {
			for _, n := range []int{0, 1, 1000, 1432, 1472, 1473, 3000, 20_000, 65_507} {
				want := pattern(n)
				if err := u.Send(b.at, addrPort(to), want, SendOptions{TOS: 0x20, TTL: 5}); err != nil {
					t.Fatalf("%s, %d bytes: %v", to, n, err)
				}
				got := reassembleOut(t, b)
				if got.src != us4 && got.src != us6 || got.dst != addrPort(to).Addr() || got.tos != 0x20 || got.ttl != 5 {
					t.Errorf("%s, %d bytes: %+v", to, n, got)
				}
				if got.udp.SrcPort != 7 || got.udp.DstPort != 9 || !bytes.Equal(got.payload, want) {
					t.Errorf("%s, %d bytes: %+v", to, n, got.udp)
				}
			}
		}
		if err := u.Send(b.at, addrPort("10.0.0.2:9"), make([]byte, 65_508), SendOptions{}); err != syscall.EMSGSIZE {
			t.Errorf("too long: %v", err)
		}
		if err := u.Send(b.at, addrPort("[2001:db8::2]:9"), make([]byte, 65_528), SendOptions{}); err != syscall.EMSGSIZE {
			t.Errorf("too long: %v", err)
		}
		b.checkLeaks()
	}
}

// reassembleOut takes the packets b sends, one datagram, completes the checksum if that was left to the device, and
// verifies everything.
func reassembleOut(t testing.TB, b *bench) parsed {
	t.Helper()
	peer := newBench(t, Config{Addrs: prefixes("10.0.0.2/24", "2001:db8::2/64")})
	var whole []byte
	n := 0
	for b.NextPacket(&b.pkt) {
		start, at := int(b.pkt.CsumStart), int(b.pkt.CsumStart+b.pkt.CsumOffset)
		p := b.take()
		if start != 0 {
			putUint16(p[at:], wire.Checksum(p[start:]))
		}
		if n++; len(p) > 1500 {
			t.Errorf("packet %d of %d bytes", n, len(p))
		}
		if q := parse(t, p); q.v4.IsFragment() || q.v6.IsFragment() {
			if q.v4.DF {
				t.Error("fragment with DF")
			}
			f := fragment{key: fragmentKey{q.src, q.dst, uint32(q.v4.ID) | q.v6.Fragment.ID, 0}, head: p[:bodyOffset(p)],
				payload: q.payload, offset: q.v4.FragOffset | q.v6.Fragment.Offset, more: q.v4.MF || q.v6.Fragment.More,
				next: q.v6.Fragment.Next, nextOffset: q.v6.Fragment.NextOffset}
			r := &peer.frags
			x := r.open(begin, &f)
			if d, ok := x.check(&f); !ok {
				t.Fatalf("fragment %d: %v", n, d)
			}
			if r.add(x, &f); x.complete() {
				whole = append([]byte(nil), x.packet(false)...)
			}
			continue
		} else if q.proto == wire.ProtoUDP && q.src.Is4() && (!q.v4.DF || q.v4.ID != 0) {
			t.Errorf("atomic datagram with DF %v, ID %d", q.v4.DF, q.v4.ID)
		}
		whole = p
	}
	if whole == nil {
		t.Fatalf("no datagram in %d packets", n)
	}
	return parse(t, whole)
}

// req: RFC791 3.2-4, RFC6864 4.2-1, 4.3-1
func TestFragmentIDsDiffer(t *testing.T) {
	b := newBench(t, config())
	u := mustOpenUDP(t, b.Host, anyAddr(7), "", UDPOptions{})
	seen := map[uint32]bool{}
	for range 500 {
		for _, to := range []string{"10.0.0.2:9", "[2001:db8::2]:9"} {
			if err := u.Send(b.at, addrPort(to), make([]byte, 2000), SendOptions{}); err != nil {
				t.Fatal(err)
			}
			out := b.sent()
			p := parse(t, out[0])
			if p.src.Is4() {
				if id := uint32(p.v4.ID); seen[id] {
					t.Fatalf("identification %d twice", id)
				} else {
					seen[id] = true
				}
			}
		}
	}
	if len(seen) != 500 {
		t.Errorf("%d identifications, want 500", len(seen))
	}
}

func TestUDPSendErrors(t *testing.T) {
	b := newBench(t, config())
	u := mustOpenUDP(t, b.Host, addrPort("0.0.0.0:7"), "", UDPOptions{})
	c := mustOpenUDP(t, b.Host, netip.AddrPort{}, "10.0.0.2:9", UDPOptions{})
	for _, x := range []struct {
		name string
		u    *UDP
		to   string
		opt  SendOptions
		err  error
	}{
		{"no destination", u, "", SendOptions{}, syscall.EDESTADDRREQ},
		{"port 0", u, "10.0.0.2:0", SendOptions{}, syscall.EDESTADDRREQ},
		{"other family", u, "[2001:db8::2]:9", SendOptions{}, syscall.EINVAL},
		{"foreign source", u, "10.0.0.2:9", SendOptions{From: far4}, syscall.EADDRNOTAVAIL},
		{"connected elsewhere", c, "10.0.0.3:9", SendOptions{}, syscall.EISCONN},
		{"connected there", c, "10.0.0.2:9", SendOptions{}, nil},
	} {
		err := x.u.Send(b.at, addrPort(x.to), nil, x.opt)
		if x.err == nil && err != nil || x.err != nil && err != x.err {
			t.Errorf("%s: error %v, want %v", x.name, err, x.err)
		}
	}
	c.Close()
	if err := c.Send(b.at, netip.AddrPort{}, nil, SendOptions{}); err != syscall.EBADF {
		t.Errorf("closed: error %v", err)
	}
	var err error
	for i := 0; err == nil && i < 1000; i++ { // nobody drains
		err = u.Send(b.at, addrPort("10.0.0.2:9"), make([]byte, 60_000), SendOptions{})
	}
	if err != syscall.ENOBUFS || b.pool.Used() > 4<<20 {
		t.Errorf("error %v with %d bytes queued", err, b.pool.Used())
	}
	b.sent()
	b.checkLeaks()
}

func TestUDPReceiveQueueIsBounded(t *testing.T) {
	b := newBench(t, config())
	u := mustOpenUDP(t, b.Host, anyAddr(7), "", UDPOptions{Buffer: 64 << 10})
	for range 1000 {
		b.recv(udpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), make([]byte, 1000)))
	}
	if u.held < 64<<10 || u.held > 68<<10 || b.pool.Used() != u.held {
		t.Errorf("%d bytes held, pool %d", u.held, b.pool.Used())
	}
	n := 0
	for d, ok := u.Receive(); ok; d, ok = u.Receive() {
		b.pool.Release(d.Chunk)
		n++
	}
	if n+b.counted(DropReceiveQueueFull) != 1000 {
		t.Errorf("%d received and %d dropped, want 1000 in all", n, b.counted(DropReceiveQueueFull))
	}
	b.checkLeaks()
}

// A device may join datagrams of equal size into one packet.
func TestUDPSuperPacket(t *testing.T) {
	b := newBench(t, config())
	u := mustOpenUDP(t, b.Host, anyAddr(7), "", UDPOptions{Buffer: 1 << 20})
	p := udpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), pattern(4500))
	b.recvPacket(&link.Packet{Bytes: p, SegSize: 1000, HdrLen: 28, CsumStart: 20, CsumOffset: 6})
	var got []byte
	for i := 0; ; i++ {
		d, ok := u.Receive()
		if !ok {
			break
		}
		if want := min(1000, 4500-1000*i); len(d.B) != want {
			t.Errorf("datagram %d has %d bytes, want %d", i, len(d.B), want)
		}
		got = append(got, d.B...)
		b.pool.Release(d.Chunk)
	}
	if !bytes.Equal(got, pattern(4500)) {
		t.Error("bytes differ")
	}
	b.checkLeaks()
}

// A datagram that fills its chunk is kept in place.
func TestUDPKeepsLargeDatagramsInPlace(t *testing.T) {
	b := newBench(t, config())
	u := mustOpenUDP(t, b.Host, anyAddr(7), "", UDPOptions{})
	p := udpPacket(netip.AddrPortFrom(them4, 9), netip.AddrPortFrom(us4, 7), pattern(40_000))
	c := b.pool.Get(len(p))
	n := copy(c.B, p)
	b.Recv(b.at, &link.Packet{Bytes: c.B[:n]}, c)
	b.pool.Release(c)
	d, ok := u.Receive()
	if !ok || &d.B[0] != &c.B[28] || !bytes.Equal(d.B, pattern(40_000)) {
		t.Error("the datagram was copied, or lost")
	}
	b.pool.Release(d.Chunk)
	b.checkLeaks()
}

// req: RFC791 2.3-1, RFC1122 3.2.1.3-4
func TestUDPToOurselves(t *testing.T) {
	b := newBench(t, config())
	server := mustOpenUDP(t, b.Host, anyAddr(7), "", UDPOptions{})
	for _, to := range []string{"10.0.0.1:7", "127.0.0.1:7", "[::1]:7", "[2001:db8::1]:7"} {
		client := mustOpenUDP(t, b.Host, netip.AddrPort{}, to, UDPOptions{})
		want := pattern(20_000)
		if err := client.Send(b.at, netip.AddrPort{}, want, SendOptions{}); err != nil {
			t.Fatal(err)
		}
		if out := b.sent(); len(out) != 0 {
			t.Errorf("%s: %d packets left the host", to, len(out))
		}
		d, ok := server.Receive()
		if local, _ := client.Addrs(); !ok || d.From != local || !bytes.Equal(d.B, want) {
			t.Fatalf("%s: got %+v, %v", to, d.From, ok)
		}
		b.pool.Release(d.Chunk)
	}
	flood := mustOpenUDP(t, b.Host, netip.AddrPort{}, "127.0.0.1:7", UDPOptions{})
	err := error(nil)
	for range 100 {
		if err == nil { // nobody drains
			err = flood.Send(b.at, netip.AddrPort{}, make([]byte, 60_000), SendOptions{})
		}
	}
	if err != syscall.ENOBUFS {
		t.Errorf("to ourselves, nobody drains: error %v", err)
	}
	b.sent()
	server.Close()
	refused := mustOpenUDP(t, b.Host, netip.AddrPort{}, "127.0.0.1:99", UDPOptions{})
	if err := refused.Send(b.at, netip.AddrPort{}, nil, SendOptions{}); err != nil {
		t.Fatal(err)
	}
	b.sent()
	if err := refused.TakeError(); err != syscall.ECONNREFUSED {
		t.Errorf("to a closed port of our own: %v", err)
	}
	b.checkLeaks()
}
