package reactor

import (
	"errors"
	"fmt"
	"strings"
)

// Events is what a descriptor is to be watched for, and what it is ready for.
//
// A hang-up or an error counts as whatever is watched for, Readable, Writable or both: the read or the write that follows
// returns it. So the three back ends say the same.
type Events uint8

const (
	// Readable: a read would not block. Data, the end of the stream, a connection to accept, an error.
	Readable Events = 1 << iota

	// Writable: a write would not block. Room, a connection established, an error.
	Writable

	// OneShot tells of the descriptor once. Modify arms it again.
	OneShot

	// Edge tells of readiness when it comes, not for as long as it lasts: whoever is told has to read or write until
	// ErrWouldBlock, or ask with Again to be called once more. Only Epoll has it.
	Edge

	// Exclusive wakes one of the loops that watch the same open file, a listener for instance, instead of all. Only
	// Epoll has it, and not together with OneShot.
	Exclusive

	readiness = Readable | Writable
)

var eventNames = [...]string{"readable", "writable", "one-shot", "edge", "exclusive"}

// String returns the names of the events, joined by +.
func (e Events) String() string {
	var names []string
	for i, name := range eventNames {
		if e&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, "+")
}

// checkEvents says whether the back end can watch for want.
func (b Backend) checkEvents(want Events) error {
	switch {
	case want >= 1<<len(eventNames):
		return fmt.Errorf("reactor: unknown events %#x", uint8(want))
	case want&Edge != 0 && b != Epoll:
		return fmt.Errorf("reactor: %v has no edge-triggered events, only epoll has: %w", b, errors.ErrUnsupported)
	case want&Exclusive != 0 && b != Epoll:
		return fmt.Errorf("reactor: %v has no exclusive wake-up, only epoll has: %w", b, errors.ErrUnsupported)
	case want&Exclusive != 0 && want&OneShot != 0:
		return fmt.Errorf("reactor: epoll has no exclusive one-shot events: %w", errors.ErrUnsupported)
	}
	return nil
}
