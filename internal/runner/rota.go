package runner

import (
	"runtime"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// rota is who may read a lane beside the first: few at a time, each for a while. A stream that is served for a while has its
// bytes in cache. And Go runs goroutines in turn: were the readers of all streams ready to run, a goroutine that waits for a byte of
// another connection would come after them all. A shift stays with a lane while its reader copies what it has read.
type rota struct {
	most    int
	holders []*lane
	queue   []*lane // whose readers sleep until it is their shift
	timer   *time.Timer
	timing  bool // the timer is set
}

// shift is what a lane has to do with the rota.
type shift struct {
	has    bool
	queued bool
	taken  int           // bytes that were read since it has it
	rested int           // of which before its reader last slept on the queue
	last   mono.Time     // when that was last done
	come   chan struct{} // wakes who is queued
}

const (
	// shiftBytes is how much is read in a shift, if others wait for theirs.
	shiftBytes = 32 << 20

	// restedBytes is how much comes between two rests of a shift: the reader of what comes more slowly would have it for long.
	restedBytes = 512 << 10

	// yieldBytes is how much who has a lane for itself reads before it lets other goroutines run, which are few.
	yieldBytes = 1 << 20

	// awayFor is after how long a shift ends if the lane is not read: its reader does something else.
	awayFor = time.Millisecond
)

func (r *rota) init() { r.most = runtime.GOMAXPROCS(0) }

// takeShift waits until l has the shift, or g was woken; the first lane needs none. The mutex is held on entry and on return, and may be given up meanwhile.
func (l *lane) takeShift(g *gate) {
	r := &l.s.rota
	if l.shift.has && l.shift.taken >= shiftBytes && len(r.queue) > 0 {
		l.endShift()
	}
	if l.shift.has || l.isFirst() {
		return
	}
	if l.acknowledge(l.s.Now()); !g.isWatched() {
		return
	}
	if len(r.holders) < r.most {
		l.shift.has = true
		r.holders = append(r.holders, l)
		return
	}
	if l.shift.come == nil {
		l.shift.come = make(chan struct{}, 1)
	}
	l.shift.queued = true
	r.queue = append(r.queue, l)
	l.s.setRota()
	l.s.mu.Unlock()
	<-l.shift.come
	l.s.mu.Lock()
}

// rest ends l's shift, whose reader goes to sleep on the queue, unless much has come since it last did.
func (l *lane) rest() {
	if l.shift.taken-l.shift.rested < restedBytes {
		l.endShift()
	}
	l.shift.rested = l.shift.taken
}

// endShift ends l's shift, if it has it: the next begins.
func (l *lane) endShift() {
	r := &l.s.rota
	if !l.shift.has {
		return
	}
	l.shift.has, l.shift.taken, l.shift.rested = false, 0, 0
	r.holders = slices.DeleteFunc(r.holders, func(h *lane) bool { return h == l })
	if len(r.queue) > 0 {
		next := r.queue[0]
		next.shift.has, next.shift.last = true, l.s.Now()
		r.holders = append(r.holders, next)
		next.unqueue()
	}
}

// unqueue wakes l's reader, which waits for its shift.
func (l *lane) unqueue() {
	r := &l.s.rota
	l.shift.queued = false
	r.queue = slices.DeleteFunc(r.queue, func(h *lane) bool { return h == l })
	l.shift.come <- struct{}{}
}

// took notes that n bytes were read from the lane at that time.
func (l *lane) took(now mono.Time, n int) {
	l.shift.taken += n
	l.shift.last = now
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

// onRota ends the shifts of those who do not use them, while others wait.
func (s *Shard) onRota() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rota.timing = false
	now := s.Now()
	for _, h := range slices.Clone(s.rota.holders) {
		if len(s.rota.queue) > 0 && !h.busy && now.Sub(h.shift.last) > awayFor {
			h.endShift()
		}
	}
	if len(s.rota.queue) > 0 && !s.closed {
		s.setRota()
	}
}
