package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/packet"
	"github.com/antedon-net/antedon/link/pipe"
)

// A port is where a Path meets one end. Only the Path's goroutine uses it.
type port interface {
	read(b []byte) int // copies the next packet to b and returns its length, 0 if there is none
	write(packet []byte)
	descriptor() int // readable when there is a packet; -1 if that rings the path's bell
	close()
}

// newKernelPort takes over a kernel's device, which has no offload.
func newKernelPort(dev link.Device) (port, error) {
	if socket, ok := dev.(*packet.Device); ok {
		p := newQueuePort(dev)
		return p, socket.Control(func(fd int) error { p.fd = fd; return nil })
	}
	return newTUNPort(dev)
}

// tunPort is a TUN device without any header before its packets.
type tunPort struct{ fd int }

// newTUNPort takes over a TUN device. It has a descriptor that Go's poller does not know: a goroutine of the poller that
// wakes for each packet only to find that nobody waits would cost more than the path does.
func newTUNPort(dev link.Device) (*tunPort, error) {
	q, ok := dev.Queues()[0].(interface {
		Control(func(fd int) error) error
	})
	if !ok {
		return nil, fmt.Errorf("bench: %s is no TUN device", dev.Name())
	}
	p := new(tunPort)
	err := q.Control(func(fd int) (err error) {
		p.fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	return p, errors.Join(err, dev.Close())
}

func (p *tunPort) read(b []byte) int {
	for {
		n, err := unix.Read(p.fd, b)
		if err != unix.EINTR {
			return max(n, 0) // EAGAIN, or the device is gone
		}
	}
}

// write hands the kernel a packet. One that it refuses is lost, as on any wire.
func (p *tunPort) write(packet []byte) { _, _ = unix.Write(p.fd, packet) }

func (p *tunPort) descriptor() int { return p.fd }

func (p *tunPort) close() { unix.Close(p.fd) }

// queuePort is any device without offload.
type queuePort struct {
	dev  link.Device
	q    link.Queue
	fd   int
	pkts []link.Packet
	next int // the first of pkts that was not handed over
	n    int // how many are there
}

func newQueuePort(dev link.Device) *queuePort {
	p := &queuePort{dev: dev, q: dev.Queues()[0], fd: -1, pkts: make([]link.Packet, 16)}
	for i := range p.pkts {
		p.pkts[i].Buf = make([]byte, link.ReadRoom)
	}
	return p
}

func (p *queuePort) read(b []byte) int {
	if p.next == p.n {
		n, err := p.q.TryRead(p.pkts)
		if n == 0 || err != nil {
			return 0
		}
		p.next, p.n = 0, n
	}
	p.next++
	return copy(b, p.pkts[p.next-1].Bytes)
}

func (p *queuePort) write(packet []byte) { _, _ = p.q.Write([]link.Packet{{Bytes: packet}}) }

func (p *queuePort) descriptor() int { return p.fd }

func (p *queuePort) close() { p.dev.Close() }

// pipeQueue is how many packets wait in a stack's device. The path empties it at once.
const pipeQueue = 10000

// newStackPort returns a device in memory for a stack, and the port at its far end. Writing to the device rings b.
func newStackPort(b *bell) (link.Device, port) {
	near, far := pipe.New(pipe.Config{QueueLen: pipeQueue})
	return &ringing{near, []link.Queue{ringingQueue{near.Queues()[0], b}}}, newQueuePort(far)
}

// ringing is a device that rings a bell when it is written to.
type ringing struct {
	*pipe.Device
	queues []link.Queue
}

func (d *ringing) Queues() []link.Queue { return d.queues }

type ringingQueue struct {
	link.Queue
	bell *bell
}

func (q ringingQueue) Write(pkts []link.Packet) (int, error) {
	n, err := q.Queue.Write(pkts)
	q.bell.ring()
	return n, err
}

// A bell wakes a thread that waits in ppoll.
type bell struct {
	fd        int
	listening atomic.Bool // somebody sleeps, or is about to
}

func newBell() (*bell, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("bench: eventfd: %w", err)
	}
	return &bell{fd: fd}, nil
}

// ring wakes whoever listens.
func (b *bell) ring() {
	if b.listening.Load() {
		var one [8]byte
		binary.NativeEndian.PutUint64(one[:], 1)
		_, _ = unix.Write(b.fd, one[:])
	}
}

// still makes the bell silent again.
func (b *bell) still() {
	var count [8]byte
	_, _ = unix.Read(b.fd, count[:])
}

func (b *bell) close() { unix.Close(b.fd) }
