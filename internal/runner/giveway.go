package runner

import (
	"runtime"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/thread"
)

// What has been acknowledged before its writer wants its memory back need not be copied. A peer on this machine acknowledges as
// soon as its reader runs; where that waits for a CPU we are on, it need only be let run. So a writer gives way before it copies: to
// other writers, which have as much to wait for, and then to the peer. What is sent and read so by turns, on one CPU, a few hundred
// kilobytes at a time, never leaves its cache, and the memory of the packets is used again while it is there.
//
// A single writer even goes where the peer's reader is: see way.shouldMove.

const (
	// yieldEvery is how much is sent before the CPU is given up: a change of threads costs a microsecond or two.
	yieldEvery = 256 << 10

	// nearRTT is the round trip up to which the peer may be on this machine.
	nearRTT = time.Millisecond

	// Who gives way gets the CPU back after a slice of somebody else's, of several milliseconds, where there are programs that
	// compute. To have given way for longTurn, and less than turnRate bytes a second to have been sent by others in that time, ends
	// it for restTurns times as long.
	longTurn  = time.Millisecond
	turnRate  = 256 << 20
	restTurns = 16

	// leastPatience is how many times in a row giving way must have freed nothing before a writer moves, mostPatience how many it
	// becomes where moving does not help, and settledAfter how many times in a row it must have freed all for that to be forgotten.
	leastPatience = 4
	mostPatience  = 1 << 14
	settledAfter  = 8

	// moveMost is up to how much is sent at a time for a writer to move. The peer reads the beginning of more on another CPU
	// meanwhile.
	moveMost = 256 << 10

	// busyWriter is how many times as long as what it does between them a writer's calls must take for it to move: what else it does
	// is better done beside the peer.
	busyWriter = 4
)

// way is what a shard's writers know of giving way.
type way struct {
	procs   int       // that Go has
	writers int       // that are lending
	sent    int       // since the CPU was given up
	total   uint64    // bytes lent
	rest    mono.Time // until when nobody gives way

	began, ended mono.Time     // when a single writer last did
	in, out      time.Duration // how long it has taken of late, and the time between

	freed, vain int // how many times in a row giving way has freed all, or not
	patience    int // how many times in vain a writer moves after
	stays       bool
}

func (w *way) init() { w.procs, w.patience = runtime.GOMAXPROCS(0), leastPatience }

// begin notes that a writer begins to send n bytes, and end that it has its memory back.
func (w *way) begin(now mono.Time, n int) {
	w.writers++
	w.sent += n
	w.total += uint64(n)
	w.began = now
	w.out += (now.Sub(w.ended) - w.out) / 8
}

func (w *way) end(now mono.Time) {
	w.writers--
	w.ended = now
	w.in += (now.Sub(w.began) - w.in) / 8
}

// took notes that somebody gave way from then to now, and how many bytes had been lent when that began.
func (w *way) took(then, now mono.Time, total uint64) {
	if d := now.Sub(then); d > longTurn && float64(w.total-total) < turnRate*d.Seconds() {
		w.rest = now.Add(restTurns * d)
	}
}

// slept says that a writer had to wait for the peer: it is not what limits.
func (w *way) slept() { w.vain = 0 }

// note takes down whether giving up the CPU has freed all.
func (w *way) note(freed bool) {
	if !freed {
		w.freed = 0
		w.vain++
		return
	}
	w.vain = 0
	if w.freed++; w.freed == settledAfter {
		w.patience = leastPatience
	}
}

// shouldMove reports whether a writer of n bytes at a time should go on on the other CPU, for the peer's reader runs there, or so it
// seems: all would be in one cache, and this CPU be left to others.
func (w *way) shouldMove(n int) bool {
	if w.stays || w.vain < w.patience || w.writers > 1 || n > moveMost || w.in < busyWriter*w.out {
		return false
	}
	w.vain = 0
	w.patience = min(2*w.patience, mostPatience)
	return true
}

// giveWay lets others run, for the peer to acknowledge the n bytes of l. The mutex is held on entry and on return, and given up
// meanwhile.
func (c *Conn) giveWay(l *lent, n int) {
	s := c.s
	w := &s.way
	if rtt := c.h.MinRTT(); rtt == 0 || rtt > nearRTT || s.Now() < w.rest {
		return
	}
	if w.writers > w.procs {
		c.let(l, runtime.Gosched)
	} else { // who runs next would have to be woken
		c.lane().poll()
	}
	if l.back || w.sent < yieldEvery || s.Now() < w.rest {
		return
	}
	w.sent = 0
	c.let(l, thread.Yield)
	if w.note(l.back); w.shouldMove(n) {
		s.mu.Unlock()
		moved := thread.Other()
		s.mu.Lock()
		w.stays = !moved // there is nowhere to go
	}
}

// let has others run, and looks for what they have acknowledged of l. The mutex is held on entry and on return, and given up
// meanwhile.
func (c *Conn) let(l *lent, run func()) {
	s := c.s
	began, total := s.Now(), s.way.total
	s.mu.Unlock()
	run()
	s.mu.Lock()
	s.way.took(began, s.Now(), total)
	if !l.back {
		c.lane().poll()
	}
}
