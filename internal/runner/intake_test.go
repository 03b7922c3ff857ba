package runner

import (
	"bytes"
	"testing"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
)

// superPacket returns a TCP super-packet that stands for n segments of size bytes, with the given sequence number and port.
func superPacket(n, size int, seq uint32, port byte) link.Packet {
	b := make([]byte, 40, 40+n*size)
	copy(b, []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 80, port})
	b[24], b[25], b[26], b[27], b[32], b[33] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq), 0x50, 0x10
	for i := range n * size {
		b = append(b, byte(seq)+byte(i*i>>8))
	}
	return link.Packet{Bytes: b, SegSize: uint16(size), HdrLen: 40, CsumStart: 20, CsumOffset: 16}
}

// TestIntakeJoins reads what two flows send through a link without offload.
func TestIntakeJoins(t *testing.T) {
	a, b := pipe.New(pipe.Config{})
	pool := buffer.NewPool(0)
	in := newIntake(false, b.MTU())
	in.refill(pool)
	sent := []link.Packet{
		superPacket(20, 1460, 0, 1), superPacket(24, 1460, 20*1460, 1), superPacket(5, 1000, 7, 2), superPacket(15, 1460, 99, 1),
	}
	want := [][]byte{
		append(bytes.Clone(sent[0].Bytes[40:]), sent[1].Bytes[40:]...), sent[2].Bytes[40:], sent[3].Bytes[40:],
	}
	for round := range 3 {
		if n, err := a.Queues()[0].Write(sent); n != len(sent) || err != nil {
			t.Fatal(n, err)
		}
		n, err := b.Queues()[0].Read(in.pkts)
		if n != 64 || err != nil {
			t.Fatalf("%d packets, %v; want 64", n, err)
		}
		n = in.take(n)
		if n != len(want) {
			t.Fatalf("round %d: 64 packets became %d, want %d", round, n, len(want))
		}
		for i, w := range want {
			p, c := &in.ready[i], in.owners[i]
			if !bytes.Equal(p.Bytes[40:], w) {
				t.Errorf("round %d: packet %d: got %d bytes, want %d, or others", round, i, len(p.Bytes)-40, len(w))
			}
			if c == nil || !inside(p.Bytes, c.B) {
				t.Errorf("round %d: packet %d does not lie in its chunk", round, i)
			}
		}
		pool.Hold(in.owners[0]) // as if a receive buffer kept it
		kept := in.owners[0]
		in.refill(pool)
		if in.chunks[0] == kept {
			t.Fatal("a chunk that is kept was not replaced")
		}
		pool.Release(kept)
	}
	in.release(pool)
	if pool.Used() != 0 {
		t.Errorf("%d bytes of chunks in use, want none", pool.Used())
	}
}

// inside reports whether b lies in whole.
func inside(b, whole []byte) bool {
	for i := range len(whole) - len(b) + 1 {
		if &whole[i] == &b[0] {
			return true
		}
	}
	return false
}

// TestIntakeHoldsABatch: there is room to join whatever a batch consists of.
func TestIntakeHoldsABatch(t *testing.T) {
	for _, mtu := range []int{576, 1280, 1500, 4000, 9000, joinMTU} {
		a, b := pipe.New(pipe.Config{MTU: mtu})
		pool := buffer.NewPool(0)
		in := newIntake(false, mtu)
		in.refill(pool)
		size, left := mtu-40, len(in.pkts)
		for seq := uint32(0); left > 0; seq += 1 << 20 {
			n := min(left, 2+int(seq>>20)%5, 65000/size)
			p := superPacket(n, size, seq, 1)
			if n == 1 {
				p = link.Packet{Bytes: p.Bytes, CsumStart: 20, CsumOffset: 16}
				p.Bytes[2], p.Bytes[3] = byte(len(p.Bytes)>>8), byte(len(p.Bytes))
			}
			if _, err := a.Queues()[0].Write([]link.Packet{p}); err != nil {
				t.Fatal(err)
			}
			left -= n
		}
		n, err := b.Queues()[0].Read(in.pkts)
		if n != len(in.pkts) || err != nil {
			t.Fatal(n, err)
		}
		joined := 0
		for i := range in.take(n) {
			if p := &in.ready[i]; p.SegSize > 0 {
				joined += (len(p.Bytes) - 40 + size - 1) / size
			}
		}
		// At the end of a chunk a run breaks off, and one packet may be left over.
		if joined < n-2 {
			t.Errorf("MTU %d: %d of %d packets joined", mtu, joined, n)
		}
	}
}

func TestIntakeAllocatesNothing(t *testing.T) {
	a, b := pipe.New(pipe.Config{})
	pool := buffer.NewPool(0)
	in := newIntake(false, b.MTU())
	in.refill(pool)
	sent := []link.Packet{superPacket(40, 1460, 0, 1), superPacket(24, 1460, 0, 2)}
	got := 0
	allocs := testing.AllocsPerRun(20, func() {
		a.Queues()[0].Write(sent)
		n, _ := b.Queues()[0].Read(in.pkts)
		got = in.take(n)
		in.refill(pool)
	})
	if allocs != 0 || got != 2 {
		t.Errorf("%v allocations, and %d packets; want none, and 2", allocs, got)
	}
}
