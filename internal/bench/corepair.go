package bench

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// A corePair is two connections that take turns: one sends a batch of segments, the other reads them and answers.
type corePair struct {
	now      mono.Time
	reversed bool
	wire     bool
	a, b     coreEnd
	batch    [coreBatch]packetInMemory
}

// coreBatch is how many segments go at once.
const coreBatch = 64

// coreWrite is how much is written at once, and how little may wait to be sent before more is written: as by a program that
// writes what it has just made, and not by one that fills a send buffer larger than the cache.
const coreWrite = 64 << 10

// coreEnd is one of the two connections, with memory of its own.
type coreEnd struct {
	env  tcp.Env
	conn *tcp.Conn
	addr netip.Addr
}

// packetInMemory is a segment under way.
type packetInMemory struct {
	out   tcp.Out
	views [4]buffer.View
	seg   tcp.Segment
	text  []byte // payload in one piece, if it lies in several
	whole []byte // the packet, if it is serialised
}

// newCorePair returns two connections whose handshake is over. The MSS they announce is 1460.
func newCorePair(reversed, serialised bool) *corePair {
	p := &corePair{now: 1e9, reversed: reversed, wire: serialised}
	cfg := tcp.Config{}.WithDefaults()
	const mtu = 1500
	here, there := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.2:2")
	for i, e := range []*coreEnd{&p.a, &p.b} {
		e.env = tcp.Env{Pool: buffer.NewPool(0), Secret: siphash.Key{K0: uint64(i)}}
	}
	p.a.addr, p.b.addr = here.Addr(), there.Addr()
	p.a.conn = tcp.Dial(&p.a.env, &cfg, p.now, tcp.ID{Local: here, Remote: there}, mtu)
	syn := &p.batch[0]
	syn.cut(&p.a, p.now)
	syn.seg = tcp.Segment{Header: syn.out.Header}
	p.b.conn, _ = tcp.Accept(&p.b.env, &cfg, p.now, tcp.ID{Local: there, Remote: here}, mtu, &syn.seg)
	p.move(&p.b, &p.a, false)
	p.move(&p.a, &p.b, false)
	return p
}

// transfer sends src from a to b, into dst.
func (p *corePair) transfer(src, dst []byte) error {
	var views [8]buffer.View
	for idle := 0; len(dst) > 0; {
		for len(src) > 0 && p.a.conn.Unsent() < coreWrite {
			room := p.a.conn.Reserve(min(len(src), coreWrite))
			if len(room) == 0 {
				break
			}
			n := copy(room, src)
			src = src[n:]
			p.a.conn.Commit(p.now, n, len(src) == 0)
		}
		n := p.move(&p.a, &p.b, p.reversed)
		for got := p.b.conn.Peek(views[:0], len(dst)); len(got) > 0; got = p.b.conn.Peek(views[:0], len(dst)) {
			n := 0
			for _, v := range got {
				n += copy(dst[n:], v.B)
			}
			dst = dst[n:]
			p.b.env.Pool.ReleaseAll(got)
			p.b.conn.Consume(p.now, n)
		}
		n += p.move(&p.b, &p.a, false)
		p.now += 50_000
		if idle++; n > 0 {
			idle = 0
		}
		if idle > 0 {
			p.now = max(p.now, min(p.a.conn.Deadline(), p.b.conn.Deadline()))
		}
		p.a.conn.Tick(p.now)
		p.b.conn.Tick(p.now)
		if idle > 100 {
			return errors.New("nothing moves any more")
		}
	}
	if i := p.a.conn.Info(p.now); i.Timeouts > 0 || p.a.conn.State() != tcp.StateEstablished {
		return fmt.Errorf("nothing was lost, and yet: %v, %d timeouts", i.State, i.Timeouts)
	}
	return nil
}

// move lets to receive a batch of what from sends, the last segment first if reversed, and returns how many it was.
func (p *corePair) move(from, to *coreEnd, reversed bool) int {
	n := 0
	for n < len(p.batch) && p.batch[n].cut(from, p.now) {
		p.batch[n].deliver(from, to, p.wire)
		n++
	}
	segs := p.batch[:n]
	if reversed {
		for i := len(segs) - 1; i >= 0; i-- {
			to.conn.Recv(p.now, &segs[i].seg)
		}
	} else {
		for i := range segs {
			to.conn.Recv(p.now, &segs[i].seg)
		}
	}
	for i := range segs {
		from.env.Pool.ReleaseAll(segs[i].out.Payload)
	}
	return n
}

// cut takes the next segment of e, and reports whether there is one.
func (m *packetInMemory) cut(e *coreEnd, now mono.Time) bool {
	m.out.Payload = m.views[:0]
	return e.conn.Next(now, &m.out)
}

// deliver makes what was cut a segment as it arrives.
func (m *packetInMemory) deliver(from, to *coreEnd, serialised bool) {
	if serialised {
		m.serialise(from.addr, to.addr)
		m.parse()
		return
	}
	m.seg = tcp.Segment{Header: m.out.Header}
	switch len(m.out.Payload) {
	case 0:
	case 1:
		m.seg.Payload = m.out.Payload[0].B
	default:
		m.text = m.text[:0]
		for _, v := range m.out.Payload {
			m.text = append(m.text, v.B...)
		}
		m.seg.Payload = m.text
	}
}

// serialise writes the segment as an IPv4 packet.
func (m *packetInMemory) serialise(src, dst netip.Addr) {
	h := &m.out.Header
	h.Checksum = 0
	tcpLen := h.Len() + m.out.Len
	ip := wire.IPv4{Src: src, Dst: dst, Proto: wire.ProtoTCP, TTL: m.out.TTL, TOS: m.out.TOS, DF: true}
	m.whole = ip.AppendTo(m.whole[:0], tcpLen)
	start := len(m.whole)
	m.whole = h.AppendTo(m.whole)
	for _, v := range m.out.Payload {
		m.whole = append(m.whole, v.B...)
	}
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src, dst, tcpLen), m.whole[start:])
	const checksum = 16 // where it lies
	m.whole[start+checksum], m.whole[start+checksum+1] = byte(sum>>8), byte(sum)
}

// parse reads the packet again, as a host does.
func (m *packetInMemory) parse() {
	ip, segment, err := wire.ParseIPv4(m.whole)
	if err != nil {
		panic(err) // serialise wrote it
	}
	if !wire.TransportChecksumOK(wire.ProtoTCP, ip.Src, ip.Dst, segment) {
		panic("bad checksum")
	}
	header, text, err := wire.ParseTCP(segment)
	if err != nil {
		panic(err)
	}
	m.seg = tcp.Segment{Header: header, Payload: text}
}
