// Package fdqueue is a link.Waiter over a file descriptor of which each read takes and each write gives one packet: a
// TUN device or a packet socket. It parks readers in Go's netpoller, puts the headers before each packet that its Framing
// asks for, and does in software what the kernel refuses to do.
//
// Go's netpoller does not watch the descriptor itself, for then every packet would wake a thread, wanted or not. It
// watches an epoll set of which the descriptor is the only member, one-shot: it makes one noise each time it is armed.
//
// Concurrency: as link.Queue and link.Waiter, and TryRead may also be called while another goroutine waits. Writers do not
// wait for each other.
package fdqueue

import (
	"net"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// Queue is a link.Waiter.
type Queue struct {
	state   *State
	framing Framing
	bell    *bell
	writers sync.Pool

	use    sync.RWMutex // held, for reading, by who uses the descriptors
	fd     int
	rouser int // an eventfd
	closed bool
}

var _ link.Waiter = (*Queue)(nil)

// New returns a queue over fd, which is non-blocking and belongs to the queue from now on, even if New fails.
func New(fd int, name string, f Framing, s *State) (*Queue, error) {
	rouser, err := newRouser()
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	b, err := newBell(fd, name)
	if err != nil {
		unix.Close(fd)
		unix.Close(rouser)
		return nil, err
	}
	q := &Queue{state: s, framing: f, bell: b, fd: fd, rouser: rouser}
	q.writers.New = func() any { return newWriter(q) }
	return q, nil
}

// enter keeps the descriptor open until leave, or says that it is closed.
func (q *Queue) enter() error {
	q.use.RLock()
	if q.closed {
		q.use.RUnlock()
		return net.ErrClosed
	}
	return nil
}

func (q *Queue) leave() { q.use.RUnlock() }

// Control calls fn with the queue's descriptor, which stays open until fn has returned.
func (q *Queue) Control(fn func(fd int) error) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	return fn(q.fd)
}

// Close closes the descriptor and unblocks Read and Wait.
func (q *Queue) Close() error {
	q.Rouse()
	q.use.Lock()
	defer q.use.Unlock()
	if q.closed {
		return net.ErrClosed
	}
	q.closed = true
	q.bell.close()
	unix.Close(q.rouser)
	return unix.Close(q.fd)
}

// Read implements link.Queue.
func (q *Queue) Read(pkts []link.Packet) (int, error) {
	if len(pkts) == 0 {
		return 0, nil
	}
	for {
		if n, err := q.TryRead(pkts); n > 0 || err != nil {
			return n, err
		}
		q.Arm()
		if err := q.Wait(); err != nil {
			return 0, err
		}
	}
}

// Arm implements link.Waiter.
func (q *Queue) Arm() {
	if q.enter() == nil {
		q.bell.arm(q.fd)
		q.leave()
	}
}

// Wait implements link.Waiter.
func (q *Queue) Wait() error { return q.bell.wait() }

// Write implements link.Queue.
func (q *Queue) Write(pkts []link.Packet) (int, error) {
	w := q.writers.Get().(*writer)
	defer q.writers.Put(w)
	w.start(pkts)
	for {
		if err := q.enter(); err != nil {
			return w.finish(err)
		}
		done := w.drain(q.fd)
		if !done {
			awaitRoom(q.fd)
		}
		q.leave()
		if done {
			return w.finish(nil)
		}
	}
}

// awaitRoom waits a little until the kernel takes more. The thread waits too: it is rare (a packet socket whose send
// buffer is full).
func awaitRoom(fd int) {
	p := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	_, _ = unix.Poll(p[:], 10)
}
