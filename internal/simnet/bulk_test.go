package simnet

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// A transfer of 1 GiB in packets of 1500 bytes, some of which get lost or overtaken.
func TestTransfer1GiB(t *testing.T) {
	plan := impair.Plan{Delay: time.Millisecond, Loss: 0.0001, Reorder: 0.001, Duplicate: 0.001, Seed: 1}
	n := finish(t, pair(Plain, plan, bulk(short(1<<30))).Build)
	checkRead(t, n, short(1<<30))
}

// Stream offsets leave 32 bits: the sequence numbers wrap, the offsets must not.
func TestTransferBeyond4GiB(t *testing.T) {
	const size = 5 << 30
	s := pair(Super, impair.Plan{Delay: 100 * time.Microsecond}, bulk(short(size)))
	s.Hosts[1].Chunks = ChunkLargest
	n := finish(t, s.Build)
	checkRead(t, n, short(size))
}

// short returns a size that takes no longer with the race detector, which slows everything down.
func short(size uint64) uint64 {
	if race {
		return size / 64
	}
	return size
}

// A router that marks instead of dropping: the sender keeps the link busy, and nothing is lost.
func TestMarkingRouter(t *testing.T) {
	const size, rate = 20 << 20, 20_000_000
	for _, mode := range []Mode{Plain, Cut} {
		s := pair(mode, impair.Plan{Delay: 10 * time.Millisecond, Rate: rate, ECN: 20, Queue: 120}, bulk(size))
		s.Hosts[0].TCP.ECN = tcp.ECNRequest
		n := finish(t, s.Build)
		checkRead(t, n, size)
		stats := n.paths[[2]*Node{n.nodes[0], n.nodes[1]}].fate.Stats()
		if stats.Overflowed != 0 {
			t.Errorf("%v: %d packets lost", mode, stats.Overflowed)
		}
		line := time.Duration(size) * 8 * time.Second / rate
		took := n.Elapsed() - time.Minute // of TIME-WAIT
		if took > line*12/10 {
			t.Errorf("%v: took %v, the line alone %v", mode, took, line)
		}
	}
}

func checkRead(t *testing.T, n *Net, want uint64) {
	t.Helper()
	if got := n.talks[0].ends[1].app.in.read; got != want {
		t.Errorf("%d bytes arrived, want %d", got, want)
	}
	t.Logf("%d packets in %v", n.packets, n.Elapsed())
}

// TestManyConnections holds 2,000 connections on one host at a time, and looks at what they hold while nothing happens.
func TestManyConnections(t *testing.T) {
	const clients, each = 4, 500
	s := &Scenario{MTU: 1500, Hosts: make([]HostPlan, clients+1)}
	for i := range s.Hosts {
		s.Hosts[i].Secret = uint64(i)
	}
	plan := impair.Plan{Delay: 10 * time.Millisecond, Loss: 0.01, Rate: 100_000_000}
	for i := range clients {
		plan.Seed = uint64(i)
		s.Paths = append(s.Paths, PathPlan{From: i + 1, To: 0, Plan: plan})
		plan.Seed += 100
		s.Paths = append(s.Paths, PathPlan{From: 0, To: i + 1, Plan: plan})
		for j := range each {
			s.Talks = append(s.Talks, Talk{
				From: i + 1, To: 0, Port: servicePort, At: time.Duration(j) * time.Millisecond, Seed: uint64(i*each + j),
				// A request, its answer, and after a minute's rest the same again.
				Dialler:  Script{Bytes: 2000, WriteMax: 1000, ReadMax: 4000, Lead: 1000, IdleAt: 1000, IdleFor: time.Minute},
				Listener: Script{Bytes: 8000, WriteMax: 4000, ReadMax: 1000, After: 1000, Lead: 4000},
			})
		}
	}
	n := s.Build()
	runFor(t, n, 40*time.Second)
	server := n.nodes[0]
	if got := connections(server.host); got != clients*each {
		t.Errorf("%d connections at a time, want %d", got, clients*each)
	}
	for c := range server.host.Conns() {
		if c.State() != tcp.StateEstablished {
			t.Fatalf("%v is in %v", c.ID(), c.State())
		}
	}
	if used := server.pool.Used(); used != 0 {
		t.Errorf("idle connections hold %d bytes of chunks", used)
	}
	if err := n.Finish(); err != nil {
		t.Fatal(err)
	}
}
