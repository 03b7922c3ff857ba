package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
)

// MTUProbing says when connections find out for themselves what packets a path carries (RFC 4821, RFC 8899), without the
// ICMP errors that RFC 1191 and RFC 8201 rely on and that many networks lose.
type MTUProbing uint8

const (
	// ProbeBlackHoles lowers the segment size when full-sized segments vanish again and again, and then searches upwards.
	ProbeBlackHoles MTUProbing = iota
	// ProbeAlways begins with small segments, and searches upwards from there.
	ProbeAlways
	// ProbeNever relies on ICMP alone.
	ProbeNever
)

// mtuSearch looks for the largest packet that gets through, between what does, path, and high.
type mtuSearch struct {
	on     bool
	path   int       // MTU of the path, as far as is known
	link   int       // MTU of our own link: nothing larger can be sent
	high   int       // the largest that may get through
	halves bool      // high itself was tried: go half-way
	next   mono.Time // no probe before

	lo, hi uint64 // stream offsets of the probe that is under way; hi is 0 if there is none
	size   int    // of its packet
}

const (
	// blackHoleTimeouts is how many timeouts in a row make a black hole likely, as in Linux (tcp_retries1).
	blackHoleTimeouts = 3
	// baseMSS is what gets through nearly everywhere (RFC 4821, Section 7.2: "eff_pmtu of 1024 bytes").
	baseMSS = 1024
	// mtuPrecision ends a search: what is left is not worth a probe. As in Linux.
	mtuPrecision = 8
	// mtuLife is how long a path is believed to carry nothing larger. RFC 8201, Section 4: "10 minutes".
	mtuLife = 10 * time.Minute
	// mtuRetry is the wait after a probe whose fate tells nothing.
	mtuRetry = time.Second
)

// mtuHeaders is what an MTU is larger than the segment size that goes with it.
func (c *Conn) mtuHeaders() int {
	if c.v4 {
		return ipv4Header + tcpHeader
	}
	return ipv6Header + tcpHeader
}

// baseMTU is where a search begins, and leastMTU the smallest MTU that is believed: for IPv6 every link carries it.
func (c *Conn) baseMTU() int { return max(baseMSS+c.mtuHeaders(), c.leastMTU()) }

func (c *Conn) leastMTU() int {
	if c.v4 {
		return minPathMTU
	}
	return 1280
}

// startMTUSearch begins with small segments if the connection is to find out by itself what is possible.
func (c *Conn) startMTUSearch() {
	if c.cfg.MTUProbing == ProbeAlways && c.mtu.path > c.baseMTU() {
		c.mtu.on, c.mtu.high = true, c.mtu.path
		c.setPathMTU(c.baseMTU())
	}
}

func (c *Conn) setPathMTU(mtu int) {
	c.mtu.path = mtu
	c.setSendMSS()
}

// checkBlackHole lowers the segment size when timeouts tell that the path may swallow full-sized segments: to what nearly
// every path carries, then by halves.
//
// RFC 8899, Section 4.3: "Black Hole Detection … a PL sender … can use … loss of … packets as an indication"; RFC 4821,
// Section 7.7: "a full-stop timeout" may "be caused by a … path that … discards the larger packets". If it was an outage
// the search finds the old size again with its first probe.
func (c *Conn) checkBlackHole() {
	if c.cfg.MTUProbing == ProbeNever || c.loss.retries < blackHoleTimeouts || c.inFlight() < c.payloadMSS() || c.snd.wnd == 0 {
		return
	}
	mtu := c.baseMTU()
	if mtu >= c.mtu.path {
		mtu = max(c.mtuHeaders()+c.snd.mss/2, c.leastMTU())
	}
	if mtu >= c.mtu.path || c.mssForMTU(mtu) >= c.snd.mss {
		return
	}
	if !c.mtu.on {
		c.mtu.on, c.mtu.high, c.mtu.halves = true, c.mtu.path, false
	}
	c.setPathMTU(mtu)
}

// nextMTUProbe sends new data in a segment that is larger than others. It reports whether it did, or
// whether nothing else is to be sent before there is room for it.
//
// RFC 4821, Section 7.4: a probe is only sent where its loss would be noticed and repaired without a timeout, so that
// there has to be more to send, and a window for it.
func (c *Conn) nextMTUProbe(now mono.Time, out *Out) (sent, wait bool) {
	m := &c.mtu
	if !m.on || m.hi != 0 || now < m.next || !c.isCalm() {
		return false, false
	}
	size := c.mtuCandidate(now)
	mss := min(c.mssForMTU(size), int(c.snd.peerMSS))
	if mss <= c.snd.mss {
		return false, false
	}
	n := mss - (c.snd.mss - c.payloadMSS())
	from := c.nxtOffset()
	need := n + dupThresh*c.payloadMSS()
	if need > min(int(c.snd.buf.End()-min(from, c.snd.buf.End())), c.usableWindow(), c.window()) {
		return false, false
	}
	if n > c.window()-c.pipe() {
		return false, true // acknowledgments make room
	}
	ordinary := c.snd.mss
	c.snd.mss = mss
	c.sendNew(now, out, from, from+uint64(n))
	c.snd.mss = ordinary
	if out.Len > c.payloadMSS() { // else it lay in too many pieces, and is no probe
		m.lo, m.hi, m.size = from, from+uint64(out.Len), size
		c.count.note().mtuProbes++
	}
	return true, false
}

// isCalm reports whether nothing is missing, so that the loss of a probe is told from others.
func (c *Conn) isCalm() bool {
	l := &c.loss
	return c.snd.sackOK && l.phase == phaseOpen && l.board.sacked.Len() == 0 && l.board.lost.Len() == 0 && l.tlp.end == 0
}

// mtuCandidate returns the packet size to try next. When the search is over the next begins after mtuLife.
func (c *Conn) mtuCandidate(now mono.Time) int {
	m := &c.mtu
	if m.high-c.mtu.path < mtuPrecision {
		m.next, m.high, m.halves = now.Add(mtuLife), m.link, false
		return 0
	}
	if !m.halves {
		return m.high
	}
	return (c.mtu.path + m.high + 1) / 2
}

// ackMTUProbe takes the acknowledgment of what lies before una.
func (c *Conn) ackMTUProbe(una uint64) {
	if m := &c.mtu; m.hi != 0 && una >= m.hi {
		m.hi = 0
		c.setPathMTU(m.size)
	}
}

// onLossFound begins a recovery, unless what was lost is a probe and nothing else.
//
// RFC 4821, Section 7.6.2: "If … the probe is lost and … no other packets are lost: … the probe failed … The congestion
// window is not reduced"; Section 3: the loss of a probe alone "MUST NOT … be treated as congestion".
func (c *Conn) onLossFound(now mono.Time, una uint64) {
	m, lost := &c.mtu, &c.loss.board.lost
	if _, hit := lost.Next(m.lo, m.hi); m.hi != 0 && hit {
		alone := lost.Len() == 1 && m.lo <= lost.At(0).Lo && lost.At(0).Hi <= m.hi
		m.hi = 0
		if alone {
			m.high, m.halves = m.size-1, true
			c.loss.force = true
			return
		}
		m.next = now.Add(mtuRetry)
	}
	c.beginRecovery(now, una)
}

// onMTUTimeout forgets the probe when a timeout repeats everything. At the left edge it was what was lost.
func (c *Conn) onMTUTimeout(now mono.Time) {
	m := &c.mtu
	if m.hi == 0 {
		return
	}
	if m.lo == c.unaOffset() {
		m.high, m.halves = m.size-1, true
	}
	m.hi, m.next = 0, now.Add(mtuRetry)
}

// onPathMTU takes what a router says the path carries, lowers the segment size and sends again at once what did not fit.
//
// RFC 1191, Section 6.4: "the retransmission could be done in immediate response to a notification that the Path MTU has
// changed". RFC 8201, Section 4: 10 minutes later something larger may be tried.
//
// req: RFC7323 5.7-1
func (c *Conn) onPathMTU(now mono.Time, mtu int) bool {
	m := &c.mtu
	mtu = max(mtu, c.leastMTU())
	if mtu >= c.mtu.path {
		if m.hi == 0 || mtu >= m.size {
			return false
		}
		m.high, m.halves = mtu, false // a router says why a probe cannot arrive, and what would
		c.loss.board.lose(m.lo, m.hi)
		c.loss.force, m.hi = true, 0
		return true
	}
	if c.cfg.MTUProbing != ProbeNever {
		m.on, m.high, m.halves, m.next = true, m.link, false, now.Add(mtuLife)
	}
	m.hi = 0
	old := c.snd.mss
	c.setPathMTU(mtu)
	if c.state.canSend() && c.snd.mss < old {
		l := &c.loss
		if l.phase == phaseOpen {
			l.phase, l.point = phaseLoss, c.nxtOffset()
		}
		l.board.lose(c.unaOffset(), c.nxtOffset())
		l.force = true
	}
	return true
}
