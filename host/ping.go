package host

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// Ping sends echo requests to one destination and collects the answers.
//
// req: RFC1122 3.2.2.6-2, RFC4443 4.1-2
type Ping struct {
	// User belongs to the driver.
	User any

	host          *Host
	local, remote netip.Addr
	id            uint16
	queue         fifo[Echo]
	held          int // chunk bytes in the queue
	dirty         bool
	closed        bool
}

// Echo is an answer to an echo request: the reply, or an error from somebody on the way.
type Echo struct {
	From netip.Addr
	Seq  uint16
	TTL  uint8
	// Payload is that of the reply. The receiver releases it.
	Payload buffer.View
	// Err is 0 for a reply; Type and Code are then those of the ICMP error.
	Err        syscall.Errno
	Type, Code uint8
}

// OpenPing returns a Ping from local, chosen if it is unspecified, to remote. It fails like DialTCP.
func (h *Host) OpenPing(local, remote netip.Addr) (*Ping, error) {
	local, remote = local.Unmap().WithZone(""), remote.Unmap().WithZone("")
	src, err := h.chooseSource(local, remote, false)
	if err != nil {
		return nil, err
	}
	if len(h.icmp.pings) > 1<<15 {
		return nil, errAddrNotAvail
	}
	p := &Ping{host: h, local: src, remote: remote}
	for p.id = uint16(h.rnd.next()); h.icmp.pings[p.id] != nil; p.id++ {
	}
	h.icmp.pings[p.id] = p
	return p, nil
}

func (p *Ping) clean() { p.dirty = false }

// Addrs returns the addresses requests go between.
func (p *Ping) Addrs() (local, remote netip.Addr) { return p.local, p.remote }

// ID returns the identifier of the requests.
func (p *Ping) ID() uint16 { return p.id }

// Send sends an echo request. hops is its TTL or hop limit, 0 for the default.
func (p *Ping) Send(now mono.Time, seq uint16, payload []byte, hops uint8) error {
	h := p.host
	h.now = max(h.now, now)
	ip := ipHeader{src: p.local, dst: p.remote, proto: icmpProto(p.remote), ttl: hops}
	if hops == 0 {
		ip.ttl = ttl
	}
	switch {
	case p.closed:
		return errClosed
	case ip.len()+wire.ICMPHeaderLen+len(payload) > maxWhole(p.remote):
		return errMessageSize
	case !h.sendEcho(ip, wire.ICMPv4Echo, wire.ICMPv6Echo, wire.EchoRest(p.id, seq), payload):
		return errNoBufs
	}
	return nil
}

// Receive returns the oldest answer, and false if there is none.
func (p *Ping) Receive() (Echo, bool) {
	if p.queue.len() == 0 {
		return Echo{}, false
	}
	e := p.queue.pop()
	if e.Payload.Chunk != nil {
		p.held -= len(e.Payload.Chunk.B)
	}
	return e, true
}

// Close ends waiting for answers.
func (p *Ping) Close() {
	if p.closed {
		return
	}
	p.closed = true
	delete(p.host.icmp.pings, p.id)
	for e, ok := p.Receive(); ok; e, ok = p.Receive() {
		if e.Payload.Chunk != nil {
			p.host.pool.Release(e.Payload.Chunk)
		}
	}
}

// maxAnswers bounds the queue of a Ping.
const maxAnswers = 256

func (p *Ping) push(e Echo) {
	p.queue.push(e)
	p.host.markOther(p, &p.dirty)
}

// recvEchoReply hands a reply to who asked.
//
// req: RFC1122 3.2.2.6-5, RFC4443 4.2-5
func (h *Host) recvEchoReply(in *inbound, id, seq uint16, data []byte) Drop {
	p := h.icmp.pings[id]
	switch {
	case p == nil || p.local != in.dst || p.remote != in.src:
		return DropEchoUnmatched
	case p.queue.len() >= maxAnswers || p.held > h.cfg.Limits.UDPBuffer:
		return DropReceiveQueueFull
	}
	view := h.keep(data, in.owner)
	p.held += len(view.Chunk.B)
	p.push(Echo{From: in.src, Seq: seq, TTL: in.ttl, Payload: view})
	return accepted
}

// errorForPing hands an error about an echo request to who sent it.
func (h *Host) errorForPing(in *inbound, e *icmpError, q *quoted) Drop {
	p := h.icmp.pings[binary.BigEndian.Uint16(q.head[4:])]
	switch {
	case p == nil || p.local != q.local || p.remote != q.remote || q.proto != icmpProto(p.local):
		return DropICMPUnmatched
	case q.head[0] != wire.ICMPv4Echo && q.head[0] != wire.ICMPv6Echo:
		return DropICMPUnmatched
	case p.queue.len() >= maxAnswers:
		return DropReceiveQueueFull
	}
	p.push(Echo{
		From: in.src, Seq: binary.BigEndian.Uint16(q.head[6:]), TTL: in.ttl, Err: e.errno, Type: e.typ, Code: e.code,
	})
	return accepted
}

// keep returns a view of b that may be kept: in place if b lies in owner and fills half of it, else copied.
func (h *Host) keep(b []byte, owner *buffer.Chunk) buffer.View {
	if owner != nil && 2*len(b) >= len(owner.B) {
		h.pool.Hold(owner)
		return buffer.View{B: b, Chunk: owner}
	}
	c := h.pool.Get(len(b))
	return buffer.View{B: c.B[:copy(c.B, b)], Chunk: c}
}
