package antedon

import (
	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/mono"
)

// SetReadBuffer fixes the size of the receive buffer, in bytes. It then no longer follows the speed of path and reader; 0
// lets it again, as far as tcp.Config.RecvBuffer.
func (c *Conn) SetReadBuffer(bytes int) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetRecvBuffer(bytes) })
}

// SetWriteBuffer fixes the size of the send buffer, in bytes. It then no longer follows the congestion window; 0 lets it
// again, as far as tcp.Config.SendBuffer.
func (c *Conn) SetWriteBuffer(bytes int) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetSendBuffer(bytes) })
}

// SetNotSentLowat bounds, in bytes, how much of what was written waits to be sent for the first time, so that what is
// written next is not stale when it leaves. 0, the default, leaves it to the send buffer.
func (c *Conn) SetNotSentLowat(bytes int) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetNotSentLowat(bytes) })
}

// SetMSS clamps the size of segments to come, in bytes; 0 leaves it to path and peer. To clamp what the peer sends too, set
// tcp.Config.MSS before the connection begins.
func (c *Conn) SetMSS(bytes int) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetMSS(bytes) })
}

// SetCongestion changes the congestion control algorithm: "cubic", "reno" or "bbr". The window stays.
func (c *Conn) SetCongestion(name string) error {
	var err error
	if e := c.set(func(now mono.Time, t *host.Conn) { err = t.SetCongestion(now, name) }); e != nil {
		return e
	}
	return c.wrap("set", err)
}
