package udp

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is struct mmsghdr: one message of a recvmmsg or sendmmsg, which may be a train of datagrams.
type message struct {
	header unix.Msghdr
	n      uint32 // bytes that were received
}

// control is room for the one control message that is of use: the length of the datagrams in a train.
type control struct {
	header unix.Cmsghdr
	data   [8]byte
}

// name is room for the address of a message: struct sockaddr_in or sockaddr_in6.
type name [unix.SizeofSockaddrInet6]byte

// setPieces makes iov what the message is gathered from, or scattered to.
func (m *message) setPieces(iov []unix.Iovec) {
	m.header.Iov = &iov[0]
	m.header.SetIovlen(len(iov))
}

// setTrain asks the kernel to cut the message into datagrams of size bytes, the last one perhaps shorter.
func (m *message) setTrain(c *control, size int) {
	c.header.Level, c.header.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	c.header.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&c.data)) = uint16(size)
	m.header.Control = (*byte)(unsafe.Pointer(c))
	m.header.SetControllen(unix.CmsgSpace(2))
}

// setNoTrain makes the message one datagram.
func (m *message) setNoTrain() {
	m.header.Control = nil
	m.header.SetControllen(0)
}

// prepare makes the message ready to be received into.
func (m *message) prepare(from *name, c *control) {
	m.header.Name = &from[0]
	m.header.Namelen = unix.SizeofSockaddrInet6
	m.header.Control = (*byte)(unsafe.Pointer(c))
	m.header.SetControllen(unix.CmsgSpace(4))
	m.header.Flags = 0
}

// trainSize returns the length of the datagrams in a message that was received, 0 if it is a single one.
func (m *message) trainSize(c *control) int {
	if int(m.header.Controllen) < unix.CmsgLen(4) || c.header.Level != unix.SOL_UDP || c.header.Type != unix.UDP_GRO {
		return 0
	}
	return int(*(*int32)(unsafe.Pointer(&c.data)))
}

// receive receives messages and returns how many. The scheduler is not told: see docs/decisions/0021-raw-system-calls.md.
func receive(fd int, msgs []message) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// send sends messages and returns how many. An error is that of the first: the kernel tells of later ones at the next call.
func send(fd int, msgs []message) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
