package fdqueue

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
)

// TryReadSplit implements link.Splitter.
func (q *Queue) TryReadSplit(pkts []link.Packet, headers int, text []byte) (int, error) {
	return q.tryRead(pkts, func(fd int, p *link.Packet) (bool, syscall.Errno) {
		if len(text) < link.MaxPacket-headers {
			return false, unix.EAGAIN
		}
		head := q.framing.Len() + headers
		n, err := readTwo(fd, p.Buf[:head], text)
		if err != 0 {
			return false, err
		}
		if n > head && q.framing.parse(p, head) && headerLen(p) == headers {
			n -= head
			p.TextLen, text = uint32(n), text[n:]
			return true, 0
		}
		if n > head {
			copy(p.Buf[head:], text[:n-head])
		}
		return q.framing.parse(p, n), 0
	})
}

// readTwo reads into a and then into b: see read.
func readTwo(fd int, a, b []byte) (int, syscall.Errno) {
	iov := [2]unix.Iovec{{Base: &a[0]}, {Base: &b[0]}}
	iov[0].SetLen(len(a))
	iov[1].SetLen(len(b))
	r, _, errno := unix.RawSyscall(unix.SYS_READV, uintptr(fd), uintptr(unsafe.Pointer(&iov[0])), 2)
	n := int(r)
	if errno == 0 {
		rawfd.KernelWrote(a[:min(n, len(a))])
		rawfd.KernelWrote(b[:max(0, n-len(a))])
	}
	return n, errno
}
