package tcp_test

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// peer is a connection and a peer who sends it whatever it likes, faster and more than a script could.
type peer struct {
	t    *testing.T
	cfg  tcp.Config
	env  *tcp.Env
	conn *tcp.Conn
	now  mono.Time

	iss, irs uint32
	shift    uint8
	chunk    bool // segments arrive in a chunk of the largest size each, as from a device

	edge    uint32 // of the window, as told last
	closed  bool   // it was taken back, for want of memory
	left    int    // the edge may stand so much left of where it was
	acks    int    // segments without text that came back
	sent    uint32 // the end of what the connection sent
	last    wire.TCP
	out     tcp.Out
	payload []byte
}

func newPeer(t *testing.T, cfg tcp.Config, memory int) *peer {
	p := &peer{t: t, cfg: cfg.WithDefaults(), now: 1e9, irs: 5000}
	p.env = &tcp.Env{Pool: buffer.NewPool(memory), Secret: siphash.Key{K0: 1}}
	p.out.Payload = make([]buffer.View, 0, 8)
	id := tcp.ID{Local: netip.MustParseAddrPort("192.0.2.1:1"), Remote: netip.MustParseAddrPort("192.0.2.2:2")}
	syn := tcp.Segment{Header: wire.TCP{SrcPort: 2, DstPort: 1, Seq: p.irs, Flags: wire.SYN, Window: 60_000}}
	syn.Header.Options = wire.TCPOptions{HasMSS: true, MSS: 1460, SACKPermitted: true, HasWScale: true, WScale: 7}
	p.conn, _ = tcp.Accept(p.env, &p.cfg, p.now, id, 1500, &syn)
	p.drain()
	p.iss, p.shift = p.last.Seq, p.last.Options.WScale
	p.recv(0, nil)
	if p.conn.State() != tcp.StateEstablished {
		t.Fatal("not established")
	}
	t.Cleanup(func() {
		p.conn.Abort(p.now)
		if used := p.env.Pool.Used(); used != 0 && !t.Failed() {
			t.Errorf("%d bytes of chunks leaked", used)
		}
	})
	return p
}

// text returns n bytes of a pattern, from offset off of the stream on.
func (p *peer) text(off, n int) []byte {
	p.payload = p.payload[:0]
	for i := range n {
		p.payload = append(p.payload, pattern(off+i))
	}
	return p.payload
}

func pattern(off int) byte { return byte(off ^ off>>7 ^ off>>15) }

// recv lets text arrive at offset off.
func (p *peer) recv(off int, text []byte) tcp.Drop {
	return p.segment(wire.TCP{Seq: p.irs + 1 + uint32(off), Ack: p.iss + 1, Flags: wire.ACK, Window: 60_000}, text)
}

func (p *peer) segment(h wire.TCP, text []byte) tcp.Drop {
	p.t.Helper()
	h.SrcPort, h.DstPort = 2, 1
	s := tcp.Segment{Header: h, Payload: text}
	if p.chunk {
		s.Owner = p.env.Pool.Get(buffer.MaxChunk)
		s.Payload = s.Owner.B[100 : 100+copy(s.Owner.B[100:], text)]
	}
	d := p.conn.Recv(p.now, &s)
	if s.Owner != nil {
		p.env.Pool.Release(s.Owner)
	}
	p.drain()
	return d
}

// drain takes what the connection sends and checks that the right edge of its window does not move left.
func (p *peer) drain() {
	p.t.Helper()
	for p.conn.Next(p.now, &p.out) {
		p.env.Pool.ReleaseAll(p.out.Payload)
		h := p.out.Header
		if p.last = h; p.out.Len == 0 {
			p.acks++
		}
		end := h.Seq + uint32(p.out.Len)
		if h.Flags.Has(wire.FIN) {
			end++
		}
		if int32(end-p.sent) > 0 || p.sent == 0 {
			p.sent = end
		}
		shift := p.shift
		if h.Flags.Has(wire.SYN) {
			shift = 0
		}
		edge := h.Ack + uint32(h.Window)<<shift
		p.closed = false
		if int32(edge-p.edge) < 0 && p.edge != 0 {
			if p.closed = h.Window == 0; !p.closed && int(p.edge-edge) > p.left {
				p.t.Fatalf("the right edge of the window moves left by %d", p.edge-edge)
			}
			continue
		}
		p.edge = edge
	}
}

// window returns the offset of the right edge of the window.
func (p *peer) window() int { return int(p.edge - p.irs - 1) }

// read reads and checks max bytes at most from offset off on, and returns how many there were.
func (p *peer) read(off, max int) int {
	p.t.Helper()
	total := 0
	for total < max {
		views := p.conn.Peek(make([]buffer.View, 0, 8), max-total)
		if len(views) == 0 {
			break
		}
		n := 0
		for _, v := range views {
			want := make([]byte, len(v.B))
			for i := range want {
				want[i] = pattern(off + total + n + i)
			}
			if !bytes.Equal(v.B, want) {
				p.t.Fatalf("other bytes at %d", off+total+n)
			}
			n += len(v.B)
		}
		p.env.Pool.ReleaseAll(views)
		p.conn.Consume(p.now, n)
		total += n
	}
	p.drain()
	return total
}

// ackOffset returns the offset of the last acknowledgment.
func (p *peer) ackOffset() int { return int(p.last.Ack - p.irs - 1) }

// ackAll acknowledges all that the connection sent. fin, if set, ends the peer's stream too.
func (p *peer) ackAll(fin wire.Flags) {
	p.t.Helper()
	p.segment(wire.TCP{Seq: p.last.Ack, Ack: p.sent, Flags: wire.ACK | fin, Window: 60_000}, nil)
}
