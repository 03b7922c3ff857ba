package driver

import (
	"encoding/binary"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/link"
)

// device is the raw sockets as a link for Antedon's own stack in the driver's loop. All of it belongs to the loop's
// goroutine.
type device struct {
	w       *wireEnd
	arrived fifo
	ready   int // an eventfd: it can be read when a packet can
	closed  atomic.Bool
}

// deviceMTU lets in what receive offload has joined. What is sent is no longer than Ethernet's packets, see deviceRoutes;
// where a path takes less the kernel cuts them into fragments.
const deviceMTU = link.MaxPacket

const pathMTU = 1500

var deviceRoutes = []host.Route{
	{Prefix: netip.PrefixFrom(netip.IPv4Unspecified(), 0), MTU: pathMTU},
	{Prefix: netip.PrefixFrom(netip.IPv6Unspecified(), 0), MTU: pathMTU},
}

func newDevice(w *wireEnd) (*device, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return &device{w: w, ready: fd}, err
}

var (
	_ link.Device = (*device)(nil)
	_ link.Polled = (*device)(nil)
)

func (d *device) Name() string          { return "connection 2" }
func (d *device) MTU() int              { return deviceMTU }
func (d *device) Offload() link.Offload { return 0 }
func (d *device) Queues() []link.Queue  { return []link.Queue{d} }
func (d *device) PollFD() int           { return d.ready }
func (d *device) Arm()                  {} // the descriptor is armed for as long as there is a packet
func (d *device) Rouse()                {} // nobody dozes: the loop waits

// Wait implements link.Waiter.
func (d *device) Wait() error {
	d.Doze(time.Second)
	return d.err()
}

// Doze implements link.Waiter.
func (d *device) Doze(wait time.Duration) {
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(d.ready), Events: unix.POLLIN}}, int(wait.Milliseconds()))
}

func (d *device) err() error {
	if d.closed.Load() {
		return net.ErrClosed
	}
	return nil
}

// put hands over a segment that came in, towards name.Src. A full queue drops it.
func (d *device) put(name exp4.Conn, segment []byte) bool {
	if d.arrived.len() >= maxArrived || d.closed.Load() {
		return false
	}
	d.arrived.push(appendPacket(d.arrived.spare(), turned(name), segment))
	if d.arrived.len() == 1 {
		_, _ = unix.Write(d.ready, binary.NativeEndian.AppendUint64(nil, 1))
	}
	return true
}

// maxArrived is how many packets wait for the stack.
const maxArrived = 512

// Read implements link.Queue.
func (d *device) Read(pkts []link.Packet) (int, error) {
	for {
		if n, err := d.TryRead(pkts); n > 0 || err != nil {
			return n, err
		}
		if err := d.Wait(); err != nil {
			return 0, err
		}
	}
}

// TryRead implements link.Queue.
func (d *device) TryRead(pkts []link.Packet) (int, error) {
	if err := d.err(); err != nil {
		return 0, err
	}
	n := 0
	for ; n < len(pkts) && d.arrived.len() > 0; n++ {
		p := &pkts[n]
		b := d.arrived.pop()
		*p = link.Packet{Buf: p.Buf, Bytes: p.Buf[:copy(p.Buf, b)]}
		d.arrived.giveBack(b)
	}
	if n > 0 && d.arrived.len() == 0 {
		var count [8]byte
		_, _ = unix.Read(d.ready, count[:])
	}
	return n, nil
}

// Write implements link.Queue.
func (d *device) Write(pkts []link.Packet) (int, error) {
	if err := d.err(); err != nil {
		return 0, err
	}
	for i := range pkts {
		p := &pkts[i]
		b := append(d.w.frame[:0], p.Bytes...)
		for _, more := range p.Payload {
			b = append(b, more...)
		}
		if name, segment, ok := parsePacket(b); ok {
			d.w.launch(name, segment, "antedon")
		}
		d.w.frame = b[:0]
	}
	return len(pkts), nil
}

// Close implements link.Device.
func (d *device) Close() error {
	if !d.closed.Swap(true) {
		unix.Close(d.ready)
	}
	return nil
}

// fifo is a queue of packets that uses their memory again.
type fifo struct {
	packets [][]byte
	free    [][]byte
	head    int
}

func (q *fifo) len() int { return len(q.packets) - q.head }

func (q *fifo) push(b []byte) { q.packets = append(q.packets, b) }

func (q *fifo) pop() []byte {
	b := q.packets[q.head]
	q.packets[q.head] = nil
	if q.head++; q.head == len(q.packets) {
		q.packets, q.head = q.packets[:0], 0
	}
	return b
}

func (q *fifo) spare() []byte {
	if n := len(q.free); n > 0 {
		b := q.free[n-1]
		q.free = q.free[:n-1]
		return b[:0]
	}
	return nil
}

func (q *fifo) giveBack(b []byte) { q.free = append(q.free, b) }
