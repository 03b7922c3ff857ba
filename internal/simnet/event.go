package simnet

import "github.com/antedon-net/antedon/internal/mono"

// occasion is something that will happen.
type occasion interface{ happen() }

// event is an occasion with its time. Events of the same time happen in the order in which they were planned.
type event struct {
	at mono.Time
	n  uint64
	do occasion
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.n < o.n }

// agenda is a heap of events, the next one first.
type agenda struct {
	heap []event
	n    uint64
}

func (a *agenda) len() int { return len(a.heap) }

func (a *agenda) add(at mono.Time, do occasion) {
	a.n++
	a.heap = append(a.heap, event{at, a.n, do})
	h := a.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (a *agenda) next() event {
	h := a.heap
	first := h[0]
	last := len(h) - 1
	h[0], h[last] = h[last], event{}
	h = h[:last]
	a.heap = h
	for i := 0; ; {
		least := i
		for _, down := range [...]int{2*i + 1, 2*i + 2} {
			if down < len(h) && h[down].before(&h[least]) {
				least = down
			}
		}
		if least == i {
			return first
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
