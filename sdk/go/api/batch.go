package api

import (
	"runtime"
	"syscall"
	"unsafe"
)

// batch is several datagrams for one call of the kernel: it costs hardly more than a single one, and wakes whoever waits for
// them once.
type batch struct {
	heads []messageHead
	parts []syscall.Iovec // one for each
}

// messageHead is the kernel's struct mmsghdr.
type messageHead struct {
	syscall.Msghdr
	n uint32 // bytes received
}

// maxBatch is how many datagrams a batch has at most.
const maxBatch = 32

func newBatch() *batch {
	b := &batch{make([]messageHead, maxBatch), make([]syscall.Iovec, maxBatch)}
	for i := range b.heads {
		b.heads[i].Iov, b.heads[i].Iovlen = &b.parts[i], 1
	}
	return b
}

// newRoom makes a batch to receive into, of datagrams of any size.
func newRoom() *batch {
	b, memory := newBatch(), make([]byte, maxBatch*maxDatagram)
	for i := range b.heads {
		b.set(i, memory[i*maxDatagram:(i+1)*maxDatagram])
	}
	return b
}

// set says what the datagram i is, or where it goes.
func (b *batch) set(i int, d []byte) {
	b.parts[i].Base = &d[0]
	b.parts[i].SetLen(len(d))
}

// received returns the datagram i, until the next batch is received.
func (b *batch) received(i int) []byte {
	return unsafe.Slice(b.parts[i].Base, b.heads[i].n)
}

// receive waits for a datagram, and returns how many there are by then. After hangUp there is one of 0 bytes.
func (s socket) receive(b *batch) (int, error) {
	const waitForOne = 0x10000 // MSG_WAITFORONE
	for {
		n, _, errno := syscall.Syscall6(syscall.SYS_RECVMMSG, uintptr(s), uintptr(unsafe.Pointer(&b.heads[0])), maxBatch, waitForOne, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR: // the Go runtime sends signals to itself
		case syscall.EAGAIN:
			return 0, errSilence
		default:
			return 0, errno
		}
	}
}

// sendmmsg is the number of the call, which package syscall does not have for every machine.
var sendmmsg = map[string]uintptr{
	"386": 345, "amd64": 307, "arm": 374, "arm64": 269, "loong64": 269, "ppc64le": 349, "riscv64": 269, "s390x": 358,
}[runtime.GOARCH]

// sendBatch sends the first n datagrams of a batch. If the other end's queue is full it waits.
func (s socket) sendBatch(b *batch, n int) error {
	for i := 0; i < n; {
		if sendmmsg == 0 {
			if err := s.send(unsafe.Slice(b.parts[i].Base, b.parts[i].Len)); err != nil {
				return err
			}
			i++
			continue
		}
		sent, _, errno := syscall.Syscall6(sendmmsg, uintptr(s), uintptr(unsafe.Pointer(&b.heads[i])), uintptr(n-i), 0, 0, 0)
		if errno != 0 && errno != syscall.EINTR {
			return errno
		}
		if errno == 0 {
			i += int(sent)
		}
	}
	return nil
}
