package runner

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
)

// losing is slow, and loses some of the longer packets.
type losing struct{ link.Device }

func (d losing) Queues() []link.Queue {
	return []link.Queue{&losingQueue{slowQueue: slowQueue{d.Device.Queues()[0]}}}
}

type losingQueue struct {
	slowQueue
	n atomic.Int64
}

func (q *losingQueue) Write(pkts []link.Packet) (int, error) {
	for _, p := range pkts {
		if n := q.n.Add(1); len(p.Payload) > 0 && n%40 == 39 {
			continue
		}
		if _, err := q.slowQueue.Write([]link.Packet{p}); err != nil {
			return 0, err
		}
	}
	return len(pkts), nil
}

// lenders returns two shards joined by memory, the first over what device makes of its end.
func lenders(t *testing.T, device func(link.Device) link.Device) (a, b *Shard) {
	da, db := pipe.New(pipe.Config{Offload: link.OffloadChecksum | link.OffloadTSO, QueueLen: 1 << 20})
	a = New(device(da), host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
	b = New(db, host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}})
	t.Cleanup(func() { cutOff(a, b) })
	return a, b
}

// TestWriteGivesBack uses the memory of a Write for something else as soon as that returns, while packets are on their way, or
// lost and sent again: what arrives is what it held before. The race detector would see it used.
func TestWriteGivesBack(t *testing.T) {
	for name, device := range map[string]func(d link.Device) link.Device{
		"slow":   func(d link.Device) link.Device { return slow{d} },
		"losing": func(d link.Device) link.Device { return losing{d} },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := lenders(t, device)
			clients, servers := connect(t, a, b, 1)
			r := rand.New(rand.NewPCG(1, 2))
			want := make([]byte, 6<<20)
			for i := range want {
				want[i] = byte(r.Uint32())
			}
			go func() {
				defer clients[0].Close()
				mine := make([]byte, 600<<10)
				for left := want; len(left) > 0; {
					n := copy(mine[:1+r.IntN(len(mine))], left)
					if got, err := clients[0].Write(mine[:n]); got != n || err != nil {
						t.Errorf("Write of %d: %d, %v", n, got, err)
						return
					}
					clear(mine[:n])
					if r.IntN(2) == 0 {
						settle(clients[0]) // then the window is open
					}
					left = left[n:]
				}
			}()
			got, err := io.ReadAll(servers[0])
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d of %d bytes arrived, or others: %v", len(got), len(want), err)
			}
			servers[0].Close()
			settled(t, a, "everything is given back", func() bool { return a.pool.Used() == a.lanes[0].holds() })
			if a.lent == nil || a.lent.next != nil {
				t.Error("nothing was lent, or more than once at a time")
			}
		})
	}
}

// settle waits until everything is acknowledged.
func settle(c *Conn) {
	for unacked := 1; unacked > 0; runtime.Gosched() {
		c.s.mu.Lock()
		unacked = c.h.Unacked()
		c.s.mu.Unlock()
	}
}

// holds returns the bytes of the pool that the lane reads into.
func (l *lane) holds() int {
	n := 0
	for _, c := range l.in.chunks {
		n += len(c.B)
	}
	return n
}

// TestWriteAllocates holds that a long Write allocates nothing.
func TestWriteAllocates(t *testing.T) {
	a, b := lenders(t, func(d link.Device) link.Device { return d })
	clients, servers := connect(t, a, b, 1)
	go io.Copy(io.Discard, asReader{servers[0]})
	p := make([]byte, 200<<10)
	write := func() {
		if _, err := clients[0].Write(p); err != nil {
			t.Error(err)
		}
		settle(clients[0])
	}
	for range 100 {
		write()
	}
	if n := testing.AllocsPerRun(100, write); n > 0 {
		t.Errorf("%v allocations in a Write of %d bytes and on their way", n, len(p))
	}
	if a.lent == nil {
		t.Error("nothing was lent")
	}
}
