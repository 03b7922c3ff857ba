package stateless

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// reply is a segment to be sent.
type reply struct {
	src      netip.AddrPort
	seq, ack uint32
	flags    wire.Flags
	window   uint16
	stamps   bool // the peer has timestamps
	tsVal    uint32
	tsEcr    uint32
	text     bool // the request goes with it
}

// MaxPacket is the length of the longest packet that Next writes.
const MaxPacket = wire.IPv6HeaderLen + wire.MaxTCPHeaderLen + MaxRequest

// mss is told to the peer: what fits every path that IPv6 may take.
const mss = 1220

const ttl = 64

// Next writes the next packet to buf, which has room for MaxPacket bytes, and returns the part of buf that it fills: nothing if
// there is none to be sent now.
func (e *Engine) Next(now mono.Time, buf []byte) []byte {
	e.begin(now)
	if e.head != e.tail {
		r := &e.replies[e.head%maxReplies]
		e.head++
		return e.write(buf[:0], r)
	}
	if e.Done() || now.Sub(e.start) >= MaxLifetime || !e.bucket.Take(now) {
		return nil
	}
	return e.nextSYN(now, buf)
}

// nextSYN writes the SYN of the next connection.
func (e *Engine) nextSYN(now mono.Time, buf []byte) []byte {
	src := e.source(e.sent)
	e.sent++
	e.counters.SYNs++
	s := e.stampAt(now)
	return e.write(buf[:0], &reply{
		src: src, seq: e.isn(src, s), flags: wire.SYN, window: e.window(), stamps: true, tsVal: timestamp(s, phaseSYN),
	})
}

// window is what a connection can take at first.
func (e *Engine) window() uint16 {
	if e.cfg.Mode == SlowRead {
		return e.cfg.Window
	}
	return wideWindow
}

// room reports whether n more replies can be kept until Next sends them.
func (e *Engine) room(n int) bool { return e.tail-e.head+n <= maxReplies }

func (e *Engine) push(r reply) {
	e.replies[e.tail%maxReplies] = r
	e.tail++
}

// write appends the packet of a reply to b.
func (e *Engine) write(b []byte, r *reply) []byte {
	tcp := wire.TCP{
		SrcPort: r.src.Port(), DstPort: e.cfg.Target.Port(), Seq: r.seq, Ack: r.ack, Flags: r.flags, Window: r.window,
	}
	tcp.Options.HasTimestamps, tcp.Options.TSVal, tcp.Options.TSEcr = r.stamps, r.tsVal, r.tsEcr
	if r.flags.Has(wire.SYN) {
		tcp.Options.HasMSS, tcp.Options.MSS = true, mss
	}
	n := tcp.Len()
	if r.text {
		n += len(e.cfg.Request)
	}
	b = e.writeIP(b, r.src.Addr(), n)
	start := len(b)
	b = tcp.AppendTo(b)
	if r.text {
		b = append(b, e.cfg.Request...)
	}
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, r.src.Addr(), e.cfg.Target.Addr(), n), b[start:])
	binary.BigEndian.PutUint16(b[start+16:], sum)
	return b
}

// writeIP appends the IP header of a segment of n bytes.
func (e *Engine) writeIP(b []byte, src netip.Addr, n int) []byte {
	if src.Is4() {
		ip := wire.IPv4{DF: true, TTL: ttl, Proto: wire.ProtoTCP, Src: src, Dst: e.cfg.Target.Addr()}
		return ip.AppendTo(b, n)
	}
	ip := wire.IPv6{NextHeader: wire.ProtoTCP, HopLimit: ttl, Src: src, Dst: e.cfg.Target.Addr()}
	return ip.AppendTo(b, n)
}
