package tcp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
	"github.com/antedon-net/antedon/wire"
)

// duel is two connections and the path between them, all at the mercy of a fuzzer: it decides when which segment arrives,
// what a middlebox makes of it, when time passes, and what the applications do. When it has no more to say, the path heals
// and the applications finish in order: then everything has to arrive.
type duel struct {
	t    testing.TB
	in   input
	now  mono.Time
	side [2]*fighter
	both bool     // both dial
	fast bool     // with text in the SYN
	mild stripped // what a middlebox takes out of every SYN
}

// fighter is one side of a duel.
type fighter struct {
	id   tcp.ID
	cfg  tcp.Config
	env  *tcp.Env
	conn *tcp.Conn // nil until a SYN has come
	in   []tcp.Segment

	reserved []byte
	written  int // committed
	read     int
	finished bool // CloseWrite was called
	left     bool // Close or Abort was called
	said     said
}

const (
	duelWrites = 200_000 // bytes a side writes at most
	eternity   = 100 * time.Hour
)

func newDuel(t testing.TB, b []byte) *duel {
	d := &duel{t: t, in: input{b}, now: 1e12}
	ends := [2]netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:1000"), netip.MustParseAddrPort("192.0.2.2:2000")}
	common := d.in.byte()
	d.both = common&1 != 0
	d.fast = common&128 != 0
	d.mild = stripped{mss: common&2 != 0, sack: common&4 != 0, ts: common&8 != 0, scale: common&16 != 0}
	for i := range d.side {
		f := &fighter{id: tcp.ID{Local: ends[i], Remote: ends[1-i]}, cfg: d.config()}
		f.env = &tcp.Env{Pool: buffer.NewPool(0), Secret: siphash.Key{K0: 1, K1: uint64(i)}}
		if common&(32<<i) != 0 {
			f.env.MaxSuper, f.env.LongSuper = 20_000, 60_000
		}
		d.side[i] = f
	}
	d.dial(0)
	if d.both {
		d.dial(1)
	}
	return d
}

// config makes up settings. Patience has no end: a connection that gives up has no reason to.
func (d *duel) config() tcp.Config {
	o, size := d.in.byte(), d.in.byte()
	iss := uint32(-d.in.n(1 << 16)) // soon to wrap
	names := congestion.Names()
	c := tcp.Config{
		FixedISS: &iss, NoSACK: o&1 != 0, NoTimestamps: o&2 != 0, NoWindowScale: o&4 != 0, NoDelay: o&8 != 0,
		Congestion: names[int(o>>4&3)%len(names)],
		SYNRetries: 1e6, SYNACKRetries: 1e6, DataRetries: 1e6, OrphanRetries: 1e6, FinTimeout: eternity, TimeWait: eternity,
	}
	if o&64 != 0 {
		c.ECN = tcp.ECNRequest
	}
	if o&128 != 0 {
		c.RecvBuffer = 300 + 40*int(size)
	}
	switch size & 3 {
	case 1:
		c.MSS = 48 + int(size)
	case 2:
		c.InitialWindow = 1
	case 3:
		c.SendBuffer = 2048 + 64*int(size)
	}
	return c.WithDefaults()
}

// askCookie returns the Fast Open cookie that a server gives the peer of id.
func askCookie(env *tcp.Env, cfg *tcp.Config, now mono.Time, id tcp.ID) [16]byte {
	syn := tcp.Segment{Header: wire.TCP{Flags: wire.SYN, Options: wire.TCPOptions{HasFastOpen: true}}}
	c, _ := tcp.AcceptFast(env, cfg, now, id, 1500, &syn)
	out := tcp.Out{Payload: make([]buffer.View, 0, 1)}
	c.Next(now, &out)
	c.Abort(now)
	return out.Header.Options.FastOpen
}

func (d *duel) dial(i int) {
	f := d.side[i]
	if d.fast {
		cookie := askCookie(d.side[1-i].env, &d.side[1-i].cfg, d.now, d.side[1-i].id)
		f.conn = tcp.DialFast(f.env, &f.cfg, d.now, f.id, 1500, tcp.FastOpen{Cookie: cookie, Len: 8})
	} else {
		f.conn = tcp.Dial(f.env, &f.cfg, d.now, f.id, 1500)
	}
	d.drain(i)
}

// step does one thing of the fuzzer's choice.
func (d *duel) step() {
	op := d.in.byte()
	i := int(op >> 7)
	f := d.side[i]
	switch op & 31 {
	case 0, 1, 2, 3, 4:
		d.deliver(i, 0)
	case 5:
		for range len(f.in) {
			d.deliver(i, 0)
		}
	case 6:
		d.deliver(i, d.in.n(256))
	case 7, 8, 9, 10, 11, 12:
		d.meddle(i, op&31)
	case 13, 14, 15:
		d.write(f)
	case 16, 17:
		d.receive(i, d.in.n(10_000))
	case 18:
		if d.in.byte() < 64 {
			d.finish(f)
		}
	case 19, 20:
		d.set(f)
	case 21, 22:
		d.pass(d.now + mono.Time(d.in.n(65536))*1000)
	case 23, 24, 25:
		d.passToDeadline()
	case 26:
		if d.in.byte() == 0 && f.conn != nil {
			f.left = true
			f.conn.Close(d.now)
		}
	case 27:
		if d.in.byte() == 0 && f.conn != nil {
			f.left = true
			f.conn.Abort(d.now)
		}
	default:
		d.tooBig(i)
	}
	if op&64 == 0 { // else it is one of several inputs before the next drain
		d.drain(0)
		d.drain(1)
	}
}

// write begins or ends a copy into the send buffer.
func (d *duel) write(f *fighter) {
	if f.conn == nil || f.finished || f.left {
		return
	}
	if f.reserved == nil {
		f.reserved = f.conn.Reserve(min(1+d.in.n(20_000), duelWrites-f.written))
		return
	}
	fillDuel(f.reserved, f.written)
	d.commit(f, min(d.in.n(20_000), len(f.reserved)), d.in.byte()&1 == 0)
}

func (d *duel) commit(f *fighter, n int, push bool) {
	f.conn.Commit(d.now, n, push)
	f.reserved = nil
	f.written += n
	if !push {
		f.conn.Push()
	}
}

// receive reads up to n bytes and checks that they are those written.
func (d *duel) receive(i, n int) {
	f := d.side[i]
	if f.conn == nil || f.left {
		return
	}
	views := f.conn.Peek(make([]buffer.View, 0, 4), n)
	got := 0
	for _, v := range views {
		if at := mismatchDuel(v.B, f.read+got); at >= 0 {
			d.fail("side %d reads a wrong byte at %d", i, f.read+got+at)
		}
		got += len(v.B)
	}
	f.env.Pool.ReleaseAll(views)
	f.conn.Consume(d.now, got)
	if f.read += got; f.read > d.side[1-i].written {
		d.fail("side %d has read %d bytes of %d written", i, f.read, d.side[1-i].written)
	}
}

func (d *duel) finish(f *fighter) {
	if f.conn == nil || f.finished || f.left || f.conn.State() < tcp.StateEstablished {
		return
	}
	if f.reserved != nil {
		d.commit(f, 0, true)
	}
	f.finished = true
	f.conn.CloseWrite(d.now)
}

func (d *duel) set(f *fighter) {
	if f.conn == nil {
		return
	}
	switch v := d.in.byte(); v & 3 {
	case 0:
		f.conn.SetCork(v&4 != 0)
	case 1:
		f.conn.SetNoDelay(v&4 != 0)
	case 2:
		f.conn.SetQuickACK(v&4 != 0)
	case 3:
		f.conn.SetKeepAliveTimes(d.now, time.Duration(v)*time.Second, time.Second, 1e6)
		f.conn.SetKeepAlive(d.now, v&4 != 0)
	}
}

// pass lets time pass. Whoever is due is told.
func (d *duel) pass(to mono.Time) {
	d.drain(0)
	d.drain(1)
	d.now = to
	for i, f := range d.side {
		if f.conn == nil || f.conn.Deadline() > d.now {
			continue
		}
		before := f.conn.Deadline()
		f.conn.Tick(d.now)
		if f.conn.Deadline() == before {
			d.fail("side %d: Tick does not move the deadline %v", i, before)
		}
	}
}

// passToDeadline lets time pass until something is due, and returns false if nothing will be.
func (d *duel) passToDeadline() bool {
	next := mono.Never
	for _, f := range d.side {
		if f.conn != nil {
			next = min(next, f.conn.Deadline())
		}
	}
	if next == mono.Never {
		return false
	}
	d.pass(max(d.now, next))
	return true
}

// drain puts what side i sends on the path, and checks it.
func (d *duel) drain(i int) {
	f := d.side[i]
	if f.conn == nil {
		return
	}
	out := tcp.Out{Payload: make([]buffer.View, 0, 8)}
	for n := 0; f.conn.Next(d.now, &out); n++ {
		seg := tcp.Segment{Header: out.Header, SegSize: out.SegSize, ECT: wire.ECN(out.TOS&3) == wire.ECT0}
		for _, v := range out.Payload {
			seg.Payload = append(seg.Payload, v.B...)
		}
		f.env.Pool.ReleaseAll(out.Payload)
		if len(seg.Payload) != out.Len || out.Header.Len() > wire.MaxTCPHeaderLen {
			d.fail("side %d: %d bytes of payload for Len %d, a header of %d", i, len(seg.Payload), out.Len, out.Header.Len())
		}
		d.checkSent(i, &seg)
		d.send(i, seg)
		if n > 10_000 {
			d.fail("side %d: Next does not end", i)
		}
	}
	f.conn.Events()
	d.checkSide(i)
}

// heal lets the path carry everything, in order, and the applications finish; and checks that all is well in the end.
func (d *duel) heal() {
	begun := d.now
	for n := 0; !d.over(); n++ {
		if n > 100_000 || d.now.Sub(begun) > time.Hour {
			d.fail("no end %v after the path has healed", d.now.Sub(begun))
		}
		delivered := false
		for i, f := range d.side {
			for len(f.in) > 0 {
				d.deliver(i, 0)
				delivered = true
			}
			if f.conn != nil {
				f.conn.SetCork(false)
				if f.reserved != nil {
					d.commit(f, 0, true)
				}
				d.finish(f)
			}
			for f.conn != nil && !f.left && f.conn.Readable() > 0 {
				d.receive(i, 1<<20)
			}
		}
		d.drain(0)
		d.drain(1)
		if delivered {
			d.pass(d.now.Add(time.Millisecond))
		} else if len(d.side[0].in)+len(d.side[1].in) == 0 && !d.over() && !d.passToDeadline() {
			if d.side[0].left || d.side[1].left {
				break // and the other side was never told
			}
			d.fail("stuck: nothing under way and no deadline")
		}
	}
	d.checkEnd()
}

// over reports whether nothing is under way and both connections have come to an end.
func (d *duel) over() bool {
	for i, f := range d.side {
		switch {
		case len(f.in) > 0:
			return false
		case f.conn == nil:
			if d.side[1-i].conn.State() != tcp.StateClosed {
				return false
			}
		case f.conn.State() != tcp.StateClosed && f.conn.State() != tcp.StateTimeWait:
			return false
		case f.conn.Readable() > 0 && !f.left:
			return false
		}
	}
	return true
}

// fillDuel writes the bytes from offset off of a stream, mismatchDuel finds the first that is not as it should be.
func fillDuel(b []byte, off int) {
	for i := range b {
		b[i] = duelByte(off + i)
	}
}

func mismatchDuel(b []byte, off int) int {
	for i := range b {
		if b[i] != duelByte(off+i) {
			return i
		}
	}
	return -1
}

func duelByte(off int) byte { return byte(off*7 + off>>8*31) }
