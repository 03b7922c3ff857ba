package reactor

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Calls that do not block are made without telling Go's scheduler, which would cost more than some of them take.

// retry makes a call again while signals interrupt it.
func retry(call func() (uintptr, syscall.Errno)) (int, syscall.Errno) {
	for {
		n, errno := call()
		if errno != unix.EINTR {
			return max(int(n), 0), errno
		}
	}
}

func read(fd int, p []byte) (int, syscall.Errno) {
	return retry(func() (uintptr, syscall.Errno) {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
		return n, errno
	})
}

// write sends p on a socket, without a SIGPIPE if that is broken.
func write(fd int, p []byte) (int, syscall.Errno) {
	return retry(func() (uintptr, syscall.Errno) {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL, 0, 0)
		return n, errno
	})
}

func sendTo(fd int, p []byte, to *unix.RawSockaddrAny, size uint32) (int, syscall.Errno) {
	return retry(func() (uintptr, syscall.Errno) {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL,
			uintptr(unsafe.Pointer(to)), uintptr(size))
		return n, errno
	})
}

func receiveFrom(fd int, p []byte, from *unix.RawSockaddrAny, size *uint32) (int, syscall.Errno) {
	return retry(func() (uintptr, syscall.Errno) {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0,
			uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(size)))
		return n, errno
	})
}

func accept(fd int, from *unix.RawSockaddrAny, size *uint32) (int, syscall.Errno) {
	return retry(func() (uintptr, syscall.Errno) {
		n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(from)), uintptr(unsafe.Pointer(size)),
			unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		return n, errno
	})
}

// gather is the memory for scattered writes of a loop.
type gather struct{ iov [64]unix.Iovec }

// send writes bufs until the socket has no more room; with 0 bytes to write it makes no call.
func (g *gather) send(fd int, bufs [][]byte) (total int, errno syscall.Errno) {
	for len(bufs) > 0 {
		n, size := 0, 0
		for ; n < len(g.iov) && len(bufs) > 0; bufs = bufs[1:] {
			if b := bufs[0]; len(b) > 0 {
				g.iov[n].Base = &b[0]
				g.iov[n].SetLen(len(b))
				size += len(b)
				n++
			}
		}
		if n == 0 {
			return total, 0
		}
		sent, errno := g.call(fd, n)
		clear(g.iov[:n])
		if total += sent; errno != 0 || sent < size {
			return total, errno
		}
	}
	return total, 0
}

func (g *gather) call(fd, n int) (int, syscall.Errno) {
	msg := unix.Msghdr{Iov: &g.iov[0]}
	msg.SetIovlen(n)
	return retry(func() (uintptr, syscall.Errno) {
		n, _, errno := unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL)
		return n, errno
	})
}
