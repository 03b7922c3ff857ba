package fdqueue

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
)

// maxPieces is how many pieces of memory a writev takes (UIO_MAXIOV).
const maxPieces = 1024

// writer is a Write under way. It is left when the kernel takes no more for now, and resumed where it stopped.
type writer struct {
	q     *Queue
	pkts  []link.Packet
	next  int   // the packet being sent
	taken int   // how many were
	first error // first refusal
	fatal error
	done  bool

	cutting bool           // pkts[next] is being sent in pieces,
	piece   []byte         // the next of which is this, if it was cut already
	seg     link.Segmenter //
	scratch []byte         // memory for a piece
	refused link.Offload   // what the kernel refused about pkts[next],
	long    bool           // or that it was too long for it

	prefix [maxPrefix]byte
	iov    []unix.Iovec
}

func newWriter(q *Queue) *writer {
	return &writer{q: q, iov: make([]unix.Iovec, 0, 16)}
}

func (w *writer) start(pkts []link.Packet) {
	w.pkts, w.next, w.taken = pkts, 0, 0
	w.first, w.fatal, w.done = nil, nil, false
}

// finish returns the outcome, given the error that the queue is closed.
func (w *writer) finish(err error) (int, error) {
	w.pkts = nil
	w.cutting, w.piece, w.seg = false, nil, link.Segmenter{}
	clear(w.iov[:cap(w.iov)])
	switch {
	case err != nil:
		return w.taken, err
	case w.fatal != nil:
		return w.taken, w.fatal
	}
	return w.taken, w.first
}

// drain sends until everything is sent or the kernel would block, of which it reports the former.
func (w *writer) drain(fd int) bool {
	for ; w.next < len(w.pkts); w.next++ {
		err := w.send(fd, &w.pkts[w.next])
		if err == unix.EAGAIN {
			return false
		}
		if err == nil {
			w.taken++
			continue
		}
		w.q.state.dropped.Add(1)
		if w.first == nil {
			w.first = err
		}
		if w.fatal = w.q.state.check(err); w.fatal != nil {
			break
		}
	}
	w.done = true
	return true
}

// send sends p, or goes on sending it.
func (w *writer) send(fd int, p *link.Packet) error {
	if w.cutting {
		return w.sendPieces(fd)
	}
	if len(p.Bytes) == 0 || len(p.Payload)+2 > maxPieces {
		return link.ErrMalformed
	}
	if p.SegSize == 0 && p.Len() > w.q.state.MTU() {
		return link.ErrTooLong
	}
	w.refused, w.long = link.OffloadNone, false
	need, size := p.Needs(), p.Len()
	if !w.q.state.Offload().Has(need) || size > w.q.state.MaxSuper() {
		return w.sendInSoftware(fd, p)
	}
	err := w.write(fd, p, false)
	long := size > link.MaxPacket
	if need == link.OffloadNone || !refusable(err, long) {
		return err
	}
	w.refused, w.long = need, long
	return w.sendInSoftware(fd, p)
}

// sendInSoftware sends p without the kernel's help.
func (w *writer) sendInSoftware(fd int, p *link.Packet) error {
	if p.SegSize == 0 {
		if err := link.CompleteChecksum(p); err != nil {
			return err
		}
		return w.conclude(w.write(fd, p, true))
	}
	if err := w.seg.Reset(p); err != nil {
		return err
	}
	if w.seg.Max() > w.q.state.MTU() {
		return link.ErrTooLong
	}
	if len(w.scratch) < w.seg.Max() {
		w.scratch = make([]byte, w.seg.Max())
	}
	w.q.state.segmented.Add(1)
	w.cutting = true
	return w.sendPieces(fd)
}

func (w *writer) sendPieces(fd int) error {
	for {
		if w.piece == nil {
			w.piece = w.seg.Next(w.scratch)
		}
		if w.piece == nil {
			w.cutting = false
			return w.conclude(nil)
		}
		err := w.write(fd, &link.Packet{Bytes: w.piece}, true)
		if err == unix.EAGAIN {
			return err
		}
		w.piece = nil
		if err != nil {
			w.cutting = false
			return w.conclude(err)
		}
	}
}

// conclude takes note of how sending in software went. Only if the kernel now takes what it refused before, the offload
// or the length was to blame and not the packet.
func (w *writer) conclude(err error) error {
	switch {
	case err != nil || w.refused == link.OffloadNone:
	case w.long:
		w.q.state.shorten()
	default:
		w.q.state.shrink(w.refused)
	}
	return err
}

// write hands one frame to the kernel.
func (w *writer) write(fd int, p *link.Packet, plain bool) error {
	n := w.q.framing.put(w.prefix[:], p, plain)
	w.iov = w.iov[:0]
	w.add(w.prefix[:n])
	w.add(p.Bytes)
	for _, b := range p.Payload {
		w.add(b)
	}
	for again := true; ; {
		switch errno := w.writev(fd); errno {
		case 0:
			return nil
		case unix.EINTR:
		case unix.EAGAIN:
			return unix.EAGAIN
		case unix.ENETDOWN:
			if !again { // the first may be left over from when the interface was down (packet sockets)
				return errno
			}
			again = false
		default:
			return errno
		}
	}
}

// writev writes what was added. The scheduler is not told of the system call, which does not wait but may take 20 µs, as the
// peer's half of the kernel's work is done in it: for a call that long it would take the processor away from this goroutine,
// to give it to another thread, which competes with this one for the CPU.
func (w *writer) writev(fd int) syscall.Errno {
	defer rawfd.KernelRead(w.iov)
	if v := &w.iov[0]; len(w.iov) == 1 { // saves the kernel a look at the list
		_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(v.Base)), uintptr(v.Len))
		return errno
	}
	_, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&w.iov[0])), uintptr(len(w.iov)))
	return errno
}

func (w *writer) add(b []byte) {
	if len(b) > 0 {
		v := unix.Iovec{Base: unsafe.SliceData(b)}
		v.SetLen(len(b))
		w.iov = append(w.iov, v)
	}
}
