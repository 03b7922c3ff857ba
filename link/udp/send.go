package udp

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link/internal/rawfd"
)

// flush sends the trains. What the kernel or the network refuses is lost, and the packets it belongs to count as not taken.
func (w *writer) flush() {
	for next := 0; next < w.n && w.fatal == nil; {
		fd, err := w.q.Enter()
		if err != nil {
			w.fatal = net.ErrClosed
			break
		}
		if next = w.drain(fd, next); next < w.n {
			rawfd.AwaitRoom(fd)
		}
		w.q.Leave() // so that Close need not wait until everything is sent
	}
	rawfd.KernelRead(w.iov)
	clear(w.iov)
	w.iov, w.n, w.used = w.iov[:0], 0, 0
}

// drain sends the trains from next on until the kernel would block, and returns the first that is left.
func (w *writer) drain(fd, next int) int {
	if w.q.d.peer.Load() == nil {
		for ; next < w.n; next++ {
			w.refuseTrain(&w.trains[next], errNoPeer)
		}
		return next
	}
	for i := next; i < w.n; i++ {
		w.prepare(i)
	}
	again := true
	for next < w.n {
		n, errno := send(fd, w.msgs[next:w.n])
		for range n {
			w.sent(&w.trains[next])
			next++
			again = true
		}
		switch {
		case errno == 0 || errno == unix.EINTR:
		case errno == unix.EAGAIN:
			return next
		case again && isLate(errno):
			again = false // nothing was tried yet: this is about datagrams sent before
			w.q.d.onUnreachable(fd, errno)
		default:
			w.resolve(fd, &w.trains[next], errno)
			next++
			again = true
		}
	}
	return next
}

func (w *writer) prepare(i int) {
	m, t := &w.msgs[i], &w.trains[i]
	m.setPieces(w.iov[t.from:t.to])
	if t.count > 1 {
		m.setTrain(&w.controls[i], t.size)
	} else {
		m.setNoTrain()
	}
}

func (w *writer) sent(t *train) {
	w.q.d.count.sent.Add(uint64(t.count))
	if t.count > 1 {
		w.q.d.count.sentTrains.Add(1)
	}
}

// isLate reports whether an error may be one that the network has reported about a datagram sent before, which the kernel
// tells of at the next call, whatever that is.
func isLate(err syscall.Errno) bool {
	switch err {
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EMSGSIZE, unix.EPROTO, unix.ENOPROTOOPT, unix.EACCES, unix.EOPNOTSUPP:
		return true
	}
	return false
}

// resolve does about a train that was refused what can be done.
func (w *writer) resolve(fd int, t *train, errno syscall.Errno) {
	head := w.iov[t.from] // begins with the headers of the first packet
	if t.count > 1 && isAboutTrains(errno) {
		if errno = w.sendApart(fd, t); errno == 0 {
			return
		}
	}
	if errno == unix.EMSGSIZE {
		w.tellTooBig(fd, head, t.size)
	}
	w.refuseTrain(t, errno)
}

// isAboutTrains reports whether an error may mean that the kernel, or the interface, takes no trains; older kernels also say
// that the datagrams are too long for the path by EINVAL.
func isAboutTrains(err syscall.Errno) bool {
	return err == unix.EIO || err == unix.EINVAL || err == unix.EOPNOTSUPP || err == unix.ENOPROTOOPT
}

// sendApart sends the datagrams of a train one by one. Only if the kernel now takes what it refused before, the train was to
// blame, and there will be no more.
func (w *writer) sendApart(fd int, t *train) syscall.Errno {
	pieces := w.iov[t.from:t.to]
	single := make([]unix.Iovec, 0, len(pieces)) // happens once
	for left := t.bytes; left > 0; {
		n := min(t.size, left)
		left -= n
		for single = single[:0]; n > 0; {
			v := pieces[0]
			k := min(n, int(v.Len))
			v.SetLen(k)
			single = append(single, v)
			if n -= k; k == int(pieces[0].Len) {
				pieces = pieces[1:]
				continue
			}
			rest := unsafe.Slice(pieces[0].Base, pieces[0].Len)[k:]
			pieces[0].Base = &rest[0]
			pieces[0].SetLen(len(rest))
		}
		if errno := sendOne(fd, single); errno != 0 {
			return errno
		}
		w.q.d.count.sent.Add(1)
	}
	if w.q.d.noTrains.CompareAndSwap(false, true) {
		w.q.d.count.refused.Add(1)
	}
	return 0
}

// sendOne sends a datagram, waiting for room.
func sendOne(fd int, pieces []unix.Iovec) syscall.Errno {
	var m [1]message
	m[0].setPieces(pieces)
	for {
		_, errno := send(fd, m[:])
		switch errno {
		case unix.EAGAIN:
			rawfd.AwaitRoom(fd)
		case unix.EINTR:
		default:
			return errno
		}
	}
}

// tellTooBig tells the stack how long packets may be, by an answer to one of size bytes that begins with head.
func (w *writer) tellTooBig(fd int, head unix.Iovec, size int) {
	mtu := w.q.d.learnPathMTU(fd)
	if mtu == 0 || mtu >= size {
		return
	}
	if w.q.notices.add(unsafe.Slice(head.Base, head.Len), mtu) {
		w.q.d.count.tooBig.Add(1)
		w.q.ArmNow()
		w.q.Rouse()
	}
}

func (w *writer) refuseTrain(t *train, err error) { w.refuse(t.packets[0], t.packets[1], err) }
