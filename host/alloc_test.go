package host

import (
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// shuttle carries packets between two hosts without allocating.
type shuttle struct {
	now  mono.Time
	host [2]*Host
	pkt  Packet
}

// flush carries everything there is, both ways, until both hosts are quiet.
func (s *shuttle) flush() {
	for busy := true; busy; {
		busy = false
		for i, h := range s.host {
			for e := h.NextDirty(); e != nil; e = h.NextDirty() {
				if c, ok := e.(*Conn); ok {
					for c.NextPacket(s.now, &s.pkt) {
						s.carry(h, s.host[1-i])
						busy = true
					}
				}
			}
			for h.NextPacket(&s.pkt) {
				s.carry(h, s.host[1-i])
				busy = true
			}
		}
	}
}

func (s *shuttle) carry(from, to *Host) {
	c := to.pool.Get(link.ReadRoom)
	n := copy(c.B, s.pkt.Bytes)
	for _, b := range s.pkt.Payload {
		n += copy(c.B[n:], b)
	}
	p := s.pkt.Packet
	p.Bytes, p.Payload = c.B[:n], nil
	to.Recv(s.now, &p, c)
	to.pool.Release(c)
	s.pkt.Release(from.pool)
}

// connect opens a connection from host 0 to port 80 of host 1.
func (s *shuttle) connect(t testing.TB) (client, server *Conn) {
	l, err := s.host[1].ListenTCP(anyAddr(80), 0, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client, err = s.host[0].DialTCP(s.now, netip.AddrPort{}, netip.AddrPortFrom(s.host[1].addrs[0].Addr(), 80), DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.flush()
	if server = l.Accept(); server == nil || client.State() != tcp.StateEstablished {
		t.Fatal("not connected")
	}
	return client, server
}

func newShuttle(offload link.Offload, addrs ...string) *shuttle {
	s := &shuttle{now: begin}
	for i := range s.host {
		s.host[i] = New(Config{Addrs: prefixes(addrs[i]), Offload: offload})
	}
	return s
}

// send writes n bytes on from and reads them on to.
func (s *shuttle) send(t testing.TB, from, to *Conn, n int) {
	for n > 0 {
		b := from.Reserve(n)
		from.Commit(s.now, len(b), true)
		n -= len(b)
		from.host.MarkDirty(from)
		s.flush()
		for to.Readable() > 0 {
			var views [8]buffer.View
			got := to.Peek(views[:0], 1<<20)
			k := 0
			for _, v := range got {
				k += len(v.B)
			}
			to.Consume(s.now, k)
			to.host.pool.ReleaseAll(got)
			to.host.MarkDirty(to)
		}
		s.flush()
		s.now = s.now.Add(100 * time.Microsecond)
		for _, h := range s.host {
			h.Tick(s.now)
		}
	}
}

// TestDataPathDoesNotAllocate moves data over connections and between sockets that have found their size.
func TestDataPathDoesNotAllocate(t *testing.T) {
	for _, c := range []struct {
		name    string
		offload link.Offload
		addrs   [2]string
		size    int
	}{
		{"small segments", 0, [2]string{"10.0.0.1/24", "10.0.0.2/24"}, 100},
		{"full segments", 0, [2]string{"10.0.0.1/24", "10.0.0.2/24"}, 14_600},
		{"full segments, IPv6", 0, [2]string{"2001:db8::1/64", "2001:db8::2/64"}, 14_600},
		{"super-segments", link.OffloadChecksum | link.OffloadTSO, [2]string{"10.0.0.1/24", "10.0.0.2/24"}, 200_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShuttle(c.offload, c.addrs[:]...)
			client, server := s.connect(t)
			for range 200 {
				s.send(t, client, server, c.size)
			}
			if n := testing.AllocsPerRun(100, func() { s.send(t, client, server, c.size) }); n != 0 {
				t.Errorf("%v allocations to send %d bytes", n, c.size)
			}
		})
	}
	t.Run("UDP", func(t *testing.T) {
		s := newShuttle(0, "10.0.0.1/24", "10.0.0.2/24")
		server := mustOpenUDP(t, s.host[1], anyAddr(7), "", UDPOptions{})
		client := mustOpenUDP(t, s.host[0], netip.AddrPort{}, "10.0.0.2:7", UDPOptions{})
		payload := make([]byte, 1000)
		exchange := func() {
			if err := client.Send(s.now, netip.AddrPort{}, payload, SendOptions{}); err != nil {
				t.Fatal(err)
			}
			s.flush()
			d, ok := server.Receive()
			if !ok {
				t.Fatal("lost a datagram")
			}
			s.host[1].pool.Release(d.Chunk)
		}
		exchange()
		if n := testing.AllocsPerRun(100, exchange); n != 0 {
			t.Errorf("%v allocations for a datagram", n)
		}
	})
	t.Run("echo and reset", func(t *testing.T) {
		b := newBench(t, config())
		echo, stray := echoPacket(them4, us4, 1, 1, make([]byte, 56)), syn(9)
		exchange := func() {
			for _, p := range [][]byte{echo, stray} {
				b.Recv(b.at, &link.Packet{Bytes: p}, nil)
				for b.NextPacket(&b.pkt) {
					b.pkt.Release(b.pool)
				}
			}
		}
		exchange()
		if n := testing.AllocsPerRun(100, exchange); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// BenchmarkSegment sends one segment from host to host, and its acknowledgment back, among many connections.
func BenchmarkSegment(b *testing.B) {
	for _, bb := range []struct {
		name    string
		offload link.Offload
		size    int
	}{
		{"1460", 0, 1448}, {"1460/offload", link.OffloadChecksum, 1448},
		{"64K", link.OffloadChecksum | link.OffloadTSO, 44 * 1448},
	} {
		b.Run(bb.name, func(b *testing.B) {
			s := newShuttle(bb.offload, "10.0.0.1/24", "10.0.0.2/24")
			client, server := s.connect(b)
			for range 1000 {
				s.send(b, client, server, bb.size)
			}
			b.SetBytes(int64(bb.size))
			b.ReportAllocs()
			for b.Loop() {
				s.send(b, client, server, bb.size)
			}
		})
	}
}

// BenchmarkConnections opens and resets one connection among 100,000 others.
func BenchmarkConnections(b *testing.B) {
	bb := newBench(b, config())
	l := bb.mustListen("10.0.0.1:80", 1<<20, ListenOptions{})
	open := func(i int) *Conn {
		from := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 20), byte(i >> 12)}), uint16(1+i&4095))
		bb.Recv(bb.at, &link.Packet{Bytes: tcpPacket(from, addrPort("10.0.0.1:80"), wire.TCP{Seq: 1000, Flags: wire.SYN, Window: 1000}, nil)}, nil)
		out := bb.sent()
		bb.Recv(bb.at, &link.Packet{Bytes: answer(b, out[0], wire.ACK)}, nil)
		bb.sent()
		return l.Accept()
	}
	for i := range 100_000 {
		open(i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := open(100_000 + i&0xffff)
		c.Abort(bb.at)
		bb.MarkDirty(c)
		bb.sent()
	}
}
