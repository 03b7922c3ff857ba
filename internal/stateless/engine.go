package stateless

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// Kind says what a Sample is the time of.
type Kind uint8

const (
	Handshake Kind = iota // from the SYN to the SYN-ACK
	Answer                // from the SYN to the end of the answer
	NumKinds  = int(iota)
)

// Sample is how long something took.
type Sample struct {
	Kind Kind
	Took time.Duration
}

// Counters say what has happened. They only grow.
type Counters struct {
	SYNs     uint64 // sent
	Opened   uint64 // connections; in a flood, SYN-ACKs
	Repeated uint64 // SYN-ACKs: our answer was lost, or is missed in a flood
	Refused  uint64 // SYNs answered with a RST
	Answered uint64 // requests whose answer came to its end
	Closed   uint64 // connections that the peer has closed otherwise, or finished closing
	Resets   uint64 // that came later
	Probes   uint64 // of the peer, answered
	Bytes    uint64 // of text received

	NoTimestamps uint64 // connections reset since the peer has no timestamps

	Drops [NumDrops]uint64 // packets received that came to nothing
}

// Drop says why a packet came to nothing. The zero Drop means that it did not.
type Drop uint8

const (
	DropMalformed   Drop = iota + 1 // its headers, or its checksum
	DropNotOurs                     // from or to somebody else, or not TCP
	DropBadCookie                   // it does not prove to belong to a connection of ours
	DropUnexpected                  // no segment that would have to come
	DropRepliesFull                 // more were received without a Next in between than there is room for
	NumDrops        = int(iota) + 1
)

var dropNames = [NumDrops]string{
	"none", "malformed", "not ours", "bad cookie", "unexpected", "replies full",
}

// String returns the drop's name.
func (d Drop) String() string { return dropNames[d] }

const (
	maxReplies = 512 // twice a batch, for a driver to be careless with
	maxSamples = 512
)

// Engine opens connections. See the package documentation for how to drive it.
type Engine struct {
	cfg    Config
	addrs  uint64 // source addresses in use
	tuples uint64 // connections they have room for

	begun  bool
	start  mono.Time // the first now, less a little: no timestamp is 0
	sent   uint64    // connections begun
	bucket Bucket

	replies    [maxReplies]reply
	head, tail int // of the ring of replies: they only grow
	samples    []Sample

	counters Counters
}

// New returns an Engine.
func New(cfg Config) (*Engine, error) {
	cfg.From = cfg.From.Masked()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Window == 0 {
		cfg.Window = defaultWindow
	}
	if cfg.Mode != Request && cfg.Mode != SlowRead {
		cfg.Request = nil
	}
	return &Engine{
		cfg: cfg, addrs: numAddrs(cfg.From), tuples: Tuples(cfg.From),
		bucket: NewBucket(cfg.Rate), samples: make([]Sample, 0, maxSamples),
	}, nil
}

// Counters returns what has happened.
func (e *Engine) Counters() *Counters { return &e.counters }

// Done reports whether all SYNs are sent.
func (e *Engine) Done() bool { return e.cfg.Conns > 0 && e.sent >= e.cfg.Conns }

// Samples returns the times taken since the last call. They are valid until the next call of Recv. There is room for as many as
// Recv has been called for between two Nexts; more are not kept.
func (e *Engine) Samples() []Sample {
	s := e.samples
	e.samples = e.samples[:0]
	return s
}

func (e *Engine) sample(k Kind, d time.Duration) {
	if len(e.samples) < maxSamples {
		e.samples = append(e.samples, Sample{k, d})
	}
}

// Deadline returns when Next will have a SYN to send, mono.Never if it has sent them all.
func (e *Engine) Deadline() mono.Time {
	if e.Done() {
		return mono.Never
	}
	return e.bucket.Next()
}

// begin starts the clock with the first input or output.
func (e *Engine) begin(now mono.Time) {
	if !e.begun {
		e.begun, e.start = true, now.Add(-time.Millisecond)
	}
}
