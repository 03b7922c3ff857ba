// Package impair makes a link worse: it loses, delays, reorders, duplicates, corrupts and marks packets and limits their
// rate, according to a Plan, and the same way each time for the same seed.
//
//	plan, err := impair.Parse("loss=1%,delay=20ms,rate=100mbit,seed=7")
//	...
//	dev := impair.New(inner, plan, plan) // both directions
//
// The decisions are pure functions of the plan, the time and the packets. Path makes them, Line also keeps the packets
// that are under way; neither has a clock, so a simulation drives them in virtual time. Device drives two Lines in real
// time around any other device.
//
// Impairment acts on packets of the link's MTU: an impaired device announces no offload, and cuts super-packets that the
// inner device hands over before they are treated.
//
// Concurrency: a Path or a Line belongs to one caller at a time; Device is as link.Device, may have any number of
// readers, and its queue is a link.Waiter.
//
// Limitations: losses are independent of each other. In real time an idle process is woken up to a millisecond late, so
// packets arrive in small bursts; their number and order, and rates over longer times, are exact.
package impair

import (
	"fmt"
	"time"
)

// Plan says what happens to the packets of one direction. The zero Plan lets everything pass at once.
//
// The probabilities, from 0 to 1, are independent. What happens to the i-th packet depends on Seed and i alone: turning
// loss on leaves unchanged which packets are late.
type Plan struct {
	Loss float64

	// Delay is how long a packet takes; Jitter makes that uniformly random from Delay-Jitter to Delay+Jitter, and never
	// negative. Neither changes the order of packets.
	Delay  time.Duration
	Jitter time.Duration

	// Reorder is the probability that a packet arrives Late later than it would have, which lets those behind overtake
	// it. The default of Late is a quarter of Delay, and at least 1 ms.
	Reorder float64
	Late    time.Duration

	// Duplicate is the probability that a packet arrives twice.
	Duplicate float64

	// Corrupt is the probability that one random bit of a packet, headers included, is inverted.
	Corrupt float64

	// CE is the probability that a packet is marked as a congested router would, if its sender understands marks
	// (RFC 3168): congestion experienced. Others pass.
	CE float64

	// Rate is how many bits of IP packets pass per second; 0 is no limit.
	Rate int64

	// Queue is how many packets wait for their turn, the one under way included, before more are dropped. It matters
	// only with a Rate. The default is the bandwidth-delay product of a path with this delay in both directions, in
	// packets of 1500 bytes, and at least 100.
	Queue int

	// ECN is how many packets wait, the one under way included, before those to come are marked (as above): a router
	// that would rather not drop. It matters only with a Rate; 0 marks none.
	ECN int

	Seed uint64
}

// Bounds that keep sums of times, and memory, within reason.
const (
	maxDuration = time.Hour
	maxRate     = 10e12
	maxQueue    = 10e6
)

// Check returns an error that names the first field that is out of range.
func (p *Plan) Check() error {
	for _, f := range [...]struct {
		name string
		v    float64
	}{{"loss", p.Loss}, {"reorder", p.Reorder}, {"dup", p.Duplicate}, {"corrupt", p.Corrupt}, {"ce", p.CE}} {
		if !(f.v >= 0 && f.v <= 1) {
			return fmt.Errorf("%s is %v, must be from 0 to 100%%", f.name, f.v)
		}
	}
	for _, f := range [...]struct {
		name string
		v    time.Duration
	}{{"delay", p.Delay}, {"jitter", p.Jitter}, {"late", p.Late}} {
		if f.v < 0 || f.v > maxDuration {
			return fmt.Errorf("%s is %v, must be from 0 to %v", f.name, f.v, maxDuration)
		}
	}
	if p.Rate < 0 || p.Rate > maxRate {
		return fmt.Errorf("rate is %d bit/s, must be from 0 to 10 Tbit/s", p.Rate)
	}
	if p.Queue < 0 || p.Queue > maxQueue {
		return fmt.Errorf("queue is %d packets, must be from 0 to %d", p.Queue, int(maxQueue))
	}
	if p.ECN < 0 || p.ECN > maxQueue {
		return fmt.Errorf("ecn is %d packets, must be from 0 to %d", p.ECN, int(maxQueue))
	}
	return nil
}

// late returns how much later than others a reordered packet arrives.
func (p *Plan) late() time.Duration {
	if p.Late > 0 {
		return p.Late
	}
	return max(p.Delay/4, time.Millisecond)
}

// queue returns the limit of the queue.
func (p *Plan) queue() int {
	if p.Queue > 0 {
		return p.Queue
	}
	bits := float64(p.Rate) * 2 * p.Delay.Seconds()
	return int(min(max(bits/8/1500, 100), maxQueue))
}
