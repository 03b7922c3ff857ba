package rawfd

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
func (f *FD) Doze(d time.Duration) {
	fd, err := f.Enter()
	if err != nil {
		return
	}
	defer f.Leave()
	p := [...]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(f.rouser), Events: unix.POLLIN}}
	ts := unix.NsecToTimespec(int64(d))
	if n, _ := unix.Ppoll(p[:], &ts, nil); n > 0 && p[1].Revents != 0 {
		var b [8]byte
		_, _ = unix.Read(f.rouser, b[:])
	}
}

// Rouse implements link.Waiter.
func (f *FD) Rouse() {
	if _, err := f.Enter(); err == nil {
		_, _ = unix.Write(f.rouser, []byte{7: 1}) // an eventfd counts in the machine's order: any number will do
		f.Leave()
	}
}
