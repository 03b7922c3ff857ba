package simnet

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
)

// A transfer over a device that takes long super-packets, whatever becomes of them: where they arrive whole they are used, where they
// do not, one is tried now and then, without a timeout.
func TestLongSuperPackets(t *testing.T) {
	const size = 64 << 20
	for _, ipv6 := range []bool{false, true} {
		for _, mode := range []Mode{Cut, Super} {
			for _, long := range []Long{LongNone, LongAsOthers, LongCut, LongDropped} {
				t.Run(fmt.Sprintf("IPv6 %v, %v, %v", ipv6, mode, long), func(t *testing.T) {
					plan := impair.Plan{Delay: 50 * time.Microsecond, Rate: 1_000_000_000, Queue: 100_000}
					s := pair(mode, plan, bulk(short(size)))
					s.IPv6 = ipv6
					s.Hosts[0].NIC.Long = long
					n := finish(t, s.Build)
					checkRead(t, n, short(size))
					checkLong(t, n, long == LongAsOthers && mode == Super)
					if long == LongNone && n.nodes[0].nic.longs != 0 {
						t.Error("the device takes none")
					}
				})
			}
		}
	}
}

// checkLong checks whether most of a transfer went in long super-packets, or hardly anything.
func checkLong(t *testing.T, n *Net, want bool) {
	t.Helper()
	e := n.talks[0].ends[0]
	i := e.conn.Info(n.now)
	t.Logf("%d long, %d retransmitted, %d recoveries", n.nodes[0].nic.longs, i.BytesRetrans, i.Recoveries)
	longs := n.nodes[0].nic.longs
	if most := longs*192_000 > int(i.BytesSent)/2; most != want || longs > 10 && !want {
		t.Errorf("%d long super-packets for %d bytes", longs, i.BytesSent)
	}
	if i.Timeouts != 0 {
		t.Errorf("%d timeouts, %d bytes retransmitted", i.Timeouts, i.BytesRetrans)
	}
}
