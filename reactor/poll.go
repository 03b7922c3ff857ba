package reactor

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poll keeps the array that the kernel is given in every turn.
type poll struct {
	fds  []unix.PollFd // dense; the order is of no meaning
	info []pollInfo    // beside it
	at   []int32       // by descriptor: its place in fds plus one, 0 if it has none
}

type pollInfo struct {
	gen    uint32
	events int16 // what to watch for when armed
}

func newPoll() (poller, error) { return &poll{}, nil }

func (p *poll) close() {}

func pollMask(want Events) (mask int16) {
	if want&Readable != 0 {
		mask |= unix.POLLIN
	}
	if want&Writable != 0 {
		mask |= unix.POLLOUT
	}
	return mask
}

// checkRoom: the kernel refuses more descriptors than a process may have open, with a bare EINVAL.
func (p *poll) checkRoom(n int) error {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	if uint64(n) > r.Cur {
		return fmt.Errorf("reactor: poll takes no more descriptors than RLIMIT_NOFILE, which is %d: %w", r.Cur, syscall.EINVAL)
	}
	return nil
}

func (p *poll) add(fd int, want Events, gen uint32) error {
	if err := checkOpen(fd); err != nil {
		return err
	}
	if err := p.checkRoom(len(p.fds) + 1); err != nil {
		return err
	}
	for fd >= len(p.at) {
		p.at = append(p.at, 0)
	}
	mask := pollMask(want)
	p.fds = append(p.fds, unix.PollFd{Fd: int32(fd), Events: mask})
	p.info = append(p.info, pollInfo{gen, mask})
	p.at[fd] = int32(len(p.fds))
	return nil
}

// checkOpen refuses what epoll would refuse.
func checkOpen(fd int) error {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
		return fmt.Errorf("reactor: descriptor %d: %w", fd, err)
	}
	return nil
}

func (p *poll) modify(fd int, want Events, gen uint32) error {
	i, mask := p.at[fd]-1, pollMask(want)
	p.fds[i] = unix.PollFd{Fd: int32(fd), Events: mask}
	p.info[i] = pollInfo{gen, mask}
	return nil
}

func (p *poll) remove(fd int) error {
	i, last := int(p.at[fd]-1), len(p.fds)-1
	p.fds[i], p.info[i] = p.fds[last], p.info[last]
	moved := p.fds[i].Fd
	if moved < 0 {
		moved = ^moved
	}
	p.at[moved] = int32(i + 1)
	p.at[fd] = 0
	p.fds, p.info = p.fds[:last], p.info[:last]
	return nil
}

// spend keeps the place: the kernel skips negative descriptors.
func (p *poll) spend(fd int) { p.fds[p.at[fd]-1].Fd = int32(^fd) }

func (p *poll) wait(ready []event, timeout time.Duration) ([]event, error) {
	ts := timespec(timeout)
	n, err := unix.Ppoll(p.fds, ts, nil)
	switch {
	case errors.Is(err, syscall.EINTR):
		return ready, nil
	case errors.Is(err, syscall.EINVAL) && p.checkRoom(len(p.fds)) != nil:
		return ready, p.checkRoom(len(p.fds)) // the limit was lowered after they had been added
	case err != nil:
		return ready, os.NewSyscallError("ppoll", err)
	}
	for i := 0; n > 0 && i < len(p.fds); i++ {
		if f := &p.fds[i]; f.Revents != 0 && f.Fd >= 0 {
			ready = append(ready, event{f.Fd, p.info[i].gen, pollReady(f.Revents)})
			n--
		}
	}
	return ready, nil
}

// pollReady: POLLNVAL is of a descriptor that was closed without Remove; whoever reads it is told so.
func pollReady(mask int16) (e Events) {
	if mask&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0 {
		return readiness
	}
	if mask&unix.POLLIN != 0 {
		e |= Readable
	}
	if mask&unix.POLLOUT != 0 {
		e |= Writable
	}
	return e
}

// timespec returns nil for ever.
func timespec(timeout time.Duration) *unix.Timespec {
	if timeout < 0 {
		return nil
	}
	ts := unix.NsecToTimespec(int64(timeout))
	return &ts
}
