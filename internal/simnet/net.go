package simnet

import (
	"encoding/binary"
	"fmt"
	"hash"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/capture"
)

// Net is a virtual network: nodes, the paths between them, and the clock they share.
type Net struct {
	now    mono.Time
	agenda agenda
	nodes  []*Node
	links  []*Link
	byAddr map[netip.Addr]*Node
	paths  map[[2]*Node]*Path

	talks []*talk
	ends  map[tuple][]*end // that have sent a SYN, oldest first
	dials map[tuple]*end

	digest hash.Hash // of every packet with its time; nil if nobody asks
	tap    *tap      // nil if nobody asks
	free   [][]byte  // packet buffers not in use

	doomed bool                         // paths may end for good
	meddle func(int, *link.Packet) Fate // nil if nobody does

	over    time.Duration // when the last conversation was
	sights  map[string]uint64
	events  int
	burst   int // events without progress in time
	failure error
	packets int
}

// start is where the clock begins.
const start = mono.Time(1000 * time.Second)

// NewNet returns a network without nodes.
func NewNet() *Net {
	return &Net{
		now: start, byAddr: map[netip.Addr]*Node{}, paths: map[[2]*Node]*Path{},
		ends: map[tuple][]*end{}, dials: map[tuple]*end{},
		sights: map[string]uint64{},
	}
}

// Now returns the virtual time.
func (n *Net) Now() mono.Time { return n.now }

// Elapsed returns how much virtual time has passed.
func (n *Net) Elapsed() time.Duration { return n.now.Sub(start) }

// Over returns when the last conversation that has come to its end did so.
func (n *Net) Over() time.Duration { return n.over }

// plan makes do happen at the given time.
func (n *Net) plan(at mono.Time, do occasion) { n.agenda.add(max(at, n.now), do) }

// after makes do happen after a while.
func (n *Net) after(d time.Duration, do occasion) { n.plan(n.now.Add(d), do) }

// fail ends the run. Only the first failure counts: what follows is its consequence.
func (n *Net) fail(format string, args ...any) {
	if n.failure == nil {
		n.failure = fmt.Errorf("%v: %s", n.Elapsed(), fmt.Sprintf(format, args...))
	}
}

// Limits of a run.
const (
	maxTime  = 48 * time.Hour
	maxBurst = 1_000_000 // events at the same time, or packets a connection sends at once
)

// Run lets time pass until nothing is left to happen, or until the given time, or until a check fails.
func (n *Net) Run(until mono.Time) error {
	for n.failure == nil && n.agenda.len() > 0 && n.agenda.heap[0].at <= until {
		e := n.agenda.next()
		if n.events++; e.at > n.now {
			n.now, n.burst = e.at, 0
		}
		e.do.happen()
		n.burst++
		switch {
		case n.Elapsed() > maxTime:
			n.fail("there is no end to it: %d packets so far", n.packets)
		case n.burst > maxBurst:
			n.fail("time stands still")
		}
	}
	return n.failure
}

// record adds a packet to the digest and the capture.
func (n *Net) record(at *Node, dir capture.Direction, p *link.Packet, comment string) {
	if n.digest != nil {
		var head [10]byte
		binary.BigEndian.PutUint64(head[:], uint64(n.now))
		head[8], head[9] = byte(at.index), byte(dir)
		n.digest.Write(head[:])
		n.digest.Write(p.Bytes)
	}
	if n.tap != nil {
		n.tap.packet(n.now, at, dir, p, comment)
	}
}

// getBuffer returns memory for a packet of size bytes.
func (n *Net) getBuffer(size int) []byte {
	if last := len(n.free) - 1; last >= 0 && cap(n.free[last]) >= size {
		b := n.free[last][:size]
		n.free = n.free[:last]
		return b
	}
	return make([]byte, size, max(size, 2048))
}

func (n *Net) putBuffer(b []byte) {
	if len(n.free) < 256 {
		n.free = append(n.free, b)
	}
}
