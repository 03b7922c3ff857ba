package main

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/reactor"
	"github.com/antedon-net/antedon/wire"
)

// What follows the IP header: the number of the block in this packet, that of the block that came last, that of the first one that
// is missing, and which of those after it are here already. Then the block, if there is one.
const (
	protocol  = 253 // "for experimentation and testing" (RFC 3692)
	headerLen = 4 + 4 + 4 + 8
	blockLen  = 1200
	window    = 64 // blocks under way at most
	late      = 3  // blocks that arrive after one before it is believed lost
)

// end is one end of a stream of blocks each way. All of it runs on the loop's goroutine.
type end struct {
	queue    link.Queue
	timer    *reactor.Timer
	src, dst netip.Addr
	loss     float64 // of our packets, thrown away on purpose
	in, out  []link.Packet

	source     io.Reader // nil once it has ended
	blocks     [window]block
	base, next uint32 // the first block that is not acknowledged, and the first that is not sent
	cwnd       float64
	recovery   uint32 // losses below this block have been answered by a smaller cwnd
	rtt, rto   time.Duration
	resent     int

	sink         io.Writer
	wanted, last uint32         // the first block that is missing, and the one that came last
	early        [window][]byte // what came after a gap
	ack          bool           // the other end is to be told
}

type block struct {
	data   []byte
	sentAt time.Time
	again  bool // sent more than once
	here   bool // at the other end
}

// newEnd puts an end on a loop. The descriptor of the device is watched like any other.
func newEnd(loop *reactor.Loop, fd int, q link.Queue, src, dst netip.Addr, from io.Reader, to io.Writer) (*end, error) {
	e := &end{queue: q, src: src, dst: dst, source: from, sink: to, cwnd: 10, rtt: 10 * time.Millisecond, rto: 100 * time.Millisecond}
	e.in = make([]link.Packet, window)
	for i := range e.in {
		e.in[i].Buf = make([]byte, link.ReadRoom)
	}
	e.timer = loop.NewTimer(e.onTimeout)
	_, err := loop.Register(fd, reactor.Readable, func(reactor.Events) { e.onReadable() })
	return e, err
}

// isDone reports whether the source has ended and all of it has arrived.
func (e *end) isDone() bool { return e.source == nil && e.base == e.next }

func (e *end) onReadable() {
	n, _ := e.queue.TryRead(e.in) // a batch: what is left calls us again
	for _, p := range e.in[:n] {
		ip, b, err := wire.ParseIPv4(p.Bytes)
		if err == nil && ip.Proto == protocol && ip.Src == e.dst && len(b) >= headerLen {
			e.onEcho(binary.BigEndian.Uint32(b[4:]))
			e.onAck(binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint64(b[12:]))
			e.onBlock(binary.BigEndian.Uint32(b), b[headerLen:])
		}
	}
	e.flush()
}

// onBlock keeps a block, and delivers what is now in order.
func (e *end) onBlock(number uint32, data []byte) {
	if len(data) == 0 {
		return
	}
	e.ack, e.last = true, number
	if number-e.wanted >= window { // it was delivered, or is too early
		return
	}
	e.early[number%window] = append([]byte(nil), data...)
	for b := &e.early[e.wanted%window]; *b != nil; b = &e.early[e.wanted%window] {
		_, _ = e.sink.Write(*b)
		*b, e.wanted = nil, e.wanted+1
	}
}

// onEcho measures the round trip by the block that has caused an acknowledgment, unless nobody knows which time it was sent.
func (e *end) onEcho(last uint32) {
	if b := &e.blocks[last%window]; last-e.base < e.next-e.base && !b.again && !b.here {
		e.rtt += (time.Since(b.sentAt) - e.rtt) / 8
	}
}

// onAck frees what has arrived, and sends again what was overtaken.
func (e *end) onAck(wanted uint32, after uint64) {
	if wanted-e.base > e.next-e.base {
		return // of the past
	}
	for ; e.base != wanted; e.base++ {
		e.arrived(&e.blocks[e.base%window])
	}
	e.rto = max(4*e.rtt, 10*time.Millisecond)
	overtaken, enough := uint32(0), min(late, max(e.next-e.base, 2)-1)
	for i := e.next - e.base - 1; int32(i) >= 0; i-- { // from the last one back
		b := &e.blocks[(e.base+i)%window]
		switch {
		case i > 0 && after>>(i-1)&1 != 0:
			e.arrived(b)
			overtaken++
		case overtaken >= enough && !b.here && time.Since(b.sentAt) > e.rtt:
			e.resend(e.base + i)
		}
	}
}

func (e *end) arrived(b *block) {
	if !b.here {
		b.here = true
		e.cwnd = min(e.cwnd+1/e.cwnd, window)
	}
}

// resend sends a lost block again. For the losses of one window cwnd is halved once.
func (e *end) resend(number uint32) {
	if int32(number-e.recovery) >= 0 {
		e.cwnd, e.recovery = max(e.cwnd/2, late+1), e.next
	}
	e.resent, e.blocks[number%window].again = e.resent+1, true
	e.send(number)
}

func (e *end) onTimeout() {
	e.rto = min(2*e.rto, time.Second)
	e.resend(e.base)
	e.flush()
}

// flush sends what cwnd allows, an acknowledgment at least if one is due, and sets the timer.
func (e *end) flush() {
	for e.source != nil && e.next-e.base < uint32(e.cwnd) {
		b := &e.blocks[e.next%window]
		*b = block{data: make([]byte, blockLen)}
		n, err := io.ReadFull(e.source, b.data)
		if b.data = b.data[:n]; err != nil {
			e.source = nil
		}
		if n > 0 {
			e.next++
			e.send(e.next - 1)
		}
	}
	if e.ack && len(e.out) == 0 {
		e.put(e.next, nil)
	}
	_, _ = e.queue.Write(e.out) // blocks of equal length go in one system call
	e.out, e.ack = e.out[:0], false
	e.timer.Stop()
	if e.base != e.next {
		e.timer.Reset(e.rto)
	}
}

func (e *end) send(number uint32) {
	b := &e.blocks[number%window]
	b.sentAt = time.Now()
	e.put(number, b.data)
}

// put makes a packet. Every one carries the newest acknowledgment.
func (e *end) put(number uint32, data []byte) {
	if rand.Float64() < e.loss {
		return
	}
	var after uint64
	for i := range uint32(window - 1) {
		if e.early[(e.wanted+1+i)%window] != nil {
			after |= 1 << i
		}
	}
	ip := wire.IPv4{DF: true, TTL: 64, Proto: protocol, Src: e.src, Dst: e.dst}
	b := ip.AppendTo(nil, headerLen+len(data))
	b = binary.BigEndian.AppendUint32(b, number)
	b = binary.BigEndian.AppendUint32(b, e.last)
	b = binary.BigEndian.AppendUint32(b, e.wanted)
	b = binary.BigEndian.AppendUint64(b, after)
	e.out = append(e.out, link.Packet{Bytes: append(b, data...)})
}
