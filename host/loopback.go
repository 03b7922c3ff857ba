package host

import (
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
)

// looped is a packet from the host to itself. It owns a reference to the chunk.
type looped struct {
	b       []byte
	chunk   *buffer.Chunk
	segSize int
}

// loopQueue holds them until NextDirty has nothing else to return: a packet is never received while another is.
type loopQueue struct {
	q     fifo[looped]
	bytes int // of their chunks
	limit int
}

// full reports whether the senders had better wait: the queue is filled by half.
func (l *loopQueue) full() bool { return 2*l.bytes >= l.limit }

// enqueue takes over l's reference and reports whether there was room.
func (h *Host) enqueue(l looped) bool {
	if h.loop.bytes+len(l.chunk.B) > h.loop.limit {
		h.pool.Release(l.chunk)
		h.count.drop(DropOutputQueueFull)
		return false
	}
	h.loop.bytes += len(l.chunk.B)
	h.loop.q.push(l)
	h.count.Self.add(len(l.b))
	return true
}

// sendSelf is send for a datagram to ourselves: no MTU, no device that would finish the checksum, which nobody looks at.
func (h *Host) sendSelf(d datagram) bool {
	h.completeChecksum(&d)
	return h.enqueue(looped{b: d.packet(), chunk: d.chunk})
}

// loopPacket copies a connection's packet into the queue and releases it.
func (h *Host) loopPacket(p *Packet) {
	c := h.pool.Get(p.Len())
	n := copy(c.B, p.Bytes)
	for _, b := range p.Payload {
		n += copy(c.B[n:], b)
	}
	h.enqueue(looped{b: c.B[:n], chunk: c, segSize: int(p.SegSize)})
	p.Release(h.pool)
	p.Packet = link.Packet{}
}

// drainLoop receives the packets that are in the queue now.
func (h *Host) drainLoop() {
	for range h.loop.q.len() {
		l := h.loop.q.pop()
		h.loop.bytes -= len(l.chunk.B)
		in := inbound{owner: l.chunk, segSize: l.segSize, self: true, sumOK: true}
		h.count.drop(h.recvIP(&in, l.b))
		h.pool.Release(l.chunk)
	}
}
