package congestion

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// slowStart runs a model until its slow start is over, and returns the window then, in packets.
func slowStart(t *testing.T, m *model) int {
	t.Helper()
	for range 10_000 {
		m.run(ms)
		if m.cc.Threshold() != maxWindow {
			return m.cc.Window() / mss
		}
	}
	t.Fatalf("slow start does not end: window %d", m.cc.Window()/mss)
	return 0
}

// Slow start ends before it overflows a queue of one bandwidth-delay product, but not long before it fills the pipe.
func TestHyStart(t *testing.T) {
	for _, rate := range []int64{10 * mbit, 50 * mbit, 100 * mbit} {
		for _, delay := range []time.Duration{20 * ms, 50 * ms, 100 * ms, 200 * ms} {
			t.Run(fmt.Sprint(rate/mbit, "Mbit/s ", delay), func(t *testing.T) {
				m := newModel(t, "cubic", rate, delay, 0)
				m.queue = max(m.bdp(), 24)
				window := slowStart(t, m)
				if m.stats.drops > 0 {
					t.Errorf("%d packets dropped at a window of %d (BDP %d)", m.stats.drops, window, m.bdp())
				}
				if window < min(m.bdp()/3, m.bdp()-hystartLowWindow) || window > max(2*m.bdp(), hystartLowWindow+8) {
					t.Errorf("slow start ended with a window of %d, BDP %d", window, m.bdp())
				}
				m.run(2 * time.Second)
				m.expectShare(t, "then", m.run(time.Second), time.Second, 0.8)
			})
		}
	}
	t.Run("off", func(t *testing.T) {
		m := newModel(t, "cubic", 50*mbit, 50*ms, 300)
		m.cc, _ = New("cubic", Options{MSS: mss, Initial: 10, NoHyStart: true})
		slowStart(t, m)
		if m.stats.drops < 100 {
			t.Errorf("%d packets dropped without it, want hundreds", m.stats.drops)
		}
	})
	// The acknowledgments of a train come in lumps too far apart. Delay tells a round trip later: the first packets of the
	// round that fills the pipe still find no queue.
	t.Run("by delay alone", func(t *testing.T) {
		m := newModel(t, "cubic", 50*mbit, 50*ms, 0)
		m.lumps, m.queue = 5*ms, 4*m.bdp()
		if window := slowStart(t, m); m.stats.drops > 0 || window < m.bdp()*4/5 || window > 5*m.bdp() {
			t.Errorf("slow start ended with a window of %d, BDP %d, after %d drops", window, m.bdp(), m.stats.drops)
		}
	})
}

// What does not tell of a full path does not end slow start.
func TestHyStartDoesNotMisfire(t *testing.T) {
	round := func(c Control, now mono.Time, una uint64, spread time.Duration, rtt time.Duration, batches int) uint64 {
		n := c.Window() / mss
		batch := (n + batches - 1) / batches
		nxt := una + uint64(c.Window())
		for i := 0; i < n; i += batch {
			size := min(batch, n-i) * mss
			una += uint64(size)
			c.OnAck(Ack{
				Now: now.Add(spread * time.Duration(i) / time.Duration(n)), Acked: size, Delivered: size, RTT: rtt,
				SRTT: rtt, MinRTT: rtt, Una: una, Nxt: nxt + uint64(i*mss), Limited: true,
			})
		}
		return una
	}
	for _, c := range []struct {
		name    string
		rtt     time.Duration
		spread  time.Duration // of the acknowledgments of a round trip
		batches int
		ends    bool
	}{
		{"all at once", 100 * ms, 0, 1 << 20, false},
		{"in one piece", 100 * ms, 0, 1, false},
		{"a short train", 100 * ms, 45 * ms, 1 << 20, false},
		{"a long train", 100 * ms, 60 * ms, 1 << 20, true},
		{"a long train of batches", 100 * ms, 60 * ms, 35, true},
		{"batches", 100 * ms, 90 * ms, 10, false},
		{"batches on a short path", 2 * ms, 2 * ms, 4, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cc := newCubicFor(t, Options{Initial: 40})
			una, now := uint64(0), start
			for range 6 {
				una = round(cc, now, una, c.spread, c.rtt, c.batches)
				now = now.Add(c.rtt)
			}
			if got := cc.Threshold() != maxWindow; got != c.ends {
				t.Errorf("slow start ended: %v, want %v (window %d)", got, c.ends, cc.Window()/mss)
			}
		})
	}
	t.Run("pacing", func(t *testing.T) {
		for _, c := range []struct {
			spread time.Duration
			ends   bool
		}{{60 * ms, false}, {70 * ms, false}, {85 * ms, true}} {
			cc := newCubicFor(t, Options{Initial: 80, Paced: true})
			una := uint64(0)
			for n := range 4 {
				una = round(cc, start.Add(time.Duration(n)*100*ms), una, c.spread, 100*ms, 1<<20)
			}
			if got := cc.Threshold() != maxWindow; got != c.ends {
				t.Errorf("a train of %v: slow start ended: %v, want %v", c.spread, got, c.ends)
			}
		}
	})
	t.Run("a small window", func(t *testing.T) {
		cc := newCubicFor(t, Options{Initial: 7})
		una := round(cc, start, 0, 90*ms, 100*ms, 1<<20)
		if cc.Threshold() != maxWindow {
			t.Error("slow start ended")
		}
		round(cc, start.Add(100*ms), una, 90*ms, 100*ms, 1<<20)
		if cc.Threshold() != maxWindow || cc.Window() != 28*mss {
			t.Errorf("slow start ended: %d", cc.Window())
		}
	})
	t.Run("a lower delay is a delay", func(t *testing.T) {
		for _, c := range []struct {
			rtt, late time.Duration
			ends      bool
		}{{100 * ms, 12 * ms, false}, {100 * ms, 13 * ms, true}, {10 * ms, 3900 * time.Microsecond, false}, {10 * ms, 4100 * time.Microsecond, true}, {400 * ms, 15 * ms, false}, {400 * ms, 17 * ms, true}} {
			cc := newCubicFor(t, Options{Initial: 40})
			una := round(cc, start, 0, 0, c.rtt, 1<<20)
			round(cc, start.Add(c.rtt), una, 0, c.rtt+c.late, 1<<20)
			if got := cc.Threshold() != maxWindow; got != c.ends {
				t.Errorf("%v more than %v: slow start ended: %v", c.late, c.rtt, got)
			}
		}
	})
	t.Run("not after a timeout", func(t *testing.T) {
		cc := newCubicFor(t, Options{Initial: 100})
		una := round(cc, start, 0, 0, 100*ms, 1<<20)
		cc.OnTimeout(start, 100*mss, false)
		cc.OnRecovered(start)
		want, now := cc.Threshold(), start
		for cc.Window() < want {
			una = round(cc, now, una, 90*ms, 200*ms, 1<<20)
			now = now.Add(100 * ms)
		}
		if cc.Threshold() != want {
			t.Errorf("slow start ended at %d, want %d", cc.Threshold(), want)
		}
	})
}
