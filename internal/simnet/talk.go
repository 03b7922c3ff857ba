package simnet

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/tcp"
)

// Talk is a conversation over one connection, or over several that follow each other on the same ports.
type Talk struct {
	From, To int // index of the node that dials and of the one that listens
	Port     uint16
	Local    uint16 // port to dial from; 0: any
	At       time.Duration
	Dialler  Script
	Listener Script

	// Again is how often the conversation is repeated, After is the time between.
	Again int
	After time.Duration
	// Both makes both sides dial at the same time.
	Both bool
	// Refused says that nobody listens.
	Refused bool
	// FastOpen sends what is written first with the SYN, once the other host has given a cookie.
	FastOpen bool
	// ISS, if not nil, are the initial sequence numbers.
	ISS *[2]uint32

	Seed uint64
}

// orderly reports whether nothing but the network disturbs the conversation.
func (t *Talk) orderly() bool {
	return t.Dialler.Exit == ExitOrderly && t.Listener.Exit == ExitOrderly && !t.Refused
}

// talk is a Talk under way.
type talk struct {
	Talk
	net     *Net
	nodes   [2]*Node
	streams [2]stream
	ends    [2]*end
	random  *rand.Rand
	tries   int
	cutOff  bool // by us, because the other side was gone
	over    bool
}

// AddTalk plans a conversation.
func (n *Net) AddTalk(t Talk) {
	k := &talk{Talk: t, net: n, nodes: [2]*Node{n.nodes[t.From], n.nodes[t.To]}}
	k.random = rand.New(rand.NewPCG(t.Seed, 0))
	k.streams = [2]stream{{k.random.Uint64() % period}, {k.random.Uint64() % period}}
	n.talks = append(n.talks, k)
	n.plan(start.Add(t.At), k)
	if t.ISS != nil && !t.Both && !t.Refused {
		cfg := k.config(1)
		k.nodes[1].Listen(t.Port, 0, 0, 0, &cfg)
	}
}

// config returns the settings of one side.
func (k *talk) config(side int) tcp.Config {
	cfg := k.nodes[side].host.Config().TCP
	if k.ISS != nil {
		cfg.FixedISS = &k.ISS[side]
	}
	return cfg
}

func (k *talk) script(side int) Script {
	if side == 0 {
		return k.Dialler
	}
	return k.Listener
}

// happen dials.
func (k *talk) happen() {
	if k.dial(0) && k.Both {
		k.dial(1)
	}
}

// redial is how often a port still in use is tried again, once a second.
const redial = 2000

func (k *talk) dial(side int) bool {
	nd := k.nodes[side]
	local, remote := k.Local, k.Port
	if side == 1 {
		local, remote = remote, local
	}
	cfg := k.config(side)
	c, err := nd.host.DialTCP(k.net.now, netip.AddrPortFrom(netip.Addr{}, local),
		netip.AddrPortFrom(k.nodes[1-side].addr, remote), host.DialOptions{TCP: &cfg, FastOpen: k.FastOpen})
	if errors.Is(err, syscall.EADDRINUSE) && k.tries < redial && side == 0 {
		k.tries++
		k.net.after(time.Second, k)
		return false
	}
	if err != nil {
		k.net.fail("%v cannot dial: %v", nd, err)
		return false
	}
	e := newEnd(nd, c, &cfg)
	e.talk, e.side = k, side
	k.begin(e)
	nd.drain()
	return true
}

// begin starts the application of an end.
func (k *talk) begin(e *end) {
	k.ends[e.side] = e
	k.net.dials[e.id] = e
	e.app = newApp(e, k.script(e.side), k.random.Uint64())
	e.app.act()
}

// onEnd is called when an end's connection is closed or in TIME-WAIT, and nothing is left to do there.
func (k *talk) onEnd() {
	for _, e := range k.ends {
		if k.over || e != nil && (e.app == nil || !e.app.over) {
			return
		}
	}
	if k.ends[1] == nil && !k.Refused && k.ends[0].conn.Err() == nil {
		return // yet to be accepted
	}
	k.over = true
	k.net.over = k.net.Elapsed()
	k.check()
	if k.Again > 0 {
		next := k.Talk
		next.Again--
		next.Local = k.ends[0].id.local.Port()
		next.At = k.net.Elapsed() + k.After
		if !k.orderly() {
			next.At += lifetime
		}
		next.Seed++
		k.net.AddTalk(next)
	}
}

// lifetime is longer than any packet stays in the network. After a connection that was cut off, nothing but this wait
// keeps its packets apart from those of the next one on the same ports (RFC 9293, Section 3.4.3).
const lifetime = 2 * time.Minute
