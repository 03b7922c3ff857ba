package fdqueue

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// newRouser returns an eventfd.
func newRouser() (int, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("eventfd", err)
	}
	return fd, nil
}

// Doze implements link.Waiter.
func (q *Queue) Doze(d time.Duration) {
	if q.enter() != nil {
		return
	}
	defer q.leave()
	p := [...]unix.PollFd{{Fd: int32(q.fd), Events: unix.POLLIN}, {Fd: int32(q.rouser), Events: unix.POLLIN}}
	ts := unix.NsecToTimespec(int64(d))
	if n, _ := unix.Ppoll(p[:], &ts, nil); n > 0 && p[1].Revents != 0 {
		var b [8]byte
		_, _ = unix.Read(q.rouser, b[:])
	}
}

// Rouse implements link.Waiter.
func (q *Queue) Rouse() {
	if q.enter() == nil {
		_, _ = unix.Write(q.rouser, []byte{7: 1}) // an eventfd counts in the machine's order: any number will do
		q.leave()
	}
}
