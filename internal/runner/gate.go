package runner

import (
	"sync"
	"time"
)

// gate lets one goroutine at a time wait for something that happens under the shard's mutex.
type gate struct {
	ch      chan struct{}
	waiting bool
}

// wait sleeps until wake. mu is held on entry and on return.
func (g *gate) wait(mu *sync.Mutex) {
	if g.ch == nil {
		g.ch = make(chan struct{}, 1)
	}
	g.waiting = true
	mu.Unlock()
	<-g.ch
	mu.Lock()
}

// wake lets the waiting goroutine, if there is one, look again.
func (g *gate) wake() {
	if g.waiting {
		g.waiting = false
		g.ch <- struct{}{}
	}
}

// deadline ends waits at an instant that can be moved at any time.
type deadline struct {
	expired bool
	timer   *time.Timer
	turn    uint64 // which setting the timer belongs to
}

// set moves the deadline; the zero time means none. mu guards d and is held; g is woken when the deadline comes.
func (d *deadline) set(mu *sync.Mutex, t time.Time, g *gate) {
	d.turn++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.expired = false
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.expired = true
		g.wake()
		return
	}
	turn := d.turn
	d.timer = time.AfterFunc(left, func() {
		mu.Lock()
		defer mu.Unlock()
		if d.turn == turn {
			d.expired = true
			g.wake()
		}
	})
}

// stop forgets the deadline and its timer.
func (d *deadline) stop() {
	d.turn++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
