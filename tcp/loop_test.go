package tcp

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
)

// flight is a segment between two connections of a test.
type flight struct {
	at  mono.Time
	seg Segment
}

// end is one of two connections joined in memory.
type end struct {
	c    *Conn
	in   []flight
	sent []byte // bytes still to write
	got  []byte
	fin  bool
}

// joined runs two connections against each other under one virtual clock.
type joined struct {
	t     testing.TB
	now   mono.Time
	delay time.Duration
	drop  func(n int, seg *Segment) bool
	n     int
	cfg   Config
	env   [2]*Env
	e     [2]*end
}

func newJoined(t testing.TB, cfg Config, super int) *joined {
	j := &joined{t: t, now: 1e9, delay: time.Millisecond, cfg: cfg.WithDefaults()}
	for i := range j.env {
		j.env[i] = &Env{Pool: buffer.NewPool(0), Secret: siphash.Key{K0: 1, K1: uint64(i)}, MaxSuper: super, BatchACK: super > 0}
	}
	a, b := netip.MustParseAddrPort("10.0.0.1:1000"), netip.MustParseAddrPort("10.0.0.2:2000")
	j.e[0] = &end{c: Dial(j.env[0], &j.cfg, j.now, ID{a, b}, 1500)}
	j.e[1] = &end{}
	return j
}

func (j *joined) drain(i int) {
	e := j.e[i]
	if e.c == nil {
		return
	}
	var out Out
	out.Payload = make([]buffer.View, 0, 8)
	for e.c.Next(j.now, &out) {
		seg := Segment{Header: out.Header, SegSize: out.SegSize}
		for _, v := range out.Payload {
			seg.Payload = append(seg.Payload, v.B...)
		}
		j.env[i].Pool.ReleaseAll(out.Payload)
		j.n++
		if j.drop == nil || !j.drop(j.n, &seg) {
			j.e[1-i].in = append(j.e[1-i].in, flight{j.now.Add(j.delay), seg})
		}
	}
}

func (j *joined) app(e *end) {
	if e.c == nil {
		return
	}
	for len(e.sent) > 0 {
		b := e.c.Reserve(len(e.sent))
		if len(b) == 0 {
			break
		}
		n := copy(b, e.sent)
		e.c.Commit(j.now, n, true)
		e.sent = e.sent[n:]
	}
	if len(e.sent) == 0 && !e.fin && e.c.State() >= StateEstablished {
		e.fin = true
		e.c.CloseWrite(j.now)
	}
	for e.c.Readable() > 0 {
		vs := e.c.Peek(make([]buffer.View, 0, 4), 1<<20)
		n := 0
		for _, v := range vs {
			e.got = append(e.got, v.B...)
			n += len(v.B)
		}
		j.envOf(e).Pool.ReleaseAll(vs)
		e.c.Consume(j.now, n)
	}
}

func (j *joined) envOf(e *end) *Env {
	if e == j.e[0] {
		return j.env[0]
	}
	return j.env[1]
}

// run goes on until both are CLOSED or in TIME-WAIT.
func (j *joined) run(limit int) {
	for step := 0; ; step++ {
		if step > limit {
			j.t.Fatalf("no end: %v %v at %v\n%+v\n%+v", j.e[0].c.State(), j.e[1].c.State(), j.now, j.e[0].c.Info(j.now), j.e[1].c.Info(j.now))
		}
		for i, e := range j.e {
			j.app(e)
			j.drain(i)
		}
		over := true
		next := mono.Never
		for _, e := range j.e {
			if len(e.in) > 0 {
				next = min(next, e.in[0].at)
				over = false
			}
			if e.c == nil || e.c.State() != StateClosed && e.c.State() != StateTimeWait {
				over = false
			}
			if e.c != nil {
				next = min(next, e.c.Deadline())
			}
		}
		if over {
			return
		}
		if next == mono.Never {
			j.t.Fatalf("stuck: %v %v", j.e[0].c.State(), j.e[1].c.State())
		}
		j.now = max(j.now, next)
		for i, e := range j.e {
			if e.c != nil && e.c.Deadline() <= j.now {
				e.c.Tick(j.now)
			}
			for len(e.in) > 0 && e.in[0].at <= j.now {
				f := e.in[0]
				e.in = e.in[1:]
				if e.c == nil {
					id := j.e[0].c.ID()
					e.c, _ = Accept(j.env[1], &j.cfg, j.now, ID{id.Remote, id.Local}, 1500, &f.seg)
					continue
				}
				e.c.Recv(j.now, &f.seg)
				if i == 0 && e.c.env.MaxSuper == 0 {
					j.drain(i)
				}
			}
		}
	}
}

func randomBytes(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, n)
	r.Read(b)
	return b
}

func TestTransferBothWays(t *testing.T) {
	for _, c := range []struct {
		name  string
		super int
		cfg   Config
		loss  uint64 // one in
	}{
		{name: "clean"},
		{name: "super-segments", super: 64240},
		{name: "no options", cfg: Config{NoSACK: true, NoTimestamps: true, NoWindowScale: true}},
		{name: "loss", loss: 30},
		{name: "loss without SACK", loss: 30, cfg: Config{NoSACK: true}},
		{name: "heavy loss", loss: 5},
		{name: "tiny window", cfg: Config{RecvBuffer: 600}},
		{name: "tiny window and loss", cfg: Config{RecvBuffer: 3000}, loss: 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJoined(t, c.cfg, c.super)
			if c.loss > 0 {
				r := rand.New(rand.NewPCG(1, c.loss))
				j.drop = func(n int, seg *Segment) bool { return r.Uint64N(c.loss) == 0 }
			}
			a, b := randomBytes(1, 1<<20), randomBytes(2, 300_000)
			j.e[0].sent, j.e[1].sent = a, b
			j.run(2_000_000)
			if !bytes.Equal(j.e[1].got, a) || !bytes.Equal(j.e[0].got, b) {
				t.Errorf("got %d and %d bytes, want %d and %d, equal", len(j.e[1].got), len(j.e[0].got), len(a), len(b))
			}
			for i := range j.env {
				j.e[i].c.Close(j.now)
				if used := j.env[i].Pool.Used(); used != 0 {
					t.Errorf("side %d leaks %d bytes of chunks", i, used)
				}
			}
			t.Logf("took %v, %d segments, %d retransmits, %d timeouts", time.Duration(j.now-1e9), j.n,
				j.e[0].c.Info(j.now).TotalRetrans, j.e[0].c.Info(j.now).Timeouts)
		})
	}
}
