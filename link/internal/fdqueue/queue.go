// Package fdqueue is a link.Queue over a file descriptor of which each read takes and each write gives one packet: a
// TUN device or a packet socket. It parks readers in Go's netpoller, puts the headers before each packet that its Framing
// asks for, and does in software what the kernel refuses to do.
//
// Concurrency: as link.Queue, and TryRead may also be called while another goroutine waits in Read. Writers do not wait
// for each other.
package fdqueue

import (
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/antedon-net/antedon/link"
)

// Queue is a link.Queue.
type Queue struct {
	state   *State
	framing Framing
	file    *os.File
	raw     syscall.RawConn
	reader  *reader // Read's own
	readers sync.Pool
	writers sync.Pool
}

// New returns a queue over fd, which is non-blocking and belongs to the queue from now on, even if New fails.
func New(fd int, name string, f Framing, s *State) (*Queue, error) {
	file := os.NewFile(uintptr(fd), name)
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	q := &Queue{state: s, framing: f, file: file, raw: raw}
	q.reader = newReader(q)
	q.readers.New = func() any { return newReader(q) }
	q.writers.New = func() any { return newWriter(q) }
	return q, nil
}

// Control calls fn with the queue's descriptor, which stays open until fn has returned.
func (q *Queue) Control(fn func(fd int) error) error {
	var err error
	if cerr := q.raw.Control(func(fd uintptr) { err = fn(int(fd)) }); cerr != nil {
		return net.ErrClosed
	}
	return err
}

// Close closes the descriptor and unblocks Read.
func (q *Queue) Close() error { return q.file.Close() }

// Read implements link.Queue.
func (q *Queue) Read(pkts []link.Packet) (int, error) {
	if len(pkts) == 0 {
		return 0, nil
	}
	r := q.reader
	r.start(pkts)
	// RawConn.Read forgets a readiness that came before; it calls back before it waits, so nothing is lost, and
	// drain returns false only after EAGAIN, as the edge-triggered poller demands.
	return r.finish(q.raw.Read(r.drainFunc))
}

// TryRead implements link.Queue. It does not enter the poller, and so does not wait for a goroutine parked in Read.
func (q *Queue) TryRead(pkts []link.Packet) (int, error) {
	r := q.readers.Get().(*reader)
	defer q.readers.Put(r)
	r.start(pkts)
	return r.finish(q.raw.Control(r.tryFunc))
}

// Write implements link.Queue.
func (q *Queue) Write(pkts []link.Packet) (int, error) {
	w := q.writers.Get().(*writer)
	defer q.writers.Put(w)
	w.start(pkts)
	// RawConn.Write would make writers wait for each other, so it is only for waiting until the kernel takes more.
	err := q.raw.Control(w.tryFunc)
	if err == nil && !w.done {
		err = q.raw.Write(w.drainFunc)
	}
	return w.finish(err)
}
