package fdqueue

import (
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
)

// reader is a Read under way. The functions given to the RawConn are bound once, for a closure per call would be an
// allocation per call.
type reader struct {
	q    *Queue
	pkts []link.Packet
	n    int
	err  error

	drainFunc func(fd uintptr) bool
	tryFunc   func(fd uintptr)
}

func newReader(q *Queue) *reader {
	r := &reader{q: q}
	r.drainFunc = r.drain
	r.tryFunc = func(fd uintptr) { r.drain(fd) }
	return r
}

func (r *reader) start(pkts []link.Packet) { r.pkts, r.n, r.err = pkts, 0, nil }

// finish returns the outcome, given the error of the RawConn: the only one there can be is that it was closed.
func (r *reader) finish(err error) (int, error) {
	n := r.n
	if err == nil {
		err = r.err
	} else {
		err = net.ErrClosed
	}
	r.pkts, r.err = nil, nil
	if n > 0 {
		err = nil // it will be there at the next call
	}
	return n, err
}

// drain reads until nothing is left or the batch is full. It reports whether that gave anything.
func (r *reader) drain(fd uintptr) bool {
	for r.n < len(r.pkts) {
		p := &r.pkts[r.n]
		n, err := unix.Read(int(fd), p.Buf)
		switch err {
		case nil:
			if r.q.framing.parse(p, n) {
				r.n++
			} else {
				r.q.state.ignored.Add(1)
			}
		case unix.EINTR:
		case unix.EAGAIN:
			return r.n > 0
		default:
			r.err = r.q.state.check(err)
			if r.err == nil && err != unix.ENETDOWN { // a packet socket says so once; the interface may come up again
				r.err = os.NewSyscallError("read", err)
			}
			if r.err != nil {
				return true
			}
		}
	}
	return true
}
