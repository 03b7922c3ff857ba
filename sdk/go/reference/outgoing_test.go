package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/sdk/go/peertest"
	"github.com/antedon-net/antedon/wire"
)

// labClock is a clock that shows the lab's virtual time.
type labClock struct {
	lab   *peertest.Lab
	alarm func()
	at    mono.Time
}

func (c *labClock) now() mono.Time   { return c.lab.Now() }
func (c *labClock) onAlarm(f func()) { c.alarm, c.at = f, mono.Never }

func (c *labClock) setAlarm(at mono.Time) {
	if at == c.at {
		return
	}
	c.at = at
	if at == mono.Never {
		return
	}
	c.lab.At(at, func() {
		if c.at == at {
			c.alarm()
		}
	})
}

func attach(lab *peertest.Lab) api.Outgoing { return newOutgoing(lab, &labClock{lab: lab}) }

func TestCourse(t *testing.T) { peertest.Course(t, attach) }

// TestCourseIn: the same when the peer calls.
func TestCourseIn(t *testing.T) { peertest.CourseIn(t, attach) }

// TestBadPath: 3 MB up and 10 MB down, over paths that lose, duplicate and reorder, arrive as they were.
func TestBadPath(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			lab := peertest.New(t, peertest.Setup{Path: func(bool, int, *wire.TCP, []byte) tcptest.Fate {
				return tcptest.Fate{
					Drop:   r.IntN(100) == 0,
					Copies: r.IntN(100) / 99,
					Delay:  time.Duration(r.IntN(3)) * time.Millisecond,
				}
			}})
			lab.Attach(attach(lab))
			lab.Dial(peertest.Plan{Up: 3 << 20, Down: 10 << 20})
			lab.Run()
		})
	}
}

// TestUnanswered: a peer that does not answer is given up, and the application is told.
func TestUnanswered(t *testing.T) {
	lab := peertest.New(t, peertest.Setup{Limit: time.Hour})
	lab.Attach(attach(lab))
	lab.Dial(peertest.Plan{Ignored: true})
	lab.Run()
	if up, _ := lab.Segments(); up != 11 {
		t.Errorf("%d SYNs, want 1 and 10 repeated", up)
	}
}

// TestForgets: what has ended leaves nothing behind, neither a connection nor memory.
func TestForgets(t *testing.T) {
	for _, plan := range []peertest.Plan{
		{Up: 100_000, Down: 100_000},
		{Refused: true},
		{Down: 100_000, App: peertest.Never, Peer: peertest.Never, ResetByApp: 50_000},
		{Up: 100_000, App: peertest.Never, Peer: peertest.Never, ResetByPeer: 50_000},
	} {
		lab := peertest.New(t, peertest.Setup{})
		o := attach(lab).(*outgoing)
		lab.Attach(o)
		for range 10 {
			lab.Dial(plan)
		}
		lab.Run()
		if len(o.conns) > 0 || o.env.Pool.Used() > 0 || o.timers.Deadline() != mono.Never {
			t.Errorf("%+v: %d connections and %d bytes are left, the next alarm at %v", plan, len(o.conns), o.env.Pool.Used(), o.timers.Deadline())
		}
	}
}

// TestUnknown: a segment of no connection is answered with a RST, and nonsense or one with a wrong checksum with nothing.
func TestUnknown(t *testing.T) {
	lab := peertest.New(t, peertest.Setup{})
	rec := &recorder{Driver: lab}
	o := newOutgoing(rec, &labClock{lab: lab})
	name := api.Conn{Src: api.Endpoint{IP: "10.7.0.1", Port: 61084}, Dst: api.Endpoint{IP: "10.7.0.2", Port: 80}}
	h := wire.TCP{SrcPort: 80, DstPort: 61084, Seq: 7, Ack: 9, Flags: wire.ACK}
	b := h.AppendTo(nil)
	o.TcpRx(name, b) // its checksum is wrong: no answer
	pseudo := wire.PseudoSum(wire.ProtoTCP, netip.MustParseAddr(name.Dst.IP), netip.MustParseAddr(name.Src.IP), len(b))
	binary.BigEndian.PutUint16(b[checksumAt:], wire.TransportChecksum(pseudo, b))
	o.TcpRx(name, b)
	o.TcpRx(name, []byte("nonsense"))
	o.AppSend(name, []byte("x"))
	o.AppFin(name)
	o.AppRst(name)
	o.Tick()
	if len(rec.segments) != 1 {
		t.Fatalf("%d segments, want a RST", len(rec.segments))
	}
	got, _, err := wire.ParseTCP(rec.segments[0])
	if err != nil || got.Flags != wire.RST || got.Seq != 9 || got.SrcPort != 61084 {
		t.Errorf("got %+v, %v, want <SEQ=9><CTL=RST>", got, err)
	}
	o.AppConnect(api.Conn{Src: name.Src, Dst: api.Endpoint{IP: "nowhere", Port: 80}})
	if rec.refused != 1 {
		t.Error("an address that is none is not refused")
	}
}

// recorder keeps the segments instead of sending them.
type recorder struct {
	api.Driver
	segments [][]byte
	refused  int
}

func (r *recorder) TcpTx(_ api.Conn, b []byte) { r.segments = append(r.segments, bytes.Clone(b)) }
func (r *recorder) AppPeerRst(api.Conn)        { r.refused++ }
