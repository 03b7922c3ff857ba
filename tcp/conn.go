package tcp

import (
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// Conn is one connection: the TCB of RFC 9293, Section 3.3.1. See the package documentation for how to drive it.
type Conn struct {
	env  *Env
	cfg  *Config
	ends Ends
	v4   bool

	state State
	event Event
	err   cause // why the connection ended, 0 if in order
	soft  cause // the last ICMP error that did not end it

	longOK bool // super-segments longer than Env.MaxSuper arrive whole: see longSegments

	snd   sendSpace
	rcv   recvSpace
	ack   ackState
	ts    timestamps
	rtt   rttEstimator
	cc    congestion.Control
	ecn   ecnState
	fast  *fastOpen // nil without Fast Open
	user  userState
	opt   *settings // Config's until they are changed
	count counts

	*active // nil while the connection rests
	rested  rested
}

// pending are segments owed whatever the send buffer holds.
type pending struct {
	syn    bool // SYN or SYN-ACK
	rst    bool // the RST of an aborted connection
	refuse bool // the RST that refuses a segment of the handshake
	early  bool // the SYN when its timer comes, which does not mean that one was lost
	probe  bool // zero-window or keep-alive probe
	force  bool // send what the window allows, however small
}

// userState is what the application has done.
type userState struct {
	passive    bool  // the connection began with a SYN from the peer
	closed     bool  // Close was called: nobody reads or writes any more
	wantsRoom  bool  // told that there is no room to write: owes EventWritable
	keepProbes int16 // keep-alive probes sent since the peer was last heard
	lastHeard  mono.Time
}

// settings are what an application may change on a connection.
type settings struct {
	noDelay     bool
	cork        bool
	quickACK    bool
	keepAlive   bool
	keepIdle    time.Duration
	keepIntvl   time.Duration
	keepCount   int
	userTimeout time.Duration
	tos, ttl    uint8

	sendBuffer, recvBuffer int // fixed sizes, 0 if tuned
	notSent                int
	mss                    int
}

// counts are kept for Info.
type counts struct {
	segsOut, segsIn uint64
	bytesSent       uint64
	born            mono.Time
	troubles        *troubles // nil as long as there were none
}

// troubles are counts of what few connections ever see.
type troubles struct {
	bytesRetx   uint64
	retransmits uint64 // segments
	timeouts    uint64
	recoveries  uint64
	dsacks      uint64
	probes      uint64 // tail loss probes
	mtuProbes   uint64
	undone      uint64 // recoveries taken back
}

// rare returns the counts of troubles, to be read.
func (c *counts) rare() troubles {
	if c.troubles == nil {
		return troubles{}
	}
	return *c.troubles
}

// note returns the counts of troubles, to be changed.
func (c *counts) note() *troubles {
	if c.troubles == nil {
		c.troubles = new(troubles)
	}
	return c.troubles
}

func newConn(env *Env, cfg *Config, now mono.Time, id ID, mtu int) *Conn {
	c := &Conn{env: env, cfg: cfg, ends: endsOf(id), v4: id.Remote.Addr().Unmap().Is4(), opt: &cfg.settings, active: env.actives.get()}
	c.snd.buf.Init(env.Pool, 0)
	c.rcv.buf.Init(env.Pool, 0)
	c.count.born = now
	c.user.lastHeard = now
	c.rtt.init(cfg)
	c.loss.reordering = dupThresh
	c.open(now, mtu)
	c.ack.quick = quickACKs
	cc, err := congestion.New(cfg.Congestion, c.congestionOptions())
	if err != nil {
		// Config is checked where the user hands it over; a connection never fails for it.
		cc, _ = congestion.New("", c.congestionOptions())
	}
	c.cc = cc
	return c
}

func (c *Conn) congestionOptions() congestion.Options {
	return congestion.Options{
		MSS: c.snd.mss, Initial: c.cfg.InitialWindow, NoHyStart: c.cfg.NoHyStart, Paced: c.cfg.Pacing, ABE: c.cfg.ABE,
	}
}

// Dial begins an active OPEN: the first segment drained is the SYN. mtu is that of the path to the peer. cfg has its
// defaults filled in and is not changed while the connection lives.
func Dial(env *Env, cfg *Config, now mono.Time, id ID, mtu int) *Conn {
	c := newConn(env, cfg, now, id, mtu)
	c.state = StateSynSent
	c.offerOptions()
	c.pend.syn = true
	c.snd.nxt = c.snd.iss.Add(1)
	c.wait.stalledSince = now
	return c
}

// Accept answers a SYN that came to a listener: a passive OPEN. The first segment drained is the SYN-ACK.
//
// req: RFC9293 MUST-10, MUST-11
func Accept(env *Env, cfg *Config, now mono.Time, id ID, mtu int, syn *Segment) (*Conn, Drop) {
	if !isOpening(syn) {
		return nil, DropNotSYN
	}
	c := newConn(env, cfg, now, id, mtu)
	c.beginPassive(now, syn)
	c.snd.nxt = c.snd.iss.Add(1)
	c.wait.stalledSince = now
	c.pend.syn = true
	return c, Accepted
}

// State returns the connection's state.
func (c *Conn) State() State { return c.state }

// Err returns why the connection ended: nil if it has not, or ended in order, else a syscall.Errno.
func (c *Conn) Err() error { return c.err.asError() }

// cause is a syscall.Errno, or 0.
type cause uint16

func (e cause) asError() error {
	if e == 0 {
		return nil
	}
	return syscall.Errno(e)
}

// Done reports whether the connection is CLOSED and has nothing left to send: it may be forgotten.
func (c *Conn) Done() bool {
	return c.state == StateClosed && (c.active == nil || !c.pend.rst && !c.pend.refuse)
}

// Event is a set of things an application may be waiting for.
type Event uint8

const (
	EventConnected Event = 1 << iota // the handshake is complete
	EventReadable                    // data, the end of data, or an error is there
	EventWritable                    // there is room again
	EventFinished                    // all that was written, and the FIN, is acknowledged
	EventClosed                      // the connection is CLOSED; Err says why
)

// Events returns what has happened since the last call.
func (c *Conn) Events() Event {
	e := c.event
	c.event = 0
	return e
}

// setState moves to state s.
func (c *Conn) setState(s State) { c.state = s }

// toEstablished completes the handshake.
func (c *Conn) toEstablished(now mono.Time) {
	c.setState(StateEstablished)
	c.pend.syn = false
	c.cc.OnEstablished(now, c.rtt.srtt, c.loss.retries > 0)
	c.loss.retries = 0
	c.rtt.backoff = 0
	c.timers.stop(timerRetransmit)
	c.wait.stalledSince = 0
	c.event |= EventConnected | EventWritable
	c.startMTUSearch()
	c.armKeepAlive(now)
}

// toClosed deletes the TCB's contents. err is 0 if the connection ended in order. What arrived before can still be
// read, as in Linux: a server that answers and resets because it did not read everything is still heard.
//
// req: RFC9293 MUST-12
func (c *Conn) toClosed(err syscall.Errno) {
	c.setState(StateClosed)
	c.err = cause(err)
	c.release()
	c.timers = timers{}
	c.event |= EventClosed | EventReadable | EventWritable | EventConnected | EventFinished
}

// release gives up the memory for sending and for data out of order: what TIME-WAIT and CLOSED have no use for.
func (c *Conn) release() {
	c.snd.buf.Clear()
	c.loss.board = scoreboard{}
	c.pend = pending{rst: c.pend.rst}
	c.rcv.buf.ClearBeyond()
	if c.user.closed {
		c.rcv.buf.Clear()
	}
}
