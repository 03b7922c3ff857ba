package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// pacing spreads segments over time: as a deadline, for the driver to call Tick.
type pacing struct {
	next  mono.Time // nothing leaves before,
	burst int       // but for so many bytes, which belong to what left last
}

// paceCredit is how late a driver may be without a loss of rate.
const paceCredit = 2 * time.Millisecond

// pacingRate returns at how many bytes a second segments leave, 0 if at once.
func (c *Conn) pacingRate() int64 {
	if r := c.cc.PacingRate(); r != 0 || !c.cfg.Pacing || c.rtt.srtt == 0 {
		return r
	}
	// As Linux does it: twice the window per round trip in slow start, then 1.2 times.
	percent := int64(120)
	if c.cc.Window() < c.cc.Threshold()/2 {
		percent = 200
	}
	return max(int64(c.window())*percent/100*int64(time.Second)/int64(c.rtt.srtt), 1)
}

// paced returns how much of n bytes may leave now. If that is nothing, a timer is set for the rest.
func (c *Conn) paced(now mono.Time, n int) int {
	rate := c.pacingRate()
	if rate == 0 || n <= 0 {
		return n
	}
	p := &c.pace
	if now >= p.next {
		p.burst = congestion.Quantum(rate, c.payloadMSS())
	}
	if p.burst <= 0 {
		c.timers.set(timerPace, p.next)
		return 0
	}
	return min(n, p.burst)
}

// onPaced notes that n bytes leave.
func (c *Conn) onPaced(now mono.Time, n int) {
	if rate := c.pacingRate(); rate != 0 {
		from := max(c.pace.next, now.Add(-paceCredit))
		c.pace.burst -= n
		c.pace.next = from.Add(time.Duration(int64(n) * int64(time.Second) / rate))
	}
}
