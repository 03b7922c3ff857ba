package bench

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// queueMeter averages over time how long the queue is.
type queueMeter struct {
	since    mono.Time // the first packet
	last     mono.Time
	backlog  time.Duration // at last
	integral float64       // of the backlog over time, in seconds squared
	max      time.Duration
}

// observe notes how long the link is busy from now on. Until the next call that falls by as much as time goes by.
func (m *queueMeter) observe(now mono.Time, backlog time.Duration) {
	if m.since == 0 {
		m.since, m.last = now, now
	}
	left := max(0, m.backlog-now.Sub(m.last))
	a, b := m.backlog.Seconds(), left.Seconds()
	m.integral += (a*a - b*b) / 2
	m.last, m.backlog, m.max = now, backlog, max(m.max, backlog)
}

// mean returns the average wait in the queue.
func (m *queueMeter) mean() time.Duration {
	elapsed := m.last.Sub(m.since).Seconds()
	if elapsed <= 0 {
		return 0
	}
	return time.Duration(m.integral / elapsed * float64(time.Second))
}
