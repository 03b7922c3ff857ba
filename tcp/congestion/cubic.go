package congestion

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// cubic is RFC 9438. Windows are in bytes where the RFC counts segments. Where it leaves a choice, cubic does what Linux
// does, so that it shares a path with Linux's evenly:
//
//   - cwnd, and not the flight size, is what a loss reduces. Section 4.6 permits that to a sender that keeps cwnd from
//     growing while it is not used, and nothing here grows that is not Limited.
//   - While W_max is not known (after slow start ended without a loss, and after a timeout), the window grows by a
//     twentieth per round trip at least. It may be far from what the path carries, and the curve begins flat. A loss, even
//     one that is taken back, ends that.
//
// req: RFC9293 MAY-18
type cubic struct {
	window
	*epochs // nil until slow start ends
	hystart hystart
	lastAck mono.Time
	probing bool // no loss was found, rightly or not, since the start or the last timeout
}

// epochs are the stages of congestion avoidance.
type epochs struct {
	avoid  avoidance
	before cubicMemory
}

// needEpochs makes room for what slow start does not need.
func (c *cubic) needEpochs() {
	if c.epochs == nil {
		c.epochs = new(epochs)
	}
}

// avoidance is what congestion avoidance remembers of the losses before it.
type avoidance struct {
	wMax     int // W_max, 0 if it is not known
	prior    int // cwnd_prior, 0 if it is not known
	running  bool
	start    mono.Time     // epoch_start, moved by the time in which the window was not used
	k        time.Duration // K
	origin   int           // where the plateau of this epoch is: W_max, or cwnd_epoch if that is higher
	wEst     int           // W_est
	carry    int64         // what is left of divisions: of cwnd's growth,
	estCarry int64         // and of W_est's
}

// cubicMemory is what Undo goes back to.
type cubicMemory struct {
	cwnd, ssthresh int
	avoid          avoidance
}

func newCubic(o Options) Control {
	return &cubic{window: newWindow(o), hystart: hystart{off: o.NoHyStart, paced: o.Paced}, probing: true}
}

func (c *cubic) Name() string { return "cubic" }

// SetMSS scales what is counted in segments.
func (c *cubic) SetMSS(mss int) {
	if c.epochs != nil {
		a := &c.avoid
		a.wMax, a.prior, a.origin, a.wEst = c.scale(a.wMax, mss), c.scale(a.prior, mss), c.scale(a.origin, mss), c.scale(a.wEst, mss)
		a.carry, a.estCarry = 0, 0
	}
	c.window.SetMSS(mss)
}

// OnAck opens the window.
//
// req: RFC9438 4.6-3, 4.10-1
func (c *cubic) OnAck(a Ack) {
	if !a.Limited && !a.Reducing {
		c.pause(a.Now.Sub(c.lastAck))
	}
	c.lastAck = a.Now
	n := c.take(&a)
	if c.inSlowStart() {
		if c.ssthresh == maxWindow && c.hystart.isTimeToLeave(&a, c.cwnd/c.mss) {
			c.ssthresh = c.cwnd
		}
		n = c.slowStart(n)
	}
	if n > 0 {
		c.climb(a.Now, n, a.SRTT)
	}
}

// pause keeps the clock of the curve from running on while the window is not used.
//
// RFC 9438, Section 4.2: the elapsed time "MUST NOT include periods during which cwnd has not been updated due to
// application-limited behavior".
//
// req: RFC9438 4.2-1
func (c *cubic) pause(d time.Duration) {
	if c.epochs != nil && c.avoid.running {
		c.avoid.start = c.avoid.start.Add(d)
	}
}

// climb is congestion avoidance: n bytes arrived.
//
// RFC 9438, Section 4.2: target is W_cubic(t + RTT), at least cwnd and at most 1.5 * cwnd; Section 4.4: "cwnd MUST be
// incremented by (target - cwnd) / cwnd for each received ACK". Section 4.3: where W_est is higher, cwnd is set to it.
//
// req: RFC9438 4.3-1, 4.4-1, 4.5-1
func (c *cubic) climb(now mono.Time, n int, srtt time.Duration) {
	c.needEpochs()
	a := &c.avoid
	if !a.running {
		c.beginEpoch(now)
	}
	target := a.at(now.Sub(a.start)+srtt, c.mss)
	if a.wMax == 0 && c.probing {
		target = max(target, c.cwnd+c.cwnd/20)
	}
	target = min(max(target, c.cwnd), c.cwnd+c.cwnd/2)
	a.carry += int64(n) * int64(target-c.cwnd)
	cwnd := c.cwnd + int(a.carry/int64(c.cwnd))
	a.carry %= int64(c.cwnd)

	a.growEstimate(n, c.cwnd, c.mss)
	c.cwnd = min(max(cwnd, a.wEst), maxWindow)
}

// beginEpoch begins a stage of congestion avoidance.
//
// RFC 9438, Section 4.2; Section 4.10: if it follows slow start without a loss, and by Section 4.8 after a timeout, "K is
// set to 0, and W_max is set to the congestion window size at the beginning of the current congestion avoidance stage".
//
// req: RFC9438 4.8-1
func (c *cubic) beginEpoch(now mono.Time) {
	a := &c.avoid
	a.running, a.start = true, now
	a.wEst, a.carry, a.estCarry = c.cwnd, 0, 0
	a.origin, a.k = max(a.wMax, c.cwnd), 0
	if a.wMax > c.cwnd {
		a.k = curveK(a.wMax-c.cwnd, c.mss)
	}
}

// at returns W_cubic(t).
//
// RFC 9438, Section 4.2: "W_cubic(t) = C * (t - K)^3 + W_max".
func (a *avoidance) at(t time.Duration, mss int) int {
	if t < a.k {
		return a.origin - curveHeight(a.k-t, mss)
	}
	return a.origin + curveHeight(t-a.k, mss)
}

// growEstimate moves W_est, the window that Reno would have.
//
// RFC 9438, Section 4.3: "W_est = W_est + alpha_cubic * segments_acked / cwnd", alpha_cubic being 3 * (1 - beta_cubic) /
// (1 + beta_cubic), which is 9/17; "once W_est has grown to reach the cwnd at the time of most recently setting ssthresh –
// that is, W_est >= cwnd_prior – the sender SHOULD set alpha_cubic to 1".
//
// req: RFC9438 4.3-2
func (a *avoidance) growEstimate(n, cwnd, mss int) {
	num, den := int64(9), int64(17)
	if a.wEst >= a.prior {
		num, den = 1, 1
	}
	a.estCarry += int64(n) * int64(mss) * num
	a.wEst = int(min(int64(a.wEst)+a.estCarry/(den*int64(cwnd)), maxWindow))
	a.estCarry %= den * int64(cwnd)
}

// OnLoss reduces the window to beta_cubic, 0.7, of what it was.
//
// RFC 9438, Section 4.6. Section 4.7, fast convergence: "if cwnd < W_max …, further reduce W_max": to (1 + beta_cubic) / 2
// of cwnd. RFC 8511, Section 3.1 has CUBIC's connections "benefit from beta_{ecn} of 0.85".
//
// req: RFC9438 4.6-1, 4.6-2, RFC8511 3-1
func (c *cubic) OnLoss(_ mono.Time, _ int, why Cause) {
	c.remember()
	beta := 70
	if c.abe && why == CauseECN && c.cwnd > c.ssthresh {
		beta = 85
	}
	c.probing = false
	c.endEpoch()
	c.reduceTo(c.percent(beta), why)
}

// OnTimeout begins slow start.
//
// RFC 9438, Section 4.8: "In case of a timeout, CUBIC follows Reno to reduce cwnd …, but sets ssthresh using beta_cubic".
// What it says of the first congestion avoidance stage after it comes of W_max being forgotten.
//
// req: RFC9438 4.8-1
func (c *cubic) OnTimeout(_ mono.Time, _ int, again bool) {
	c.remember()
	if !again {
		c.avoid.prior = c.cwnd
		c.reduceTo(c.percent(70), CauseLoss)
	}
	c.avoid.wMax, c.avoid.running, c.probing = 0, false, true
	c.collapse()
}

func (c *cubic) percent(p int) int { return int(int64(c.cwnd) * int64(p) / 100) }

// endEpoch ends a stage of congestion avoidance: a loss shows how far the window could go.
//
// req: RFC9438 4.7-1
func (c *cubic) endEpoch() {
	a := &c.avoid
	a.prior = c.cwnd
	if c.cwnd < a.wMax {
		a.wMax = c.percent(85)
	} else {
		a.wMax = c.cwnd
	}
	a.running = false
}

func (c *cubic) remember() {
	c.needEpochs()
	if !c.reduced {
		c.before = cubicMemory{c.cwnd, c.ssthresh, c.avoid}
	}
	c.reduced, c.undoable = true, true
}

// Undo takes back what was done since recovery began.
//
// RFC 9438, Section 4.9 restores cwnd, ssthresh, W_max, K, epoch_start and W_est, unless "the current cwnd is already
// higher than prior_cwnd".
//
// req: RFC9438 4.9.2-1, 4.9.2-2
func (c *cubic) Undo(mono.Time) {
	if c.undoable && c.cwnd <= c.before.cwnd {
		c.cwnd, c.ssthresh, c.avoid = c.before.cwnd, c.before.ssthresh, c.before.avoid
	}
	c.reduced, c.undoable = false, false
}

// OnIdle stops the clock for the idle time, and restarts slow start if it was long.
//
// RFC 9438, Section 4.2 and 5.8: the elapsed time does not include idle periods.
func (c *cubic) OnIdle(now mono.Time, idle time.Duration, restart bool) {
	c.pause(min(idle, now.Sub(c.lastAck)))
	c.lastAck = now
	c.window.OnIdle(now, idle, restart)
}
