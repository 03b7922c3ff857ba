package tcp_test

import (
	"testing"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/span"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// victim is a connection at the mercy of a fuzzer, and what must hold of it whatever happens.
type victim struct {
	t    *testing.T
	in   input
	now  mono.Time
	env  *tcp.Env
	cfg  tcp.Config
	conn *tcp.Conn

	iss, irs uint32
	last     wire.TCP // header sent last
	tsval    uint32   // of the peer
	shift    uint8    // of the windows that the connection tells

	// Offsets from the initial sequence numbers: the SYN has 0.
	nxt, limit int      // after everything sent; right edge of the window, as far as ever told
	edge       int      // right edge of the window the connection told
	has        span.Set // what it was sent
	written    int
	read       int
	reserved   []byte
	reservedOK bool
}

const fuzzISS, fuzzIRS = 1<<32 - 3000, 1<<32 - 5000

// segment makes up a segment near what the connection expects. The bytes of the peer's stream are the same each time they
// are sent.
func (v *victim) segment() tcp.Segment {
	in := &v.in
	var s tcp.Segment
	h := &s.Header
	h.Flags = wire.Flags(in.byte()) | wire.ACK
	kind := in.byte()
	if kind&1 != 0 {
		h.Flags &^= wire.ACK
	}
	if kind&2 == 0 || in.byte() > 20 {
		h.Flags &^= wire.SYN | wire.FIN | wire.RST // most of the time: the connection is to live for a while
	}
	if v.conn != nil && v.conn.State() == tcp.StateSynSent && kind&16 != 0 {
		h.Flags |= wire.SYN
	}
	v.numbers(h, kind>>2&7)
	h.Window = uint16(in.n(65536))
	s.CE = kind&64 != 0
	s.ECT = s.CE
	if kind&32 != 0 {
		s.Payload = make([]byte, in.n(5000))
		fillDuel(s.Payload, v.textOffset(h))
		if kind&64 != 0 {
			s.SegSize = 1 + in.n(1500)
		}
	}
	if kind&128 != 0 {
		v.options(&h.Options)
	}
	return s
}

// numbers makes up sequence and acknowledgment number.
func (v *victim) numbers(h *wire.TCP, how byte) {
	in := &v.in
	h.Seq, h.Ack = v.last.Ack, v.last.Seq
	if h.Seq == 0 {
		h.Seq = v.irs
	}
	switch how {
	case 0:
	case 1:
		h.Ack += uint32(in.n(3000))
	case 2:
		h.Ack -= uint32(in.n(3000))
	case 3:
		h.Seq += uint32(in.n(3000))
	case 4:
		h.Seq -= uint32(in.n(3000))
	case 5:
		h.Seq, h.Ack = h.Seq+uint32(in.n(65536))<<16, h.Ack+uint32(in.n(65536))<<16
	default:
		h.Ack = v.sndNxt()
	}
}

func (v *victim) sndNxt() uint32 { return v.iss + uint32(v.nxt) }
func (v *victim) sndUna() uint32 {
	if v.conn == nil {
		return v.iss
	}
	return v.sndNxt() - uint32(v.conn.Info(v.now).Unacked)
}

// textOffset returns where in the peer's stream the text of a segment belongs.
func (v *victim) textOffset(h *wire.TCP) int {
	if h.Flags&wire.SYN != 0 {
		return int(int32(h.Seq - v.irs))
	}
	return int(int32(h.Seq - v.irs - 1))
}

func (v *victim) options(o *wire.TCPOptions) {
	in := &v.in
	which := in.byte()
	o.HasMSS, o.MSS = which&1 != 0, uint16(in.n(65536))
	o.HasWScale, o.WScale = which&2 != 0, in.byte()&15
	o.SACKPermitted = which&4 != 0
	if o.HasTimestamps = which&8 != 0; o.HasTimestamps {
		v.timestamps(o)
	}
	o.HasFastOpen, o.FastOpenLen = which&16 != 0, which>>5&1<<3
	for range which >> 5 & 3 {
		o.SACK[o.NSACK] = v.sackBlock()
		o.NSACK++
	}
}

// timestamps makes up timestamps that mostly run forwards and answer something.
func (v *victim) timestamps(o *wire.TCPOptions) {
	in := &v.in
	o.TSEcr = v.last.Options.TSVal
	switch how := in.byte(); {
	case how < 128:
		v.tsval += uint32(how)
	case how < 160:
		o.TSEcr -= uint32(in.n(2000))
	case how < 176:
		o.TSEcr += uint32(in.n(2000))
	case how < 184:
		o.TSEcr = 0
	case how < 192:
		v.tsval += 1 << 31
	default:
		o.TSVal = v.tsval - uint32(in.n(5000))
		return
	}
	o.TSVal = v.tsval
}

// sackBlock makes up a block: one that an honest peer could send, a DSACK, or a lie.
func (v *victim) sackBlock() wire.SACKBlock {
	in := &v.in
	una, nxt := v.sndUna(), v.sndNxt()
	flight := int(int32(nxt - una))
	mss := v.last.Len() // anything, before there is a connection
	if v.conn != nil {
		mss = v.conn.Info(v.now).SndMSS
	}
	from, n := uint32(in.n(max(flight, 0)+1)), uint32(in.n(3000))
	switch in.byte() & 7 {
	case 0, 1: // whole segments
		k := uint32(in.byte() & 15)
		left := una + k*uint32(mss)
		return wire.SACKBlock{Left: left, Right: left + uint32(mss)*(1+n&3)}
	case 2:
		return wire.SACKBlock{Left: una + from, Right: min(una+from+n, nxt)}
	case 3: // DSACK
		return wire.SACKBlock{Left: una - from - n, Right: una - from}
	case 4:
		return wire.SACKBlock{Left: una + from, Right: nxt}
	case 5: // what was not sent
		return wire.SACKBlock{Left: nxt, Right: nxt + n}
	case 6: // backwards
		return wire.SACKBlock{Left: una + from + n, Right: una + from}
	}
	return wire.SACKBlock{Left: una - n, Right: nxt + n}
}
