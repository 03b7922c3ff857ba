//go:build !race

package udp_test

import (
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/linktest"
	"github.com/antedon-net/antedon/link/udp"
	"github.com/antedon-net/antedon/wire"
)

// Under the race detector sync.Pool forgets what it holds at random, so that Write allocates.

// TestAllocs: neither packets nor trains allocate, nor does an other end that is not there.
func TestAllocs(t *testing.T) {
	for name, cfg := range map[string]udp.Config{"offload": {}, "no offload": {NoOffload: true}} {
		a, b := openPair(t, near4, far4, cfg)
		c := linktest.Conn{
			Local:  netip.AddrPortFrom(nearAddrs[0].Addr(), 1),
			Remote: netip.AddrPortFrom(farAddrs[0].Addr(), 2), MSS: 1200,
		}
		h := wire.TCP{Flags: wire.ACK}
		out := []link.Packet{c.Packet(&h, make([]byte, 100), false), c.Packet(&h, make([]byte, 50000), true)}
		in := linktest.Packets(64)
		from, to := a.Queues()[0], b.Queues()[0]
		round := func() {
			if n, err := from.Write(out); n != 2 || err != nil {
				t.Fatal(n, err)
			}
			for left := 1 + 42; left > 0; {
				n, err := to.Read(in)
				if err != nil {
					t.Fatal(err)
				}
				left -= n
			}
		}
		if n := testing.AllocsPerRun(100, round); n != 0 {
			t.Errorf("%s: %v allocations per round, want 0", name, n)
		}
		b.Close()
		if n := testing.AllocsPerRun(100, func() {
			_, _ = from.Write(out)
			_, _ = from.TryRead(in)
		}); n != 0 {
			t.Errorf("%s, nobody there: %v allocations per round, want 0", name, n)
		}
		if a.Stats().Unreachable == 0 {
			t.Errorf("%s: %+v; want the network to say that nobody is there", name, a.Stats())
		}
	}
}
