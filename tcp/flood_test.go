package tcp_test

import (
	"fmt"
	"testing"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// arrivals are orders in which the n segments of a window may arrive.
var arrivals = []struct {
	name string
	at   func(i, n int) int
}{
	{"in order", func(i, n int) int { return i }},
	{"reversed", func(i, n int) int { return n - 1 - i }},
	{"every second, then the others", func(i, n int) int { return 2*i%n + 2*i/n }},
	{"shuffled", func(i, n int) int { return i * 7919 % n }},
	{"from both ends", func(i, n int) int { return i/2 + i%2*(n-1-i/2*2) }},
}

// A sender that fills the whole window beyond a hole loses nothing, whatever the size and the order of its segments and
// whatever they arrive in.
func TestWindowUsableBeyondHole(t *testing.T) {
	for _, buffer := range []int{64 << 10, 256 << 10, 4 << 20} {
		for _, size := range []int{1448, 536, 100} {
			for _, order := range arrivals {
				for _, chunk := range []bool{false, true} {
					name := fmt.Sprintf("%d bytes in segments of %d, %s, chunks %v", buffer, size, order.name, chunk)
					t.Run(name, func(t *testing.T) {
						p := newPeer(t, tcp.Config{InitialRecvBuffer: buffer, RecvBuffer: buffer}, 0)
						p.chunk = chunk
						window := p.window()
						n := (window - size) / size
						for n%7919 == 0 || n%2 == 1 {
							n--
						}
						for i := range n {
							off := (1 + order.at(i, n)) * size
							if d := p.recv(off, p.text(off, size)); d != tcp.Accepted {
								t.Fatalf("segment %d of %d at %d: %v", i, n, off, d)
							}
						}
						p.recv(0, p.text(0, size))
						if got := p.read(0, window); got != (n+1)*size {
							t.Errorf("%d bytes can be read, want %d", got, (n+1)*size)
						}
					})
				}
			}
		}
	}
}

// Floods of tiny segments take no more memory than a small multiple of the window, and are answered by one acknowledgment
// each at most.
func TestTinySegments(t *testing.T) {
	const window, n = 256 << 10, 60_000
	for _, c := range []struct {
		name string
		size int
		at   func(i int) int
		read bool
	}{
		{"in order", 1, func(i int) int { return i }, false},
		{"in order, read", 1, func(i int) int { return i }, true},
		{"reversed", 1, func(i int) int { return window - 1 - i }, false},
		{"every second", 1, func(i int) int { return 1 + 2*i }, false},
		{"every second, reversed", 1, func(i int) int { return window - 1 - 2*i }, false},
		{"every second, then filled", 1, func(i int) int { return 1 + i%5000*2 - i/5000%2 }, true},
		{"overlapping", 3, func(i int) int { return 1 + 2*i }, false},
		{"overlapping backwards", 3, func(i int) int { return window - 3 - 2*i }, false},
		{"the same one", 1, func(i int) int { return 100 }, false},
		{"alternating ends", 1, func(i int) int { return 1 + i%2*(window-2) + (i%2*-2+1)*i }, false},
		{"scattered", 2, func(i int) int { return 1 + i*7919%(window-2) }, false},
		{"scattered, chunks", 2, func(i int) int { return 1 + i*7919%(window-2) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(t, tcp.Config{RecvBuffer: window}, 0)
			p.chunk = c.name[len(c.name)-6:] == "chunks"
			acks, worst, got := p.acks, 0, 0
			for i := range n {
				p.now += mono.Time(1000)
				p.recv(c.at(i), p.text(c.at(i), c.size))
				worst = max(worst, p.env.Pool.Used())
				if c.read && i%1000 == 999 {
					got += p.read(got, window)
				}
			}
			// Twice the window, true size, what a buffer may creep beyond it, and a chunk that the last segment needed.
			if limit := 2*window + 2*64<<10; worst > limit {
				t.Errorf("%d segments hold %d bytes, want %d at most", n, worst, limit)
			}
			if got := p.acks - acks; got > n+n/100 {
				t.Errorf("%d segments are answered by %d", n, got)
			}
			// And the connection works: a sender that fills what is missing gets everything through.
			for off := p.ackOffset(); off < window/2; off = p.ackOffset() {
				p.recv(off, p.text(off, 1000))
				got += p.read(got, window)
			}
		})
	}
}

// Tiny segments that nobody reads move the edge of a scaled window a little with each acknowledgment, as it is rounded up,
// until enough is enough. It goes back by less than a unit of the scale, and all that was offered is taken.
func TestCreepingWindow(t *testing.T) {
	const size, unit, creep = 4 << 8, 1 << 8, 64 << 10
	p := newPeer(t, tcp.Config{InitialRecvBuffer: size, QuickACK: true}, 0)
	p.left = unit - 1
	off := 0
	for ; off < p.window(); off++ {
		if d := p.recv(off, p.text(off, 1)); d != tcp.Accepted {
			t.Fatalf("the byte at %d of %d offered: %v", off, p.window(), d)
		}
		if off > 2*creep {
			t.Fatal("the window has no end")
		}
	}
	if off < size+creep || p.last.Window != 0 {
		t.Errorf("%d bytes fill the window, its last value %d", off, p.last.Window)
	}
	if got := p.read(0, off); got != off {
		t.Errorf("%d bytes can be read of %d", got, off)
	}
}

// When memory is exhausted, what lies beyond a hole makes room for what fills it, though it was SACKed: the stream goes on,
// and SACK tells what is still there.
//
// req: RFC2018 8-2
func TestMemoryForHole(t *testing.T) {
	const memory, size = 64 << 10, 1000
	p := newPeer(t, tcp.Config{QuickACK: true}, memory)
	hole := size
	for off := hole; off < 50*size; off += size {
		p.recv(off, p.text(off, size))
	}
	if p.last.Options.NSACK != 1 {
		t.Fatal("nothing is SACKed")
	}
	sacked := func() int {
		b := p.last.Options.SACK[0]
		return int(b.Right - p.irs - 1)
	}
	before := sacked()
	if before < memory/4 {
		t.Errorf("%d bytes are kept beyond a hole, of %d", before, memory)
	}
	hog := p.env.Pool.Get(memory) // others have taken what was left
	defer p.env.Pool.Release(hog)
	for off := p.ackOffset(); off < 200*size; off = p.ackOffset() {
		p.recv(off, p.text(off, size))
		if p.ackOffset() == off {
			t.Fatalf("what fills the hole at %d is refused", off)
		}
		if p.last.Options.NSACK > 0 && sacked() > before {
			t.Fatal("more is SACKed than before")
		}
		p.read(off, size*100)
	}
}

// A connection whose application does not read is told a window of 0 when others need the memory, and asks again; nothing
// that is acknowledged is lost, and the window opens as soon as something is read.
func TestStarved(t *testing.T) {
	const memory, size = 128 << 10, 1000
	p := newPeer(t, tcp.Config{QuickACK: true}, memory)
	window := p.window()
	hog := p.env.Pool.Get(64 << 10)
	off := 0
	for off+size <= window && !p.closed {
		p.recv(off, p.text(off, size))
		off = p.ackOffset()
	}
	if !p.closed {
		t.Fatalf("all %d bytes of the window were taken", window)
	}
	if p.env.Pool.Used() > memory {
		t.Errorf("%d bytes in use, want %d at most", p.env.Pool.Used(), memory)
	}
	for range 20 { // the peer asks, and tries
		p.recv(off-1, nil)
		p.recv(off, p.text(off, size))
		if p.last.Window != 0 || p.ackOffset() != off {
			t.Fatalf("got window %d and ACK of %d, want none and %d", p.last.Window, p.ackOffset(), off)
		}
	}
	acks := p.acks
	got := p.read(0, 10*size)
	if p.acks == acks || p.last.Window == 0 {
		t.Errorf("nobody tells the peer that there is room")
	}
	p.recv(off, p.text(off, size))
	if p.ackOffset() != off+size {
		t.Error("the peer's next segment is refused")
	}
	p.env.Pool.Release(hog)
	p.read(got, 1<<20)
}
