package udp_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/wire"
)

// TestWrite writes packets and super-packets of all shapes in batches of all sizes, some of them refused: what a plain socket
// receives is what a link.Segmenter makes of them.
func TestWrite(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) { testWrite(t, rand.New(rand.NewPCG(seed, 6))) })
	}
}

func testWrite(t *testing.T, rnd *rand.Rand) {
	ns := newNamespace(t)
	far := newPeer(t, ns, far4, near4)
	mtu := 300 + rnd.IntN(3000)
	dev := openIn(t, ns, udp.Config{Local: near4, Remote: far4, MTU: mtu, NoOffload: rnd.IntN(3) == 0})
	q := dev.Queues()[0]
	got := make([]byte, 1<<16)
	var sent, refused uint64
	for range 20 {
		var pkts []link.Packet
		var want [][]byte
		taken := 0
		for range 1 + rnd.IntN(12) {
			p := anyPacket(rnd, mtu)
			out := segments(t, &p)
			pkts = append(pkts, p)
			if len(out[0]) > mtu {
				refused++
				continue
			}
			taken++
			want = append(want, out...)
			if bytesOf(want) > 100<<10 {
				break // the socket's buffer would not hold more
			}
		}
		n, err := q.Write(pkts)
		if n != taken || (n < len(pkts)) != errors.Is(err, link.ErrTooLong) {
			t.Fatalf("Write: got %d, %v; want %d of %d", n, err, taken, len(pkts))
		}
		sent += uint64(len(want))
		for _, b := range want {
			far.SetReadDeadline(time.Now().Add(limit))
			n, err := far.Read(got)
			if err != nil || !bytes.Equal(got[:n], b) {
				t.Fatalf("got %d bytes %.80x, %v; want %d bytes %.80x", n, got[:n], err, len(b), b)
			}
		}
	}
	if s := dev.Stats(); s.Sent != sent || s.Dropped != refused {
		t.Errorf("stats %+v; want %d sent, %d dropped", s, sent, refused)
	}
}

// anyPacket returns a packet with or without a partial checksum, or a super-packet; now and then one too long.
func anyPacket(rnd *rand.Rand, mtu int) link.Packet {
	src, dst := nearAddrs[0].Addr(), farAddrs[0].Addr()
	headers := wire.IPv4HeaderLen + wire.TCPHeaderLen
	if rnd.IntN(2) == 0 {
		src, dst = nearAddrs[1].Addr(), farAddrs[1].Addr()
		headers = wire.IPv6HeaderLen + wire.TCPHeaderLen
	}
	c := linktest.Conn{Local: netip.AddrPortFrom(src, 1), Remote: netip.AddrPortFrom(dst, 2), MSS: mtu - headers}
	n := rnd.IntN(c.MSS + 1)
	switch rnd.IntN(10) {
	case 0, 1, 2, 3:
		n = c.MSS + 1 + rnd.IntN(60000-c.MSS)
	case 4:
		n = 0
	case 5:
		n = c.MSS
	case 6:
		c.MSS++
		n = c.MSS
	}
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	return c.Packet(&wire.TCP{Flags: wire.ACK | wire.PSH}, data, rnd.IntN(2) == 0 || n > c.MSS)
}

// segments returns the packets that p stands for, and leaves p as it is.
func segments(t *testing.T, p *link.Packet) [][]byte {
	t.Helper()
	var s link.Segmenter
	if err := s.Reset(p); err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	for s.Left() > 0 {
		out = append(out, s.Next(make([]byte, s.Max())))
	}
	return out
}

func bytesOf(list [][]byte) int {
	n := 0
	for _, b := range list {
		n += len(b)
	}
	return n
}

// TestWriteMalformed: nonsense is refused, and what stands before and after it is sent.
func TestWriteMalformed(t *testing.T) {
	ns := newNamespace(t)
	far := newPeer(t, ns, far4, near4)
	dev := openIn(t, ns, udp.Config{Local: near4, Remote: far4})
	one := packet(1, 100)
	for name, bad := range map[string]link.Packet{
		"empty":            {},
		"checksum outside": {Bytes: packet(0, 50), CsumStart: 48, CsumOffset: 16},
		"no TCP":           {Bytes: packet(0, 50), SegSize: 10, HdrLen: 40, CsumStart: 20, CsumOffset: 16},
	} {
		n, err := dev.Queues()[0].Write([]link.Packet{{Bytes: one}, bad, {Bytes: one[:40], Payload: [][]byte{one[40:50], nil, one[50:]}}})
		if n != 2 || !errors.Is(err, link.ErrMalformed) {
			t.Errorf("%s: got %d, %v; want 2, malformed", name, n, err)
		}
		got := make([]byte, 200)
		for range 2 {
			if n, err := far.Read(got); err != nil || !bytes.Equal(got[:n], one) {
				t.Errorf("%s: got %x, %v", name, got[:n], err)
			}
		}
	}
}

// TestClose: every call says that the device is closed, those that wait too.
func TestClose(t *testing.T) {
	a, _ := openPair(t, near4, far4, udp.Config{})
	q := a.Queues()[0].(link.Waiter)
	done := make(chan error, 2)
	go func() {
		_, err := q.Read(linktest.Packets(1))
		done <- err
	}()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: got %v, want net.ErrClosed", err)
	}
	if _, err := q.TryRead(linktest.Packets(1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("TryRead: got %v, want net.ErrClosed", err)
	}
	if n, err := q.Write([]link.Packet{{Bytes: packet(0, 48)}}); n != 0 || !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: got %d, %v, want net.ErrClosed", n, err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	q.Arm()
	q.Doze(limit)
	_, _ = a.Stats(), a.LocalAddr()
}
