package tcp_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// input hands out what a fuzzer made up, zeros when there is no more.
type input struct{ b []byte }

func (in *input) byte() byte {
	if len(in.b) == 0 {
		return 0
	}
	v := in.b[0]
	in.b = in.b[1:]
	return v
}

func (in *input) n(limit int) int {
	v := int(binary.LittleEndian.Uint16([]byte{in.byte(), in.byte()}))
	return v % limit
}

// victim is a connection at the mercy of a fuzzer, and what must hold of it whatever happens.
type victim struct {
	t    *testing.T
	in   input
	now  mono.Time
	env  *tcp.Env
	cfg  tcp.Config
	conn *tcp.Conn

	iss, irs   uint32
	last       wire.TCP // header sent last
	edge       seq.Number
	told       bool
	shift      uint8
	reserved   []byte
	reservedOK bool
}

const fuzzISS, fuzzIRS = 1<<32 - 3000, 1<<32 - 5000

// FuzzConn throws arbitrary segments, commands and errors at one connection.
func FuzzConn(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte("\x01\x00\x10\x00\x01\x00\x00\x02\x05\x20\x02\x03\x10\x00\x00\x03\x00"))
	f.Add([]byte("\x00\x02\x12\x00\x00\x01\x00\x01\x00\x08\x03\x10\x27\x00\x02\x10\x01\x00\x00\x00\x10\x00\x04\x00\x06"))
	f.Fuzz(torment)
}

func torment(t *testing.T, b []byte) {
	v := newVictim(t, b)
	for len(v.in.b) > 0 {
		v.step()
		v.drain()
		v.check()
		if v.conn.State() == tcp.StateClosed {
			v.end()
			v = newVictim(t, v.in.b) // the next one
		}
	}
	v.end()
}

// TestTorment is FuzzConn with long inputs of fixed seeds.
func TestTorment(t *testing.T) {
	for seed := range byte(200) {
		b := make([]byte, 3000)
		rand.NewChaCha8([32]byte{seed}).Read(b)
		if torment(t, b); t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func newVictim(t *testing.T, b []byte) *victim {
	v := &victim{t: t, in: input{b}, now: 1e12, iss: fuzzISS, irs: fuzzIRS}
	options := v.in.byte()
	v.cfg = tcp.Config{
		FixedISS: &v.iss, NoSACK: options&1 != 0, NoTimestamps: options&2 != 0, NoWindowScale: options&4 != 0,
		KeepAlive: options&8 != 0, NoDelay: options&16 != 0,
	}
	if options&32 != 0 {
		v.cfg.RecvBuffer = 3000
	}
	if options&64 != 0 {
		v.cfg.UserTimeout = 3 * time.Second
	}
	more := v.in.byte()
	if more&2 != 0 {
		v.cfg.ECN = tcp.ECNRequest
	}
	v.cfg = v.cfg.WithDefaults()
	v.env = &tcp.Env{Pool: buffer.NewPool(0), Secret: siphash.Key{K0: 1}}
	if more&1 != 0 {
		v.env.MaxSuper = 64 << 10
	}
	id := tcp.ID{Local: netip.MustParseAddrPort("192.0.2.1:1"), Remote: netip.MustParseAddrPort("192.0.2.2:2")}
	fast := more&4 != 0
	if options&128 != 0 && fast {
		v.conn = tcp.DialFast(v.env, &v.cfg, v.now, id, 1500, tcp.FastOpen{Len: more >> 3 & 1 << 3, MSS: uint16(v.in.n(65536))})
	} else if options&128 != 0 {
		v.conn = tcp.Dial(v.env, &v.cfg, v.now, id, 1500)
	} else {
		seg := v.segment()
		seg.Header.Flags, seg.Header.Seq = wire.SYN, v.irs
		if more&2 != 0 {
			seg.Header.Flags |= wire.ECE | wire.CWR
		}
		if fast {
			seg.Header.Options.HasFastOpen, seg.Header.Options.FastOpenLen = true, 8
			seg.Header.Options.FastOpen = v.cookie(id)
		}
		v.conn, _ = tcp.AcceptFast(v.env, &v.cfg, v.now, id, 1500, &seg)
	}
	v.drain()
	return v
}

// cookie asks for the Fast Open cookie of a client.
func (v *victim) cookie(id tcp.ID) [16]byte {
	syn := tcp.Segment{Header: wire.TCP{Flags: wire.SYN, Options: wire.TCPOptions{HasFastOpen: true}}}
	c, _ := tcp.AcceptFast(v.env, &v.cfg, v.now, id, 1500, &syn)
	out := tcp.Out{Payload: make([]buffer.View, 0, 1)}
	c.Next(v.now, &out)
	c.Abort(v.now)
	return out.Header.Options.FastOpen
}

// segment makes up a segment near what the connection expects.
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
	h.Seq, h.Ack = v.last.Ack, v.last.Seq
	if h.Seq == 0 {
		h.Seq = v.irs
	}
	switch kind >> 2 & 7 {
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
		if v.conn != nil {
			h.Ack = v.last.Seq + uint32(v.conn.Info(v.now).Unacked)
		}
	}
	h.Window = uint16(in.n(65536))
	s.CE = kind&64 != 0
	s.ECT = s.CE
	if kind&32 != 0 {
		s.Payload = make([]byte, in.n(5000))
		if kind&64 != 0 {
			s.SegSize = 1 + in.n(1500)
		}
	}
	v.options(&h.Options, kind)
	return s
}

func (v *victim) options(o *wire.TCPOptions, kind byte) {
	in := &v.in
	if kind&128 == 0 {
		return
	}
	which := in.byte()
	o.HasMSS, o.MSS = which&1 != 0, uint16(in.n(65536))
	o.HasWScale, o.WScale = which&2 != 0, in.byte()&15
	o.SACKPermitted = which&4 != 0
	o.HasTimestamps, o.TSVal, o.TSEcr = which&8 != 0, uint32(in.n(65536)), v.last.Options.TSVal
	o.HasFastOpen, o.FastOpenLen = which&16 != 0, which>>5&1<<3
	for range which >> 5 & 3 {
		left := v.last.Seq - uint32(in.n(3000))
		o.SACK[o.NSACK] = wire.SACKBlock{Left: left, Right: left + uint32(in.n(3000))}
		o.NSACK++
	}
}

// step does one thing of the fuzzer's choice.
func (v *victim) step() {
	in, c := &v.in, v.conn
	switch in.byte() % 16 {
	case 0, 1, 2, 3, 4, 5:
		seg := v.segment()
		c.Recv(v.now, &seg)
	case 6, 7:
		if !v.reservedOK {
			v.reserved = c.Reserve(1 + in.n(20_000))
			v.reservedOK = v.reserved != nil
			break
		}
		clear(v.reserved)
		c.Commit(v.now, min(in.n(20_000), len(v.reserved)), in.byte()&1 == 0)
		c.Push()
		v.reservedOK = false
	case 8, 9:
		views := c.Peek(make([]buffer.View, 0, 3), in.n(10_000))
		n := 0
		for _, x := range views {
			n += len(x.B)
		}
		v.env.Pool.ReleaseAll(views)
		c.Consume(v.now, n)
	case 10:
		v.now += mono.Time(in.n(65536)) * 1000
		c.Tick(v.now)
	case 11, 12:
		if at := c.Deadline(); at != mono.Never {
			v.now = max(v.now, at)
			c.Tick(v.now)
			if c.Deadline() == at {
				v.t.Fatalf("Tick does not move the deadline: %+v", c.Info(v.now))
			}
		}
	case 13:
		v.command()
	case 14:
		c.OnICMP(v.now, tcp.ICMPKind(in.byte()%3), v.last.Seq+uint32(in.n(3000)), in.n(3000), syscall.EHOSTUNREACH)
	case 15:
		if in.byte() < 10 {
			c.CloseWrite(v.now)
		}
	}
}

func (v *victim) command() {
	in, c := &v.in, v.conn
	switch in.byte() % 8 {
	case 0:
		if in.byte() < 10 {
			c.Close(v.now)
		}
	case 1:
		if in.byte() < 3 {
			c.Abort(v.now)
		}
	case 2:
		c.SetCork(in.byte()&1 != 0)
	case 3:
		c.SetNoDelay(in.byte()&1 != 0)
	case 4:
		c.SetKeepAlive(v.now, in.byte()&1 != 0)
	case 5:
		c.SetKeepAliveTimes(v.now, time.Duration(in.n(1000))*time.Millisecond, 0, 3)
	case 6:
		c.SetUserTimeout(time.Duration(in.n(1000)) * time.Millisecond)
	case 7:
		c.SetQuickACK(in.byte()&1 != 0)
	}
}

// drain takes what the connection sends and checks every segment.
func (v *victim) drain() {
	out := tcp.Out{Payload: make([]buffer.View, 0, 8)}
	for n := 0; v.conn.Next(v.now, &out); n++ {
		if n > 10_000 {
			v.t.Fatal("Next does not end")
		}
		h := out.Header
		got := 0
		for _, x := range out.Payload {
			got += len(x.B)
		}
		if got != out.Len || h.Len() > wire.MaxTCPHeaderLen {
			v.t.Fatalf("%d bytes of payload for Len %d, a header of %d", got, out.Len, h.Len())
		}
		v.env.Pool.ReleaseAll(out.Payload)
		if h.Options.HasWScale {
			v.shift = h.Options.WScale
		}
		if ecn := wire.ECN(out.TOS & 3); ecn != wire.NotECT && (ecn != wire.ECT0 || got == 0 || v.cfg.ECN != tcp.ECNRequest) {
			v.t.Fatalf("%d bytes marked %v", got, ecn)
		}
		v.checkEdge(&h)
		if h.Flags&wire.RST == 0 {
			v.last = h
		}
	}
	v.conn.Events()
}

// checkEdge checks that the window never shrinks. A flood of tiny segments may make it: then it is not judged.
func (v *victim) checkEdge(h *wire.TCP) {
	if h.Flags&(wire.RST|wire.SYN) != 0 || h.Flags&wire.ACK == 0 {
		return
	}
	scale := uint8(0)
	if _, scaled := scaleOf(v.conn.Info(v.now).Options); scaled {
		scale = v.shift
	}
	edge := seq.Number(h.Ack).Add(int(h.Window) << scale)
	if i := v.conn.Info(v.now); v.told && edge.Less(v.edge) && i.ReadQueue < i.RcvSpace {
		v.t.Fatalf("the right edge of the window moves left by %d", v.edge.Sub(edge))
	}
	v.edge, v.told = edge, true
}

// scaleOf reports whether the options of Info say that windows are scaled.
func scaleOf(options string) (string, bool) {
	const word = "wscale:"
	for i := 0; i+len(word) <= len(options); i++ {
		if options[i:i+len(word)] == word {
			return options[i:], true
		}
	}
	return "", false
}

// check checks what must hold between steps.
func (v *victim) check() {
	c := v.conn
	i := c.Info(v.now)
	if c.State() == tcp.StateClosed {
		if c.Deadline() != mono.Never || !c.Done() {
			v.t.Fatalf("closed, with deadline %v, done %v", c.Deadline(), c.Done())
		}
		return
	}
	if i.Unacked < 0 || i.Sacked > i.Unacked || i.Lost > i.Unacked || i.Lost < 0 {
		v.t.Fatalf("SND.NXT-SND.UNA is %d, %d SACKed, %d lost", i.Unacked, i.Sacked, i.Lost)
	}
	if (i.Unacked > 0 || i.NotSent > 0 || c.State() == tcp.StateTimeWait) && c.Deadline() == mono.Never {
		v.t.Fatalf("something to wait for, and no deadline: %+v", i)
	}
	if i.SndCwnd < 1 || i.RTO <= 0 || i.RTO > 120*time.Second {
		v.t.Fatalf("cwnd %d, RTO %v", i.SndCwnd, i.RTO)
	}
	// 512 bytes may hold one; a packet kept in place holds twice its bytes; a write under way holds a chunk.
	bound := 3*i.RcvSpace + 128<<10 + 2*c.Unacked() + 128<<10
	if used := v.env.Pool.Used(); used > bound {
		v.t.Fatalf("%d bytes of chunks, %d expected at most: %+v", used, bound, i)
	}
}

func (v *victim) end() {
	if v.reservedOK {
		v.conn.Commit(v.now, 0, true)
	}
	v.conn.Abort(v.now)
	v.drain()
	if used := v.env.Pool.Used(); used != 0 || !v.conn.Done() {
		v.t.Fatalf("%d bytes of chunks leaked, done %v", used, v.conn.Done())
	}
}
