package tcp

import (
	"encoding/binary"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// FastOpen is what a client knows of a server that understands Fast Open (RFC 7413), from earlier connections.
type FastOpen struct {
	Cookie [wire.MaxFastOpenCookie]byte
	Len    uint8  // of the cookie; 0: there is none, and one is to be asked for
	MSS    uint16 // the server's, 0 if not known
}

// FastOpenResult is what came of a client's attempt.
type FastOpenResult uint8

const (
	FastOpenUnknown FastOpenResult = iota // the handshake is not over
	FastOpenPlain                         // there was nothing to find out
	FastOpenCookie                        // the server gave a cookie
	FastOpenTaken                         // the server took the text of the SYN
	FastOpenRefused                       // it did neither, or SYNs with the option get lost
)

// fastOpen is the state of a connection that uses Fast Open, of either side.
type fastOpen struct {
	known FastOpen // client: of the server; what the SYN-ACK says of cookie and MSS takes its place

	cookie [fastOpenCookieLen]byte // server: for the peer
	grant  bool                    // server: the SYN-ACK has it

	waits  bool // client: the SYN waits for text to carry
	plain  bool // client: a SYN without the option was sent
	taken  bool // server: the text of the SYN was taken, and text may be sent before the handshake is over
	result FastOpenResult
	synLen int // client: bytes of text in the SYN
}

// fastOpenPatience is how long a SYN waits for text. Who dials and then waits for something else must not wait for ever.
const fastOpenPatience = 100 * time.Millisecond

// DialFast is Dial with Fast Open. Without a cookie in f, the SYN asks for one. With a cookie it waits for text to carry,
// a little: it leaves with the first Commit, or with Connect if nothing will be written first.
//
// req: RFC7413 2-1
func DialFast(env *Env, cfg *Config, now mono.Time, id ID, mtu int, f FastOpen) *Conn {
	c := Dial(env, cfg, now, id, mtu)
	c.fast = &fastOpen{known: f}
	if f.Len > 0 {
		c.fast.waits = true
		c.pend.syn = false
		c.snd.nxt, c.wait.stalledSince = c.snd.iss, 0
		c.timers.set(timerRetransmit, now.Add(fastOpenPatience))
	}
	return c
}

// WaitsForText reports whether the SYN has not left because it waits for text.
func (c *Conn) WaitsForText() bool { return c.fast != nil && c.fast.waits }

// Connect sends a SYN that waits for text with what there is, be it nothing.
func (c *Conn) Connect(now mono.Time) {
	if !c.WaitsForText() || c.state != StateSynSent {
		return
	}
	c.fast.waits = false
	c.timers.stop(timerRetransmit)
	c.pend.syn = true
	c.snd.nxt, c.wait.stalledSince = c.snd.iss.Add(1), now
}

// FastOpenState returns what a connection made with DialFast has learned of its server, once the handshake is over or has
// failed.
func (c *Conn) FastOpenState() (FastOpen, FastOpenResult) {
	if c.fast == nil {
		return FastOpen{}, FastOpenPlain
	}
	if c.fast.result == FastOpenUnknown && c.state == StateClosed {
		return c.fast.known, c.fastOpenFailure()
	}
	return c.fast.known, c.fast.result
}

// fastOpenFailure says what a handshake that failed tells of Fast Open. A RST says no to any SYN; other than that, the
// option or the text may be to blame.
func (c *Conn) fastOpenFailure() FastOpenResult {
	if c.err == 0 || !c.fast.plain && c.count.rare().timeouts == 0 && c.soft == 0 {
		return FastOpenPlain
	}
	return FastOpenRefused
}

// putFastOpen adds what Fast Open has to say to a SYN or SYN-ACK.
func (c *Conn) putFastOpen(out *Out) {
	if c.user.passive {
		c.putFastOpenGrant(out)
	} else {
		c.putFastOpenSYN(out)
	}
}

// putFastOpenSYN adds the option to the client's first SYN, and text if there is a cookie.
//
// RFC 7413, Section 4.2.2: "Include any data up to the cached server MSS or default 536 bytes." Section 4.1.3: "the client
// MAY limit the cached MSS to 1460 bytes for IPv4 or 1440 for IPv6." A SYN that is repeated has neither text nor option:
// "To deal with network or servers dropping SYN packets with payload or unknown options".
//
// req: RFC7413 4.1.3-1, 4.2.1-1, 4.2.1-2, 4.2.2-1, 4.2.2-2
func (c *Conn) putFastOpenSYN(out *Out) {
	f, o := c.fast, &out.Header.Options
	if c.wait.synAt != 0 || c.state != StateSynSent {
		f.plain = true
		return
	}
	o.HasFastOpen, o.FastOpenLen, o.FastOpen = true, f.known.Len, f.known.Cookie
	if out.Header.Len() > wire.MaxTCPHeaderLen {
		*o = withoutFastOpen(*o) // Section 4.2.2: "abort TFO and fall back to the regular 3WHS"
	} else if f.known.Len > 0 {
		n := min(c.firstMSS()-o.Len(), c.snd.buf.Len())
		out.Payload, out.Len = c.snd.buf.View(out.Payload, 0, max(n, 0))
		f.synLen = out.Len
		c.count.bytesSent += uint64(out.Len)
	}
	c.snd.nxt = c.snd.iss.Add(1 + f.synLen)
}

func withoutFastOpen(o wire.TCPOptions) wire.TCPOptions {
	o.HasFastOpen, o.FastOpenLen = false, 0
	return o
}

// firstMSS is how much a SYN may carry, options included: as much as the server took the last time, if that is known,
// and no more than the path carries.
func (c *Conn) firstMSS() int {
	most := 1440
	if c.v4 {
		most = 1460
	}
	mss := c.defaultMSS()
	if c.fast.known.MSS != 0 {
		mss = min(int(c.fast.known.MSS), most)
	}
	return min(mss, c.snd.mss)
}

// onFastOpenAnswer takes what the SYN-ACK says of the option and the text of the SYN. SND.UNA is SEG.ACK.
//
// RFC 7413, Section 4.2.2: "The client SHOULD retransmit any unacknowledged data in the first ACK packet": it is as if it
// had never been sent.
//
// req: RFC7413 4.1.1-2, 4.2.1-3, 4.2.2-5, 4.2.2-6
func (c *Conn) onFastOpenAnswer(seg *Segment) {
	f, o := c.fast, &seg.Header.Options
	hadNothing := f.known.Len > 0 && f.synLen == 0 && !f.plain // to take: a SYN with a cookie and no text
	acked := c.snd.una.Sub(c.snd.iss.Add(1))
	c.takeBackSYNText(acked)
	if o.HasMSS {
		f.known.MSS = o.MSS
	}
	gave := o.HasFastOpen && o.FastOpenLen > 0
	if gave {
		f.known.Cookie, f.known.Len = o.FastOpen, o.FastOpenLen
	}
	switch {
	case acked > 0:
		f.result = FastOpenTaken
	case gave:
		f.result = FastOpenCookie
	case hadNothing:
		f.result = FastOpenPlain
	default:
		// Also: "If the client has timed out and retransmitted only regular SYN packets, it can heuristically detect
		// paths that intentionally drop SYNs with the Fast Open option or data."
		f.result = FastOpenRefused
	}
}

// takeBackSYNText settles the text of the SYN: what the peer has acknowledged is done with, the rest is sent again.
func (c *Conn) takeBackSYNText(acked int) {
	c.snd.buf.Discard(uint64(acked))
	if rest := c.fast.synLen - acked; rest > 0 {
		c.snd.nxt = c.snd.una
		c.fast.synLen = 0
		c.ecn.news().unmarked = uint64(acked + rest)
		c.count.note().retransmits++
		c.count.note().bytesRetx += uint64(rest)
	}
	if c.snd.una == c.snd.nxt && c.unaOffset() == c.endOffset() {
		c.event |= EventFinished
	}
}

// fastOpenCookieLen is the length of the cookies we give, as in Linux.
const fastOpenCookieLen = 8

// fastOpenAge is how long we give the same cookie. It is good for as long again.
//
// RFC 7413, Section 4.1.2: "The cookie expires after a certain amount of time."
const fastOpenAge = 12 * time.Hour

// fastOpenCookie returns the cookie for a client, of the generation before this one if previous is set.
//
// req: RFC7413 4.1.1-1, 4.1.2-1
func fastOpenCookie(env *Env, now mono.Time, id ID, previous bool) (cookie [fastOpenCookieLen]byte) {
	age := uint64(now) / uint64(fastOpenAge)
	if previous {
		age--
	}
	l, r := id.Local.Addr().As16(), id.Remote.Addr().As16()
	binary.BigEndian.PutUint64(cookie[:], env.Secret.Sum(
		binary.BigEndian.Uint64(l[:8]), binary.BigEndian.Uint64(l[8:]),
		binary.BigEndian.Uint64(r[:8]), binary.BigEndian.Uint64(r[8:]), age, purposeFastOpen))
	return cookie
}

// AcceptFast is Accept for a listener that understands Fast Open. If the SYN has a valid cookie, its text is taken at
// once: HasTakenText reports that. Otherwise, if it asked, the SYN-ACK gives it one.
//
// req: RFC7413 4.2-1, 4.2-2
func AcceptFast(env *Env, cfg *Config, now mono.Time, id ID, mtu int, syn *Segment) (*Conn, Drop) {
	o := syn.Header.Options
	c, d := Accept(env, cfg, now, id, mtu, syn)
	if c == nil || !o.HasFastOpen {
		return c, d
	}
	f := &fastOpen{cookie: fastOpenCookie(env, now, id, false)}
	c.fast = f
	current := string(o.Cookie()) == string(f.cookie[:])
	old := fastOpenCookie(env, now, id, true)
	f.taken = current || string(o.Cookie()) == string(old[:])
	f.grant = !current
	if f.taken {
		c.takeSYNText(now, syn)
	}
	return c, d
}

// takeSYNText takes the text of a SYN. Text of ours may follow the SYN-ACK, so that our SYN counts as acknowledged, but
// for what RFC 9293 does in SYN-RECEIVED.
//
// RFC 7413, Section 4.2.2: "the server MUST follow [RFC5681] … to set the initial congestion window for sending more data
// packets", as for any connection.
//
// req: RFC7413 4.2.2-3
func (c *Conn) takeSYNText(now mono.Time, syn *Segment) {
	c.snd.una = c.snd.iss.Add(1)
	if len(syn.Payload) > 0 {
		c.clearSYN(syn)
		c.trim(syn)
		c.takeText(now, 0, syn)
	}
}

// HasTakenText reports whether the connection took the text of the SYN that made it: it may be accepted before its
// handshake is over.
func (c *Conn) HasTakenText() bool { return c.fast != nil && c.fast.taken }

// putFastOpenGrant adds the cookie to the first SYN-ACK.
//
// RFC 7413, Section 4.2.2: "If the SYN-ACK timer fires, the server SHOULD retransmit a SYN-ACK segment with neither data
// nor Fast Open options for compatibility reasons."
//
// req: RFC7413 4.2.2-4
func (c *Conn) putFastOpenGrant(out *Out) {
	o := &out.Header.Options
	if c.fast.grant && c.wait.synAt == 0 {
		o.HasFastOpen, o.FastOpenLen = true, fastOpenCookieLen
		copy(o.FastOpen[:], c.fast.cookie[:])
	}
}

// nextEarly sends text of a connection whose handshake is not over, if the peer's SYN had a valid cookie.
func (c *Conn) nextEarly(now mono.Time, out *Out) bool {
	return c.state == StateSynReceived && c.HasTakenText() && c.nextNew(now, out)
}

// settleEarly deals with the text that was sent before the handshake was over, at its end in SYN-RECEIVED. The retransmission
// timer watched over the SYN-ACK. If that was repeated, the peer had no connection yet to which the text could have come, so
// it is sent again at once, as Linux does.
func (c *Conn) settleEarly(now mono.Time, seg *Segment) {
	if c.fast.synLen > 0 { // of a SYN that crossed the peer's
		c.snd.una = seg.ack()
		c.takeBackSYNText(seg.ack().Sub(c.snd.iss.Add(1)))
		c.fast.result = FastOpenPlain
	}
	if c.inFlight() > 0 {
		c.wait.stalledSince = now
		if c.loss.rexmitAt != 0 {
			c.enterLoss(now)
		}
		c.armRetransmit(now)
	}
}

// closeEarly is CLOSE in SYN-SENT with Fast Open, for whose user the connection is there already: what was written is
// delivered, and the FIN after it. It returns false if there is nothing to deliver and nobody left to read.
func (c *Conn) closeEarly(now mono.Time) bool {
	if c.fast == nil || c.user.closed && c.snd.buf.Len() == 0 {
		return false
	}
	c.snd.finQueued = true
	c.Connect(now)
	return true
}

// firstInFlight is the oldest sequence number for which the peer owes an acknowledgment.
func (c *Conn) firstInFlight() seq.Number {
	if c.state == StateSynReceived {
		return c.snd.iss
	}
	return c.snd.una
}
