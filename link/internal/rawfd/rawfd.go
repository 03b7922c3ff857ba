// Package rawfd is a non-blocking descriptor that is read and written by raw system calls: the part of a link.Waiter that
// does not depend on what crosses the descriptor. It parks readers in Go's netpoller, and keeps the descriptor open while
// it is in use.
//
// Go's netpoller does not watch the descriptor itself, for then every packet would wake a thread, wanted or not. It
// watches an epoll set of which the descriptor is the only member, one-shot: it makes one noise each time it is armed.
//
// Concurrency: all methods may be called from any goroutine; one at a time may be in Wait, and one in Doze.
package rawfd

import (
	"net"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// FD is the descriptor.
type FD struct {
	bell *bell

	use    sync.RWMutex // held, for reading, by who uses the descriptors
	fd     int
	rouser int // an eventfd
	closed bool
}

// New returns an FD over fd, which is non-blocking and belongs to it from now on, even if New fails. The name is for
// messages.
func New(fd int, name string) (*FD, error) {
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
	return &FD{bell: b, fd: fd, rouser: rouser}, nil
}

// Enter returns the descriptor, which stays open until Leave, or says that it is closed.
func (f *FD) Enter() (int, error) {
	f.use.RLock()
	if f.closed {
		f.use.RUnlock()
		return -1, net.ErrClosed
	}
	return f.fd, nil
}

// PollFD returns the descriptor for who only looks, -1 if it is closed: see link.Polled.
func (f *FD) PollFD() int {
	fd, err := f.Enter()
	if err != nil {
		return -1
	}
	f.Leave()
	return fd
}

// Leave follows every Enter without an error.
func (f *FD) Leave() { f.use.RUnlock() }

// Control calls fn with the descriptor, which stays open until fn has returned.
func (f *FD) Control(fn func(fd int) error) error {
	fd, err := f.Enter()
	if err != nil {
		return err
	}
	defer f.Leave()
	return fn(fd)
}

// Close closes the descriptor and unblocks Wait and Doze.
func (f *FD) Close() error {
	f.Rouse()
	f.use.Lock()
	defer f.use.Unlock()
	if f.closed {
		return net.ErrClosed
	}
	f.closed = true
	f.bell.close()
	unix.Close(f.rouser)
	return unix.Close(f.fd)
}

// Arm implements link.Waiter.
func (f *FD) Arm() { f.arm(unix.EPOLLIN) }

// ArmNow makes a Wait return although nothing can be read: an Arm that follows it may take that back. It relies on a
// descriptor that can nearly always be written, as that of a socket for datagrams can.
func (f *FD) ArmNow() { f.arm(unix.EPOLLIN | unix.EPOLLOUT) }

func (f *FD) arm(events uint32) {
	if fd, err := f.Enter(); err == nil {
		f.bell.arm(fd, events)
		f.Leave()
	}
}

// Wait implements link.Waiter.
func (f *FD) Wait() error { return f.bell.wait() }

// AwaitRoom waits a little until the kernel takes more. The thread waits too: it is rare (a socket whose send buffer is
// full). The caller has entered.
func AwaitRoom(fd int) {
	p := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	_, _ = unix.Poll(p[:], 10)
}

// Read is the Read of a link.Waiter in terms of its other methods.
func Read(q link.Waiter, pkts []link.Packet) (int, error) {
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
