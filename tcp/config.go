package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/siphash"
)

// Config sets how connections behave. The zero Config is the recommended one; each field names its default.
//
// req: RFC1122 3.2.1.7-4
type Config struct {
	// SendBuffer is the most the send buffer grows to, in bytes: 16 MiB. It holds what a peer with as large a receive
	// buffer may have SACKed beyond a hole, and a window besides. It grows no further than a path of 40 Gbit/s can use.
	SendBuffer int
	// RecvBuffer is the most the receive buffer grows to, in bytes: 16 MiB - 1. It decides the window scale.
	RecvBuffer int
	// InitialRecvBuffer is where the receive buffer starts, in bytes: 256 KiB, RecvBuffer at most.
	InitialRecvBuffer int
	// NotSentLowat, if set, bounds how much of what was written may wait to be sent for the first time, in bytes: more is
	// written when less than half of it waits. The send buffer holds what is in flight besides.
	NotSentLowat int

	// MSS clamps the segment size offered to and used towards the peer: as the MTU allows.
	MSS int
	// MTUProbing says when connections find out for themselves what packets a path carries: when large ones vanish.
	MTUProbing MTUProbing
	// InitialWindow is the initial congestion window in segments: 10.
	InitialWindow int
	// Congestion names the congestion control algorithm, one of congestion.Names: congestion.DefaultName.
	Congestion string
	// NoHyStart lets CUBIC's slow start go on until something is lost.
	NoHyStart bool
	// ABE reduces the congestion window less for a router's mark than for a loss (RFC 8511).
	ABE bool
	// Pacing spreads what the window allows over the round trip, whether or not the algorithm asks for it.
	Pacing bool
	// NoIdleRestart keeps the congestion window over idle periods.
	NoIdleRestart bool

	// ECN says whether connections use Explicit Congestion Notification: ECNAccept, if the peer asks for it.
	ECN ECN

	// NoTimestamps, NoSACK and NoWindowScale switch these options off.
	NoTimestamps  bool
	NoSACK        bool
	NoWindowScale bool

	// NoDelay switches Nagle's algorithm off for new connections.
	NoDelay bool
	// QuickACK acknowledges every arrival at once.
	QuickACK bool

	// InitialRTO is the retransmission timeout before the first measurement: 1 s.
	InitialRTO time.Duration
	// MinRTO and MaxRTO bound it afterwards: 200 ms and 120 s.
	MinRTO, MaxRTO time.Duration
	// DelayedACK is how long an acknowledgment may wait for company: 40 ms. RFC 9293, MUST-40 keeps it below 500 ms.
	DelayedACK time.Duration
	// TimeWait is how long TIME-WAIT lasts: 60 s.
	TimeWait time.Duration
	// FinTimeout is how long a closed connection waits for its peer's FIN: 60 s.
	FinTimeout time.Duration

	// SYNRetries and SYNACKRetries are how often a SYN (10) and a SYN-ACK (5) are repeated.
	SYNRetries, SYNACKRetries int
	// DataRetries is how often the same data is retransmitted before the connection is given up: 15.
	DataRetries int
	// OrphanRetries is the same for a connection its user has closed: 8.
	OrphanRetries int

	// KeepAlive switches probes of idle connections on.
	KeepAlive bool
	// KeepIdle, KeepInterval and KeepCount are the idle time before the first probe (2 h), the time between probes
	// (75 s) and how many unanswered ones end the connection (9).
	KeepIdle, KeepInterval time.Duration
	KeepCount              int
	// UserTimeout, if set, bounds how long sent data may stay unacknowledged (RFC 5482, locally).
	UserTimeout time.Duration

	// TOS and TTL are the IP header's fields: 0 and 64.
	TOS, TTL uint8
	// FixedISS, if not nil, is the initial sequence number: for tests and for learning only.
	FixedISS *uint32

	settings settings // what connections begin with
}

func orInt(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

func orDuration(v, def time.Duration) time.Duration {
	if v == 0 {
		return def
	}
	return v
}

// WithDefaults returns c with every zero field replaced by its default.
//
// req: RFC9293 MUST-28, SHLD-11
func (c Config) WithDefaults() Config {
	c.SendBuffer = max(orInt(c.SendBuffer, 16<<20), 2048)
	c.RecvBuffer = min(max(orInt(c.RecvBuffer, 16<<20-1), 256), 1<<30-1)
	c.InitialRecvBuffer = min(orInt(c.InitialRecvBuffer, 256<<10), c.RecvBuffer)
	c.InitialWindow = orInt(c.InitialWindow, 10)
	c.InitialRTO = orDuration(c.InitialRTO, time.Second)
	c.MinRTO = orDuration(c.MinRTO, 200*time.Millisecond)
	c.MaxRTO = max(orDuration(c.MaxRTO, 120*time.Second), c.MinRTO)
	c.DelayedACK = min(orDuration(c.DelayedACK, 40*time.Millisecond), 499*time.Millisecond)
	c.TimeWait = orDuration(c.TimeWait, 60*time.Second)
	c.FinTimeout = orDuration(c.FinTimeout, 60*time.Second)
	c.SYNRetries = orInt(c.SYNRetries, 10)
	c.SYNACKRetries = orInt(c.SYNACKRetries, 5)
	c.DataRetries = orInt(c.DataRetries, 15)
	c.OrphanRetries = orInt(c.OrphanRetries, 8)
	c.KeepIdle = orDuration(c.KeepIdle, 2*time.Hour)
	c.KeepInterval = orDuration(c.KeepInterval, 75*time.Second)
	c.KeepCount = orInt(c.KeepCount, 9)
	if c.TTL == 0 {
		c.TTL = 64
	}
	c.settings = settings{
		noDelay: c.NoDelay, quickACK: c.QuickACK, keepAlive: c.KeepAlive,
		keepIdle: c.KeepIdle, keepIntvl: c.KeepInterval, keepCount: c.KeepCount,
		userTimeout: c.UserTimeout, tos: c.TOS &^ 3, ttl: c.TTL,
		notSent: c.NotSentLowat, mss: c.MSS,
	}
	return c
}

// Env is what the connections of one shard share. Its fields are not changed while connections use it.
type Env struct {
	Pool   *buffer.Pool
	Secret siphash.Key // keys initial sequence numbers and timestamp offsets

	// RecvQueue is what the device keeps for us, nil if it is no limit. Several Env may share one.
	RecvQueue *RecvQueue

	// MaxSuper is the most payload of a super-segment, 0 if the device cannot cut them.
	MaxSuper int

	// LongSuper is the most payload of a longer one, for paths that carry it; MaxSuper or less if the device takes none.
	LongSuper int

	actives actives
}
