package load

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/stateless"
)

// Mode says what becomes of connections.
type Mode string

const (
	Connect  Mode = "connect"  // each is opened and closed
	Request  Mode = "request"  // each sends a request and reads the answer until the server closes
	Hold     Mode = "hold"     // all are opened and kept until the time is over
	Churn    Mode = "churn"    // opened and closed until the time is over
	SYNFlood Mode = "synflood" // SYNs, and no answer to what comes back
	SlowRead Mode = "slowread" // each sends a request and hardly reads the answer
)

// Modes are all of them.
var Modes = []Mode{Connect, Request, Hold, Churn, SYNFlood, SlowRead}

// isHostile reports whether the mode does to a server what only its owner may.
func (m Mode) isHostile() bool { return m == SYNFlood || m == SlowRead }

// untilTime reports whether the mode goes on until the time is over.
func (m Mode) untilTime() bool { return m != Connect && m != Request }

// The bounds of a Plan. Those of the rate are in connections a second.
const (
	MaxTime  = 10 * time.Minute
	MaxConns = 10_000_000

	MaxPrivateRate  = stateless.MaxRate
	MaxLoopbackRate = 50_000
	MaxLoopbackOpen = 20_000 // at a time
	MaxRemoteRate   = 200
	MaxRemoteOpen   = 1_000 // at a time
)

// Plan says what to do.
type Plan struct {
	Mode  Mode
	Conns int           // how many connections in all; 0 with the modes that go on until the time is over: no end
	Rate  int           // how many a second
	Time  time.Duration // how long at most
	From  netip.Prefix  // source addresses; on loopback the zero Prefix leaves them to the kernel

	Request []byte // of Request and SlowRead
	FIN     bool   // Connect and Churn close in order, not with a RST
	Window  uint16 // SlowRead: bytes to take at a time, 0 for the default
	Stuck   bool   // SlowRead: but once

	// Command is the server to be started, which listens on Port: for Private only.
	Command []string
	Port    uint16
	Start   time.Duration // how long it may take until it listens
	IPv6    bool
	Output  func([]byte) // is given what it prints; may be nil
}

// The default source addresses in a private namespace: those set aside for benchmarks (RFC 2544, Appendix C.2.2; RFC 5180).
var (
	DefaultFrom4 = netip.MustParsePrefix("198.18.0.0/15")
	DefaultFrom6 = netip.MustParsePrefix("2001:2::/48")
)

// check finds what no load may be.
func (p *Plan) check(maxRate int) error {
	switch {
	case !slices.Contains(Modes, p.Mode):
		return fmt.Errorf("unknown mode %q", p.Mode)
	case p.Conns < 0 || p.Conns > MaxConns:
		return fmt.Errorf("%d connections: want at most %d", p.Conns, MaxConns)
	case p.Conns == 0 && !p.Mode.untilTime():
		return fmt.Errorf("%s wants a number of connections", p.Mode)
	case p.Rate < 1:
		return fmt.Errorf("%d connections a second: want at least 1", p.Rate)
	case p.Rate > maxRate:
		return fmt.Errorf("%d connections a second: at most %d are allowed there", p.Rate, maxRate)
	case p.Time <= 0 || p.Time > MaxTime:
		return fmt.Errorf("%v: want a time of at most %v", p.Time, MaxTime)
	case len(p.Request) > stateless.MaxRequest:
		return fmt.Errorf("a request of %d bytes: want at most %d", len(p.Request), stateless.MaxRequest)
	case len(p.Request) == 0 && (p.Mode == Request || p.Mode == SlowRead):
		return fmt.Errorf("%s wants a request", p.Mode)
	}
	return nil
}

// WithDefaults returns the plan with the source addresses that Private would choose.
func (p Plan) WithDefaults() Plan {
	if !p.From.IsValid() {
		p.From = DefaultFrom4
		if p.IPv6 {
			p.From = DefaultFrom6
		}
	}
	p.From = p.From.Masked()
	return p
}

// CheckPrivate reports why a plan cannot be carried out by Private.
func (p Plan) CheckPrivate() error {
	if err := p.check(MaxPrivateRate); err != nil {
		return err
	}
	if len(p.Command) == 0 || p.Port == 0 {
		return fmt.Errorf("there is no server to start, or no port")
	}
	for _, k := range kernelPrefixes {
		if p.From.IsValid() && p.From.Overlaps(k) {
			return fmt.Errorf("%v overlaps with %v, where the server is", p.From, k)
		}
	}
	_, err := stateless.New(p.engine())
	return err
}

// CheckPlain reports why a plan cannot be carried out by Plain.
func (p *Plan) CheckPlain(to Target) error {
	rate, open := MaxRemoteRate, MaxRemoteOpen
	if to.IsLoopback() {
		rate, open = MaxLoopbackRate, MaxLoopbackOpen
	}
	if p.Mode.isHostile() {
		return fmt.Errorf("%s is only for a server of one's own that this command starts, in a private namespace", p.Mode)
	}
	if err := p.check(rate); err != nil {
		return err
	}
	switch {
	case len(p.Command) > 0 || p.Port != 0:
		return fmt.Errorf("a server is started in a private namespace only")
	case p.Mode == Hold && p.Conns == 0 || p.Mode == Hold && p.Conns > open:
		return fmt.Errorf("%d connections held: want 1 to %d there", p.Conns, open)
	case p.From.IsValid() && !to.IsLoopback():
		return fmt.Errorf("source addresses are chosen on loopback and in a private namespace only")
	case p.From.IsValid() && (!p.From.Addr().Is4() || p.From.Bits() < 8 || !p.From.Addr().IsLoopback() || !to.Addr().Is4()):
		return fmt.Errorf("%v: source addresses on loopback are within 127.0.0.0/8", p.From)
	}
	return nil
}

// engine returns what makes the connections in a private namespace.
func (p *Plan) engine() stateless.Config {
	cfg := stateless.Config{
		Target: p.privateTarget(), From: p.From, Conns: uint64(p.Conns), Rate: p.Rate,
		FIN: p.FIN, Request: p.Request, Window: p.Window, Stuck: p.Stuck,
	}
	cfg.Mode = map[Mode]stateless.Mode{
		Connect: stateless.Connect, Churn: stateless.Connect, Request: stateless.Request, Hold: stateless.Hold,
		SYNFlood: stateless.SYNFlood, SlowRead: stateless.SlowRead,
	}[p.Mode]
	return cfg
}
