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
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/tcp/congestion"
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
	v := &victim{t: t, in: input{b}, now: 1e12, iss: fuzzISS, irs: fuzzIRS, tsval: 1 << 31}
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
	names := congestion.Names()
	v.cfg.Congestion = names[int(more>>6)%len(names)]
	if more&1 != 0 {
		v.env.MaxSuper, v.env.LongSuper = 64<<10, 192_000
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
		fillDuel(seg.Payload, 0)
		if more&2 != 0 {
			seg.Header.Flags |= wire.ECE | wire.CWR
		}
		if fast {
			seg.Header.Options.HasFastOpen, seg.Header.Options.FastOpenLen = true, 8
			seg.Header.Options.FastOpen = askCookie(v.env, &v.cfg, v.now, id)
		}
		v.noteDelivered(&seg.Header, len(seg.Payload))
		v.conn, _ = tcp.AcceptFast(v.env, &v.cfg, v.now, id, 1500, &seg)
	}
	v.drain()
	return v
}

// step does one thing of the fuzzer's choice.
func (v *victim) step() {
	in, c := &v.in, v.conn
	switch in.byte() % 16 {
	case 0, 1, 2, 3, 4, 5:
		seg := v.segment()
		v.receive(&seg)
	case 6, 7:
		if !v.reservedOK {
			v.reserved = c.Reserve(1 + in.n(20_000))
			v.reservedOK = v.reserved != nil
			break
		}
		fillDuel(v.reserved, v.written)
		n := min(in.n(20_000), len(v.reserved))
		if c.State() != tcp.StateClosed {
			v.written += n
		}
		c.Commit(v.now, n, in.byte()&1 == 0)
		c.Push()
		v.reservedOK = false
	case 8, 9:
		views := c.Peek(make([]buffer.View, 0, 3), in.n(10_000))
		n := 0
		for _, x := range views {
			if k := mismatchDuel(x.B, v.read+n); k >= 0 {
				v.t.Fatalf("byte %d read is wrong", v.read+n+k)
			}
			n += len(x.B)
		}
		v.read += n
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
