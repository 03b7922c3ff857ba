package tcptest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/notation"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// Pair is two connections that talk to each other, under one virtual clock. End 0 dials.
//
//	p := tcptest.NewPair(t, tcptest.PairSetup{})
//	p.Ends[0].ToSend = 1 << 20
//	p.Run()
//
// Each end sends so many bytes of the pattern, closes for writing, and reads until the other has done the same.
type Pair struct {
	Ends [2]*End
	Now  mono.Time

	t          testing.TB
	setup      PairSetup
	sent       int // segments
	connecting bool
	record     Record
}

// PairSetup is how a pair begins.
type PairSetup struct {
	Config   [2]tcp.Config
	Delay    time.Duration // of the path, one way; 1 ms
	MTU      int           // 1500
	MaxSuper int
	// Path says what becomes of the n-th segment, sent by end from; nil delivers everything.
	Path func(from, n int, seg *tcp.Segment) Fate
	// Limit is how many steps Run makes before it gives up; 1,000,000.
	Limit int
}

// Fate is what becomes of a segment.
type Fate struct {
	Drop   bool
	Mark   bool          // if it can be: congestion was experienced
	Copies int           // besides the first
	Delay  time.Duration // besides the path's
}

// End is one side of a Pair.
type End struct {
	Conn *tcp.Conn
	Env  *tcp.Env

	ToSend int // bytes still to write
	Chunk  int // bytes a write has at most; no limit if 0
	ReadAt int // bytes that must wait before anything is read; a slow reader
	Abort  bool

	Sent, Got int // bytes
	closed    bool

	in    []arrival // in order of time
	edge  seq.Number
	shift uint8
	told  bool
}

type arrival struct {
	at  mono.Time
	seg tcp.Segment
}

// NewPair returns a pair of which end 0 has dialled.
func NewPair(t testing.TB, setup PairSetup) *Pair {
	t.Helper()
	setup.Delay = orElse(setup.Delay, time.Millisecond)
	setup.MTU = orElse(setup.MTU, 1500)
	setup.Limit = orElse(setup.Limit, 1_000_000)
	p := &Pair{t: t, setup: setup, Now: mono.Time(time.Second)}
	for i := range p.Ends {
		p.setup.Config[i] = setup.Config[i].WithDefaults()
		p.Ends[i] = &End{Env: &tcp.Env{
			Pool: buffer.NewPool(0), Secret: siphash.Key{K0: 1, K1: uint64(i)},
			MaxSuper: setup.MaxSuper,
		}}
	}
	p.Ends[0].Conn = tcp.Dial(p.Ends[0].Env, &p.setup.Config[0], p.Now, p.id(0), setup.MTU)
	return p
}

func (p *Pair) id(i int) tcp.ID {
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:2000")}
	return tcp.ID{Local: ends[i], Remote: ends[1-i]}
}

// Run goes on until both connections are CLOSED or in TIME-WAIT and nothing is under way. It fails the test if that does
// not come about.
func (p *Pair) Run() {
	p.t.Helper()
	for range p.setup.Limit {
		if !p.Step() {
			return
		}
	}
	p.fail("no end")
}

// Connect goes on until both connections are established, and nothing more.
func (p *Pair) Connect() {
	p.t.Helper()
	p.connecting = true
	for range 1000 {
		if p.established(0) && p.established(1) {
			p.connecting = false
			for _, e := range p.Ends {
				e.told = false
			}
			return
		}
		p.Step()
	}
	p.fail("not connected")
}

func (p *Pair) established(i int) bool {
	c := p.Ends[i].Conn
	return c != nil && c.State() >= tcp.StateEstablished
}

// Step lets the applications act, sends what there is to send, and moves on to the next instant at which something
// happens. It returns false if nothing will.
func (p *Pair) Step() bool {
	p.t.Helper()
	for i := range p.Ends {
		p.app(i)
	}
	return p.Relay()
}

// Relay is Step without applications.
func (p *Pair) Relay() bool {
	p.t.Helper()
	for i := range p.Ends {
		p.drain(i)
	}
	next := mono.Never
	over := true
	for _, e := range p.Ends {
		if len(e.in) > 0 {
			next, over = min(next, e.in[0].at), false
		}
		if e.Conn != nil {
			next = min(next, e.Conn.Deadline())
			over = over && (e.Conn.State() == tcp.StateClosed || e.Conn.State() == tcp.StateTimeWait)
		}
	}
	over = over && p.Ends[0].Conn.State() != tcp.StateSynSent
	if over {
		return false
	}
	if next == mono.Never {
		if p.gaveUp(0) || p.gaveUp(1) {
			return false // and the RST was lost: the other may wait for data for ever
		}
		p.fail("stuck")
	}
	p.Now = max(p.Now, next)
	for i := range p.Ends {
		p.arrive(i)
	}
	return true
}

// gaveUp reports whether end i is CLOSED with an error.
func (p *Pair) gaveUp(i int) bool {
	c := p.Ends[i].Conn
	return c != nil && c.State() == tcp.StateClosed && c.Err() != nil
}

// arrive runs the timers that are due and delivers what has come.
func (p *Pair) arrive(i int) {
	p.t.Helper()
	e := p.Ends[i]
	if e.Conn != nil && e.Conn.Deadline() <= p.Now {
		e.Conn.Tick(p.Now)
	}
	for len(e.in) > 0 && e.in[0].at <= p.Now {
		seg := e.in[0].seg
		e.in = e.in[1:]
		if e.Conn == nil {
			e.Conn, _ = tcp.Accept(e.Env, &p.setup.Config[i], p.Now, p.id(i), p.setup.MTU, &seg)
			continue
		}
		if e.Conn.State() == tcp.StateClosed {
			if h, ok := tcp.ResetFor(&seg); ok {
				p.send(i, tcp.Segment{Header: h})
			}
			continue
		}
		e.Conn.Recv(p.Now, &seg)
		if p.setup.MaxSuper == 0 {
			p.drain(i)
		}
	}
}

// app is the application of end i.
func (p *Pair) app(i int) {
	p.t.Helper()
	e := p.Ends[i]
	if e.Conn == nil || p.connecting {
		return
	}
	if e.Abort {
		e.Conn.Abort(p.Now)
		return
	}
	for e.ToSend > 0 {
		n := e.ToSend
		if e.Chunk > 0 {
			n = min(n, e.Chunk)
		}
		b := e.Conn.Reserve(n)
		if len(b) == 0 {
			break
		}
		notation.Fill(b, e.Sent)
		e.Conn.Commit(p.Now, len(b), true)
		e.Sent += len(b)
		e.ToSend -= len(b)
	}
	if e.ToSend == 0 && !e.closed && e.Conn.State() >= tcp.StateEstablished {
		e.closed = true
		e.Conn.CloseWrite(p.Now)
	}
	p.read(i)
}

func (p *Pair) read(i int) {
	p.t.Helper()
	e := p.Ends[i]
	if c := e.Conn; c.Readable() < e.ReadAt && c.State() < tcp.StateCloseWait && c.Info(p.Now).RcvWnd > 0 {
		return
	}
	for e.Conn.Readable() > 0 {
		views := e.Conn.Peek(make([]buffer.View, 0, 4), 1<<20)
		n := 0
		for _, v := range views {
			if k := notation.Mismatch(v.B, e.Got+n); k >= 0 {
				p.fail("end %d: byte %d is wrong", i, e.Got+n+k)
			}
			n += len(v.B)
		}
		e.Env.Pool.ReleaseAll(views)
		e.Got += n
		e.Conn.Consume(p.Now, n)
	}
}

// drain puts what end i sends on the path.
func (p *Pair) drain(i int) {
	p.t.Helper()
	e := p.Ends[i]
	if e.Conn == nil {
		return
	}
	out := tcp.Out{Payload: make([]buffer.View, 0, 8)}
	for n := 0; e.Conn.Next(p.Now, &out); n++ {
		ecn := wire.ECN(out.TOS & 3)
		seg := tcp.Segment{Header: out.Header, SegSize: out.SegSize, ECT: ecn != wire.NotECT}
		for _, v := range out.Payload {
			seg.Payload = append(seg.Payload, v.B...)
		}
		e.Env.Pool.ReleaseAll(out.Payload)
		p.check(i, &seg)
		p.send(i, seg)
		if n > 100_000 {
			p.fail("end %d: Next does not end", i)
		}
	}
	info := e.Conn.Info(p.Now)
	waits := info.Unacked > 0 || info.NotSent > 0
	if waits && e.Conn.State() != tcp.StateClosed && e.Conn.Deadline() == mono.Never {
		p.fail("end %d: data in flight or to be sent, and no deadline", i)
	}
}

func (p *Pair) send(i int, seg tcp.Segment) {
	p.sent++
	id := p.id(i)
	var ecn wire.ECN
	if seg.ECT {
		ecn = wire.ECT0
	}
	p.record.Add(p.Now, i == 0, id, ecn, &seg.Header, seg.Payload)
	var fate Fate
	if p.setup.Path != nil {
		fate = p.setup.Path(i, p.sent, &seg)
	}
	seg.CE = fate.Mark && seg.ECT
	if fate.Drop {
		return
	}
	peer := p.Ends[1-i]
	at := p.Now.Add(p.setup.Delay + fate.Delay)
	k := len(peer.in)
	for k > 0 && peer.in[k-1].at > at {
		k--
	}
	for range 1 + fate.Copies {
		peer.in = append(peer.in, arrival{})
		copy(peer.in[k+1:], peer.in[k:])
		peer.in[k] = arrival{at, seg}
	}
}

// check checks what must hold of a segment end i sends.
func (p *Pair) check(i int, seg *tcp.Segment) {
	p.t.Helper()
	e, h := p.Ends[i], &seg.Header
	if info := e.Conn.Info(p.Now); info.Unacked < 0 {
		p.fail("end %d: SND.UNA is beyond SND.NXT", i)
	}
	if h.Flags.Has(wire.SYN) {
		e.shift = h.Options.WScale
		return
	}
	if h.Flags.Has(wire.RST) || !h.Flags.Has(wire.ACK) {
		return
	}
	shift := e.shift
	if !strings.Contains(e.Conn.Info(p.Now).Options, "wscale") {
		shift = 0
	}
	edge := seq.Number(h.Ack).Add(int(h.Window) << shift)
	if e.told && edge.Less(e.edge) {
		p.fail("end %d: the right edge of the window moves left by %d", i, e.edge.Sub(edge))
	}
	e.edge, e.told = edge, true
}

// CheckLeaks closes both connections and checks that no chunk is held.
func (p *Pair) CheckLeaks() {
	p.t.Helper()
	for i, e := range p.Ends {
		e.in = nil
		if e.Conn != nil {
			e.Conn.Abort(p.Now)
		}
		if used := e.Env.Pool.Used(); used != 0 {
			p.fail("end %d leaks %d bytes of chunks", i, used)
		}
	}
}

func (p *Pair) fail(format string, args ...any) {
	p.t.Helper()
	text := fmt.Sprintf(format, args...)
	for i, e := range p.Ends {
		if e.Conn != nil {
			text += fmt.Sprintf("\nend %d: %v, sent %d, got %d, %+v", i, e.Conn.State(), e.Sent, e.Got, e.Conn.Info(p.Now))
		}
	}
	p.t.Fatalf("at %v, after %d segments: %s\ncapture: %s", p.Elapsed(), p.sent, text, p.record.Write())
}

// Segments returns how many segments were sent.
func (p *Pair) Segments() int { return p.sent }

// Elapsed returns how much virtual time has passed.
func (p *Pair) Elapsed() time.Duration { return p.Now.Sub(mono.Time(time.Second)) }
