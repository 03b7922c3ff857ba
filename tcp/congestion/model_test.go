package congestion

import (
	"math"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// model is a sender with a Control and a path in pure numbers: a bottleneck that serves packets of mss bytes at a rate from
// a queue of so many, which drops what does not fit, and a delay. Every packet that arrives is acknowledged. Sequence
// numbers are those of packets: what is lost is sent again as a new packet and counts as repaired.
type model struct {
	cc    Control
	rate  int64         // of the bottleneck, bytes per second
	delay time.Duration // round trip without queue or transmission
	queue int           // packets
	loss  func() bool   // of the path, besides the queue
	lumps time.Duration // acknowledgments arrive at multiples of this, if set
	hold  func(now mono.Time) bool
	each  func(a *Ack) // after every OnAck

	now     mono.Time
	free    mono.Time // the bottleneck is done with what it has
	flight  []packet  // oldest first
	nxt     uint64    // packets sent
	lost    int       // bytes since the last OnAck
	next    mono.Time // pacing: nothing before
	burst   int       // bytes left of the quantum
	idle    mono.Time // nothing in flight since, 0 if there is
	limited bool      // the window held the sender back
	held    bool      // hold did
	rtt     struct{ srtt, min time.Duration }
	rec     struct {
		on    bool
		point uint64 // what was sent before recovery began
		end   uint64 // and what repairs it
	}
	rs    rateState
	stats modelStats
}

// packet is one in flight. at is Never if it will not arrive.
type packet struct {
	n        uint64
	at, sent mono.Time // when its acknowledgment arrives, when it was sent
	rs       rateState
	limited  bool
}

// rateState is that of draft-ietf-ccwg-bbr, Section 4.1.
type rateState struct {
	delivered       uint64
	deliveredAt     mono.Time
	firstSent       mono.Time
	limitedUntil    uint64
	limitedWasAsked bool
}

type modelStats struct {
	drops, losses, timeouts int
	maxQueue, maxFlight     int // packets
	sumFlight, acks         int
}

func newModel(t testing.TB, name string, rate int64, delay time.Duration, queue int) *model {
	t.Helper()
	cc, err := New(name, Options{MSS: mss, Initial: 10})
	if err != nil {
		t.Fatal(err)
	}
	m := &model{cc: cc, rate: rate, delay: delay, queue: queue, now: start}
	m.cc.OnEstablished(m.now, delay, false)
	m.rs.deliveredAt, m.rs.firstSent = m.now, m.now
	return m
}

// bdp is the product of bandwidth and round trip in packets.
func (m *model) bdp() int { return int(bytesIn(m.rate, m.delay) / mss) }

func (m *model) inFlight() int { return len(m.flight) * mss }

// run lets d pass, and returns how many bytes were delivered in it.
func (m *model) run(d time.Duration) int {
	end, before := m.now.Add(d), m.rs.delivered
	for m.now < end {
		m.send()
		at, ack := m.nextEvent()
		if at > end {
			m.now = end
			break
		}
		m.now = max(m.now, at)
		switch {
		case ack:
			m.acknowledge()
		case len(m.flight) > 0 && at == m.timeoutAt():
			m.timeout()
		}
	}
	return int(m.rs.delivered - before)
}

func (m *model) timeoutAt() mono.Time {
	return max(m.flight[len(m.flight)-1].sent, m.rs.deliveredAt).Add(max(2*m.rtt.srtt, m.delay) + 200*time.Millisecond)
}

// nextEvent returns when the next acknowledgment arrives, a timer expires, or there is data again.
func (m *model) nextEvent() (at mono.Time, ack bool) {
	at = m.now.Add(time.Millisecond) // hold may change its mind
	if !m.held {
		at = mono.Never
	}
	if m.next > m.now {
		at = min(at, m.next)
	}
	for i := range m.flight {
		if p := &m.flight[i]; p.at != mono.Never {
			return min(at, p.at), p.at <= at
		}
	}
	if len(m.flight) > 0 {
		at = min(at, m.timeoutAt())
	}
	return at, false
}

// send sends what window and pacing allow.
func (m *model) send() {
	m.limited = false
	for {
		m.held = m.hold != nil && m.hold(m.now)
		switch {
		case m.held:
			m.rs.limitedUntil, m.rs.limitedWasAsked = m.rs.delivered+uint64(m.inFlight()), true
			if m.idle == 0 && len(m.flight) == 0 {
				m.idle = m.now
			}
			return
		case m.inFlight()+mss > m.window() && len(m.flight) > 0:
			m.limited = true
			return
		case m.now < m.next:
			return
		}
		m.sendOne()
	}
}

// window is that of proportional rate reduction, roughly, or the algorithm's own.
func (m *model) window() int {
	if m.rec.on && m.cc.Reduces() {
		return m.cc.Threshold()
	}
	return m.cc.Window()
}

func (m *model) sendOne() {
	if len(m.flight) == 0 {
		if m.idle != 0 {
			m.cc.OnIdle(m.now, m.now.Sub(m.idle), false)
		}
		m.idle = 0
		m.rs.firstSent, m.rs.deliveredAt = m.now, m.now
	}
	p := packet{n: m.nxt, at: mono.Never, sent: m.now, rs: m.rs}
	p.limited = m.rs.limitedWasAsked && m.rs.delivered <= m.rs.limitedUntil
	m.nxt++
	m.pace()
	perPacket := time.Duration(int64(mss) * int64(time.Second) / m.rate)
	m.free = max(m.free, m.now)
	queued := int(m.free.Sub(m.now) / perPacket)
	m.stats.maxQueue = max(m.stats.maxQueue, queued)
	switch {
	case m.loss != nil && m.loss():
		m.stats.losses++
	case queued >= m.queue:
		m.stats.drops++
	default:
		m.free = m.free.Add(perPacket)
		p.at = m.free.Add(m.delay)
		if m.lumps > 0 {
			p.at = (p.at/mono.Time(m.lumps) + 1) * mono.Time(m.lumps)
		}
	}
	m.flight = append(m.flight, p)
	m.stats.maxFlight = max(m.stats.maxFlight, len(m.flight))
}

// pace follows the rule that Quantum documents.
func (m *model) pace() {
	rate := m.cc.PacingRate()
	if rate == 0 {
		return
	}
	if m.burst < mss {
		m.burst = Quantum(rate, mss)
	}
	m.burst -= mss
	m.next = max(m.next, m.now-mono.Time(time.Millisecond))
	if m.burst < mss {
		n := Quantum(rate, mss)
		m.next = max(m.next, m.now).Add(time.Duration(int64(n) * int64(time.Second) / rate))
	}
}

// acknowledge takes the oldest packet that arrives now.
func (m *model) acknowledge() {
	i := 0
	for m.flight[i].at == mono.Never {
		i++
	}
	p, before := m.flight[i], m.inFlight()
	copy(m.flight[1:], m.flight[:i])
	m.flight = m.flight[1:]
	for len(m.flight) > 0 && m.flight[0].n+3 <= p.n { // what three later ones overtook is lost
		if m.flight[0].n < m.rec.point {
			m.rec.end = m.nxt // when the next packet, which repairs this one, arrives
		}
		m.flight = m.flight[1:]
		m.lost += mss
	}
	m.measure(p)
	if m.rec.on && p.n >= m.rec.end {
		m.rec.on = false
		m.cc.OnRecovered(m.now)
	}
	if m.lost > 0 && !m.rec.on {
		m.rec.on, m.rec.point, m.rec.end = true, m.nxt, m.nxt
		m.cc.OnLoss(m.now, before, CauseLoss)
	}
	a := Ack{
		Now: m.now, Acked: mss, Delivered: mss, InFlight: before, Left: m.inFlight(), RTT: m.now.Sub(p.sent),
		SRTT: m.rtt.srtt, MinRTT: m.rtt.min, Una: p.n * mss, Nxt: m.nxt * mss, Reducing: m.rec.on && m.cc.Reduces(),
		Limited: m.limited || m.cc.Window() < m.cc.Threshold() && 2*before >= m.cc.Window(), Rate: m.sample(p),
	}
	m.lost = 0
	m.cc.OnAck(a)
	m.stats.sumFlight += len(m.flight)
	m.stats.acks++
	if m.each != nil {
		m.each(&a)
	}
}

func (m *model) measure(p packet) {
	rtt := m.now.Sub(p.sent)
	if m.rtt.min == 0 || rtt < m.rtt.min {
		m.rtt.min = rtt
	}
	if m.rtt.srtt == 0 {
		m.rtt.srtt = rtt
	}
	m.rtt.srtt += (rtt - m.rtt.srtt) / 8
}

// sample is draft-ietf-ccwg-bbr, Section 4.1.2.3.
func (m *model) sample(p packet) Rate {
	m.rs.delivered += mss
	m.rs.deliveredAt = m.now
	m.rs.firstSent = p.sent
	interval := max(p.sent.Sub(p.rs.firstSent), m.now.Sub(p.rs.deliveredAt))
	if interval < m.rtt.min {
		interval = 0
	}
	return Rate{
		Delivered: int(m.rs.delivered - p.rs.delivered), Interval: interval, Prior: p.rs.delivered,
		Total: m.rs.delivered, Lost: m.lost, AppLimited: p.limited,
	}
}

func (m *model) timeout() {
	m.stats.timeouts++
	m.cc.OnTimeout(m.now, m.inFlight(), m.rec.on)
	m.lost += m.inFlight()
	m.flight = m.flight[:0]
	m.rec.on, m.rec.point, m.rec.end = true, m.nxt, m.nxt
	m.burst, m.next = 0, m.now
}

// oneIn returns a function that is true once in n times, as dice would have it.
func oneIn(n uint64) func() bool {
	state := uint64(1)
	return func() bool {
		state = state*6364136223846793005 + 1442695040888963407
		return state>>33%n == 0
	}
}

// share returns which part of what the bottleneck could carry in d n bytes are.
func (m *model) share(n int, d time.Duration) float64 {
	return float64(n) / (float64(m.rate) * d.Seconds())
}

func (m *model) expectShare(t *testing.T, what string, n int, d time.Duration, low float64) {
	t.Helper()
	if got := m.share(n, d); got < low || math.IsNaN(got) {
		t.Errorf("%s: got %.3f of the bottleneck, want %.3f at least (%+v)", what, got, low, m.stats)
	}
}
