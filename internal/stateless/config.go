package stateless

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/siphash"
)

// Mode says what becomes of a connection.
type Mode uint8

const (
	Connect  Mode = iota // opened and closed
	Request              // opened, a request sent, the answer read until the peer closes
	Hold                 // opened and kept, which means that probes are answered
	SYNFlood             // a SYN, and no answer to what comes back
	SlowRead             // opened, a request sent, the answer read as slowly as the peer puts up with
)

var modeNames = [...]string{"connect", "request", "hold", "synflood", "slowread"}

// String returns the mode's name.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// Limits of a Config.
const (
	MaxRate     = 1_000_000        // connections a second
	MaxRequest  = 1024             // bytes: a segment on any path
	MaxLifetime = 15 * time.Minute // of an Engine: what the time in a sequence number has room for
)

// Source ports, whatever the operating system would choose from.
const (
	firstPort = 1024
	numPorts  = 65536 - firstPort
)

// Config says what an Engine does.
type Config struct {
	Mode   Mode
	Target netip.AddrPort // of the server
	From   netip.Prefix   // the source addresses, all of them

	Conns uint64 // how many connections to open: 0 has no end
	Rate  int    // how many a second: 1 to MaxRate

	// FIN has Connect close in order, and not with a RST.
	FIN bool

	// Request is what Request and SlowRead send, at most MaxRequest bytes.
	Request []byte

	// Window is what SlowRead takes at a time. Default 64.
	Window uint16
	// Stuck has SlowRead take that once and then nothing more.
	Stuck bool

	// Key makes sequence numbers that nobody can guess. It is to be drawn at random.
	Key siphash.Key
}

const (
	defaultWindow = 64
	wideWindow    = 65535
)

func (c *Config) check() error {
	if c.Mode > SlowRead {
		return fmt.Errorf("unknown %v", c.Mode)
	}
	if !c.Target.IsValid() || c.Target.Port() == 0 || c.Target.Addr().Is4In6() {
		return fmt.Errorf("%v cannot be a target", c.Target)
	}
	if err := CheckFrom(c.From); err != nil {
		return err
	}
	switch {
	case c.From.Addr().Is4() != c.Target.Addr().Is4():
		return fmt.Errorf("%v and %v are not of one family", c.From, c.Target)
	case c.From.Contains(c.Target.Addr()):
		return fmt.Errorf("%v contains the target", c.From)
	case c.Rate < 1 || c.Rate > MaxRate:
		return fmt.Errorf("rate %d: want 1 to %d", c.Rate, MaxRate)
	case len(c.Request) > MaxRequest:
		return fmt.Errorf("a request of %d bytes: want at most %d", len(c.Request), MaxRequest)
	case c.Mode == Request || c.Mode == SlowRead:
		if len(c.Request) == 0 {
			return errors.New("there is no request")
		}
	}
	if room := Tuples(c.From); (c.Mode == Hold || c.Mode == SlowRead) && c.Conns > room {
		return fmt.Errorf("%d connections from %v: it has room for %d", c.Conns, c.From, room)
	}
	return nil
}

// CheckFrom reports why a prefix cannot be where connections come from: a host may not believe some addresses.
func CheckFrom(p netip.Prefix) error {
	if !p.IsValid() || p.Addr().Zone() != "" || p.Addr().Is4In6() {
		return fmt.Errorf("%v is no prefix of source addresses", p)
	}
	// What is special and wider than p would contain its first address, and what is narrower lies at either end.
	for _, a := range []netip.Addr{p.Masked().Addr(), lastAddr(p)} {
		if !a.IsGlobalUnicast() || a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 240) {
			return fmt.Errorf("%v contains %v, which nobody has as source address", p, a)
		}
	}
	return nil
}

// lastAddr returns the last address of a prefix.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// maxAddrs bounds how many addresses of a prefix are used.
const maxAddrs = 1 << 32

// numAddrs returns how many addresses of p are used: from its first on.
func numAddrs(p netip.Prefix) uint64 {
	return min(maxAddrs, uint64(1)<<min(p.Addr().BitLen()-p.Bits(), 63))
}

// Tuples returns how many connections can come from p at a time.
func Tuples(p netip.Prefix) uint64 { return numAddrs(p) * numPorts }

// source returns where connection number i comes from: one after the other from each address, and then again with the next port.
func (e *Engine) source(i uint64) netip.AddrPort {
	i %= e.tuples
	return netip.AddrPortFrom(addrAt(e.cfg.From.Addr(), i%e.addrs), uint16(firstPort+i/e.addrs))
}

// isSource reports whether a connection of ours can come from there.
func (e *Engine) isSource(a netip.Addr, port uint16) bool {
	return port >= firstPort && e.cfg.From.Contains(a)
}

// addrAt returns the address i after first, which has that many zeros at its end.
func addrAt(first netip.Addr, i uint64) netip.Addr {
	if first.Is4() {
		b := first.As4()
		binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|uint32(i))
		return netip.AddrFrom4(b)
	}
	b := first.As16()
	binary.BigEndian.PutUint64(b[8:], binary.BigEndian.Uint64(b[8:])|i)
	return netip.AddrFrom16(b)
}
