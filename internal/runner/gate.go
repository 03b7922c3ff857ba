package runner

import (
	"sync"
	"time"
)

// gate lets one goroutine at a time wait for something that happens under the shard's mutex: see Shard.wait. It has a channel
// of its own only while that one sleeps.
type gate struct{ ch chan struct{} }

// awake is the channel of a gate at which somebody waits without sleeping.
var awake = make(chan struct{})

// spareGates keeps the channels of gates nobody sleeps at.
var spareGates = sync.Pool{New: func() any { return make(chan struct{}, 1) }}

// watch begins a wait: who waits looks isWatched from time to time, and may go to sleep.
func (g *gate) watch() { g.ch = awake }

// isWatched reports whether there was no wake since watch.
func (g *gate) isWatched() bool { return g.ch == awake }

// park sleeps until wake, unless that has come already. The mutex is held on entry and on return.
func (g *gate) park(s *Shard) {
	if !g.isWatched() {
		return
	}
	ch := spareGates.Get().(chan struct{})
	g.ch = ch
	s.mu.Unlock()
	<-ch
	spareGates.Put(ch)
	s.mu.Lock()
	s.calls.ran()
}

// wake lets the waiting goroutine, if there is one, look again.
func (g *gate) wake(s *Shard) {
	if g.ch != nil && !g.isWatched() {
		s.calls.call(g.ch)
	}
	g.ch = nil
}

// roll wakes goroutines, a few at a time: who is woken lets the next be woken when it runs. Go runs them in turn, and so who
// reads the device would else wait for thousands, each of which writes, while the device loses what comes in answer.
type roll struct {
	out  int             // woken, and not yet running
	late []chan struct{} // late[head:] are to be woken, the first first
	head int
}

// mostCalls is how many may be on their way at a time: enough for every processor.
const mostCalls = 32

// call wakes who sleeps at ch, now or in its turn.
func (r *roll) call(ch chan struct{}) {
	if r.out < mostCalls {
		r.out++
		ch <- struct{}{}
		return
	}
	if r.head > len(r.late)/2 {
		r.late = r.late[:copy(r.late, r.late[r.head:])]
		r.head = 0
	}
	r.late = append(r.late, ch)
}

// ran says that somebody who was woken runs.
func (r *roll) ran() {
	if r.head == len(r.late) {
		r.late, r.head = r.late[:0], 0
		r.out--
		return
	}
	ch := r.late[r.head]
	r.head++
	ch <- struct{}{}
}

// deadline ends waits at an instant that can be moved at any time. It takes memory once it has been set.
type deadline struct{ a *alarm }

type alarm struct {
	expired bool
	timer   *time.Timer
	turn    uint64 // which setting the timer belongs to
}

func (d *deadline) expired() bool { return d.a != nil && d.a.expired }

// set moves the deadline; the zero time means none. The mutex is held; g is woken when the deadline comes.
func (d *deadline) set(s *Shard, t time.Time, g *gate) {
	d.stop()
	if t.IsZero() {
		d.a = nil
		return
	}
	if d.a == nil {
		d.a = new(alarm)
	}
	a := d.a
	left := time.Until(t)
	if a.expired = left <= 0; a.expired {
		s.wake(g)
		return
	}
	turn := a.turn
	a.timer = time.AfterFunc(left, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if a.turn == turn {
			a.expired = true
			s.wake(g)
		}
	})
}

// stop forgets the timer. What has expired stays so.
func (d *deadline) stop() {
	if a := d.a; a != nil {
		a.turn++
		if a.timer != nil {
			a.timer.Stop()
			a.timer = nil
		}
	}
}
