package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp/congestion"
)

// own returns the connection's settings, to be changed: most connections keep those of their Config, and share them.
func (c *Conn) own() *settings {
	if c.opt == &c.cfg.settings {
		s := *c.opt
		c.opt = &s
	}
	return c.opt
}

// SetNoDelay switches Nagle's algorithm off (RFC 9293, MUST-17: "there MUST be a way for an application to disable the
// Nagle algorithm on an individual connection").
//
// req: RFC9293 MUST-17
func (c *Conn) SetNoDelay(on bool) { c.own().noDelay = on }

// SetCork holds back segments that are not full-sized, 200 ms at most.
func (c *Conn) SetCork(on bool) { c.own().cork = on }

// SetQuickACK acknowledges every arrival at once.
func (c *Conn) SetQuickACK(on bool) { c.own().quickACK = on }

// SetKeepAlive switches keep-alive probes on or off.
//
// RFC 9293, Section 3.8.4: "the application MUST be able to turn them on or off for each TCP connection (MUST-24), and
// they MUST default to off (MUST-25)."
//
// req: RFC9293 MUST-24, RFC9293 MUST-25
func (c *Conn) SetKeepAlive(now mono.Time, on bool) {
	c.own().keepAlive = on
	c.wake()
	c.armKeepAlive(now)
}

// SetKeepAliveTimes sets the idle time before the first probe, the time between probes and how many unanswered ones end
// the connection. Values of 0 leave a setting as it is.
//
// req: RFC9293 MUST-27
func (c *Conn) SetKeepAliveTimes(now mono.Time, idle, interval time.Duration, count int) {
	o := c.own()
	o.keepIdle = orDuration(idle, o.keepIdle)
	o.keepIntvl = orDuration(interval, o.keepIntvl)
	o.keepCount = orInt(count, o.keepCount)
	c.wake()
	c.armKeepAlive(now)
}

// SetUserTimeout bounds how long sent data may stay unacknowledged, a closed window may stay closed, and keep-alive probes
// unanswered; 0 leaves it to the limits of retransmissions and probes.
//
// req: RFC9293 MUST-21
func (c *Conn) SetUserTimeout(d time.Duration) { c.own().userTimeout = d }

// SetTOS sets the IPv4 TOS or IPv6 traffic class of segments to come. The two ECN bits are TCP's own.
//
// req: RFC9293 MUST-48, SHLD-21, SHLD-22
func (c *Conn) SetTOS(tos uint8) { c.own().tos = tos &^ 3 }

// SetTTL sets the TTL or hop limit of segments to come.
//
// req: RFC9293 MUST-49
func (c *Conn) SetTTL(ttl uint8) { c.own().ttl = ttl }

// SetSendBuffer fixes the size of the send buffer, which then does not follow the congestion window; 0 lets it again.
func (c *Conn) SetSendBuffer(bytes int) {
	o := c.own()
	if o.sendBuffer = 0; bytes > 0 {
		o.sendBuffer = max(bytes, 2048)
	}
	c.offerRoom()
}

// SetRecvBuffer fixes the size of the receive buffer, which then does not follow what is read; 0 lets it again. The window
// scale agreed upon bounds it. A window that was offered is not taken back.
func (c *Conn) SetRecvBuffer(bytes int) {
	o := c.own()
	if o.recvBuffer = 0; bytes > 0 {
		o.recvBuffer = min(max(bytes, 256, 4<<c.rcv.scale), 65535<<c.rcv.scale)
		c.rcv.size = o.recvBuffer
	}
}

// SetNotSentLowat bounds what may be written ahead of what is sent, in bytes; 0 leaves it to the send buffer.
func (c *Conn) SetNotSentLowat(bytes int) {
	c.own().notSent = max(bytes, 0)
	c.offerRoom()
}

// SetMSS clamps the size of segments to come, options included; 0 leaves it to path and peer. Config.MSS is also told to the
// peer.
func (c *Conn) SetMSS(bytes int) {
	c.own().mss = max(bytes, 0)
	c.wake()
	c.setSendMSS()
}

// SetCongestion changes the congestion control algorithm. The new one goes on with the window of the old.
func (c *Conn) SetCongestion(now mono.Time, name string) error {
	o := c.congestionOptions()
	o.MSS = c.payloadMSS()
	if c.state.synchronized() {
		o.Window, o.Threshold = c.cc.Window(), c.cc.Threshold()
	}
	cc, err := congestion.New(name, o)
	if err != nil {
		return err
	}
	c.cc = cc
	if c.state.synchronized() {
		cc.OnEstablished(now, c.rtt.srtt, false)
	}
	return nil
}
