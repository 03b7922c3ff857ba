package impair

import (
	"time"

	"github.com/antedon-net/antedon/link"
)

var _ link.Waiter = (*queue)(nil)

// bell wakes one goroutine, once each time it is armed, as soon as a packet has arrived.
type bell struct {
	rang  chan struct{} // holds a ring that nobody has heard
	armed bool
}

func newBell() bell { return bell{rang: make(chan struct{}, 1)} }

func (b *bell) ring() {
	b.armed = false
	select {
	case b.rang <- struct{}{}:
	default:
	}
}

// armBell has b ring when the next packet arrives, now if one has.
func (d *direction) armBell(b *bell) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b.armed = true
	d.wake()
}

// ringBells rings those that are armed: a packet has arrived, or nothing works any more. The mutex is held.
func (d *direction) ringBells() {
	for _, b := range [...]*bell{&d.waiter, &d.dozer} {
		if b.armed {
			b.ring()
		}
	}
}

func (d *direction) hasArmed() bool { return d.waiter.armed || d.dozer.armed }

func (d *direction) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// Arm implements link.Waiter.
func (q *queue) Arm() { q.d.in.armBell(&q.d.in.waiter) }

// Wait implements link.Waiter.
func (q *queue) Wait() error {
	<-q.d.in.waiter.rang
	err := q.d.in.failure()
	if err != nil {
		q.Arm() // the next Wait returns too
	}
	return err
}

// Doze implements link.Waiter. Packets come by the timers of this process, so that there is no thread to keep for them.
func (q *queue) Doze(d time.Duration) {
	b := &q.d.in.dozer
	q.d.in.armBell(b)
	limit := time.NewTimer(d)
	defer limit.Stop()
	select {
	case <-b.rang:
	case <-limit.C:
	}
}

// Rouse implements link.Waiter.
func (q *queue) Rouse() {
	q.d.in.mu.Lock()
	defer q.d.in.mu.Unlock()
	q.d.in.dozer.ring()
}
