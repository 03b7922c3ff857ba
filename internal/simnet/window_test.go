package simnet

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// On a long, fast path the window that the receiver offers is never what holds a sender back, from the first round trip on.
func TestWindowIsNeverTheLimit(t *testing.T) {
	for _, c := range []struct {
		name string
		rtt  time.Duration
		rate int64
		loss float64
		cfg  tcp.Config
	}{
		{"200 ms, 100 Mbit/s", 200 * time.Millisecond, 100_000_000, 0, tcp.Config{}},
		{"200 ms, 100 Mbit/s, no timestamps", 200 * time.Millisecond, 100_000_000, 0, tcp.Config{NoTimestamps: true}},
		{"200 ms, 100 Mbit/s, loss", 200 * time.Millisecond, 100_000_000, 0.0001, tcp.Config{}},
		{"20 ms, 1 Gbit/s", 20 * time.Millisecond, 1_000_000_000, 0, tcp.Config{}},
		{"1 ms, 1 Gbit/s", time.Millisecond, 1_000_000_000, 0, tcp.Config{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := pair(Plain, impair.Plan{Delay: c.rtt / 2, Rate: c.rate, Loss: c.loss, Seed: 1}, bulk(1<<40))
			for i := range s.Hosts {
				s.Hosts[i].TCP = c.cfg
			}
			n := s.Build()
			runFor(t, n, 2*c.rtt) // the handshake
			bdp := int(c.rate / 8 * int64(c.rtt) / int64(time.Second))
			sender := n.talks[0].ends[0].conn
			for at := 2 * c.rtt; at < 20*c.rtt; at += c.rtt / 50 {
				if err := n.Run(start.Add(at)); err != nil {
					t.Fatal(err)
				}
				if i := sender.Info(n.now); i.SndWnd < min(i.SndCwnd, 2*bdp) {
					t.Fatalf("after %.1f round trips the window is %d, the congestion window %d",
						float64(n.Elapsed())/float64(c.rtt), i.SndWnd, i.SndCwnd)
				}
			}
			if cwnd := sender.Info(n.now).SndCwnd; cwnd < bdp/4 {
				t.Errorf("the congestion window is %d only", cwnd) // and the test looked at nothing
			}
		})
	}
}
