package tcp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/tcp"
)

// both gives both ends the same configuration.
func both(cfg tcp.Config) [2]tcp.Config { return [2]tcp.Config{cfg, cfg} }

// path loses, repeats and delays one in so many segments.
type path struct{ lose, repeat, delay int }

func (c path) fates(seed uint64) func(from, n int, seg *tcp.Segment) tcptest.Fate {
	r := rand.New(rand.NewPCG(seed, 1))
	oneIn := func(n int) bool { return n > 0 && r.IntN(n) == 0 }
	return func(_, _ int, _ *tcp.Segment) (f tcptest.Fate) {
		f.Drop = oneIn(c.lose)
		if oneIn(c.repeat) {
			f.Copies = 1 + r.IntN(2)
		}
		if oneIn(c.delay) {
			f.Delay = time.Duration(r.IntN(5000)) * time.Microsecond
		}
		return f
	}
}

var transfers = []struct {
	name  string
	super int
	path  path
	cfg   tcp.Config
	chunk int
	slow  int
	mtu   int
	limit time.Duration // of virtual time, on a path without loss: nothing waits for a timer
}{
	{name: "clean", limit: 20 * time.Millisecond},
	{name: "super-segments", super: 64240, limit: 20 * time.Millisecond},
	{name: "no options", cfg: tcp.Config{NoSACK: true, NoTimestamps: true, NoWindowScale: true}, limit: 30 * time.Millisecond},
	{name: "loss", path: path{lose: 30}},
	{name: "loss without SACK", path: path{lose: 30}, cfg: tcp.Config{NoSACK: true}},
	{name: "loss without options", path: path{lose: 30}, cfg: tcp.Config{NoSACK: true, NoTimestamps: true}},
	{name: "loss of super-segments", super: 64240, path: path{lose: 10}},
	{name: "heavy loss", path: path{lose: 5}},
	{name: "reordering", path: path{delay: 3}},
	{name: "duplication", path: path{repeat: 3}, limit: 20 * time.Millisecond},
	{name: "everything", path: path{lose: 20, repeat: 20, delay: 5}},
	{name: "everything without SACK", path: path{lose: 20, repeat: 20, delay: 5}, cfg: tcp.Config{NoSACK: true}},
	{name: "tiny window", cfg: tcp.Config{RecvBuffer: 600}, limit: 2 * time.Second},
	{name: "tiny window and loss", cfg: tcp.Config{RecvBuffer: 3000}, path: path{lose: 20}},
	{name: "tiny segments", mtu: 100, path: path{lose: 50}},
	{name: "jumbo segments", mtu: 9000, path: path{lose: 50}},
	{name: "small writes", chunk: 100, path: path{lose: 50}},
	{name: "small writes at once", chunk: 10, cfg: tcp.Config{NoDelay: true}, path: path{lose: 50}},
	{name: "slow reader", slow: 200_000, limit: 40 * time.Millisecond},
	{name: "small buffers", cfg: tcp.Config{SendBuffer: 2048, RecvBuffer: 4096}, limit: time.Second},
}

// Whatever the path does, what is read is what was written, both ways, and nothing is left behind.
func TestTransfer(t *testing.T) {
	for _, c := range transfers {
		t.Run(c.name, func(t *testing.T) {
			p := tcptest.NewPair(t, tcptest.PairSetup{
				Config: both(c.cfg), MaxSuper: c.super, MTU: c.mtu, Path: c.path.fates(1),
			})
			transfer(t, p, 500_000, 150_000, c.chunk, c.slow)
			if c.limit > 0 && p.Elapsed() > c.limit {
				t.Errorf("took %v, want %v at most", p.Elapsed(), c.limit)
			}
		})
	}
}

func transfer(t *testing.T, p *tcptest.Pair, there, back, chunk, slow int) {
	t.Helper()
	a, b := p.Ends[0], p.Ends[1]
	a.ToSend, b.ToSend = there, back
	a.Chunk, b.Chunk = chunk, chunk
	a.ReadAt, b.ReadAt = slow, slow
	p.Run()
	if a.Got != back || b.Got != there {
		t.Errorf("got %d and %d bytes, want %d and %d", a.Got, b.Got, back, there)
	}
	for i, e := range p.Ends {
		if err := e.Conn.Err(); err != nil {
			t.Errorf("end %d: %v", i, err)
		}
	}
	p.CheckLeaks()
}

// Sequence numbers wrap, wherever in a connection that falls.
func TestSequenceWrap(t *testing.T) {
	for _, before := range []uint32{1, 2, 10, 1449, 100_000, 500_001, 500_002, 1<<31 - 5000, 1<<31 + 5000} {
		for _, c := range []tcp.Config{{}, {NoSACK: true, NoTimestamps: true}} {
			iss := -before // so many numbers before zero
			irs := iss + 3
			ca, cb := c, c
			ca.FixedISS, cb.FixedISS = &iss, &irs
			p := tcptest.NewPair(t, tcptest.PairSetup{Config: [2]tcp.Config{ca, cb}, Path: path{lose: 25, delay: 10}.fates(uint64(before))})
			transfer(t, p, 500_000, 150_000, 0, 0)
		}
	}
}

// Streams longer than the sequence numbers count: offsets go on where 32 bits end.
func TestLongStreams(t *testing.T) {
	for _, carried := range []uint64{1<<31 - 100_000, 1<<32 - 100_000, 1<<32 + 5, 5<<32 - 1, 1<<45 - 300_000} {
		for _, c := range []tcp.Config{{}, {NoSACK: true, NoTimestamps: true}} {
			p := tcptest.NewPair(t, tcptest.PairSetup{Config: both(c), Path: path{lose: 25, delay: 10, repeat: 10}.fates(carried)})
			p.Connect()
			for _, e := range p.Ends {
				e.Conn.Age(carried)
			}
			transfer(t, p, 500_000, 150_000, 0, 0)
		}
	}
}
