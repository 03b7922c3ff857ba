package runner

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/pipe"
	"github.com/antedon-net/antedon/tcp"
)

// landers returns two shards joined by memory, the second on a device that is read in two parts, the first over what device makes of
// its end.
func landers(t *testing.T, device func(link.Device) link.Device) (a, b *Shard) {
	da, db := pipe.New(pipe.Config{Offload: link.OffloadChecksum | link.OffloadTSO, QueueLen: 1 << 20})
	a = New(device(da), host.Config{Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}, Secret: [32]byte{1}})
	b = New(newTurns(db), host.Config{
		Addrs: []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24")}, Secret: [32]byte{2}, TCP: tcp.Config{InitialRecvBuffer: 4 << 20},
	})
	t.Cleanup(func() { cutOff(a, b) })
	return a, b
}

func same(d link.Device) link.Device { return d }

// TestLanding reads several connections at once, into much memory and into little, whatever is lost.
func TestLanding(t *testing.T) {
	for name, device := range map[string]func(link.Device) link.Device{
		"all":    same,
		"losing": func(d link.Device) link.Device { return losing{d} },
	} {
		t.Run(name, func(t *testing.T) {
			a, b := landers(t, device)
			idle := 0
			settled(t, b, "the reader took its chunks", func() bool { idle = b.pool.Used(); return idle > 0 })
			const streams = 3
			clients, servers := connect(t, a, b, streams)
			var wg sync.WaitGroup
			for i := range streams {
				r := rand.New(rand.NewPCG(uint64(i), 2))
				want := make([]byte, 5<<20)
				for k := range want {
					want[k] = byte(r.Uint32())
				}
				wg.Go(func() {
					for left := want; len(left) > 0; {
						n := min(len(left), 1+r.IntN(300<<10))
						if _, err := clients[i].Write(left[:n]); err != nil {
							t.Error(err)
							return
						}
						left = left[n:]
					}
					clients[i].CloseWrite()
				})
				wg.Go(func() {
					r := rand.New(rand.NewPCG(uint64(i), 3))
					var got []byte
					for {
						p := make([]byte, []int{1000, 70_000, 140_000, 300_000}[r.IntN(4)])
						n, err := servers[i].Read(p)
						got = append(got, p[:n]...)
						if err == io.EOF {
							break
						}
						if err != nil {
							t.Error(err)
							return
						}
					}
					if !bytes.Equal(got, want) {
						t.Errorf("stream %d: %d of %d bytes arrived, or others", i, len(got), len(want))
					}
					servers[i].Close()
				})
			}
			wg.Wait()
			for i := range clients {
				clients[i].Close()
			}
			settled(t, b, "chunks returned", func() bool { return b.pool.Used() == idle })
		})
	}
}

// TestPutOff reads once and does not come back: what landed is acknowledged all the same.
func TestPutOff(t *testing.T) {
	a, b := landers(t, same)
	clients, servers := connect(t, a, b, 1)
	p, text := make([]byte, 256<<10), make([]byte, 130_000)
	owed := false
	for end := time.Now().Add(limit); !owed && time.Now().Before(end); {
		if _, err := clients[0].Write(text); err != nil {
			t.Fatal(err)
		}
		for left := len(text); left > 0; {
			n, err := servers[0].Read(p)
			if err != nil {
				t.Fatal(err)
			}
			left -= n
			b.mu.Lock()
			owed = owed || b.lanes[0].debt.c != nil
			b.mu.Unlock()
		}
		settle(clients[0])
		settled(t, b, "nothing is owed", func() bool { return b.lanes[0].debt.c == nil })
	}
	if !owed {
		t.Error("no acknowledgment was put off")
	}
}
