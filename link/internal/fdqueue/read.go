package fdqueue

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
)

// TryRead implements link.Queue.
func (q *Queue) TryRead(pkts []link.Packet) (int, error) {
	return q.tryRead(pkts, func(fd int, p *link.Packet) (bool, syscall.Errno) {
		n, err := read(fd, p.Buf)
		return err == 0 && q.framing.parse(p, n), err
	})
}

// tryRead reads with one, which reads a packet and reports whether it is a whole one.
func (q *Queue) tryRead(pkts []link.Packet, one func(fd int, p *link.Packet) (bool, syscall.Errno)) (int, error) {
	fd, err := q.Enter()
	if err != nil {
		return 0, err
	}
	defer q.Leave()
	got := 0
	for got < len(pkts) {
		whole, err := one(fd, &pkts[got])
		switch err {
		case 0:
			if whole {
				got++
			} else {
				q.state.ignored.Add(1)
			}
		case unix.EINTR:
		case unix.EAGAIN:
			return got, nil
		default:
			if fatal := q.state.check(err); fatal != nil {
				return q.failed(got, fatal)
			}
			if err != unix.ENETDOWN { // a packet socket says so once; the interface may come up again
				return q.failed(got, os.NewSyscallError("read", err))
			}
		}
	}
	return got, nil
}

// failed returns what was read before the error, which will be there at the next call.
func (q *Queue) failed(got int, err error) (int, error) {
	if got > 0 {
		return got, nil
	}
	return 0, err
}

// read is unix.Read, but that the scheduler is not told: see writev.
func read(fd int, b []byte) (int, syscall.Errno) {
	if len(b) == 0 {
		return 0, unix.EINVAL
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno == 0 {
		rawfd.KernelWrote(b[:n])
	}
	return int(n), errno
}
