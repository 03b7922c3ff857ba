package simnet

import (
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// crowd returns a scenario in which clients talk to one host, or it to them, over equal paths.
func crowd(clients int, plan impair.Plan, talk func(i int) Talk) *Scenario {
	s := &Scenario{MTU: 1500, Hosts: make([]HostPlan, clients+1)}
	for i := range clients {
		s.Hosts[i+1].Secret = uint64(i + 1)
		plan.Seed = uint64(2 * i)
		s.Paths = append(s.Paths, PathPlan{From: i + 1, To: 0, Plan: plan})
		plan.Seed++
		s.Paths = append(s.Paths, PathPlan{From: 0, To: i + 1, Plan: plan})
		s.Talks = append(s.Talks, talk(i))
	}
	return s
}

// oneDue is what a connection may hold beyond the limit of the memory: its due in either direction, in whole chunks, and
// the packet under way.
const oneDue = 2*(16<<10) + buffer.MaxChunk

// runWithin runs the network until a time, and checks from time to time that the first host's memory stays below limit.
func runWithin(t *testing.T, n *Net, until time.Duration, limit int) (most int) {
	t.Helper()
	for at := n.Elapsed(); at < until; at += 10 * time.Millisecond {
		if err := n.Run(start.Add(at)); err != nil {
			t.Fatal(err)
		}
		most = max(most, n.nodes[0].pool.Used())
	}
	if most > limit {
		t.Errorf("%d bytes in use, want %d at most", most, limit)
	}
	return most
}

// Connections whose applications do not read for two minutes never take more than the memory there is; when they read,
// everything arrives. No window is taken for granted that others may have filled by then.
func TestUnreadConnections(t *testing.T) {
	const clients, memory = 100, 4 << 20
	for _, c := range []struct {
		name string
		loss float64
		nic  Chunking
	}{
		{"", 0, ChunkFitting}, {"loss", 0.02, ChunkFitting}, {"large chunks", 0.02, ChunkLargest},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := impair.Plan{Delay: 10 * time.Millisecond, Rate: 50_000_000, Loss: c.loss}
			s := crowd(clients, plan, func(i int) Talk {
				k := bulk(1 << 20)
				k.From, k.To, k.Seed, k.At = i+1, 0, uint64(i), time.Duration(i)*time.Millisecond
				k.Listener.StallAt, k.Listener.StallFor = 1000, 2*time.Minute
				return k
			})
			s.Hosts[0].Memory, s.Hosts[0].Chunks = memory, c.nic
			n := s.Build()
			most := runWithin(t, n, 4*time.Minute, memory+clients*oneDue)
			if most < memory/2 {
				t.Errorf("%d bytes in use only: the test shows nothing", most)
			}
			if err := n.Finish(); err != nil {
				t.Error(err)
			}
			t.Logf("%d bytes in use at most", most)
		})
	}
}

// timeOf runs the network until the talk is over and returns how long its connection lived.
func timeOf(t *testing.T, n *Net, k *talk) time.Duration {
	t.Helper()
	for at := n.Elapsed(); !k.over; at += time.Second {
		if err := n.Run(start.Add(at)); err != nil {
			t.Fatal(err)
		}
		if at > time.Hour/2 {
			t.Fatal("it is starved")
		}
	}
	return k.ends[0].conn.Info(n.now).Age
}

// crowdWith returns a network in which so many conversations with the first host get stuck, because their readers stop
// reading, before another one begins. The first host, whose memory is limited, is on side side of all of them.
func crowdWith(t *testing.T, stuck, side, memory int) (*Net, *talk) {
	t.Helper()
	plan := impair.Plan{Delay: 20 * time.Millisecond, Rate: 50_000_000}
	s := crowd(stuck+1, plan, func(i int) Talk {
		k := bulk(64 << 20)
		k.Listener.StallAt, k.Listener.StallFor = 8<<20, time.Hour // after enough to get a large window
		if i == stuck {
			k = bulk(4 << 20)
			k.At = 30 * time.Second
		}
		k.From, k.To, k.Seed = i+1, 0, uint64(i)
		if side == 0 {
			k.From, k.To = k.To, k.From
		}
		return k
	})
	s.Hosts[0].Memory = memory
	for i := range stuck {
		s.Hosts[i+1].TCP = tcp.Config{RecvBuffer: 1 << 20}
	}
	n := s.Build()
	most := runWithin(t, n, 30*time.Second, memory+(stuck+1)*oneDue)
	if stuck == 20 && most < memory/2 {
		t.Errorf("%d bytes are in use: the test shows nothing", most)
	}
	return n, n.talks[stuck]
}

// Connections that are stuck take no more than their share of the memory, whichever direction it is for: a new one runs
// as fast as alone.
func TestNewcomer(t *testing.T) {
	const memory = 12 << 20
	for side, name := range []string{"sender", "receiver"} {
		t.Run(name, func(t *testing.T) {
			n, k := crowdWith(t, 0, side, memory)
			alone := timeOf(t, n, k)
			for _, stuck := range []int{1, 4, 20} {
				n, k := crowdWith(t, stuck, side, memory)
				if got := timeOf(t, n, k); got > alone*5/4 {
					t.Errorf("beside %d that are stuck it takes %v, alone %v", stuck, got, alone)
				}
			}
		})
	}
}
