package peertest

import (
	"math/rand/v2"
	"testing"

	"github.com/antedon-net/antedon/internal/tcptest"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/wire"
)

// Course runs what the course asks of a TCP, each as a subtest: the handshake, data both ways, closing in every order, long
// transfers, many connections, resets and retransmission. attach makes the TCP under test.
func Course(t *testing.T, attach func(*Lab) api.Outgoing) { course(t, attach, (*Lab).Dial) }

// CourseIn runs the same with connections that the peer begins.
func CourseIn(t *testing.T, attach func(*Lab) api.Outgoing) { course(t, attach, (*Lab).DialIn) }

func course(t *testing.T, attach func(*Lab) api.Outgoing, dial func(*Lab, Plan) *Call) {
	for _, family := range []string{"IPv4", "IPv6"} {
		for _, s := range scenarios() {
			t.Run(family+"/"+s.name, func(t *testing.T) {
				s.setup.IPv6 = family == "IPv6"
				lab := New(t, s.setup)
				lab.Attach(attach(lab))
				for range max(1, s.conns) {
					if c := dial(lab, s.plan); c.called && s.plan.Refused {
						c.plan = Plan{App: Never, Peer: Never, ResetByApp: -1} // a listener refuses after the handshake
					}
				}
				lab.Run()
			})
		}
	}
}

type scenario struct {
	name  string
	setup Setup
	plan  Plan
	conns int // that do the same; 1
}

// scenarios are what there is to run, once: paths remember what they have lost.
func scenarios() []scenario {
	return []scenario{
		{name: "handshake", plan: Plan{}},
		{name: "small data", plan: Plan{Up: 11, Down: 13}},
		{name: "application closes first", plan: Plan{Up: 5000, Down: 5000, Peer: AfterOther}},
		{name: "peer closes first", plan: Plan{Up: 5000, Down: 5000, App: AfterOther}},
		{name: "3 MB up", plan: Plan{Up: 3 << 20, Peer: AfterOther}},
		{name: "10 MB down", plan: Plan{Up: 100, Down: 10 << 20}},
		{name: "both ways at once", plan: Plan{Up: 1 << 20, Down: 1 << 20}},
		{name: "pieces of 3000 bytes", setup: Setup{Piece: 3000}, plan: Plan{Up: 100_000, Down: 1}},
		{name: "100 connections", plan: Plan{Up: 300, Down: 50_000}, conns: 100},
		{name: "refused", plan: Plan{Refused: true}},
		{name: "reset by the peer", plan: Plan{Up: 100_000, Down: 1000, App: Never, Peer: Never, ResetByPeer: 50_000}},
		{name: "reset by the peer at once", plan: Plan{App: Never, Peer: Never, ResetByPeer: -1}},
		{name: "reset by the application", plan: Plan{Up: 1000, Down: 100_000, App: Never, Peer: Never, ResetByApp: 50_000}},
		{name: "reset by the application at once", plan: Plan{App: Never, Peer: Never, ResetByApp: -1}},
		{name: "first SYN lost", setup: Setup{Path: lose(true, 1)}, plan: Plan{Up: 10, Down: 10}},
		{name: "first SYN-ACK lost", setup: Setup{Path: lose(false, 1)}, plan: Plan{Up: 10, Down: 10}},
		{name: "ACK of the handshake lost", setup: Setup{Path: lose(true, 2)}, plan: Plan{Down: 10, App: AfterOther}},
		{name: "first data lost", setup: Setup{Path: loseText(true, 1)}, plan: Plan{Up: 10, Peer: AfterOther}},
		{name: "data in the middle lost", setup: Setup{Path: loseText(true, 7)}, plan: Plan{Up: 100_000, Peer: AfterOther}},
		{name: "the peer's data lost", setup: Setup{Path: loseText(false, 3)}, plan: Plan{Down: 100_000, App: AfterOther}},
		{name: "our FIN lost", setup: Setup{Path: loseFlag(true, wire.FIN)}, plan: Plan{Up: 10, Peer: AfterOther}},
		{name: "the peer's FIN lost", setup: Setup{Path: loseFlag(false, wire.FIN)}, plan: Plan{Down: 10, App: AfterOther}},
		{name: "last ACK lost", setup: Setup{Path: loseLastACK()}, plan: Plan{Up: 10, Peer: AfterOther}},
		{name: "every segment twice", setup: Setup{Path: twice}, plan: Plan{Up: 100_000, Down: 100_000}},
		{name: "3% lost", setup: Setup{Path: random(1, 0.03)}, plan: Plan{Up: 100_000, Down: 100_000}, conns: 5},
	}
}

// lose loses the n-th segment in a direction.
func lose(toPeer bool, n int) func(bool, int, *wire.TCP, []byte) tcptest.Fate {
	return func(up bool, k int, _ *wire.TCP, _ []byte) tcptest.Fate {
		return tcptest.Fate{Drop: up == toPeer && k == n}
	}
}

// loseText loses the n-th segment with text in a direction.
func loseText(toPeer bool, n int) func(bool, int, *wire.TCP, []byte) tcptest.Fate {
	seen := 0
	return func(up bool, _ int, _ *wire.TCP, data []byte) tcptest.Fate {
		if up == toPeer && len(data) > 0 {
			seen++
		}
		return tcptest.Fate{Drop: up == toPeer && len(data) > 0 && seen == n}
	}
}

// loseFlag loses the first segment with a flag in a direction.
func loseFlag(toPeer bool, flag wire.Flags) func(bool, int, *wire.TCP, []byte) tcptest.Fate {
	lost := false
	return func(up bool, _ int, h *wire.TCP, _ []byte) tcptest.Fate {
		drop := !lost && up == toPeer && h.Flags.Has(flag)
		lost = lost || drop
		return tcptest.Fate{Drop: drop}
	}
}

// loseLastACK loses the first segment to the peer after the peer's FIN.
func loseLastACK() func(bool, int, *wire.TCP, []byte) tcptest.Fate {
	fin, lost := false, false
	return func(up bool, _ int, h *wire.TCP, _ []byte) tcptest.Fate {
		fin = fin || !up && h.Flags.Has(wire.FIN)
		drop := up && fin && !lost
		lost = lost || drop
		return tcptest.Fate{Drop: drop}
	}
}

func twice(bool, int, *wire.TCP, []byte) tcptest.Fate { return tcptest.Fate{Copies: 1} }

// random loses segments by chance.
func random(seed uint64, p float64) func(bool, int, *wire.TCP, []byte) tcptest.Fate {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(bool, int, *wire.TCP, []byte) tcptest.Fate { return tcptest.Fate{Drop: r.Float64() < p} }
}
