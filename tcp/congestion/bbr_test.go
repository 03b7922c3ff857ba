package congestion

import (
	"fmt"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

const (
	mbit = 1_000_000 / 8 // per second
	ms   = time.Millisecond
)

// newBBRModel returns a path with a queue of so many bandwidth-delay products.
func newBBRModel(t testing.TB, rate int64, delay time.Duration, queue float64) (*model, *bbr) {
	m := newModel(t, "bbr", rate, delay, 0)
	m.queue = max(int(queue*float64(m.bdp())), 4) // a pair of segments finds room on any path
	return m, m.cc.(*bbr)
}

// BBR finds bandwidth and round trip, uses all of it, and keeps the queue short.
func TestBBRFindsThePath(t *testing.T) {
	for _, rate := range []int64{2 * mbit, 10 * mbit, 50 * mbit} {
		for _, delay := range []time.Duration{5 * ms, 20 * ms, 100 * ms, 200 * ms} {
			for _, queue := range []float64{0.5, 1, 8} {
				t.Run(fmt.Sprint(rate/mbit, "Mbit/s ", delay, " ", queue, "BDP"), func(t *testing.T) {
					m, b := newBBRModel(t, rate, delay, queue)
					m.run(5 * time.Second)
					if got := b.bw.max; got < rate*98/100 || got > rate*102/100 {
						t.Errorf("bandwidth: got %d, want %d", got, rate)
					}
					if got, want := b.rtt.min, delay+time.Duration(mss*1e9/rate); got < want || got > want+want/50+ms {
						t.Errorf("round trip: got %v, want %v", got, want)
					}
					m.stats = modelStats{}
					got := m.run(4 * time.Second)
					m.expectShare(t, "after five seconds", got, 4*time.Second, 0.97)
					if room := 3 * Quantum(rate, mss) / mss; m.stats.maxFlight > 2*m.bdp()+room+4 {
						t.Errorf("%d packets in flight, want two BDP (%d) at most", m.stats.maxFlight, m.bdp())
					}
				})
			}
		}
	}
}

// STARTUP doubles the rate every round trip, and ends soon after the pipe is full; DRAIN gives back the queue.
func TestBBRStartup(t *testing.T) {
	m, b := newBBRModel(t, 100*mbit, 50*ms, 10)
	var modes []bbrMode
	var full, drained int
	m.each = func(a *Ack) {
		if n := len(modes); n == 0 || modes[n-1] != b.mode {
			modes = append(modes, b.mode)
		}
		if b.bw.max < m.rate*95/100 {
			full = int(b.round.count)
		}
		if b.mode == bbrDrain {
			drained = a.Left
		}
	}
	m.run(2 * time.Second)
	if len(modes) != 3 || modes[0] != bbrStartup || modes[1] != bbrDrain || modes[2] != bbrProbeBW {
		t.Fatalf("modes: got %v", modes)
	}
	if full > 9 { // 625 packets are in the pipe, 10 in the first round
		t.Errorf("the pipe was full after %d rounds, want 9 at most", full)
	}
	if most := m.bdp()*mss + 4*Quantum(m.rate, mss); drained > most {
		t.Errorf("DRAIN left %d bytes in flight, want %d", drained, most)
	}
	if m.stats.maxFlight > 3*m.bdp()+4*Quantum(2*m.rate, mss)/mss {
		t.Errorf("%d packets in flight, want 2.89 BDP (%d) at most", m.stats.maxFlight, m.bdp())
	}
}

// Rounds of packet conservation, in which the rate could not grow, do not make STARTUP take the pipe for full, unless much
// was lost in them.
func TestBBRStartupWithLosses(t *testing.T) {
	for _, c := range []struct {
		name     string
		conserve bool
		lost     int // of 100 packets in a round
		rounds   int // until the pipe counts as full, 0 if it never does
	}{
		{"nothing lost", false, 0, 4},
		{"lost and conserved", true, 1, 0},
		{"much lost and conserved", true, 20, 4},
		{"lost later in recovery", false, 1, 4},
	} {
		_, b := newBBRModel(t, 10*mbit, 40*ms, 1)
		rounds := 0
		for n := 1; n <= 20 && rounds == 0; n++ { // the first finds the bandwidth
			b.bw.add(uint64(n), 10*mbit)
			b.round.started, b.loss.conserve = false, c.conserve
			b.checkFull(&Ack{Rate: Rate{Delivered: 100 * mss, Lost: c.lost * mss}})
			b.round.started, b.loss.conserve = true, false
			b.checkFull(&Ack{Rate: Rate{Delivered: 100 * mss}})
			if b.full.reached {
				rounds = n
			}
		}
		if rounds != c.rounds {
			t.Errorf("%s: full after %d rounds, want %d", c.name, rounds, c.rounds)
		}
	}
}

// PROBE_BW goes round its phases, a round trip each, and never begins by draining.
func TestBBRCycle(t *testing.T) {
	begins := map[int]bool{}
	for seed := range mono.Time(200) {
		b := newBBR(Options{MSS: mss, Initial: 10}).(*bbr)
		b.startProbeBW(start + seed*7919*13)
		begins[b.cycle.phase] = true
	}
	if len(begins) != 7 || begins[1] {
		t.Errorf("begins in the phases %v, want all but 1", begins)
	}

	m, b := newBBRModel(t, 10*mbit, 40*ms, 4)
	m.run(2 * time.Second)
	visits, last := [8]int{}, b.cycle.phase
	queued := 0
	m.each = func(a *Ack) {
		if p := b.cycle.phase; p != last {
			if p != (last+1)%8 {
				t.Fatalf("phase %d after %d", p, last)
			}
			visits[p]++
			last = p
		}
		if b.cycle.phase == 4 {
			queued = max(queued, a.Left-m.bdp()*mss)
		}
	}
	m.run(5 * time.Second)
	for p, n := range visits {
		if n < 10 || n > 20 {
			t.Errorf("phase %d: %d visits, want one every 320 ms", p, n)
		}
	}
	if room := 4 * Quantum(m.rate, mss); queued > room {
		t.Errorf("a queue of %d bytes while cruising, want %d at most", queued, room)
	}
}

// PROBE_RTT comes every ten seconds, empties the path for 200 ms and a round trip, and costs little.
func TestBBRProbeRTT(t *testing.T) {
	for _, delay := range []time.Duration{5 * ms, 20 * ms, 100 * ms} {
		t.Run(delay.String(), func(t *testing.T) {
			m, b := newBBRModel(t, 50*mbit, delay, 2)
			var entered, left []mono.Time
			was, least := false, 1<<30
			m.each = func(a *Ack) {
				is := b.mode == bbrProbeRTT
				switch {
				case is && !was:
					entered = append(entered, a.Now)
				case was && !is:
					left = append(left, a.Now)
				}
				was = is
				if is {
					least = min(least, a.Left)
				}
			}
			got := m.run(45 * time.Second)
			m.expectShare(t, "with visits", got, 45*time.Second, 0.93)
			if len(entered) != 4 || len(left) != 4 {
				t.Fatalf("%d visits, want 4", len(entered))
			}
			for i := range entered {
				if d := left[i].Sub(entered[i]); d < 200*ms || d > 200*ms+4*delay+10*ms {
					t.Errorf("a visit lasted %v", d)
				}
				if i > 0 {
					if d := entered[i].Sub(left[i-1]); d < 9990*ms || d > 10*time.Second+4*delay {
						t.Errorf("%v between visits, want 10 s", d)
					}
				}
			}
			if least > bbrMinWindow*mss {
				t.Errorf("%d bytes in flight, want four segments at most", least)
			}
		})
	}
}

// What the path is changes, and BBR finds out.
func TestBBRFollowsChanges(t *testing.T) {
	t.Run("less bandwidth", func(t *testing.T) {
		m, b := newBBRModel(t, 40*mbit, 20*ms, 4)
		m.run(3 * time.Second)
		m.rate = 10 * mbit
		m.run(3 * time.Second) // ten rounds, with a queue in them
		if b.bw.max > m.rate*105/100 {
			t.Errorf("got %d, want %d", b.bw.max, m.rate)
		}
		m.expectShare(t, "then", m.run(2*time.Second), 2*time.Second, 0.97)
	})
	t.Run("more bandwidth", func(t *testing.T) {
		m, _ := newBBRModel(t, 10*mbit, 20*ms, 16)
		m.run(3 * time.Second)
		m.rate = 40 * mbit
		m.run(3 * time.Second) // a quarter more every eight rounds
		m.expectShare(t, "then", m.run(2*time.Second), 2*time.Second, 0.95)
	})
	t.Run("longer way", func(t *testing.T) {
		m, b := newBBRModel(t, 10*mbit, 20*ms, 16)
		m.run(3 * time.Second)
		m.delay = 80 * ms
		m.run(12 * time.Second)
		if b.rtt.min < 80*ms || b.rtt.min > 85*ms {
			t.Errorf("round trip: got %v", b.rtt.min)
		}
		m.expectShare(t, "then", m.run(2*time.Second), 2*time.Second, 0.97)
	})
	t.Run("shorter way", func(t *testing.T) {
		m, b := newBBRModel(t, 10*mbit, 80*ms, 16)
		m.run(3 * time.Second)
		m.delay = 20 * ms
		m.run(time.Second)
		if b.rtt.min < 20*ms || b.rtt.min > 22*ms {
			t.Errorf("round trip: got %v", b.rtt.min)
		}
	})
}

// Losses that are not the queue's do not slow it down.
func TestBBRLoss(t *testing.T) {
	for _, c := range []struct {
		oneIn uint64
		delay time.Duration
		share float64
	}{{1000, 100 * ms, 0.97}, {100, 100 * ms, 0.96}, {50, 20 * ms, 0.95}, {50, 100 * ms, 0.94}, {20, 40 * ms, 0.85}} {
		t.Run(fmt.Sprintf("%v%% %v", 100/float64(c.oneIn), c.delay), func(t *testing.T) {
			m, _ := newBBRModel(t, 50*mbit, c.delay, 1)
			m.loss = oneIn(c.oneIn)
			m.run(5 * time.Second)
			m.expectShare(t, "with loss", m.run(4*time.Second), 4*time.Second, c.share)
		})
	}
}

// After a timeout there is one segment in flight; the model of the path remains, and the window comes back when it is over.
func TestBBRTimeout(t *testing.T) {
	m, b := newBBRModel(t, 50*mbit, 20*ms, 1)
	m.run(2 * time.Second)
	before, gone := b.Window(), true
	m.loss = func() bool { return gone }
	m.run(100 * ms)
	gone = false
	m.run(200 * ms)
	if m.stats.timeouts != 1 {
		t.Fatalf("%d timeouts, want 1", m.stats.timeouts)
	}
	m.run(100 * ms)
	if b.Window() < before/2 || b.bw.max < m.rate*9/10 {
		t.Errorf("window %d and bandwidth %d after a timeout, %d and %d before", b.Window(), b.bw.max, before, m.rate)
	}
	b.OnTimeout(m.now, 100*mss, false)
	b.OnTimeout(m.now, mss, true)
	expect(t, b, mss, maxWindow)
	b.Undo(m.now)
	if b.Window() < before/2 {
		t.Errorf("got %d after a timeout that was an error", b.Window())
	}
}

// In the first round of a recovery as much is sent as is delivered.
func TestBBRConservation(t *testing.T) {
	m, b := newBBRModel(t, 50*mbit, 40*ms, 1)
	m.run(2 * time.Second)
	rounds, begun, most := uint64(0), uint64(0), 0
	before, dropped := b.Window(), 0
	m.loss = func() bool { dropped++; return dropped < 20 }
	m.each = func(a *Ack) {
		if !b.loss.conserve {
			return
		}
		if begun == 0 {
			begun, most = b.round.count, a.Left+a.Delivered
		}
		rounds = b.round.count - begun
		if b.Window() > most+mss {
			t.Errorf("window %d, %d when the recovery began", b.Window(), most)
		}
	}
	m.run(500 * ms)
	if begun == 0 || rounds > 0 {
		t.Errorf("conservation began in round %d and lasted %d more, want one round", begun, rounds)
	}
	if got := b.Window(); got < before*3/4 {
		t.Errorf("window: got %d, want about %d", got, before)
	}
	window := b.Window()
	b.OnLoss(m.now, window, CauseECN)
	expect(t, b, window, maxWindow)
}

// After an idle time it goes on at the rate of before, and what an application does not send says nothing of the path.
func TestBBRLimitedByApplication(t *testing.T) {
	m, b := newBBRModel(t, 50*mbit, 20*ms, 1)
	m.run(2 * time.Second)
	m.hold = func(mono.Time) bool { return true }
	m.run(5 * time.Second)
	m.hold = nil
	m.run(20 * ms) // the first round trip brings nothing yet
	m.expectShare(t, "after idling", m.run(100*ms), 100*ms, 0.95)
	if b.mode == bbrProbeRTT {
		t.Error("probes the round trip of a path that was empty")
	}

	m.hold = func(now mono.Time) bool { return m.inFlight() > 4*mss || now%mono.Time(10*ms) > mono.Time(5*ms) }
	m.run(5 * time.Second)
	if b.bw.max < m.rate*95/100 {
		t.Errorf("bandwidth: got %d after sending little, want %d", b.bw.max, m.rate)
	}
	m.hold = nil
	m.run(40 * ms)
	m.expectShare(t, "after sending little", m.run(100*ms), 100*ms, 0.9)
}

// Acknowledgments in lumps of more than a round trip do not empty the pipe.
func TestBBRLumps(t *testing.T) {
	for _, lump := range []time.Duration{2 * ms, 10 * ms, 40 * ms} {
		m, _ := newBBRModel(t, 50*mbit, 20*ms, 4)
		m.lumps = lump
		m.run(3 * time.Second)
		m.expectShare(t, lump.String(), m.run(5*time.Second), 5*time.Second, 0.95)
	}
}

// tokenBucket returns a loss function: what exceeds rate is dropped once the bucket of so many packets is empty.
func tokenBucket(m *model, rate int64, size int) func() bool {
	tokens, last := float64(size), m.now
	return func() bool {
		tokens = min(tokens+float64(rate)*m.now.Sub(last).Seconds()/mss, float64(size))
		last = m.now
		if tokens < 1 {
			return true
		}
		tokens--
		return false
	}
}

// A policer is recognized, and its rate used without losing much.
func TestBBRPolicer(t *testing.T) {
	m, b := newBBRModel(t, 100*mbit, 40*ms, 1)
	m.loss = tokenBucket(m, 10*mbit, 300)
	m.run(5 * time.Second)
	if !b.policer.active {
		t.Fatalf("the policer was not recognized: %+v", b.policer)
	}
	if got := b.policer.rate; got < 9*mbit || got > 115*mbit/10 {
		t.Errorf("its rate: got %d, want %d", got, 10*mbit)
	}
	lost, sent := m.stats.losses, m.nxt
	got := m.run(30 * time.Second)
	if share := float64(got) / (10 * mbit * 30); share < 0.85 {
		t.Errorf("got %.2f of the policer's rate", share)
	}
	if part := float64(m.stats.losses-lost) / float64(m.nxt-sent); part > 0.15 {
		t.Errorf("%.0f%% lost", 100*part)
	}

	m.loss = nil // it goes, and after 48 rounds that is noticed
	m.run(10 * time.Second)
	if b.policer.active {
		t.Error("a policer that is gone is not forgotten")
	}
	m.expectShare(t, "without the policer", m.run(2*time.Second), 2*time.Second, 0.9)
}

// Without samples, as when everything is retransmitted, nothing divides by zero and the window still opens.
func TestBBRWithoutSamples(t *testing.T) {
	c, err := New("bbr", Options{MSS: mss, Initial: 10})
	if err != nil {
		t.Fatal(err)
	}
	if c.PacingRate() < 28e6 { // ten segments in a millisecond, by the high gain
		t.Errorf("pacing rate: got %d", c.PacingRate())
	}
	c.OnEstablished(start, 100*ms, false)
	if got := c.PacingRate(); got < 280_000 || got > 290_000 {
		t.Errorf("pacing rate by the handshake's round trip: got %d, want 288500", got)
	}
	for i := range 100 {
		c.OnAck(Ack{Now: start.Add(time.Duration(i) * ms), Acked: mss, Delivered: mss, Left: 9 * mss})
	}
	if c.Window() < 10*mss || c.PacingRate() <= 0 {
		t.Errorf("got window %d and rate %d", c.Window(), c.PacingRate())
	}
	c.OnIdle(start, time.Minute, true)
	c.SetMSS(mss / 2)
	c.OnEstablished(start, 0, true)
	expect(t, c, mss/2, maxWindow)
}

func TestMaxFilter(t *testing.T) {
	var f maxFilter
	for _, c := range []struct {
		round uint64
		v     int64
		want  int64
	}{
		{0, 5, 5}, {0, 3, 5}, {1, 4, 5}, {5, 2, 5}, {9, 1, 5}, // ten rounds
		{10, 1, 4}, {11, 1, 2}, {14, 1, 2}, {15, 1, 1}, {16, 7, 7}, {25, 6, 7}, {26, 1, 6}, {1000, 3, 3},
	} {
		if f.add(c.round, c.v); f.max != c.want {
			t.Errorf("%d in round %d: got %d, want %d", c.v, c.round, f.max, c.want)
		}
	}
}

func TestQuantum(t *testing.T) {
	for _, c := range []struct {
		rate      int64
		mss, want int
	}{
		{0, 1000, 1000}, {149_999, 1000, 1000}, {150_000, 1000, 2000}, {5_000_000, 1000, 4000}, {1 << 40, 1000, 65_000}, {1 << 40, 48, 65_520},
	} {
		if got := Quantum(c.rate, c.mss); got != c.want {
			t.Errorf("Quantum(%d, %d): got %d, want %d", c.rate, c.mss, got, c.want)
		}
	}
}

func TestMulDiv(t *testing.T) {
	for _, c := range []struct{ a, b, c, want int64 }{
		{7, 3, 2, 10}, {1 << 62, 1 << 62, 1 << 62, 1 << 62}, {1 << 62, 1 << 62, 1, 1<<63 - 1}, {1 << 62, 3, 1, 1<<63 - 1}, {0, 5, 7, 0},
	} {
		if got := mulDiv(c.a, c.b, c.c); got != c.want {
			t.Errorf("%d * %d / %d: got %d, want %d", c.a, c.b, c.c, got, c.want)
		}
	}
}

// Two outages in a row, with minutes between acknowledgments, look like a policer of a few bytes a second. They are none.
func TestBBROutageIsNoPolicer(t *testing.T) {
	_, b := newBBRModel(t, 100*mbit, 40*ms, 1)
	a := Ack{Now: mono.Time(1e9)}
	for range 20 { // a round each, of a segment and of one that was lost
		a.Now = a.Now.Add(10 * time.Minute)
		a.Rate.Prior = a.Rate.Total
		a.Rate.Total += mss
		a.Rate.Delivered, a.Rate.Interval, a.Rate.Lost = mss, 10*time.Minute, mss
		b.OnAck(a)
		if b.policer.active {
			t.Fatalf("a policer of %d bytes a second", b.policer.rate)
		}
	}
}

// What was lost is not in the network any more: the window loses it, and grows by what is delivered.
func TestBBRWindowWithoutTheLost(t *testing.T) {
	m, b := newBBRModel(t, 50*mbit, 40*ms, 1)
	m.run(2 * time.Second)
	b.cwnd = 100 * mss // far below what the model asks for
	a := Ack{Now: m.now, Acked: mss, Delivered: mss, InFlight: 100 * mss, Left: 94 * mss, RTT: 40 * ms}
	a.Rate = Rate{Lost: 5 * mss, Total: m.rs.delivered, Prior: m.rs.delivered}
	b.OnAck(a)
	expect(t, b, 96*mss, maxWindow)
}

// A lump is forgotten after ten rounds at most, and after five at least.
func TestAggregationForgets(t *testing.T) {
	m, b := newBBRModel(t, 50*mbit, 20*ms, 4)
	m.run(2 * time.Second)
	g := &b.aggregation
	*g = aggregation{}
	now := m.now
	ack := func(after time.Duration, bytes int, round bool) {
		now = now.Add(after)
		b.round.started = round
		g.onAck(b, &Ack{Now: now, Delivered: bytes})
	}
	ack(0, mss, true)
	ack(ms, 100*mss, false) // 6 segments are expected in a millisecond
	lump := g.room(b)
	if lump < 90*mss || lump > 100*mss {
		t.Fatalf("the lump is one of %d bytes", lump)
	}
	rounds := 0
	for g.room(b) > lump/2 && rounds < 20 {
		ack(40*ms, mss, true) // slower than the bandwidth
		rounds++
	}
	if rounds < aggregationRounds || rounds > 2*aggregationRounds {
		t.Errorf("forgotten after %d rounds", rounds)
	}
}
