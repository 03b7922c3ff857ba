package simnet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// Mode says which packets a scenario's devices carry.
type Mode uint8

const (
	// Plain: packets of the MTU, without offload.
	Plain Mode = iota
	// Cut: the hosts send super-packets, which are cut before they reach the path.
	Cut
	// Super: super-packets all the way. Only for paths that lose and change nothing.
	Super
)

func (m Mode) String() string { return [...]string{"plain", "cut", "super"}[m] }

// Scenario is everything that decides what happens in a simulated network.
type Scenario struct {
	Mode  Mode
	IPv6  bool
	MTU   int
	Hosts []HostPlan
	Links []LinkPlan
	Paths []PathPlan
	Talks []Talk
}

// HostPlan is a host and its network interface.
type HostPlan struct {
	TCP     tcp.Config
	NIC     NIC
	Chunks  Chunking
	Backlog int
	// RecvQueue is how many packets its device keeps: what it believes, the path's plan says what is true.
	RecvQueue int
	// FastOpen is how many connections at a time may begin with text in the SYN.
	FastOpen int
	Memory   int           // the limit of its pool, 0 for none
	Delay    time.Duration // between a connection's arrival and its acceptance
	Secret   uint64
}

// LinkPlan is a link that paths share; see AddLink.
type LinkPlan struct {
	Rate  int64
	Queue int
}

// PathPlan is the path from one host to another.
type PathPlan struct {
	From, To int
	Link     int // the shared link it leads over, counted from 1; 0: none
	impair.Plan
	Pause    time.Duration // without packets,
	PauseAt  time.Duration // from then on
	DieAt    time.Duration // the end of it all, if not 0
	MTU      int           // of a link on the way, if not 0,
	NarrowAt time.Duration // from then on
}

// servicePort is where every host listens.
const servicePort = 80

// Build returns the network of a scenario, in which nothing has happened yet.
func (s *Scenario) Build() *Net {
	n := NewNet()
	for i := range s.Hosts {
		h := &s.Hosts[i]
		cfg := host.Config{Addrs: []netip.Prefix{s.addr(i)}, MTU: s.MTU, TCP: h.TCP, RecvQueue: h.RecvQueue}
		binary.LittleEndian.PutUint64(cfg.Secret[:], h.Secret)
		nic := h.NIC
		if s.Mode != Plain {
			cfg.Offload = link.OffloadChecksum | link.OffloadTSO
			cfg.MaxSuper = nic.Long.maxSuper()
			nic.Cut = s.Mode == Cut
		}
		if h.Memory > 0 {
			cfg.Pool = buffer.NewPool(h.Memory)
		}
		n.AddNode(cfg, nic, h.Chunks).Listen(servicePort, h.Backlog, h.Delay, h.FastOpen, nil)
	}
	for _, l := range s.Links {
		n.AddLink(l.Rate, l.Queue)
	}
	for i := range s.Paths {
		p := &s.Paths[i]
		path := n.Connect(n.nodes[p.From], n.nodes[p.To], p.Plan)
		if p.Link > 0 {
			path.Through(n.links[p.Link-1])
		}
		if p.Pause > 0 {
			path.PauseAt(p.PauseAt, p.Pause)
		}
		if p.DieAt > 0 {
			path.DieAt(p.DieAt)
		}
		if p.MTU > 0 {
			path.NarrowAt(p.NarrowAt, p.MTU)
		}
	}
	for _, t := range s.Talks {
		n.AddTalk(t)
	}
	return n
}

// addr returns the address of the i-th host.
func (s *Scenario) addr(i int) netip.Prefix {
	if s.IPv6 {
		return netip.MustParsePrefix(fmt.Sprintf("2001:db8::%x/64", i+1))
	}
	return netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/24", i+1))
}

// String describes the scenario, a line for each of its parts.
func (s *Scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mode %v, IPv6 %v, MTU %d\n", s.Mode, s.IPv6, s.MTU)
	for i, h := range s.Hosts {
		fmt.Fprintf(&b, "host %d: %+v\n", i+1, h)
	}
	for i, l := range s.Links {
		fmt.Fprintf(&b, "link %d: %+v\n", i+1, l)
	}
	for _, p := range s.Paths {
		fmt.Fprintf(&b, "path %d>%d: link %d; %v; pause %v at %v, end at %v, MTU %d at %v\n",
			p.From+1, p.To+1, p.Link, p.Plan, p.Pause, p.PauseAt, p.DieAt, p.MTU, p.NarrowAt)
	}
	for _, t := range s.Talks {
		fmt.Fprintf(&b, "talk %d>%d: %+v\n", t.From+1, t.To+1, t)
	}
	return b.String()
}
