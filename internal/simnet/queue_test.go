package simnet

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
)

// A device that keeps few packets, read much more slowly than a sender beside it fills a window: whoever knows how many
// loses none, and reads all the time.
func TestWindowFitsTheQueue(t *testing.T) {
	const (
		packets = 100
		rate    = 4_000_000_000
	)
	for _, flows := range []int{1, 4, 16} {
		run := func(known int) (overflowed uint64, goodput float64) {
			path := impair.Plan{Delay: 20 * time.Microsecond, Rate: rate, Queue: packets, Seed: 1}
			s := pair(Plain, path)
			for range flows {
				s.Talks = append(s.Talks, bulk(1<<40))
			}
			s.Hosts[1].RecvQueue = known
			n := s.Build()
			stats := n.paths[[2]*Node{n.nodes[0], n.nodes[1]}].fate.Stats
			runFor(t, n, 20*time.Millisecond) // nobody knows yet how many there are
			before := stats().Overflowed
			runFor(t, n, 80*time.Millisecond)
			var bytes uint64
			for _, k := range n.talks {
				if e := k.ends[1]; e != nil { // it may have lost its SYN
					bytes += e.conn.Info(n.now).BytesRecv
				}
			}
			return stats().Overflowed - before, float64(bytes) * 8 / n.Elapsed().Seconds()
		}
		t.Run(fmt.Sprint(flows), func(t *testing.T) {
			overflowed, goodput := run(packets)
			if overflowed != 0 || goodput < 0.9*rate {
				t.Errorf("%d packets lost, %.2f Gbit/s; want none, and %.2f", overflowed, goodput/1e9, 0.9*rate/1e9)
			}
			lost, without := run(0)
			t.Logf("%.2f Gbit/s; without knowing %.2f, and %d packets lost", goodput/1e9, without/1e9, lost)
			if lost == 0 && flows > 1 {
				t.Error("none is lost without knowing: the test shows nothing")
			}
		})
	}
}

// Over a longer path a window does not come at once, and may be larger.
func TestWindowOverAQueueAndALongPath(t *testing.T) {
	s := pair(Plain, impair.Plan{Delay: 10 * time.Millisecond, Rate: 1_000_000_000, Seed: 1}, bulk(1<<40))
	s.Hosts[1].RecvQueue = 500
	n := s.Build()
	runFor(t, n, time.Second)
	bytes := n.talks[0].ends[1].conn.Info(n.now).BytesRecv
	if got := float64(bytes) * 8 / n.Elapsed().Seconds(); got < 0.7e9 {
		t.Errorf("%.2f Gbit/s, want 0.7 of 1", got/1e9)
	}
}
