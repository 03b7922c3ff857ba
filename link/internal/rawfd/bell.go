package rawfd

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// bell tells, once each time it is armed, that a descriptor can be read: an epoll set with a one-shot member, in which
// goroutines wait by way of Go's netpoller.
type bell struct {
	set  *os.File
	raw  syscall.RawConn
	fd   int // of the set; it outlives its use in arm, for FD.Close waits for that
	rang func(fd uintptr) bool
}

func newBell(fd int, name string) (*bell, error) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// Without O_NONBLOCK the os package would not hand the descriptor to the netpoller.
	if err := unix.SetNonblock(set, true); err != nil {
		unix.Close(set)
		return nil, os.NewSyscallError("fcntl", err)
	}
	e := unix.EpollEvent{Events: unix.EPOLLONESHOT}
	if err := unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		unix.Close(set)
		return nil, os.NewSyscallError("epoll_ctl", err)
	}
	b := &bell{set: os.NewFile(uintptr(set), name), fd: set}
	if b.raw, err = b.set.SyscallConn(); err != nil {
		b.set.Close()
		return nil, err
	}
	b.rang = func(set uintptr) bool {
		var e [1]unix.EpollEvent
		n, _ := unix.EpollWait(int(set), e[:], 0)
		return n > 0
	}
	return b, nil
}

// arm makes the bell ring once, at once if fd is ready for one of the events already: epoll_ctl looks.
func (b *bell) arm(fd int, events uint32) {
	e := unix.EpollEvent{Events: events | unix.EPOLLONESHOT}
	_ = unix.EpollCtl(b.fd, unix.EPOLL_CTL_MOD, fd, &e)
}

// wait returns when the bell has rung. RawConn.Read forgets a readiness that came before; it calls back before it waits,
// and what calls back asks the set itself, so nothing is lost.
func (b *bell) wait() error {
	if err := b.raw.Read(b.rang); err != nil {
		return net.ErrClosed
	}
	return nil
}

func (b *bell) close() { b.set.Close() }
