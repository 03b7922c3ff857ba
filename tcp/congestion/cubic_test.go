package congestion

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// start is when the clocks of the tests begin.
const start = mono.Time(1000 * time.Second)

func newCubicFor(t *testing.T, o Options) *cubic {
	t.Helper()
	o.MSS = mss
	c, err := New("cubic", o)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*cubic)
}

// after returns a cubic in congestion avoidance that lost something with a window of so many segments.
func after(t *testing.T, segments int) *cubic {
	c := newCubicFor(t, Options{Initial: segments})
	c.OnLoss(start, segments*mss, CauseLoss)
	c.OnRecovered(start)
	return c
}

// roundTrips lets n round trips pass, in each of which one window is acknowledged segment by segment, evenly, and calls
// each after every acknowledgment.
func roundTrips(c *cubic, from mono.Time, n int, rtt time.Duration, each func(now mono.Time)) mono.Time {
	for range n {
		acks := max(c.Window()/mss, 1)
		for i := range acks {
			now := from.Add(rtt * time.Duration(i+1) / time.Duration(acks))
			c.OnAck(Ack{Now: now, Acked: mss, Delivered: mss, Limited: true, SRTT: rtt, MinRTT: rtt})
			if each != nil {
				each(now)
			}
		}
		from = from.Add(rtt)
	}
	return from
}

// RFC 9438, Section 4.2: W_cubic(t) = C * (t - K)^3 + W_max, with K = cubic root of ((W_max - cwnd_epoch) / C), C = 0.4
// and cwnd_epoch = 0.7 * W_max: concave before K, convex after. Every acknowledgment brings the window so much nearer to
// W_cubic(t + RTT) that it is W_cubic(t), to a segment.
//
// req: RFC9438 4.4-1, 4.5-1, 5.1-1, RFC9293 MAY-18
func TestCubicCurve(t *testing.T) {
	for _, c := range []struct {
		wMax int
		rtt  time.Duration
	}{
		{100, 200 * time.Millisecond},
		{500, 100 * time.Millisecond},
		{1000, 100 * time.Millisecond},
		{3000, 100 * time.Millisecond},
	} {
		t.Run(fmt.Sprint(c.wMax, " ", c.rtt), func(t *testing.T) {
			cc := after(t, c.wMax)
			k := math.Cbrt(float64(c.wMax) * 0.3 / 0.4)
			var begun mono.Time // by the first acknowledgment
			points, rounds := 0, int(2*k/c.rtt.Seconds())
			var at []float64
			roundTrips(cc, start, rounds, c.rtt, func(now mono.Time) {
				if begun == 0 {
					begun = now
				}
				points++
				sec, got := now.Sub(begun).Seconds(), float64(cc.Window())/mss
				if want := 0.4*math.Pow(sec-k, 3) + float64(c.wMax); math.Abs(got-want) > 1 {
					t.Fatalf("at %.3f s (K %.3f): got %.2f segments, want %.2f", sec, k, got, want)
				}
				at = append(at, got)
			})
			if points < rounds*c.wMax/2 {
				t.Fatalf("only %d points", points)
			}
			if n := len(at) - 1; at[n/4]-at[0] < at[n/2]-at[n/4] || at[n]-at[n*3/4] < at[n*3/4]-at[n/2] {
				t.Errorf("not concave and then convex: %.1f, %.1f, %.1f, %.1f, %.1f", at[0], at[n/4], at[n/2], at[n*3/4], at[n])
			}
		})
	}
}

// The function is that of the formula, whatever a segment and however long it runs.
//
// req: RFC9438 5.1-1
func TestCubicFunction(t *testing.T) {
	for _, size := range []int{48, 536, 1448, 8948, 65483} {
		for _, segments := range []int{2, 3, 10, 100, 1000, 30_000} {
			a := avoidance{wMax: segments * size, origin: segments * size}
			climb := segments * size * 3 / 10
			a.k = curveK(climb, size)
			k := math.Cbrt(float64(climb) / float64(size) / 0.4)
			if got := a.k.Seconds(); got > k || got < k-0.0011 {
				t.Errorf("MSS %d, W_max %d: K is %v s, want %.3f", size, segments, got, k)
			}
			for ms := 0; ms < 60_000; ms += 17 {
				at := time.Duration(ms) * time.Millisecond
				want := 0.4*math.Pow(at.Seconds()-a.k.Seconds(), 3) + float64(segments)
				want = math.Min(want, float64(segments)+maxWindow/float64(size))
				if got := float64(a.at(at, size)) / float64(size); math.Abs(got-want) > 0.1 {
					t.Fatalf("MSS %d, W_max %d, at %v: got %.3f segments, want %.3f", size, segments, at, got, want)
				}
			}
		}
	}
}

func TestCubeRoot(t *testing.T) {
	for _, r := range []uint64{0, 1, 2, 3, 10, 1000, 1 << 20, 2_642_245} {
		for _, c := range []struct{ x, want uint64 }{{r * r * r, r}, {r*r*r + 1, r}} {
			if r == 0 && c.x == 1 {
				c.want = 1
			}
			if got := cubeRoot(c.x); got != c.want {
				t.Errorf("cube root of %d: got %d, want %d", c.x, got, c.want)
			}
		}
		if r > 0 {
			if got := cubeRoot(r*r*r - 1); got != r-1 {
				t.Errorf("cube root of %d: got %d, want %d", r*r*r-1, got, r-1)
			}
		}
	}
	if got := cubeRoot(math.MaxUint64); got != 2_642_245 {
		t.Errorf("got %d", got)
	}
}

// RFC 9438, Section 4.2: the target is at most 1.5 * cwnd, and never below cwnd.
func TestCubicClamp(t *testing.T) {
	c := after(t, 100)
	now := roundTrips(c, start, 1, time.Second, nil).Add(1000 * time.Second) // W_cubic is far away
	before := c.Window()
	roundTrips(c, now, 1, time.Second, nil)
	if got := c.Window(); got < before*149/100 || got > before*3/2+2*mss {
		t.Errorf("got %d after a round trip from %d, want half as much again", got, before)
	}
	for range 100 {
		last := c.Window()
		now = now.Add(time.Second)
		c.OnAck(Ack{Now: now, Acked: last, Delivered: last, Limited: true, SRTT: time.Second})
		if c.Window() < last || c.Window() > maxWindow {
			t.Fatalf("got %d after %d", c.Window(), last)
		}
	}
	expect(t, c, maxWindow, 70*mss)
}

// RFC 9438, Section 4.6 and 4.7.
//
// req: RFC9438 4.6-1, 4.6-2, 4.6-5, 4.7-1
func TestCubicLoss(t *testing.T) {
	c := after(t, 100)
	expect(t, c, 70*mss, 70*mss)
	if c.avoid.wMax != 100*mss {
		t.Errorf("W_max: got %d", c.avoid.wMax)
	}
	c.OnLoss(start, 70*mss, CauseLoss) // below W_max: fast convergence
	expect(t, c, 49*mss, 49*mss)
	if want := 70 * mss * 85 / 100; c.avoid.wMax != want {
		t.Errorf("W_max after fast convergence: got %d, want %d", c.avoid.wMax, want)
	}
	for range 20 {
		c.OnLoss(start, mss, CauseLoss)
	}
	expect(t, c, 2*mss, 2*mss)
	for range 20 {
		c.OnLoss(start, mss, CauseECN)
	}
	expect(t, c, mss, 2*mss)
}

// RFC 8511: a mark costs less than a loss, in congestion avoidance.
//
// req: RFC8511 3-1
func TestABE(t *testing.T) {
	grown := func(name string, abe bool) Control {
		c, err := New(name, Options{MSS: mss, Initial: 200, ABE: abe})
		if err != nil {
			t.Fatal(err)
		}
		c.OnLoss(start, 200*mss, CauseLoss)
		c.OnRecovered(start)
		for c.Window() == c.Threshold() {
			c.OnAck(ack(c.Window()))
		}
		return c
	}
	for _, c := range []struct {
		name    string
		abe     bool
		why     Cause
		percent int
	}{
		{"cubic", false, CauseECN, 70}, {"cubic", true, CauseECN, 85}, {"cubic", true, CauseLoss, 70},
		{"reno", false, CauseECN, 50}, {"reno", true, CauseECN, 80}, {"reno", true, CauseLoss, 50},
	} {
		cc := grown(c.name, c.abe)
		want := cc.Window() * c.percent / 100
		cc.OnLoss(start, cc.Window(), c.why)
		if got := cc.Window(); got < want-10 || got > want {
			t.Errorf("%+v: got %d, want %d", c, got, want)
		}
		cc, _ = New(c.name, Options{MSS: mss, Initial: 200, ABE: c.abe}) // in slow start
		cc.OnLoss(start, 200*mss, CauseECN)
		if want := map[string]int{"cubic": 140, "reno": 100}[c.name] * mss; cc.Window() != want {
			t.Errorf("%+v in slow start: got %d, want %d", c, cc.Window(), want)
		}
	}
}

// RFC 9438, Section 4.3: where the path is short, W_est rules: 9/17 of a segment per round trip up to cwnd_prior, and a
// segment from then on.
//
// req: RFC9438 4.3-1, 4.3-2
func TestCubicRenoFriendly(t *testing.T) {
	const rtt = time.Millisecond
	c := after(t, 40)
	now, n := start, 0
	for c.Window() < 40*mss {
		now = roundTrips(c, now, 1, rtt, nil)
		n++
	}
	if want := 12 * 17 / 9; n < want-2 || n > want+4 {
		t.Errorf("back from 28 to 40 segments in %d round trips, want about %d", n, want)
	}
	from := c.Window()
	roundTrips(c, now, 20, rtt, nil)
	if got := c.Window() - from; got < 18*mss || got > 21*mss {
		t.Errorf("beyond W_max 20 round trips bring %d bytes, want 20 segments", got)
	}
}

// RFC 9438, Section 4.8: slow start to 0.7 cwnd, and then a curve that begins on its plateau.
//
// req: RFC9438 4.8-1, 4.10-1
func TestCubicTimeout(t *testing.T) {
	c := newCubicFor(t, Options{Initial: 1000})
	c.OnTimeout(start, 1000*mss, false)
	expect(t, c, mss, 700*mss)
	c.OnTimeout(start, mss, true)
	expect(t, c, mss, 700*mss)
	c.OnRecovered(start)
	for c.Window() < 700*mss {
		c.OnAck(ack(mss))
	}
	expect(t, c, 700*mss, 700*mss)
	c.OnAck(ack(mss))
	if a := c.avoid; a.k != 0 || a.origin != 700*mss || a.wEst < 700*mss || a.wEst > 701*mss {
		t.Errorf("got %+v, want K 0 and both W_max and W_est 700 segments", a)
	}
	c.OnTimeout(start, 0, false)
	for range 30 {
		c.OnTimeout(start, 0, false)
	}
	expect(t, c, mss, 2*mss)
}

// RFC 9438, Section 4.9: "restores everything".
//
// req: RFC9438 4.9.2-1, 4.9.2-2
func TestCubicUndo(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(c *cubic, now mono.Time)
	}{
		{"loss", func(c *cubic, now mono.Time) { c.OnLoss(now, 50*mss, CauseLoss) }},
		{"timeout", func(c *cubic, now mono.Time) { c.OnTimeout(now, 50*mss, false) }},
		{"timeouts", func(c *cubic, now mono.Time) {
			c.OnTimeout(now, 50*mss, false)
			c.OnTimeout(now, mss, true)
		}},
		{"loss and timeout", func(c *cubic, now mono.Time) {
			c.OnLoss(now, 50*mss, CauseLoss)
			c.OnTimeout(now, 20*mss, false)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := after(t, 100), after(t, 100)
			now := roundTrips(a, start, 10, 50*time.Millisecond, nil)
			roundTrips(b, start, 10, 50*time.Millisecond, nil)
			c.do(a, now)
			if a.Window() >= b.Window() {
				t.Fatal("the window was not reduced")
			}
			a.Undo(now)
			a.OnRecovered(now)
			expect(t, a, b.Window(), b.Threshold())
			for range 20 {
				roundTrips(a, now, 10, 50*time.Millisecond, nil)
				now = roundTrips(b, now, 10, 50*time.Millisecond, nil)
				expect(t, a, b.Window(), b.Threshold()) // as though nothing had been
			}
			a.Undo(now) // there is nothing to take back
			expect(t, a, b.Window(), b.Threshold())
		})
	}
	t.Run("not below what was reached since", func(t *testing.T) {
		c := after(t, 10)
		c.OnLoss(start, 7*mss, CauseLoss)
		now := roundTrips(c, start, 100, 50*time.Millisecond, nil)
		want := c.Window()
		if want <= 7*mss {
			t.Fatalf("%d is not above what Undo goes back to", want)
		}
		c.Undo(now)
		if c.Window() != want {
			t.Errorf("got %d, want %d", c.Window(), want)
		}
	})
}

// RFC 9438, Section 4.2: the elapsed time does not include periods in which the window was not used.
//
// req: RFC9438 4.2-1, 4.6-3
func TestCubicPauses(t *testing.T) {
	const rtt = 100 * time.Millisecond
	for _, c := range []struct {
		name  string
		pause func(c *cubic, now mono.Time) mono.Time
	}{
		{"idle", func(c *cubic, now mono.Time) mono.Time {
			c.OnIdle(now.Add(time.Minute), time.Minute, false)
			return now.Add(time.Minute)
		}},
		{"little to send", func(c *cubic, now mono.Time) mono.Time {
			for range 600 {
				now = now.Add(rtt)
				c.OnAck(Ack{Now: now, Acked: mss, Delivered: mss, SRTT: rtt})
			}
			return now
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := after(t, 200), after(t, 200)
			now := roundTrips(a, start, 10, rtt, nil)
			later := c.pause(a, now)
			roundTrips(b, start, 10, rtt, nil)
			expect(t, a, b.Window(), b.Threshold())
			roundTrips(a, later, 50, rtt, nil)
			roundTrips(b, now, 50, rtt, nil)
			expect(t, a, b.Window(), b.Threshold())
		})
	}
	t.Run("restart", func(t *testing.T) {
		c := newCubicFor(t, Options{Initial: 10})
		c.OnLoss(start, 0, CauseLoss)
		c.OnRecovered(start)
		now := roundTrips(c, start, 100, rtt, nil)
		w := c.Window()
		c.OnIdle(now.Add(time.Minute), time.Minute, true)
		expect(t, c, 10*mss, w-w/4)
	})
}

// While nothing tells how far the window may go, it grows by a twentieth per round trip.
func TestCubicUnknownMax(t *testing.T) {
	c := newCubicFor(t, Options{Initial: 1000})
	c.ssthresh = c.cwnd // HyStart found it
	now := start
	for range 20 {
		from := c.Window()
		now = roundTrips(c, now, 1, time.Millisecond, nil)
		if got := c.Window() - from; got < from/21 || got > from/19 {
			t.Fatalf("%d bytes in a round trip, want a twentieth of %d", got, from)
		}
	}
	c.OnLoss(now, 0, CauseLoss)
	c.OnRecovered(now)
	from := c.Window()
	roundTrips(c, now, 1, time.Millisecond, nil)
	if got := c.Window() - from; got > mss {
		t.Errorf("%d bytes in a round trip after a loss, want less than a segment", got)
	}
}

// What SACK tells of is credited by the next cumulative acknowledgment, and once.
func TestGrowthCountsWhatArrived(t *testing.T) {
	for _, name := range Names()[:2] {
		c, err := New(name, Options{MSS: mss, Initial: 10})
		if err != nil {
			t.Fatal(err)
		}
		c.OnAck(Ack{Now: start, Delivered: mss, Limited: true})
		expect(t, c, 10*mss, maxWindow)
		c.OnAck(Ack{Now: start, Acked: 4 * mss, Delivered: 3 * mss, Limited: true})
		expect(t, c, 14*mss, maxWindow)
		c.OnAck(Ack{Now: start, Acked: mss, Delivered: mss, Limited: true, Reducing: true})
		expect(t, c, 14*mss, maxWindow)
		c.OnTimeout(start, 14*mss, false)
		c.OnAck(Ack{Now: start, Acked: 13 * mss, Delivered: mss, Limited: true}) // 12 had been SACKed
		if c.Window() != 2*mss {
			t.Errorf("%s: got %d after one segment was repaired, want %d", name, c.Window(), 2*mss)
		}
	}
}

func TestCubicSetMSS(t *testing.T) {
	c := after(t, 100)
	roundTrips(c, start, 10, 100*time.Millisecond, nil)
	d := after(t, 100)
	now := roundTrips(d, start, 10, 100*time.Millisecond, nil)
	c.SetMSS(mss / 2)
	expect(t, c, d.Window()/2, 35*mss)
	for range 40 {
		now = now.Add(100 * time.Millisecond)
		c.OnAck(Ack{Now: now, Acked: c.Window(), Delivered: c.Window(), Limited: true, SRTT: time.Millisecond})
		d.OnAck(Ack{Now: now, Acked: d.Window(), Delivered: d.Window(), Limited: true, SRTT: time.Millisecond})
	}
	if diff := d.Window() - 2*c.Window(); diff < -mss || diff > mss {
		t.Errorf("got %d with half the segment, want half of %d", c.Window(), d.Window())
	}
}
