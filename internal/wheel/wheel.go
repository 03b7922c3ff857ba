// Package wheel is a hierarchical timing wheel: any number of timers, of which most never fire, for a few nanoseconds
// each.
//
// A Timer lives inside what it wakes, so nothing is allocated. Time is cut into ticks of Granularity; a timer fires at the
// first tick at or after its deadline, never before. Moving a deadline later, which is what a retransmission timer does
// with every acknowledgment, only writes the new deadline: the timer stays where it is linked, is looked at again when
// that place comes up, and is then linked where it belongs. The price is that Deadline may name an instant at which
// nothing fires.
//
// To drive it: Set and Stop timers; call Expire(now) until it returns nil once now reaches Deadline.
//
// The order in which timers fire depends only on the calls made, never on addresses or on chance. Nothing here locks.
package wheel

import (
	"math/bits"

	"github.com/antedon-net/antedon/internal/mono"
)

const (
	granularityBits = 16

	// Granularity is the length of a tick in nanoseconds: 65.5 µs.
	Granularity = 1 << granularityBits

	levelBits = 6
	slots     = 1 << levelBits
	levels    = 8 // 8 levels of 6 bits and 16 bits of granularity: all of mono.Time
)

// A Timer wakes its Owner. The zero Timer is not set. It must not be copied while it is linked.
type Timer[T any] struct {
	Owner T

	next, prev *Timer[T] // ring of a slot; nil if not linked
	at         mono.Time // deadline; 0 or Never if not set
	tick       uint64    // tick at which the place it is linked in comes up
}

// Deadline returns when t is to fire, mono.Never if it is not set.
func (t *Timer[T]) Deadline() mono.Time {
	if t.at == 0 {
		return mono.Never
	}
	return t.at
}

// Wheel holds timers. The zero Wheel is empty and begins at time 0.
//
// Ticks are numbers of eight digits in base 64. A timer is linked on the level of the highest digit in which its tick
// differs from the present one, in the slot of that digit. So whatever is linked on a level comes before everything on
// the levels above, and the slots of a level come up in order.
type Wheel[T any] struct {
	now      uint64         // tick up to which slots have come up
	target   uint64         // tick of the last call to Expire, which now is on its way to
	due      *Timer[T]      // came up, not yet taken by Expire
	occupied [levels]uint64 // one bit for each slot that is not empty
	slot     [levels][slots]*Timer[T]
}

// Set makes t fire at the instant at, or as soon as possible if that has passed. It may be set already. It never fires
// if at is mono.Never.
func (w *Wheel[T]) Set(t *Timer[T], at mono.Time) {
	t.at = at
	if t.next != nil {
		if tickOf(at) >= t.tick || t.tick <= w.now {
			return // looked at again when its place comes up, or about to fire
		}
		w.unlink(t)
	}
	if at != mono.Never {
		w.link(t, w.target+1)
	}
}

// Stop unlinks t: the wheel no longer knows it. To stop a timer that will soon be set again, Set it to mono.Never.
func (w *Wheel[T]) Stop(t *Timer[T]) {
	if t.next != nil {
		w.unlink(t)
	}
	t.at = mono.Never
}

// Expire returns a timer that is due at now, no longer set, or nil if there is none. A timer that is set while others
// fire does not fire before the tick after now, so calling Expire until it returns nil ends.
func (w *Wheel[T]) Expire(now mono.Time) *Timer[T] {
	w.target = max(w.target, uint64(now)>>granularityBits)
	for {
		for w.due != nil {
			t := w.due
			w.remove(&w.due, t)
			switch {
			case t.at == mono.Never:
			case tickOf(t.at) > w.now: // moved later meanwhile
				w.link(t, w.now+1)
			default:
				t.at = mono.Never
				return t
			}
		}
		level, tick, ok := w.nextSlot()
		if !ok || tick > w.target {
			w.now = w.target
			return nil
		}
		w.open(level, tick)
	}
}

// Deadline returns when Expire is to be called next, mono.Never if no timer is linked. Nothing is due before.
func (w *Wheel[T]) Deadline() mono.Time {
	if w.due != nil {
		return mono.Time(w.now << granularityBits)
	}
	_, tick, ok := w.nextSlot()
	if !ok {
		return mono.Never
	}
	return mono.Time(tick << granularityBits)
}

// tickOf returns the first tick at or after at.
func tickOf(at mono.Time) uint64 {
	return (uint64(max(at, 0)) + Granularity - 1) >> granularityBits
}

// place returns the level and slot of a tick in the future.
func (w *Wheel[T]) place(tick uint64) (level, slot int) {
	level = (bits.Len64(tick^w.now) - 1) / levelBits
	return level, int(tick>>(level*levelBits)) & (slots - 1)
}

// nextSlot returns the first slot to come up, and when.
func (w *Wheel[T]) nextSlot() (level int, tick uint64, ok bool) {
	for level := range levels {
		if w.occupied[level] != 0 {
			first := uint64(bits.TrailingZeros64(w.occupied[level]))
			shift := level * levelBits
			return level, (w.now>>shift&^(slots-1) | first) << shift, true
		}
	}
	return 0, 0, false
}

// open moves the present to tick, at which a slot of level comes up: its timers are due on the lowest level, and are
// spread over the levels below on the others.
func (w *Wheel[T]) open(level int, tick uint64) {
	w.now = tick
	s := int(tick>>(level*levelBits)) & (slots - 1)
	head := w.slot[level][s]
	w.slot[level][s] = nil
	w.occupied[level] &^= 1 << s
	if level == 0 {
		w.due = head
		return
	}
	for head != nil {
		t := head
		w.remove(&head, t)
		if t.at == mono.Never {
			continue
		}
		t.tick = max(tickOf(t.at), t.tick)
		if t.tick == tick {
			push(&w.due, t)
		} else {
			w.pushSlot(t)
		}
	}
}

// link puts t where its deadline says, but not before the tick earliest.
func (w *Wheel[T]) link(t *Timer[T], earliest uint64) {
	t.tick = max(tickOf(t.at), earliest)
	w.pushSlot(t)
}

func (w *Wheel[T]) pushSlot(t *Timer[T]) {
	level, s := w.place(t.tick)
	push(&w.slot[level][s], t)
	w.occupied[level] |= 1 << s
}

// unlink takes t out of its slot, or off the due list.
func (w *Wheel[T]) unlink(t *Timer[T]) {
	if t.tick <= w.now {
		w.remove(&w.due, t)
		return
	}
	level, s := w.place(t.tick)
	w.remove(&w.slot[level][s], t)
	if w.slot[level][s] == nil {
		w.occupied[level] &^= 1 << s
	}
}

// push appends t to the ring that begins at *head.
func push[T any](head **Timer[T], t *Timer[T]) {
	if *head == nil {
		t.next, t.prev = t, t
		*head = t
		return
	}
	first := *head
	t.next, t.prev = first, first.prev
	first.prev.next = t
	first.prev = t
}

func (w *Wheel[T]) remove(head **Timer[T], t *Timer[T]) {
	switch {
	case t.next == t:
		*head = nil
	default:
		t.prev.next, t.next.prev = t.next, t.prev
		if *head == t {
			*head = t.next
		}
	}
	t.next, t.prev = nil, nil
}
