package udp

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/internal/rawfd"
	"github.com/antedon-net/antedon/wire"
)

const (
	// maxMessages are received at once.
	maxMessages = 16

	// maxMessage is more than a datagram or a train of them has bytes.
	maxMessage = 64 << 10

	// maxErrors is how many errors of the network a read takes note of before it looks again another time.
	maxErrors = 16
)

// reader receives datagrams where the stack wants them, each in the memory of a packet of its own. A message that is a train
// goes on in memory of ours, from where it is handed out: to have the kernel scatter it costs as much as to copy it.
type reader struct {
	mu sync.Mutex
	d  *Device

	peer  source
	burst int // how many messages to expect

	msgs     [maxMessages]message
	names    [maxMessages]name
	controls [maxMessages]control
	iov      []unix.Iovec
	store    [maxMessages][]byte // where a message goes on that is longer than expected

	held  []held // messages in store, to be handed out before anything else is received
	holds atomic.Bool
}

// held is a message, or what is left of one, in store.
type held struct {
	b    []byte
	size int // of its datagrams
}

// batch is what TryRead fills in.
type batch struct {
	pkts  []link.Packet
	n     int
	count *counters
}

func (r *reader) init(d *Device) {
	r.d, r.burst = d, 1
	r.iov = make([]unix.Iovec, 0, 2*maxMessages)
	r.held = make([]held, 0, maxMessages)
	memory := make([]byte, maxMessages*maxMessage)
	for i := range r.store {
		r.store[i], memory = memory[:maxMessage:maxMessage], memory[maxMessage:]
	}
}

// read fills b with what was held back and what the kernel has.
func (r *reader) read(fd int, b *batch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handOut(b)
	for errors := 0; b.n < len(b.pkts) && len(r.held) == 0; {
		asked := r.expect(b)
		n, errno := receive(fd, r.msgs[:asked])
		switch {
		case errno == unix.EAGAIN:
			return nil
		case errno == unix.EINTR:
		case !isOfNetwork(errno):
			return errno
		case errno != 0:
			r.d.onUnreachable(fd, errno)
			if errors++; errors == maxErrors {
				return nil
			}
		default:
			r.accept(fd, b, n)
			if n < asked {
				return nil // recvmmsg has found the socket empty
			}
		}
	}
	return nil
}

// isOfNetwork reports whether an error of a receive or a send says something about the network, and not about the call.
func isOfNetwork(err syscall.Errno) bool {
	switch err {
	case unix.EBADF, unix.EFAULT, unix.ENOTSOCK, unix.ENOTCONN, unix.EDESTADDRREQ:
		return false
	}
	return true
}

// expect prepares for the messages that are likely to come, and returns how many. What of one finds no room in a packet goes
// where it would lie in store if all of it did.
func (r *reader) expect(b *batch) int {
	r.iov = r.iov[:0]
	n := min(len(b.pkts)-b.n, r.burst)
	for i := range n {
		buf, at := b.pkts[b.n+i].Buf, len(r.iov)
		r.addPiece(buf)
		if len(buf) < maxMessage {
			r.addPiece(r.store[i][len(buf):])
		}
		r.msgs[i].setPieces(r.iov[at:])
		r.msgs[i].prepare(&r.names[i], &r.controls[i])
	}
	return n
}

func (r *reader) addPiece(b []byte) {
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	r.iov = append(r.iov, v)
}

// accept puts the n messages that came into the batch.
func (r *reader) accept(fd int, b *batch, n int) {
	slots, trains := b.pkts[b.n:], uint64(0)
	for i := range n {
		m := &r.msgs[i]
		total, each := int(m.n), m.trainSize(&r.controls[i])
		if each <= 0 || each > total {
			each = total
		}
		switch {
		case m.header.Flags&unix.MSG_TRUNC != 0:
			r.d.count.tooLong.Add(1)
		case !r.isOurs(fd, i, slots[i].Buf, each):
			r.d.count.foreign.Add(1)
		case total == 0:
			r.d.count.malformed.Add(1)
		default:
			r.acceptMessage(b, slots[i].Buf, r.store[i], total, each)
			if each < total {
				trains++
			}
		}
	}
	r.d.count.receivedTrains.Add(trains)
	r.burst = min(2*n, maxMessages)
	if trains > 0 {
		r.burst = 1 // each of them is a batch, which should stay in the cache until it is looked at
	}
	r.handOut(b)
}

// acceptMessage takes a message that begins in buf. A single datagram stays there, unless others are to be handed out first.
func (r *reader) acceptMessage(b *batch, buf, store []byte, total, each int) {
	if each == total && total <= len(buf) && len(r.held) == 0 {
		b.take(buf[:total])
		return
	}
	copy(store, buf[:min(total, len(buf))])
	r.held = append(r.held, held{store[:total], each})
}

// handOut moves what is held into the batch, as far as there is room.
func (r *reader) handOut(b *batch) {
	for len(r.held) > 0 && b.n < len(b.pkts) {
		h := &r.held[0]
		n := min(h.size, len(h.b))
		b.take(h.b[:n])
		if h.b = h.b[n:]; len(h.b) == 0 {
			r.held = r.held[:copy(r.held, r.held[1:])]
		}
	}
	r.holds.Store(len(r.held) > 0)
}

// take puts a datagram into the batch, if it is an IP packet. It lies in the memory of the packet it becomes, or of one after
// that, or elsewhere.
func (b *batch) take(datagram []byte) {
	p := &b.pkts[b.n]
	switch {
	case !isPacket(datagram):
		b.count.malformed.Add(1)
	case len(datagram) > len(p.Buf):
		b.count.tooLong.Add(1)
	default:
		if &p.Buf[0] != &datagram[0] {
			copy(p.Buf, datagram)
		} else {
			rawfd.KernelWrote(datagram)
		}
		*p = link.Packet{Buf: p.Buf, Bytes: p.Buf[:len(datagram)]}
		b.n++
	}
}

// isPacket reports whether b is an IP packet, all of it and nothing else. What is in it the stack finds out.
func isPacket(b []byte) bool {
	switch {
	case len(b) >= wire.IPv4HeaderLen && b[0]>>4 == 4:
		header := int(b[0]&0xf) * 4
		return header >= wire.IPv4HeaderLen && header <= len(b) && int(binary.BigEndian.Uint16(b[2:])) == len(b)
	case len(b) >= wire.IPv6HeaderLen && b[0]>>4 == 6:
		return int(binary.BigEndian.Uint16(b[4:])) == len(b)-wire.IPv6HeaderLen
	}
	return false
}
