package tcp

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// timestamps is the state of the timestamps option (RFC 7323).
//
// req: RFC7323 4.1-1, 5.4-1, 5.4-2, 5.4-3
type timestamps struct {
	ok       bool
	offset   uint32     // added to the clock, so that it tells a peer nothing about other connections
	recent   seq.Number // TS.Recent
	recentAt mono.Time
}

// now returns the timestamp clock, in milliseconds.
func (t *timestamps) now(now mono.Time) uint32 { return now.Milliseconds() + t.offset }

// What hashes of a connection's ends are for: each is independent of the others.
const (
	purposeISS uint64 = 1 + iota
	purposeTimestamp
	purposeCookie
	purposeFastOpen
)

// issTick is the clock of initial sequence numbers, in nanoseconds.
const issTick = 64

// initSequence chooses the initial sequence number and the timestamp offset.
//
// RFC 9293, Section 3.4.1: "This clock is a 32-bit counter that typically increments at least once every roughly 4
// microseconds"; "ISN = M + F(localip, localport, remoteip, remoteport, secretkey) where M is the 4 microsecond timer".
//
// Ours increments every 64 ns, as Linux's does: a port that is dialled again within microseconds gets a higher number, and a
// connection has to send 15 MB/s to outrun the clock, not 250 kB/s. It cycles in 275 s, longer than segments live.
//
// req: RFC9293 MUST-8, SHLD-1, RFC7323 7-1, 7.1-1
func (c *Conn) initSequence(now mono.Time) {
	c.snd.iss = seq.Number(uint32(c.hash(purposeISS)) + uint32(uint64(now)/issTick))
	if c.cfg.FixedISS != nil {
		c.snd.iss = seq.Number(*c.cfg.FixedISS)
	}
	c.snd.una, c.snd.nxt = c.snd.iss, c.snd.iss
	c.ts.offset = uint32(c.hash(purposeTimestamp))
}

// open chooses what does not depend on the peer's SYN.
func (c *Conn) open(now mono.Time, mtu int) {
	c.initSequence(now)
	c.initWindows(mtu)
}

// offerOptions says which options the configuration wants. What the peer does not offer too is taken back by onSYN.
func (c *Conn) offerOptions() {
	c.ts.ok, c.snd.sackOK, c.snd.scaleOK = !c.cfg.NoTimestamps, !c.cfg.NoSACK, !c.cfg.NoWindowScale
	c.initECN()
}

// beginPassive takes the SYN of a passive OPEN.
func (c *Conn) beginPassive(now mono.Time, syn *Segment) {
	c.user.passive = true
	c.state = StateSynReceived
	c.offerOptions()
	c.onSYN(now, syn)
}

// Sizes of headers without options.
const (
	ipv4Header = 20
	ipv6Header = 40
	tcpHeader  = 20

	// tsOption is the timestamps option with its padding.
	tsOption = 12
)

// minMSS is the least segment size believed: room for options and a few bytes.
const minMSS = 48

// defaultMSS is assumed of a peer that names none.
//
// RFC 9293, Section 3.7.1: "If an MSS Option is not received at connection setup, TCP implementations MUST assume a
// default send MSS of 536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6 (MUST-15)."
//
// req: RFC9293 MUST-15
func (c *Conn) defaultMSS() int {
	if c.v4 {
		return 536
	}
	return 1220
}

// mssForMTU returns the segment size that fills packets of mtu bytes, options not subtracted.
//
// RFC 9293, Section 3.7.1: "The MSS value to be sent in an MSS Option should be equal to the effective MTU minus the
// fixed IP and TCP headers."
//
// req: RFC9293 MUST-67, RFC8200 8.3-1
func (c *Conn) mssForMTU(mtu int) int {
	mss := mtu - c.mtuHeaders()
	if c.opt.mss != 0 {
		mss = min(mss, c.opt.mss)
	}
	return min(max(mss, minMSS), 65535)
}

// initWindows sets the sizes that do not depend on the peer.
//
// req: RFC7323 2.3-6
func (c *Conn) initWindows(mtu int) {
	c.mtu.path, c.mtu.link = mtu, mtu
	c.snd.mss = c.mssForMTU(mtu)
	c.rcv.advMSS = uint16(c.snd.mss)
	c.rcv.mss = min(c.snd.mss, c.defaultMSS())
	c.rcv.size = c.cfg.InitialRecvBuffer
	c.rcv.tune.space = 10 * c.snd.mss // an initial window
	c.rcv.scale = 0
	for c.rcv.scale < 14 && c.cfg.RecvBuffer>>c.rcv.scale > 65535 {
		c.rcv.scale++
	}
	c.rcv.size = max(c.rcv.size, min(4<<c.rcv.scale, c.cfg.RecvBuffer)) // a few of the window's units at least
}

// isOpening reports whether seg asks a listener for a connection.
func isOpening(seg *Segment) bool {
	return seg.Header.Flags&(wire.SYN|wire.ACK|wire.RST|wire.FIN) == wire.SYN
}

// onSYN takes the peer's SYN: its sequence number, window and options.
//
// req: RFC9293 MUST-14, RFC7323 2.2-3, 2.2-4, 2.3-3, 2.3-7, 3.2-6, 3.2-9
func (c *Conn) onSYN(now mono.Time, seg *Segment) {
	o := &seg.Header.Options
	offered := c.rcv.adv.Sub(c.rcv.nxt) // by a SYN of ours, which had no number to count from
	c.rcv.irs = seg.seq()
	c.rcv.nxt = c.rcv.irs.Add(1)
	c.rcv.adv = c.rcv.nxt.Add(offered)
	c.ack.last = c.rcv.nxt

	mss := c.defaultMSS()
	if o.HasMSS && o.MSS != 0 {
		mss = int(o.MSS)
	}
	c.snd.peerMSS = uint16(max(mss, minMSS))

	// RFC 7323, Section 2.2: an option is in use when both SYNs carried it.
	c.ts.ok = c.ts.ok && o.HasTimestamps
	c.snd.sackOK = c.snd.sackOK && o.SACKPermitted
	c.snd.scaleOK = c.snd.scaleOK && o.HasWScale
	if c.snd.scaleOK {
		c.snd.scale = min(o.WScale, 14) // RFC 7323, Section 2.3: "MUST use 14 instead of the received value"
	} else {
		c.snd.scale, c.rcv.scale = 0, 0
		c.rcv.size = min(c.rcv.size, 65535)
	}
	if c.ts.ok {
		c.ts.recent, c.ts.recentAt = seq.Number(o.TSVal), now
	}
	c.onECNSetup(seg)
	c.setSendMSS()
	c.synWindow()
	// RFC 7323, Section 2.2: "The window field in a segment where the SYN bit is set … MUST NOT be scaled."
	c.snd.setWindow(int(seg.Header.Window))
	c.snd.wl1, c.snd.wl2 = seg.seq(), seg.ack()
	c.user.lastHeard = now
}

// synWindow returns the window that our SYN or SYN-ACK offers: what one offered before, or more.
//
// RFC 7323, Section 2.2: "The window field in a segment where the SYN bit is set (i.e., a <SYN> or <SYN,ACK>) MUST NOT be
// scaled."
func (c *Conn) synWindow() int {
	wnd := max(c.rcv.adv.Sub(c.rcv.nxt), min(c.freeWindow(), 65535))
	c.rcv.adv = c.rcv.nxt.Add(wnd)
	return wnd
}

// setSendMSS recomputes the segment size from what the peer takes and what the path carries.
//
// RFC 9293, Section 3.7.1: "Eff.snd.MSS = min(SendMSS+20, MMS_S) - TCPhdrsize - IPoptionsize".
//
// req: RFC9293 MUST-16
func (c *Conn) setSendMSS() {
	c.snd.mss = c.mssForMTU(c.mtu.path)
	if c.snd.peerMSS != 0 {
		c.snd.mss = min(c.snd.mss, int(c.snd.peerMSS))
	}
	if c.cc != nil {
		c.cc.SetMSS(c.payloadMSS())
	}
}

// payloadMSS is how much payload a full-sized segment carries beside the options of every segment.
func (c *Conn) payloadMSS() int {
	if c.ts.ok {
		return c.snd.mss - tsOption
	}
	return c.snd.mss
}
