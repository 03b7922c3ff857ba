package tcp

import (
	"encoding/binary"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// A SYN cookie is an initial sequence number that says all a listener would otherwise have to remember between its
// SYN-ACK and the ACK of it (RFC 4987, Section 3.6):
//
//	 31    29 28 27                                        0
//	+--------+--+--------------------------------------------+
//	|  MSS   |T |       keyed hash of all there is to know    |
//	+--------+--+--------------------------------------------+
//
// MSS is a place in cookieMSS, T the low bit of the time of issue in units of cookieAge. What the options of the SYN
// said besides goes into the low bits of the timestamp, which the ACK echoes.
const (
	cookieHashBits = 28
	cookieAge      = time.Minute
)

// CookieLife is how long a cookie is good for, at most; at least it is half of that.
const CookieLife = 2 * cookieAge

// cookieMSS are the segment sizes a cookie can remember: the least believed, the defaults of both versions of IP, those
// of tunnels, of PPPoE and of Ethernet, and of large frames.
var cookieMSS = [8]uint16{minMSS, 536, 1220, 1360, 1400, 1440, 1460, 8940}

// Layout of the options in the low bits of our timestamp.
const (
	cookieNoScale    = 15     // in place of the peer's window scale
	cookieSACK       = 1 << 4 //
	cookieECN        = 1 << 5
	cookieOptionBits = 6
	cookieNoOptions  = 1 << cookieOptionBits // there are no timestamps
)

// cookieFor returns the cookie with everything it depends on.
func cookieFor(env *Env, id ID, irs seq.Number, mss int, options uint32, minute uint64) seq.Number {
	l, r := id.Local.Addr().As16(), id.Remote.Addr().As16()
	ports := uint64(id.Local.Port())<<16 | uint64(id.Remote.Port())
	h := env.Secret.Sum(
		binary.BigEndian.Uint64(l[:8]), binary.BigEndian.Uint64(l[8:]),
		binary.BigEndian.Uint64(r[:8]), binary.BigEndian.Uint64(r[8:]),
		ports<<32|uint64(uint32(irs)), uint64(mss)<<32|uint64(options), minute, purposeCookie)
	return seq.Number(uint32(mss)<<29 | uint32(minute&1)<<cookieHashBits | uint32(h>>(64-cookieHashBits)))
}

// cookieMinute returns the time of issue in whole units.
func cookieMinute(now mono.Time) uint64 { return uint64(now) / uint64(cookieAge) }

// AnswerWithCookie writes the SYN-ACK that answers syn, and remembers nothing: AcceptCookie makes the connection of what
// the ACK of it says. Without timestamps there is no place for window scale, SACK and ECN, and the connection will not
// have them.
func AnswerWithCookie(env *Env, cfg *Config, now mono.Time, id ID, mtu int, syn *Segment) (wire.TCP, Drop) {
	if !isOpening(syn) {
		return wire.TCP{}, DropNotSYN
	}
	c := Conn{env: env, cfg: cfg, ends: endsOf(id), v4: id.Remote.Addr().Unmap().Is4(), opt: &cfg.settings, active: env.actives.get()} // as far as it takes to write a SYN-ACK
	defer env.actives.put(c.active)
	c.open(now, mtu)
	c.beginPassive(now, syn)
	options := uint32(cookieNoOptions)
	if c.ts.ok {
		options = c.cookieOptions()
	} else {
		c.snd.sackOK, c.snd.scaleOK, c.rcv.scale, c.ecn = false, false, 0, ecnState{}
	}
	mss := len(cookieMSS) - 1
	for mss > 0 && cookieMSS[mss] > c.snd.peerMSS {
		mss--
	}
	c.snd.iss = cookieFor(env, id, c.rcv.irs, mss, options, cookieMinute(now))
	var out Out
	c.putSYN(now, &out)
	if c.ts.ok {
		putCookieOptions(&out.Header.Options, options)
	}
	return out.Header, Accepted
}

// cookieOptions returns what was agreed upon, as a timestamp can say it.
func (c *Conn) cookieOptions() uint32 {
	o := uint32(cookieNoScale)
	if c.snd.scaleOK {
		o = uint32(c.snd.scale)
	}
	if c.snd.sackOK {
		o |= cookieSACK
	}
	if c.ecn.sends {
		o |= cookieECN
	}
	return o
}

// putCookieOptions puts options into the low bits of the timestamp, which does not run ahead of its clock for it: those
// that follow must not be older.
func putCookieOptions(o *wire.TCPOptions, options uint32) {
	const mask = 1<<cookieOptionBits - 1
	v := o.TSVal&^mask | options
	if v&mask > o.TSVal&mask {
		v -= 1 << cookieOptionBits
	}
	o.TSVal = v
}

// AcceptCookie makes a connection of the ACK of a SYN-ACK that AnswerWithCookie wrote, with whatever text it carries. It
// returns why not if the cookie is none of ours, or too old: that takes one hash.
//
// The round trip cannot be measured: the timestamp that would tell says something else.
func AcceptCookie(env *Env, cfg *Config, now mono.Time, id ID, mtu int, seg *Segment) (*Conn, Drop) {
	if seg.Header.Flags&(wire.ACK|wire.SYN|wire.RST) != wire.ACK {
		return nil, DropBadCookie
	}
	cookie, irs := seg.ack().Add(-1), seg.seq().Add(-1)
	o := &seg.Header.Options
	options := uint32(cookieNoOptions)
	if o.HasTimestamps {
		options = o.TSEcr & (1<<cookieOptionBits - 1)
	}
	minute := cookieMinute(now)
	if uint64(cookie)>>cookieHashBits&1 != minute&1 {
		minute--
	}
	mss := int(uint32(cookie) >> 29)
	if cookieFor(env, id, irs, mss, options, minute) != cookie {
		return nil, DropBadCookie
	}
	c := newConn(env, cfg, now, id, mtu)
	syn := synOfCookie(seg, irs, mss, options)
	c.beginPassive(now, &syn)
	c.snd.iss, c.snd.una, c.snd.nxt = cookie, seg.ack(), seg.ack()
	c.toEstablished(now)
	c.snd.setWindow(c.windowOf(seg))
	return c, c.Recv(now, seg)
}

// synOfCookie returns the SYN that a cookie remembers. A mark that asked for ECN is not on the ACK any more.
func synOfCookie(ack *Segment, irs seq.Number, mss int, options uint32) Segment {
	syn := Segment{Header: wire.TCP{
		SrcPort: ack.Header.SrcPort, DstPort: ack.Header.DstPort, Seq: uint32(irs), Flags: wire.SYN,
		Options: wire.TCPOptions{HasMSS: true, MSS: cookieMSS[mss]},
	}}
	if options == cookieNoOptions {
		return syn
	}
	o := &syn.Header.Options
	o.HasTimestamps, o.TSVal = true, ack.Header.Options.TSVal
	o.SACKPermitted = options&cookieSACK != 0
	if scale := uint8(options & 15); scale != cookieNoScale {
		o.HasWScale, o.WScale = true, scale
	}
	if options&cookieECN != 0 {
		syn.Header.Flags |= ecnFlags
	}
	return syn
}
