package host

import (
	"iter"
	"net/netip"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/internal/wheel"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

// Host is one IP host. See the package documentation for how to drive it.
type Host struct {
	cfg    Config
	pool   *buffer.Pool
	addrs  addresses
	routes routes
	paths  pathMTUs
	fast   fastOpens
	now    mono.Time // of the last call that knew
	count  Counters

	flowKey siphash.Key
	rnd     random
	ports   keyedCounters
	ids     keyedCounters

	tcp struct {
		env       [2]tcp.Env // for IPv4 and IPv6: a device may cut the super-segments of one only
		conns     table[*Conn]
		timers    wheel.Wheel[*Conn]
		listeners map[netip.AddrPort]*Listener // port 0: any
		resets    bucket
		timeWaits fifo[*Conn] // the oldest first
	}
	udp struct {
		connected table[*UDP]
		bound     map[uint16]*UDP // by local port, chained; 0: any
	}
	icmp struct {
		errors bucket
		pings  map[uint16]*Ping // by identifier
	}
	frags reassembler
	out   outQueue  // to the link, of no connection
	loop  loopQueue // to ourselves
	dirty dirtyList
}

// New returns a host without connections or sockets.
func New(cfg Config) *Host {
	cfg = cfg.withDefaults()
	keys := newSecrets(cfg.Secret)
	h := &Host{cfg: cfg, pool: cfg.Pool, flowKey: keys.flows}
	for _, p := range cfg.Addrs {
		h.addrs = append(h.addrs, netip.PrefixFrom(p.Addr().Unmap().WithZone(""), p.Bits()))
	}
	h.routes = newRoutes(h.addrs, cfg.Routes)
	h.paths.limit = cfg.Limits.PathMTUs
	h.fast.init(cfg.Limits.FastOpens)
	h.rnd.key, h.ports.key, h.ids.key = keys.random, keys.ports, keys.ids
	h.tcp.listeners = map[netip.AddrPort]*Listener{}
	h.tcp.resets = newBucket(cfg.Limits.ResetRate)
	h.udp.bound = map[uint16]*UDP{}
	h.icmp.errors = newBucket(cfg.Limits.ICMPRate)
	h.icmp.pings = map[uint16]*Ping{}
	h.frags.init(h.pool, cfg.Limits)
	h.out.limit, h.loop.limit = cfg.Limits.Queue, cfg.Limits.Queue
	var queue *tcp.RecvQueue
	if cfg.RecvQueue > 0 {
		queue = &tcp.RecvQueue{Packets: cfg.RecvQueue}
	}
	for i, tso := range []link.Offload{link.OffloadTSO4, link.OffloadTSO6} {
		env := &h.tcp.env[i]
		env.Pool, env.Secret = h.pool, keys.tcp
		offload := cfg.Offload.Has(tso | link.OffloadChecksum)
		if offload || cfg.Cuts {
			env.MaxSuper = maxSuper
		}
		if offload {
			env.LongSuper = min(cfg.MaxSuper-link.MaxPacket+maxSuper, longSuper)
		}
		if !offload {
			env.RecvQueue = queue
		}
	}
	return h
}

// maxSuper is the most payload of a super-segment: what an IPv4 packet has room for behind the longest headers.
const maxSuper = link.MaxPacket - 20 - 60

// longSuper is the most payload of a longer one, where the device takes it: what does best.
const longSuper = 3 * 64_000

// Config returns the host's configuration, defaults filled in.
func (h *Host) Config() Config { return h.cfg }

// Counters returns the host's counters, which go on counting.
func (h *Host) Counters() *Counters { return &h.count }

// Conns yields every connection the host still has to do with, those nobody has accepted yet included. The caller may
// call methods of the connections and MarkDirty meanwhile, nothing else of the host.
func (h *Host) Conns() iter.Seq[*Conn] { return h.tcp.conns.all }

// Idle reports whether nothing is under way: no connection, no packet waiting, no fragment.
func (h *Host) Idle() bool {
	return h.tcp.conns.n == 0 && h.out.q.len() == 0 && h.loop.q.len() == 0 && h.frags.count == 0
}

// Deadline returns when Tick is to be called next, mono.Never if nothing is pending.
func (h *Host) Deadline() mono.Time {
	return mono.Earliest(h.tcp.timers.Deadline(), h.frags.deadline())
}

// Tick does what time has brought. Calling it early is harmless.
func (h *Host) Tick(now mono.Time) {
	h.now = max(h.now, now)
	for t := h.tcp.timers.Expire(now); t != nil; t = h.tcp.timers.Expire(now) {
		h.tick(t.Owner)
	}
	h.expireFragments(now)
}
