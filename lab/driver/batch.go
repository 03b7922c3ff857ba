package driver

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A batch is what sendmmsg and recvmmsg work on: messages of one part each. A call for many costs little more than one
// for a single message, and wakes whoever waits for them once.
type batch struct {
	heads []messageHead
	parts []unix.Iovec
}

type messageHead struct {
	unix.Msghdr
	n uint32 // bytes of a message that was received
}

// batchSize is how many messages there are at most in a call.
const batchSize = 64

func newBatch(n int) *batch {
	b := &batch{make([]messageHead, n), make([]unix.Iovec, n)}
	for i := range b.heads {
		b.heads[i].Iov = &b.parts[i]
		b.heads[i].SetIovlen(1)
	}
	return b
}

// newReceiveBatch makes a batch of n messages that may have up to size bytes each.
func newReceiveBatch(n, size int) *batch {
	b, memory := newBatch(n), make([]byte, n*size)
	for i := range n {
		b.set(i, memory[i*size:][:size])
	}
	return b
}

// set says what is the message i.
func (b *batch) set(i int, text []byte) {
	b.parts[i].Base = unsafe.SliceData(text)
	b.parts[i].SetLen(len(text))
}

// received returns the message i, as long as nothing else is received.
func (b *batch) received(i int) []byte { return unsafe.Slice(b.parts[i].Base, b.heads[i].n) }

// send sends the first n messages without waiting, and returns how many were sent. An error is that of the next one.
func (b *batch) send(fd, n int) (sent int, err error) {
	for sent < n {
		m, err := b.call(unix.SYS_SENDMMSG, fd, b.heads[sent:n], unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if err != nil {
			return sent, err
		}
		sent += m
	}
	return sent, nil
}

// receive receives what is there, without waiting.
func (b *batch) receive(fd int) (int, error) {
	return b.call(unix.SYS_RECVMMSG, fd, b.heads, unix.MSG_DONTWAIT)
}

func (b *batch) call(trap uintptr, fd int, heads []messageHead, flags uintptr) (int, error) {
	for {
		n, _, errno := unix.Syscall6(trap, uintptr(fd), uintptr(unsafe.Pointer(&heads[0])), uintptr(len(heads)), flags, 0, 0)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return 0, errno
		default:
			return int(n), nil
		}
	}
}

// An outbox keeps messages until they are sent, and something about each.
type outbox[T any] struct {
	text  []byte
	items []outItem[T]
	next  int // the first that was not sent
}

type outItem[T any] struct {
	about T
	end   int // in text, where the next one begins
}

// waiting returns how many messages there are.
func (o *outbox[T]) waiting() int { return len(o.items) - o.next }

// add ends a message that was appended to o.text.
func (o *outbox[T]) add(about T) { o.items = append(o.items, outItem[T]{about, len(o.text)}) }

// at returns one of those that wait.
func (o *outbox[T]) at(i int) (about T, b []byte) {
	i += o.next
	begin := 0
	if i > 0 {
		begin = o.items[i-1].end
	}
	return o.items[i].about, o.text[begin:o.items[i].end]
}

// done takes out the first n.
func (o *outbox[T]) done(n int) {
	o.next += n
	switch {
	case o.next == len(o.items):
		o.items, o.text, o.next = o.items[:0], o.text[:0], 0
		if cap(o.text) > maxIdle {
			o.text = nil
		}
	case o.next > len(o.items)/2:
		cut := o.items[o.next-1].end
		o.text = append(o.text[:0], o.text[cut:]...)
		o.items = append(o.items[:0], o.items[o.next:]...)
		for i := range o.items {
			o.items[i].end -= cut
		}
		o.next = 0
	}
}

// maxIdle is how much memory an empty outbox keeps.
const maxIdle = 1 << 20
