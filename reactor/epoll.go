package reactor

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxBatch is how many events one wait brings. What is ready beyond that comes in the next turn: the kernel puts a
// descriptor that it has told of at the end of its list.
const maxBatch = 512

type epoll struct {
	fd      int
	noPwait bool // no epoll_pwait2: Linux before 5.11, or a filter
	buf     [maxBatch]unix.EpollEvent
}

func newEpoll() (poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	return &epoll{fd: fd}, nil
}

func (p *epoll) close() { unix.Close(p.fd) }

// epollMask translates what is wanted. A hang-up of the peer's half needs no flag of its own: it makes readable.
func epollMask(want Events) (mask uint32) {
	for _, m := range [...]struct {
		event Events
		mask  uint32
	}{
		{Readable, unix.EPOLLIN}, {Writable, unix.EPOLLOUT}, {OneShot, unix.EPOLLONESHOT}, {Edge, unix.EPOLLET & math.MaxUint32},
		{Exclusive, unix.EPOLLEXCLUSIVE},
	} {
		if want&m.event != 0 {
			mask |= m.mask
		}
	}
	return mask
}

// control makes the call. The generation travels in the upper half of the kernel's 64 bits of user data.
func (p *epoll) control(op, fd int, want Events, gen uint32) error {
	ev := unix.EpollEvent{Events: epollMask(want), Fd: int32(fd), Pad: int32(gen)}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.fd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	switch errno {
	case 0:
		return nil
	case unix.EPERM:
		return fmt.Errorf("reactor: epoll refuses descriptor %d, a regular file or directory, which is always ready: %w", fd, errno)
	case unix.ENOSPC:
		return fmt.Errorf("reactor: descriptor %d is beyond /proc/sys/fs/epoll/max_user_watches: %w", fd, errno)
	}
	return os.NewSyscallError("epoll_ctl", errno)
}

func (p *epoll) add(fd int, want Events, gen uint32) error {
	return p.control(unix.EPOLL_CTL_ADD, fd, want, gen)
}

func (p *epoll) modify(fd int, want Events, gen uint32) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, want, gen)
}

func (p *epoll) remove(fd int) error {
	err := p.control(unix.EPOLL_CTL_DEL, fd, 0, 0)
	if errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.ENOENT) {
		return nil // closing a file takes it out of the set
	}
	return err
}

func (p *epoll) spend(int) {} // the kernel did when it reported

func (p *epoll) wait(ready []event, timeout time.Duration) ([]event, error) {
	n, errno := p.sleep(timeout)
	if errno == unix.EINTR {
		return ready, nil
	}
	if errno != 0 {
		return ready, os.NewSyscallError("epoll_wait", errno)
	}
	for i := range p.buf[:n] {
		ev := &p.buf[i]
		ready = append(ready, event{ev.Fd, uint32(ev.Pad), epollReady(ev.Events)})
	}
	return ready, nil
}

func epollReady(mask uint32) (e Events) {
	if mask&(unix.EPOLLERR|unix.EPOLLHUP) != 0 {
		return readiness
	}
	if mask&unix.EPOLLIN != 0 {
		e |= Readable
	}
	if mask&unix.EPOLLOUT != 0 {
		e |= Writable
	}
	return e
}

// kernelTimespec is struct __kernel_timespec: of 64 bits on every machine.
type kernelTimespec struct{ sec, nsec int64 }

// sleep waits in the kernel. Go's scheduler is told only of a call that may block.
func (p *epoll) sleep(timeout time.Duration) (int, syscall.Errno) {
	buf := uintptr(unsafe.Pointer(&p.buf[0]))
	if timeout == 0 {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), buf, maxBatch, 0, 0, 0)
		return int(n), errno
	}
	if !p.noPwait {
		var ts *kernelTimespec
		if timeout > 0 {
			ts = &kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
		}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), buf, maxBatch, uintptr(unsafe.Pointer(ts)), 0, 0)
		if errno != unix.ENOSYS && errno != unix.EPERM {
			return int(n), errno
		}
		p.noPwait = true
	}
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), buf, maxBatch, uintptr(milliseconds(timeout)), 0, 0)
	return int(n), errno
}

// milliseconds rounds up, so that nobody wakes before the time; -1 stands for ever.
func milliseconds(timeout time.Duration) int {
	if timeout < 0 {
		return -1
	}
	return int(min((timeout+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
}
