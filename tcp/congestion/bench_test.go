package congestion

import (
	"testing"
	"time"
)

// An acknowledgment costs tens of nanoseconds and no allocation.
func BenchmarkOnAck(b *testing.B) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			c, a := steady(b, name)
			b.ReportAllocs()
			for b.Loop() {
				c.OnAck(*a)
				next(a)
			}
		})
	}
}

func TestAllocations(t *testing.T) {
	for _, name := range Names() {
		c, a := steady(t, name)
		n := testing.AllocsPerRun(1000, func() {
			c.OnAck(*a)
			next(a)
			if a.Una%(1000*mss) == 0 {
				c.OnLoss(a.Now, a.InFlight, CauseLoss)
				c.OnRecovered(a.Now)
			}
		})
		if n > 0 {
			t.Errorf("%s: %v allocations for an acknowledgment", name, n)
		}
	}
}

// steady returns a Control in congestion avoidance, and the next acknowledgment: one of two segments, every 100 µs.
func steady(tb testing.TB, name string) (Control, *Ack) {
	m := newModel(tb, name, 160*mbit, 20*time.Millisecond, 200)
	m.run(5 * time.Second)
	return m.cc, &Ack{
		Now: m.now, Acked: 2 * mss, Delivered: 2 * mss, InFlight: 400 * mss, Left: 398 * mss, RTT: 20 * ms, SRTT: 20 * ms,
		MinRTT: 20 * ms, Nxt: 400 * mss, Limited: true,
		Rate: Rate{Delivered: 400 * mss, Interval: 20 * ms, Prior: m.rs.delivered, Total: m.rs.delivered + 400*mss},
	}
}

func next(a *Ack) {
	a.Now = a.Now.Add(100 * time.Microsecond)
	a.Una += 2 * mss
	a.Nxt += 2 * mss
	a.Rate.Prior += 2 * mss
	a.Rate.Total += 2 * mss
}
