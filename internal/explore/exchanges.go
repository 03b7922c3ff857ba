package explore

import (
	"cmp"
	"time"

	"github.com/antedon-net/antedon/internal/simnet"
	"github.com/antedon-net/antedon/link/impair"
	"github.com/antedon-net/antedon/tcp"
)

// Exchanges returns what is explored: every conversation with and without SACK and timestamps, and with BBR, which paces.
// The sequence numbers of both ends wrap within the first bytes.
func Exchanges() []*Exchange {
	var list []*Exchange
	for _, o := range []struct {
		name string
		cfg  tcp.Config
	}{
		{"default", tcp.Config{}},
		{"no SACK", tcp.Config{NoSACK: true}},
		{"no timestamps", tcp.Config{NoTimestamps: true}},
		{"no options", tcp.Config{NoSACK: true, NoTimestamps: true, NoWindowScale: true}},
		{"BBR and ECN", tcp.Config{Congestion: "bbr", ECN: tcp.ECNRequest}},
	} {
		for _, x := range exchanges {
			list = append(list, x.with(o.name, o.cfg))
		}
	}
	return list
}

// exchange is a conversation and the settings it needs.
type exchange struct {
	name     string
	talk     simnet.Talk
	mode     simnet.Mode
	mtu      int               // of the path, if less than the hosts'
	cookie   bool              // a conversation before this one has fetched a cookie for Fast Open
	settings func(*tcp.Config) // nil: none
	depth    int               // with the default options; 2 if not set, and with other options
	limit    time.Duration     // the default one if not set
	shows    string
}

const segment = 1448

var exchanges = []exchange{
	{
		name: "request",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 100, WriteMax: 100},
			Listener: simnet.Script{Bytes: 6*segment + 10, After: 100, WriteMax: 1 << 16},
		},
	},
	{
		name: "server closes first",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 100, After: 3 * segment, WriteMax: 100},
			Listener: simnet.Script{Bytes: 3 * segment, WriteMax: 1 << 16},
		},
	},
	{
		name: "half-close",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 3*segment + 1, WriteMax: 1 << 16},
			Listener: simnet.Script{Bytes: 4*segment + 1, After: 3*segment + 2, WriteMax: 1 << 16},
		},
	},
	{
		name: "dialogue",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 1500, Lead: 500, WriteMax: 500, Early: true},
			Listener: simnet.Script{Bytes: 1500, After: 1, Lead: 500, WriteMax: 500},
		},
	},
	{
		name: "super-segments", mode: simnet.Super,
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 30_000, WriteMax: 1 << 16},
			Listener: simnet.Script{Bytes: 30_000, WriteMax: 1 << 16},
		},
	},
	{
		name: "fast open", cookie: true, shows: "SYNs with text",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 200, WriteMax: 200, Early: true},
			Listener: simnet.Script{Bytes: 3 * segment, After: 1, WriteMax: 1 << 16},
		},
	},
	{
		name: "simultaneous open", shows: "SYNs that crossed",
		talk: simnet.Talk{
			Both: true, Local: 1000,
			Dialler:  simnet.Script{Bytes: 2 * segment, WriteMax: 1 << 16},
			Listener: simnet.Script{Bytes: 50, WriteMax: 50},
		},
	},
	{
		name: "simultaneous close", shows: "FINs that crossed", depth: 3,
		talk: simnet.Talk{
			Both: true, Local: 1000,
			Dialler:  simnet.Script{WriteMax: 1},
			Listener: simnet.Script{WriteMax: 1},
		},
	},
	{
		name: "zero window", shows: "zero windows",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 5 * segment, WriteMax: 1 << 16},
			Listener: simnet.Script{Bytes: 10, After: 5 * segment, WriteMax: 1 << 16, StallFor: 500 * time.Millisecond},
		},
		settings: func(c *tcp.Config) { c.RecvBuffer = 2 * segment },
	},
	{
		name: "window of one segment",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 100, WriteMax: 100},
			Listener: simnet.Script{Bytes: 4 * segment, After: 100, WriteMax: 1 << 16},
		},
		settings: func(c *tcp.Config) { c.InitialWindow = 1 },
	},
	{
		name: "smaller path MTU", mtu: 600, shows: "packets too big for a path",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 100, WriteMax: 100},
			Listener: simnet.Script{Bytes: 3 * segment, After: 100, WriteMax: 1 << 16},
		},
	},
	{
		name: "ports used again", shows: "ports used again",
		talk: simnet.Talk{
			Local: 1000, Again: 1, After: time.Millisecond,
			Dialler:  simnet.Script{Bytes: 10, After: 100, WriteMax: 100},
			Listener: simnet.Script{Bytes: 100, WriteMax: 100},
		},
	},
	{
		name: "refused", depth: 3,
		talk: simnet.Talk{Refused: true, Port: 1, Dialler: simnet.Script{WriteMax: 1}},
	},
	{
		name: "abort", shows: "resets of connections",
		talk: simnet.Talk{
			Dialler:  simnet.Script{Bytes: 100, WriteMax: 100, Exit: simnet.ExitAbort, ExitAt: 100 + 2*segment},
			Listener: simnet.Script{Bytes: 6 * segment, After: 100, WriteMax: 1 << 16},
		},
	},
}

// with returns the exchange with the options of cfg.
func (x exchange) with(options string, cfg tcp.Config) *Exchange {
	if x.settings != nil {
		x.settings(&cfg)
	}
	talk := x.talk
	talk.From, talk.To, talk.Seed = 0, 1, 1
	talk.Dialler.ReadMax, talk.Listener.ReadMax = 1<<16, 1<<16
	if talk.Port == 0 {
		talk.Port = 80
	}
	talks := []simnet.Talk{talk}
	switch {
	case x.cookie:
		fetch := simnet.Talk{
			From: 0, To: 1, Port: talk.Port, Seed: 2, FastOpen: true,
			Dialler: simnet.Script{WriteMax: 1, ReadMax: 1}, Listener: simnet.Script{WriteMax: 1, ReadMax: 1},
		}
		talks[0].At, talks[0].FastOpen = 100*time.Millisecond, true
		talks = append(talks, fetch)
	case talk.Again == 0: // else time has to tell the incarnations' numbers apart
		talks[0].ISS = &[2]uint32{1<<32 - 10, 1<<32 - 1}
	}
	if options != "default" {
		x.depth = 2
	}
	path := simnet.PathPlan{Plan: impair.Plan{Delay: roundTrip / 2, Rate: 100_000_000}, MTU: x.mtu}
	there, back := path, path
	there.To, back.From = 1, 1
	return &Exchange{
		Name: x.name + "/" + options, Shows: x.shows,
		Depth: cmp.Or(x.depth, 2), Limit: cmp.Or(x.limit, 2*time.Second),
		Scenario: func() *simnet.Scenario {
			return &simnet.Scenario{
				Mode: x.mode, MTU: 1500,
				Hosts: []simnet.HostPlan{{TCP: cfg, Secret: 1}, {TCP: cfg, Secret: 2, FastOpen: 8}},
				Paths: []simnet.PathPlan{there, back},
				Talks: talks,
			}
		},
	}
}
