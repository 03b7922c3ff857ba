package udp_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/wire"
)

// peer is a kernel socket in the place of the other end.
type peer struct{ *net.UDPConn }

func newPeer(t testing.TB, ns *netlab.Namespace, local, remote netip.AddrPort) peer {
	t.Helper()
	var c *net.UDPConn
	err := ns.Do(func() (err error) {
		c, err = net.DialUDP("udp", net.UDPAddrFromAddrPort(local), net.UDPAddrFromAddrPort(remote))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadBuffer(4 << 20); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return peer{c}
}

// send sends one datagram, or if size is not 0 a train of datagrams of that size.
func (p peer) send(t testing.TB, b []byte, size int) {
	t.Helper()
	var oob []byte
	if size > 0 {
		oob = make([]byte, unix.CmsgSpace(2))
		oob[0] = byte(unix.CmsgLen(2))
		binary.NativeEndian.PutUint32(oob[unix.SizeofCmsghdr-8:], unix.SOL_UDP)
		binary.NativeEndian.PutUint32(oob[unix.SizeofCmsghdr-4:], unix.UDP_SEGMENT)
		binary.NativeEndian.PutUint16(oob[unix.SizeofCmsghdr:], uint16(size))
	}
	if _, _, err := p.WriteMsgUDP(b, oob, nil); err != nil {
		t.Fatal(err)
	}
}

// packet returns an IP packet of n bytes that begin with its number.
func packet(i uint64, n int) []byte {
	var b []byte
	if n%2 == 0 {
		h := wire.IPv4{TTL: 64, Proto: 253, Src: nearAddrs[0].Addr(), Dst: farAddrs[0].Addr()}
		b = h.AppendTo(nil, n-wire.IPv4HeaderLen)
	} else {
		h := wire.IPv6{HopLimit: 64, NextHeader: 253, Src: nearAddrs[1].Addr(), Dst: farAddrs[1].Addr()}
		b = h.AppendTo(nil, n-wire.IPv6HeaderLen)
	}
	b = binary.BigEndian.AppendUint64(b, i)
	for len(b) < n {
		b = append(b, byte(i)+byte(len(b)))
	}
	return b
}

// rubbish returns something that is no IP packet: n bytes, or if it may differ some others.
func rubbish(rnd *rand.Rand, n int, mayDiffer bool) []byte {
	b, kinds := packet(0, n), 2
	if mayDiffer {
		kinds = 4
	}
	switch rnd.IntN(kinds) {
	case 0:
		b[0] = 0x50 // another version
	case 1:
		b[0] = 0x4f // a header longer than the packet, or than its length says
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)+1))
	case 2:
		return b[:rnd.IntN(n)] // cut short
	default:
		return append(b, 0) // too long
	}
	return b
}

// TestRead sends datagrams and trains of all lengths, rubbish among them, and reads them in batches of all sizes into memory of
// all sizes: what is an IP packet that fits arrives, in order, and all else is counted.
func TestRead(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { testRead(t, rand.New(rand.NewPCG(seed, 5))) })
	}
}

func testRead(t *testing.T, rnd *rand.Rand) {
	ns := newNamespace(t)
	far := newPeer(t, ns, far4, near4)
	dev := openIn(t, ns, udp.Config{Local: near4, Remote: far4})
	q := dev.Queues()[0]
	pkts := make([]link.Packet, 1+rnd.IntN(80))
	room := 1400 + rnd.IntN(1000)
	for i := range pkts {
		pkts[i].Buf = make([]byte, room)
	}
	var want [][]byte
	var next, malformed, tooLong uint64
	one := func(n int, mayDiffer bool) []byte {
		switch {
		case rnd.IntN(20) == 0:
			malformed++
			return rubbish(rnd, n, mayDiffer)
		case n > room:
			tooLong++
			return packet(0, n)
		}
		next++
		b := packet(next, n)
		want = append(want, b)
		return b
	}
	for range 30 {
		for range rnd.IntN(4) {
			switch rnd.IntN(3) {
			case 0:
				for range 1 + rnd.IntN(20) {
					far.send(t, one(48+rnd.IntN(room), true), 0)
				}
			default:
				size := 48 + rnd.IntN(1300)
				var train []byte
				for range 2 + rnd.IntN(min(60, 60000/size)) {
					train = append(train, one(size, false)...)
				}
				if rnd.IntN(2) == 0 {
					train = append(train, one(48+rnd.IntN(size-47), false)...)
				}
				far.send(t, train, size)
			}
		}
		k := rnd.IntN(len(want) + 1)
		for i := 0; i < k; {
			n, err := q.TryRead(pkts)
			if err != nil || n == 0 {
				t.Fatalf("TryRead: got %d, %v; want some of %d", n, err, k-i)
			}
			for _, p := range pkts[:n] {
				if !bytes.Equal(p.Bytes, want[i]) || &p.Bytes[0] != &p.Buf[0] {
					t.Fatalf("got %d bytes %.60x, want %d bytes %.60x", len(p.Bytes), p.Bytes, len(want[i]), want[i])
				}
				i++
			}
			k = max(k, i)
		}
		want = want[k:]
	}
	for len(want) > 0 {
		n, err := q.TryRead(pkts)
		if err != nil || n == 0 {
			t.Fatalf("TryRead: got %d, %v; want the last %d packets", n, err, len(want))
		}
		for i, p := range pkts[:n] {
			if !bytes.Equal(p.Bytes, want[i]) {
				t.Fatalf("got %.60x, want %.60x", p.Bytes, want[i])
			}
		}
		want = want[n:]
	}
	if n, err := q.TryRead(pkts); n != 0 || err != nil {
		t.Errorf("TryRead of nothing: got %d, %v", n, err)
	}
	if s := dev.Stats(); s.Received != next || s.Malformed != malformed || s.TooLong != tooLong || s.Foreign != 0 || s.Overflowed != 0 {
		t.Errorf("stats %+v; want %d received, %d malformed, %d too long", s, next, malformed, tooLong)
	}
}

// TestHeldPackets: what was received but did not fit the batch is announced, although the kernel has nothing more.
func TestHeldPackets(t *testing.T) {
	ns := newNamespace(t)
	far := newPeer(t, ns, far4, near4)
	dev := openIn(t, ns, udp.Config{Local: near4, Remote: far4})
	q := dev.Queues()[0].(link.Waiter)
	var train []byte
	for i := range 10 {
		train = append(train, packet(uint64(i), 100)...)
	}
	far.send(t, train, 100)
	pkts := []link.Packet{{Buf: make([]byte, 2000)}}
	for i := range 10 {
		q.Arm()
		if err := q.Wait(); err != nil {
			t.Fatal(err)
		}
		q.Doze(limit)
		if n, err := q.TryRead(pkts); n != 1 || err != nil || !bytes.Equal(pkts[0].Bytes, packet(uint64(i), 100)) {
			t.Fatalf("packet %d: got %d, %v, %x", i, n, err, pkts[0].Bytes)
		}
	}
}

// TestLearn: who sends the first IP packet is the other end from then on, and nobody else is heard.
func TestLearn(t *testing.T) {
	for _, a := range []struct{ local, one, two, three netip.AddrPort }{
		{near4, far4, netip.MustParseAddrPort("127.0.0.3:1"), netip.MustParseAddrPort("127.0.0.2:1")},
		{near6, far6, netip.MustParseAddrPort("[::1]:1"), netip.MustParseAddrPort("[::1]:2")},
	} {
		ns := newNamespace(t)
		dev := openIn(t, ns, udp.Config{Local: a.local, Learn: true})
		q := dev.Queues()[0]
		if n, err := q.Write([]link.Packet{{Bytes: packet(0, 48)}}); n != 0 || err == nil {
			t.Errorf("Write to nobody: got %d, %v", n, err)
		}
		one, two, three := newPeer(t, ns, a.one, a.local), newPeer(t, ns, a.two, a.local), newPeer(t, ns, a.three, a.local)
		two.send(t, []byte("let me in"), 0)
		one.send(t, packet(1, 100), 0)
		three.send(t, packet(2, 100), 0)
		one.send(t, packet(3, 100), 0)
		pkts := make([]link.Packet, 8)
		for i := range pkts {
			pkts[i].Buf = make([]byte, 2000)
		}
		n, err := q.TryRead(pkts)
		if more, _ := q.TryRead(pkts[n:]); more > 0 {
			n += more
		}
		if n != 2 || err != nil || !bytes.Equal(pkts[1].Bytes, packet(3, 100)) {
			t.Fatalf("got %d packets, %v; want the two from %v", n, err, a.one)
		}
		if s := dev.Stats(); dev.RemoteAddr() != a.one || s.Foreign != 2 {
			t.Errorf("the other end is %v, %+v; want %v and two others", dev.RemoteAddr(), s, a.one)
		}
		if n, err := q.Write([]link.Packet{{Bytes: packet(4, 100)}}); n != 1 || err != nil {
			t.Errorf("Write: got %d, %v", n, err)
		}
		got := make([]byte, 200)
		if n, err := one.Read(got); err != nil || !bytes.Equal(got[:n], packet(4, 100)) {
			t.Errorf("%v got %x, %v", a.one, got[:n], err)
		}
	}
}
