package pipe_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/wire"
)

const tso = link.OffloadChecksum | link.OffloadTSO

var (
	addrA = netip.MustParseAddrPort("192.0.2.1:1000")
	addrB = netip.MustParseAddrPort("192.0.2.2:2000")
)

// tcp returns a TCP packet with n bytes of payload and a partial checksum, a super-packet if n is over 1000.
func tcp(n int) link.Packet {
	c := linktest.Conn{Local: addrA, Remote: addrB, MSS: 1000}
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i / 10)
	}
	return c.Packet(&wire.TCP{Flags: wire.ACK | wire.PSH}, data, true)
}

func write(t *testing.T, d link.Device, pkts ...link.Packet) {
	t.Helper()
	if n, err := d.Queues()[0].Write(pkts); n != len(pkts) || err != nil {
		t.Fatalf("Write: got %d, %v; want %d, nil", n, err, len(pkts))
	}
}

// tryRead returns the packets that are there, of up to limit.
func tryRead(t *testing.T, d link.Device, limit int) []link.Packet {
	t.Helper()
	pkts := linktest.Packets(limit)
	n, err := d.Queues()[0].TryRead(pkts)
	if err != nil {
		t.Fatal(err)
	}
	return pkts[:n]
}

func TestWithoutOffload(t *testing.T) {
	a, b := pipe.New(pipe.Config{})
	write(t, a, tcp(0), tcp(500), tcp(2500))
	want := []int{0, 500, 1000, 1000, 500}
	got := tryRead(t, b, 10)
	if len(got) != len(want) {
		t.Fatalf("%d packets, want %d", len(got), len(want))
	}
	for i, p := range got {
		h, payload, err := wire.ParseIPv4(p.Bytes)
		if err != nil || len(payload) != 20+want[i] {
			t.Errorf("packet %d: %d bytes, %v; want %d", i, len(payload), err, 20+want[i])
		}
		if p.CsumStart != 0 || p.CsumValid || !wire.TransportChecksumOK(h.Proto, h.Src, h.Dst, payload) {
			t.Errorf("packet %d: checksum not complete", i)
		}
	}
}

func TestOffload(t *testing.T) {
	for _, test := range []struct {
		offload link.Offload
		whole   bool
	}{
		{tso, true}, {tso | link.OffloadUSO, true},
		{link.OffloadChecksum | link.OffloadTSO6, false}, {link.OffloadTSO, false},
	} {
		a, b := pipe.New(pipe.Config{Offload: test.offload})
		p := tcp(25000)
		want := bytes.Join(append([][]byte{p.Bytes}, p.Payload...), nil)
		write(t, a, p)
		got := tryRead(t, b, 30)
		if !test.whole {
			if len(got) != 25 {
				t.Errorf("offload %v: %d packets, want 25", test.offload, len(got))
			}
			continue
		}
		if len(got) != 1 || !bytes.Equal(got[0].Bytes, want) {
			t.Fatalf("offload %v: %d packets, want the one sent", test.offload, len(got))
		}
		if g := got[0]; g.SegSize != 1000 || g.HdrLen != 40 || g.CsumStart != 20 || g.CsumOffset != 16 || !g.CsumValid {
			t.Errorf("offload fields %+v", g)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, o := range []link.Offload{link.OffloadNone, tso} {
		a, b := pipe.New(pipe.Config{MTU: 1039, Offload: o})
		bad := []struct {
			p    link.Packet
			want error
		}{
			{link.Packet{}, link.ErrMalformed},
			{link.Packet{Bytes: make([]byte, 1040)}, link.ErrTooLong},
			{link.Packet{Bytes: make([]byte, 40), CsumStart: 39}, link.ErrMalformed},
			{link.Packet{Bytes: []byte{0x45}, Payload: [][]byte{make([]byte, 70000)}, SegSize: 1000, CsumStart: 20}, nil},
		}
		for i, test := range bad {
			n, err := a.Queues()[0].Write([]link.Packet{test.p, tcp(1)})
			if n != 1 || err == nil || test.want != nil && err != test.want {
				t.Errorf("packet %d: got %d, %v; want 1, %v", i, n, err, test.want)
			}
		}
		if s := a.Stats(); s.Refused != 4 || s.Written != 4 {
			t.Errorf("%+v, want 4 refused, 4 written", s)
		}
		if got := tryRead(t, b, 10); len(got) != 4 {
			t.Errorf("%d packets arrived, want 4", len(got))
		}
	}
}

func TestTailDrop(t *testing.T) {
	a, b := pipe.New(pipe.Config{QueueLen: 3})
	write(t, a, tcp(1), tcp(2), tcp(3), tcp(4))
	write(t, a, tcp(5))
	for i, p := range tryRead(t, b, 10) {
		if len(p.Bytes) != 41+i {
			t.Errorf("packet %d has %d bytes", i, len(p.Bytes))
		}
	}
	write(t, a, tcp(6))
	if s := a.Stats(); s != (pipe.Stats{Written: 6, Dropped: 2}) {
		t.Errorf("writer: %+v", s)
	}
	if s := b.Stats(); s != (pipe.Stats{Read: 3}) {
		t.Errorf("reader: %+v", s)
	}
}

func TestReadWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe.New(pipe.Config{})
		counts := make(chan int)
		go func() {
			pkts := linktest.Packets(8)
			for {
				n, err := b.Queues()[0].Read(pkts)
				if err != nil {
					close(counts)
					return
				}
				counts <- n
			}
		}()
		synctest.Wait()
		write(t, a, tcp(1), tcp(2), tcp(3)) // one batch, one wake-up
		if n := <-counts; n != 3 {
			t.Errorf("first read: %d packets, want 3", n)
		}
		b.Close()
		if n, ok := <-counts; ok {
			t.Errorf("read %d packets after Close", n)
		}
	})
}

func TestClose(t *testing.T) {
	a, b := pipe.New(pipe.Config{})
	write(t, a, tcp(1))
	a.Close()
	if _, err := a.Queues()[0].Write([]link.Packet{tcp(1)}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: got %v, want net.ErrClosed", err)
	}
	if _, err := a.Queues()[0].TryRead(linktest.Packets(1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("TryRead: got %v, want net.ErrClosed", err)
	}
	if got := tryRead(t, b, 2); len(got) != 1 {
		t.Errorf("%d packets of those sent before Close, want 1", len(got))
	}
	write(t, b, tcp(1)) // into the void
	if s := b.Stats(); s.Dropped != 1 {
		t.Errorf("%+v, want 1 dropped", s)
	}
}

// Many writers and readers at once: nothing is lost or torn, and each writer's packets stay in order.
func TestConcurrent(t *testing.T) {
	const writers, each = 4, 500
	a, b := pipe.New(pipe.Config{Offload: tso, QueueLen: writers * each})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := 0; i < each; i += 2 {
				if _, err := a.Queues()[0].Write([]link.Packet{numbered(w, i), numbered(w, i+1)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	next := make([]int, writers)
	pkts := linktest.Packets(8)
	for got := 0; got < writers*each; {
		n, err := b.Queues()[0].Read(pkts)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pkts[:n] {
			w, i := int(p.Bytes[0]), int(binary.BigEndian.Uint16(p.Bytes[1:]))
			if want := numbered(w, i); i != next[w] || !bytes.Equal(p.Bytes, want.Bytes) {
				t.Fatalf("writer %d: packet %d, want %d", w, i, next[w])
			}
			next[w]++
			got++
		}
	}
	wg.Wait()
}

// numbered returns a packet of a writer, its bytes and length made of its number.
func numbered(writer, i int) link.Packet {
	b := bytes.Repeat([]byte{byte(i)}, 3+i%1400)
	b[0] = byte(writer)
	binary.BigEndian.PutUint16(b[1:], uint16(i))
	return link.Packet{Bytes: b}
}

func TestAllocs(t *testing.T) {
	for _, o := range []link.Offload{link.OffloadNone, tso} {
		a, b := pipe.New(pipe.Config{Offload: o})
		out := []link.Packet{tcp(100), tcp(40000)}
		in := linktest.Packets(64)
		allocs := testing.AllocsPerRun(100, func() {
			if _, err := a.Queues()[0].Write(out); err != nil {
				t.Fatal(err)
			}
			if n, err := b.Queues()[0].Read(in); n < 2 || err != nil {
				t.Fatal(n, err)
			}
		})
		if allocs != 0 {
			t.Errorf("offload %v: %v allocations per round, want 0", o, allocs)
		}
	}
}

func Benchmark(b *testing.B) {
	for _, o := range []link.Offload{link.OffloadNone, tso} {
		b.Run(fmt.Sprintf("offload=%d", o), func(b *testing.B) {
			x, y := pipe.New(pipe.Config{Offload: o})
			out := []link.Packet{tcp(46000)}
			in := linktest.Packets(64)
			b.SetBytes(46000)
			b.ReportAllocs()
			for b.Loop() {
				x.Queues()[0].Write(out)
				y.Queues()[0].Read(in)
			}
		})
	}
}
