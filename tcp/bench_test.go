package tcp_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
)

// loop is two connections in memory that take turns: one sends a batch of segments, the other reads them and answers.
type loop struct {
	now    mono.Time
	env    *tcp.Env // shared, as by the connections of one shard
	cfg    tcp.Config
	a, b   *tcp.Conn
	outs   [128]tcp.Out
	views  [128][4]buffer.View
	segs   [128]tcp.Segment
	joined []byte // payload of a segment that spans chunks
	peek   [8]buffer.View
	src    []byte
	dst    []byte
}

func newLoop(cfg tcp.Config, super int) *loop {
	l := &loop{
		now: 1e9, cfg: cfg.WithDefaults(), src: make([]byte, 64<<10), dst: make([]byte, 64<<10),
		env: &tcp.Env{Pool: buffer.NewPool(0), Secret: siphash.Key{K0: 1}, MaxSuper: super},
	}
	id := tcp.ID{Local: netip.MustParseAddrPort("192.0.2.1:1"), Remote: netip.MustParseAddrPort("192.0.2.2:2")}
	l.a = tcp.Dial(l.env, &l.cfg, l.now, id, 1500)
	l.move(l.a, nil, false)
	l.b, _ = tcp.Accept(l.env, &l.cfg, l.now, tcp.ID{Local: id.Remote, Remote: id.Local}, 1500, &l.segs[0])
	l.move(l.b, l.a, false)
	l.move(l.a, l.b, false)
	return l
}

// move lets to receive a batch of what from sends, last segment first if reversed, and returns how many segments it was.
func (l *loop) move(from, to *tcp.Conn, reversed bool) int {
	n := 0
	l.joined = l.joined[:0]
	for ; n < len(l.outs); n++ {
		out := &l.outs[n]
		out.Payload = l.views[n][:0]
		if !from.Next(l.now, out) {
			break
		}
		s := &l.segs[n]
		*s = tcp.Segment{Header: out.Header, SegSize: out.SegSize}
		switch len(out.Payload) {
		case 0:
		case 1:
			s.Payload = out.Payload[0].B
		default:
			start := len(l.joined)
			for _, v := range out.Payload {
				l.joined = append(l.joined, v.B...)
			}
			s.Payload = l.joined[start:]
		}
	}
	if to == nil {
		return n
	}
	segs := l.segs[:n]
	if reversed {
		slices.Reverse(segs)
	}
	for i := range segs {
		to.Recv(l.now, &segs[i])
	}
	for i := range n {
		l.env.Pool.ReleaseAll(l.outs[i].Payload)
	}
	return n
}

// write fills the send buffer.
func (l *loop) write() {
	for {
		b := l.a.Reserve(len(l.src))
		if len(b) == 0 {
			return
		}
		copy(b, l.src)
		l.a.Commit(l.now, len(b), true)
	}
}

// read empties the receive buffer and returns how many bytes that was.
func (l *loop) read() int {
	total := 0
	for {
		views := l.b.Peek(l.peek[:0], len(l.dst))
		n := 0
		for _, v := range views {
			n += copy(l.dst[n:], v.B)
		}
		l.env.Pool.ReleaseAll(views)
		if n == 0 {
			return total
		}
		l.b.Consume(l.now, n)
		total += n
	}
}

// turn moves one batch, its answer, and the time.
func (l *loop) turn(reversed bool) int {
	l.write()
	l.move(l.a, l.b, reversed)
	n := l.read()
	l.move(l.b, l.a, false)
	l.now += 50_000
	return n
}

// BenchmarkTransfer moves data from one connection to another in memory: it is copied when it is written, when it arrives
// and when it is read.
func BenchmarkTransfer(b *testing.B) {
	for _, c := range []struct {
		name     string
		super    int
		reversed bool
	}{
		{name: "in order"},
		{name: "every batch reversed", reversed: true},
		{name: "super-segments", super: 64 << 10},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := newLoop(tcp.Config{}, c.super)
			for range 1000 {
				l.turn(c.reversed)
			}
			const unit = 64 << 10
			b.SetBytes(unit)
			b.ReportAllocs()
			moved := 0
			for b.Loop() {
				for moved < unit {
					moved += l.turn(c.reversed)
				}
				moved -= unit
			}
			if i := l.a.Info(l.now); i.Timeouts > 0 {
				b.Errorf("the transfer stalls: %+v", i)
			}
		})
	}
}
