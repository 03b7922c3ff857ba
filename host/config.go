package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

// Config sets up a Host. Its zero value works, for a host that has only the loopback addresses.
//
// req: RFC1122 3.3.1.6-1, 3.3.3-3
type Config struct {
	// Addrs are the host's own addresses, each with the length of the prefix that is on the link.
	Addrs []netip.Prefix
	// Routes say which destinations lie behind the link beside those prefixes. Nil means all of them.
	Routes []Route
	// MTU is the largest IP packet the link carries: 1500.
	MTU int
	// Offload is what the device takes over.
	Offload link.Offload
	// Cuts says that super-packets may be sent whatever Offload says: the device's queues cut what it does not.
	Cuts bool
	// MaxSuper is how long a super-packet may be: link.MaxPacket, unless the device takes longer ones (link.MaxSuper).
	MaxSuper int
	// RecvQueue is how many packets the device keeps until they are read, 0 if it is not known. Without segmentation
	// offload, windows stay below that.
	RecvQueue int

	// Secret seeds every keyed hash, and through them ports, sequence numbers and packet identifications. It is to be
	// drawn at random; a fixed one makes a simulation repeatable.
	Secret [32]byte

	// TCP is how connections behave unless their Options say otherwise.
	TCP tcp.Config

	// AnyAddress makes every unicast address one of the host's own: packets to any are taken, and any may be the
	// source of a connection.
	AnyAddress bool

	// Pool is where memory for packets and buffers comes from: a new one without a limit.
	Pool *buffer.Pool

	Limits Limits
}

// Limits bound what the host keeps on behalf of others.
//
// req: RFC4443 2.4-10
type Limits struct {
	// Backlog is the length of a listener's queues if it does not ask for less: 4096.
	Backlog int
	// TimeWaits is how many connections may be in TIME-WAIT, the oldest being forgotten for another: 65,536, 50 MB.
	TimeWaits int
	// UDPBuffer is how many bytes of datagrams a socket queues, in whole chunks: 256 KiB.
	UDPBuffer int
	// ReassemblyBytes and ReassemblyCount bound the incomplete datagrams: 4 MiB in whole chunks, and 1024.
	ReassemblyBytes, ReassemblyCount int
	// Queue bounds, in bytes of whole chunks, the packets waiting to leave that belong to no connection, and those
	// the host sends to itself: 4 MiB each.
	Queue int
	// PathMTUs is how many destinations' path MTUs are remembered: 1024.
	PathMTUs int
	// FastOpens is how many servers' cookies for Fast Open are remembered, and as many that had better not be asked:
	// 1024.
	FastOpens int
	// ICMPRate and ResetRate are how many ICMP errors, and how many RSTs that answer segments without a connection,
	// are sent per second: 1000 and 5000; bursts of a tenth of that.
	ICMPRate, ResetRate int
}

func or(v, def int) int {
	if v > 0 {
		return v
	}
	return def
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Backlog:         or(l.Backlog, 4096),
		TimeWaits:       or(l.TimeWaits, 65536),
		UDPBuffer:       or(l.UDPBuffer, 256<<10),
		ReassemblyBytes: or(l.ReassemblyBytes, 4<<20),
		ReassemblyCount: or(l.ReassemblyCount, 1024),
		Queue:           or(l.Queue, 4<<20),
		PathMTUs:        or(l.PathMTUs, 1024),
		FastOpens:       or(l.FastOpens, 1024),
		ICMPRate:        or(l.ICMPRate, 1000),
		ResetRate:       or(l.ResetRate, 5000),
	}
}

func (c Config) withDefaults() Config {
	c.MTU = min(max(or(c.MTU, 1500), minMTU), link.MaxPacket)
	c.MaxSuper = min(max(c.MaxSuper, link.MaxPacket), link.MaxSuperPacket)
	c.Limits = c.Limits.withDefaults()
	c.TCP = c.TCP.WithDefaults()
	if c.Pool == nil {
		c.Pool = buffer.NewPool(0)
	}
	return c
}

// secrets are independent keys made from Config.Secret.
type secrets struct {
	flows  siphash.Key // demultiplexing
	ports  siphash.Key // RFC 6056
	ids    siphash.Key // RFC 7739
	random siphash.Key
	tcp    siphash.Key
}

func newSecrets(s [32]byte) secrets {
	seed := siphash.Key{K0: binary.LittleEndian.Uint64(s[0:]), K1: binary.LittleEndian.Uint64(s[8:])}
	a, b := binary.LittleEndian.Uint64(s[16:]), binary.LittleEndian.Uint64(s[24:])
	key := func(purpose uint64) siphash.Key {
		return siphash.Key{K0: seed.Sum(a, b, 2*purpose), K1: seed.Sum(a, b, 2*purpose+1)}
	}
	return secrets{key(0), key(1), key(2), key(3), key(4)}
}

// random is a generator of numbers nobody without the secret can predict: a keyed hash of a counter.
type random struct {
	key siphash.Key
	n   uint64
}

func (r *random) next() uint64 {
	r.n++
	return r.key.Sum(r.n)
}

// below returns a number in [0, n).
func (r *random) below(n int) int { return int(r.next() >> 1 % uint64(n)) }
