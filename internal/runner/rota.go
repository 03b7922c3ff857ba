package runner

import (
	"runtime"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// rota is who may read a lane beside the first: few at a time, each for a while. A stream that is served for a while has its
// bytes in cache. And Go runs goroutines in turn: were the readers of all streams ready to run, a goroutine that waits for a byte of
// another connection would come after them all. A turn stays with a lane while its reader copies what it has read.
type rota struct {
	most    int
	holders []*lane
	queue   []*lane // whose readers sleep until it is their turn
	timer   *time.Timer
	timing  bool // the timer is set
}

// turn is what a lane has to do with the rota.
type turn struct {
	has    bool
	queued bool
	taken  int           // bytes that were read since it has it
	last   mono.Time     // when that was last done
	come   chan struct{} // wakes who is queued
}

const (
	// turnBytes is how much is read in a turn, if others wait for theirs.
	turnBytes = 32 << 20

	// yieldBytes is how much who has a lane for itself reads before it lets other goroutines run, which are few.
	yieldBytes = 1 << 20

	// awayFor is after how long a turn goes to another if its lane is not read: its reader does something else.
	awayFor = time.Millisecond
)

func (r *rota) init() { r.most = (runtime.GOMAXPROCS(0) + 1) / 2 }

// takePart waits until it is l's turn, or g was woken. The mutex is held on entry and on return, and may be given up meanwhile.
func (l *lane) takePart(g *gate) {
	r := &l.s.rota
	if l.turn.has && l.turn.taken >= turnBytes && len(r.queue) > 0 {
		l.endPart()
	}
	if l.turn.has {
		return
	}
	if len(r.holders) < r.most {
		l.turn.has = true
		r.holders = append(r.holders, l)
		return
	}
	if l.turn.come == nil {
		l.turn.come = make(chan struct{}, 1)
	}
	l.turn.queued = true
	r.queue = append(r.queue, l)
	l.s.setRota()
	l.s.mu.Unlock()
	<-l.turn.come
	l.s.mu.Lock()
}

// endPart gives l's turn, if it has it, to the next.
func (l *lane) endPart() {
	r := &l.s.rota
	if !l.turn.has {
		return
	}
	l.turn.has, l.turn.taken = false, 0
	r.holders = slices.DeleteFunc(r.holders, func(h *lane) bool { return h == l })
	if len(r.queue) > 0 {
		next := r.queue[0]
		next.turn.has, next.turn.last = true, l.s.Now()
		r.holders = append(r.holders, next)
		next.unqueue()
	}
}

// unqueue wakes l's reader, which waits for its turn.
func (l *lane) unqueue() {
	r := &l.s.rota
	l.turn.queued = false
	r.queue = slices.DeleteFunc(r.queue, func(h *lane) bool { return h == l })
	l.turn.come <- struct{}{}
}

// took notes that n bytes were read from the lane at that time.
func (l *lane) took(now mono.Time, n int) {
	l.turn.taken += n
	l.turn.last = now
}

func (s *Shard) setRota() {
	r := &s.rota
	if r.timing {
		return
	}
	r.timing = true
	if r.timer == nil {
		r.timer = time.AfterFunc(awayFor, s.onRota)
		return
	}
	r.timer.Reset(awayFor)
}

// onRota ends the turns of those who do not use them, while others wait.
func (s *Shard) onRota() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rota.timing = false
	now := s.Now()
	for _, h := range slices.Clone(s.rota.holders) {
		if len(s.rota.queue) > 0 && !h.busy && now.Sub(h.turn.last) > awayFor {
			h.endPart()
		}
	}
	if len(s.rota.queue) > 0 && !s.closed {
		s.setRota()
	}
}
