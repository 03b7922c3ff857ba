package pipe

import (
	"net"
	"sync"

	"github.com/antedon-net/antedon/link"
)

// slot is the memory of a packet under way.
type slot struct {
	next   *slot
	packet link.Packet // Bytes, in b, and the offload fields
	b      []byte
}

// The sizes of slots: for a packet of the usual MTU, and for any.
const (
	smallSlot = 2 << 10
	largeSlot = link.MaxPacket + 1

	keepLarge = 64 // large slots that an idle line keeps
)

// list is a list of slots.
type list struct {
	first, last *slot
	n           int
}

func (l *list) push(s *slot) {
	if l.first == nil {
		l.first = s
	} else {
		l.last.next = s
	}
	l.last = s
	l.n++
}

func (l *list) pop() *slot {
	s := l.first
	l.first, s.next = s.next, nil
	l.n--
	return s
}

// line is one direction of a pipe. Slots are used again last in, first out: a line that is read as fast as it is written
// goes through the same memory over and over, and that stays in cache.
type line struct {
	limit int

	mu       sync.Mutex
	readable sync.Cond
	readers  int // waiting
	queue    list
	small    *slot // free
	large    *slot
	larges   int // how many of large

	noReader, noWriter bool // that end is closed

	pushed, dropped, taken uint64
}

func newLine(limit int) *line {
	l := &line{limit: limit}
	l.readable.L = &l.mu
	return l
}

// slot returns a slot of at least n bytes.
func (l *line) slot(n int) *slot {
	size, free := smallSlot, &l.small
	if n > smallSlot {
		size, free = largeSlot, &l.large
	}
	l.mu.Lock()
	s := *free
	if s != nil {
		*free, s.next = s.next, nil
		if size == largeSlot {
			l.larges--
		}
	}
	l.mu.Unlock()
	if s == nil {
		s = &slot{b: make([]byte, size)}
	}
	return s
}

// release takes back the slots of a list. l.mu is held.
func (l *line) release(from *list) {
	for from.n > 0 {
		s := from.pop()
		switch {
		case len(s.b) == smallSlot:
			s.next, l.small = l.small, s
		case l.larges < keepLarge:
			s.next, l.large = l.large, s
			l.larges++
		}
	}
}

// write queues packets as long as there is room, and drops the others.
func (l *line) write(packets *list) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for packets.n > 0 && l.queue.n < l.limit && !l.noReader && !l.noWriter {
		l.queue.push(packets.pop())
		l.pushed++
	}
	l.dropped += uint64(packets.n)
	l.release(packets)
	if l.readers > 0 && l.queue.n > 0 {
		l.readable.Signal()
	}
}

// read takes at most n packets from the queue, and waits for the first if wait is set.
func (l *line) read(n int, wait bool) (list, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.queue.n == 0 && wait && !l.noReader {
		l.readers++
		l.readable.Wait()
		l.readers--
	}
	if l.noReader {
		return list{}, net.ErrClosed
	}
	var got list
	for l.queue.n > 0 && got.n < n {
		got.push(l.queue.pop())
	}
	l.taken += uint64(got.n)
	if l.readers > 0 && l.queue.n > 0 {
		l.readable.Signal()
	}
	return got, nil
}

// recycle takes back the slots of packets that were read.
func (l *line) recycle(packets *list) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(packets)
}

func (l *line) closeReader() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noReader = true
	l.queue = list{}
	l.readable.Broadcast()
}

func (l *line) closeWriter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noWriter = true
}

func (l *line) closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.noWriter
}
