package congestion

import (
	"testing"
	"time"
)

const mss = 1000

func control(t *testing.T, initial int) Control {
	t.Helper()
	c, err := New("reno", Options{MSS: mss, Initial: initial})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func expect(t *testing.T, c Control, window, threshold int) {
	t.Helper()
	if c.Window() != window || c.Threshold() != threshold {
		t.Errorf("got window %d and threshold %d, want %d and %d", c.Window(), c.Threshold(), window, threshold)
	}
}

func ack(bytes int) Ack {
	return Ack{Acked: bytes, Delivered: bytes, Limited: true, RTT: time.Millisecond}
}

func TestNew(t *testing.T) {
	for _, name := range []string{"", DefaultName, "reno"} {
		if c, err := New(name, Options{MSS: mss, Initial: 10}); err != nil || c.Window() != 10*mss {
			t.Errorf("%q: %v, %v", name, c, err)
		}
	}
	if _, err := New("no such thing", Options{MSS: mss, Initial: 10}); err == nil {
		t.Error("no error for an unknown name")
	}
}

// RFC 5681, Section 3.1.
//
// req: RFC5681 3.1-1, 3.1-7, 3.1-10, 3.1-11, 3.1-12, RFC9293 MUST-19
func TestRenoGrowth(t *testing.T) {
	t.Run("slow start doubles per round trip", func(t *testing.T) {
		c := control(t, 4)
		expect(t, c, 4*mss, maxWindow)
		for w := 4 * mss; w < 1000*mss; w *= 2 {
			for n := w / mss; n > 0; n-- {
				c.OnAck(ack(mss))
			}
			expect(t, c, 2*w, maxWindow)
		}
	})
	t.Run("congestion avoidance adds a segment per round trip", func(t *testing.T) {
		c := control(t, 10)
		c.OnLoss(0, 20*mss, CauseLoss)
		expect(t, c, 10*mss, 10*mss)
		for w := 10 * mss; w < 50*mss; w += mss {
			for n := w / mss; n > 1; n-- {
				c.OnAck(ack(mss))
			}
			expect(t, c, w, 10*mss)
			c.OnAck(ack(mss))
			expect(t, c, w+mss, 10*mss)
		}
	})
	t.Run("one acknowledgment crosses the threshold", func(t *testing.T) {
		c := control(t, 10)
		c.OnTimeout(0, 10*mss, false)
		expect(t, c, mss, 5*mss)
		c.OnAck(ack(4 * mss))
		expect(t, c, 5*mss, 5*mss)
		c.OnAck(ack(12 * mss))
		expect(t, c, 7*mss, 5*mss)
	})
	t.Run("not unless the window was the limit", func(t *testing.T) {
		c := control(t, 10)
		c.OnAck(Ack{Acked: 100 * mss, Delivered: 100 * mss})
		expect(t, c, 10*mss, maxWindow)
	})
	t.Run("has an end", func(t *testing.T) {
		c := control(t, 10)
		for range 10 {
			c.OnAck(ack(1 << 30))
		}
		expect(t, c, maxWindow, maxWindow)
	})
}

// req: RFC5681 3.1-8, 3.1-14, 3.1-15, 3.2-7, 4.3-1, 4.3-4
func TestRenoLoss(t *testing.T) {
	t.Run("halves what was in flight, not the window", func(t *testing.T) {
		c := control(t, 100)
		c.OnLoss(0, 20*mss, CauseLoss)
		expect(t, c, 10*mss, 10*mss)
	})
	t.Run("but never below two segments", func(t *testing.T) {
		c := control(t, 100)
		c.OnLoss(0, mss, CauseLoss)
		expect(t, c, 2*mss, 2*mss)
	})
	t.Run("timeout", func(t *testing.T) {
		c := control(t, 100)
		c.OnTimeout(0, 40*mss, false)
		expect(t, c, mss, 20*mss)
		c.OnTimeout(0, mss, true)
		expect(t, c, mss, 20*mss)
		c.OnTimeout(0, mss, false)
		expect(t, c, mss, 2*mss)
	})
	t.Run("in successive windows", func(t *testing.T) {
		c := control(t, 100)
		c.OnLoss(0, 40*mss, CauseLoss)
		c.OnLoss(0, 20*mss, CauseLoss)
		expect(t, c, 10*mss, 10*mss)
	})
}

// req: RFC5681 3.1-4, 3.1-5, 3.1-6, 4.1-1
func TestRenoWindowSettings(t *testing.T) {
	t.Run("another segment size", func(t *testing.T) {
		c := control(t, 10)
		c.SetMSS(500)
		expect(t, c, 5000, maxWindow)
		c.OnAck(ack(5000))
		c.SetMSS(250)
		expect(t, c, 5000, maxWindow)
		c.OnIdle(0, time.Minute, true)
		expect(t, c, 2500, maxWindow)
	})
	t.Run("at least one segment", func(t *testing.T) {
		c := control(t, 10)
		c.OnTimeout(0, 0, false)
		c.SetMSS(9000)
		expect(t, c, 9000, 18_000)
	})
	t.Run("a SYN was lost", func(t *testing.T) {
		c := control(t, 10)
		c.OnEstablished(1, 0, true)
		expect(t, c, mss, maxWindow)
	})
	t.Run("idle", func(t *testing.T) {
		c := control(t, 10)
		c.OnAck(ack(50 * mss))
		c.OnIdle(0, time.Minute, true)
		expect(t, c, 10*mss, maxWindow)
		c.OnTimeout(0, 10*mss, false)
		c.OnIdle(0, time.Minute, true) // "RW = min(IW,cwnd)"
		expect(t, c, mss, 5*mss)
	})
}

// What was SACKed beyond a hole counts when the hole is filled, or at once where the path is known to reorder.
func TestGrowthBeyondHoles(t *testing.T) {
	for _, reordered := range []bool{false, true} {
		c := control(t, 10)
		c.OnAck(Ack{Delivered: mss, Limited: true, Reordered: reordered})
		if want := map[bool]int{false: 10, true: 11}[reordered]; c.Window() != want*mss {
			t.Errorf("reordered %v: got window %d, want %d", reordered, c.Window(), want*mss)
		}
		c.OnAck(Ack{Acked: 2 * mss, Delivered: mss, Limited: true, Reordered: reordered})
		expect(t, c, 12*mss, maxWindow)
	}
}
