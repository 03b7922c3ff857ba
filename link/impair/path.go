package impair

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// Path decides what happens to the packets of one direction. It has no clock and keeps no packets.
type Path struct {
	plan   Plan
	random random
	marker random // apart, so that marks leave alone what a seed means for everything else

	busy mono.Time   // when the link has sent what it was given, if that is in the future,
	rest int64       // and the rest of the division that gave that
	last mono.Time   // the latest delivery so far, late packets aside
	ends []mono.Time // when each packet that waits or is being sent will have been sent; in order, from head on
	head int

	stats Stats
}

// Stats counts the packets of one direction.
type Stats struct {
	Packets    uint64 // given to Send
	Lost       uint64 // dropped at random
	Overflowed uint64 // dropped because the queue was full
	Late       uint64
	Duplicated uint64
	Corrupted  uint64
	Marked     uint64 // arrivals on a Line that were
}

// Delivery is the arrival of a packet, or of a copy of it.
type Delivery struct {
	At   mono.Time
	Flip int  // the bit to invert, counted from the first byte's highest one; or -1
	Mark bool // as a congested router does (wire.MarkCE)
}

// NewPath returns a path with no packets on it. The plan has been checked.
func NewPath(plan Plan) *Path {
	return &Path{plan: plan, random: newRandom(plan.Seed), marker: newRandom(^plan.Seed)}
}

// Stats returns the counters.
func (p *Path) Stats() Stats { return p.stats }

// Send decides about a packet of size bytes that is sent now, and appends its deliveries to dst: none, one or two. Time
// never runs backwards.
func (p *Path) Send(now mono.Time, size int, dst []Delivery) []Delivery {
	p.stats.Packets++
	f := p.draw(size)
	if f.lost {
		p.stats.Lost++
		return dst
	}
	sent, ok := p.transmit(now, size)
	if !ok {
		p.stats.Overflowed++
		return dst
	}
	mark := f.mark || p.plan.ECN > 0 && len(p.ends)-p.head > p.plan.ECN
	p.last = max(p.last, sent.Add(f.delay))
	at := p.last
	if f.late {
		p.stats.Late++
		at = at.Add(p.plan.late())
	}
	if f.flip >= 0 {
		p.stats.Corrupted++
	}
	dst = append(dst, Delivery{at, f.flip, mark})
	if f.duplicate {
		p.stats.Duplicated++
		dst = append(dst, Delivery{at, -1, mark})
	}
	return dst
}

// Backlog returns how long a packet sent now would wait until the link of limited rate has sent what came before.
func (p *Path) Backlog(now mono.Time) time.Duration { return max(0, p.busy.Sub(now)) }

// transmit puts a packet on a link of limited rate and returns when it is sent, or false if the queue is full.
func (p *Path) transmit(now mono.Time, size int) (mono.Time, bool) {
	if p.plan.Rate == 0 {
		return now, true
	}
	for p.head < len(p.ends) && p.ends[p.head] <= now {
		p.head++
	}
	if len(p.ends)-p.head >= p.plan.queue() {
		return 0, false
	}
	if p.head > len(p.ends)/2 { // keeps the slice from growing, and costs O(1) per packet
		p.ends = append(p.ends[:0], p.ends[p.head:]...)
		p.head = 0
	}
	if p.busy < now {
		p.busy, p.rest = now, 0
	}
	work := int64(size)*8*int64(time.Second) + p.rest
	p.busy, p.rest = p.busy.Add(time.Duration(work/p.plan.Rate)), work%p.plan.Rate
	p.ends = append(p.ends, p.busy)
	return p.busy, true
}

// fate is what chance has in store for a packet.
type fate struct {
	lost, late, duplicate, mark bool
	delay                       time.Duration
	flip                        int
}

// draw takes the same number of random numbers for each packet, whatever the plan, so that one field of it does not
// change what another one does.
func (p *Path) draw(size int) fate {
	f := fate{
		lost:      p.random.fraction() < p.plan.Loss,
		late:      p.random.fraction() < p.plan.Reorder,
		duplicate: p.random.fraction() < p.plan.Duplicate,
		mark:      p.marker.fraction() < p.plan.CE,
		flip:      -1,
	}
	corrupt := p.random.fraction() < p.plan.Corrupt
	bit := min(int(p.random.fraction()*float64(size*8)), size*8-1)
	if corrupt && size > 0 {
		f.flip = bit
	}
	swing := 2*p.random.fraction() - 1
	f.delay = max(0, p.plan.Delay+time.Duration(swing*float64(p.plan.Jitter)))
	return f
}

// random is the generator SplitMix64 (Steele, Lea, Flood 2014): its sequence is part of what a seed means.
type random struct{ state uint64 }

func newRandom(seed uint64) random { return random{seed} }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// fraction returns a number from 0 to just below 1.
func (r *random) fraction() float64 { return float64(r.next()>>11) / (1 << 53) }
