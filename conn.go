package antedon

import (
	"io"
	"net"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/runner"
	"github.com/antedon-net/antedon/tcp"
)

// Conn is a TCP connection on a Stack. It behaves as *net.TCPConn does, Nagle's algorithm switched off included.
type Conn struct {
	c       *runner.Conn
	network string
}

var (
	_ net.Conn      = (*Conn)(nil)
	_ io.ReaderFrom = (*Conn)(nil)
	_ io.WriterTo   = (*Conn)(nil)
)

func newConn(network string, c *runner.Conn) *Conn {
	return &Conn{c: c, network: network}
}

// wrap makes an error of package net; the end of the stream stays io.EOF.
func (c *Conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: c.network, Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Read reads what has arrived, waiting for the first byte until the read deadline. It returns io.EOF at the end of the
// stream. It may use all of p meanwhile: into 64 KiB or more the device is read without a copy in between.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.c.Read(p)
	return n, c.wrap("read", err)
}

// Write sends p. It returns once all of it is in the send buffer; p is the caller's again then.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.c.Write(p)
	return n, c.wrap("write", err)
}

// ReadFrom sends what r has until io.EOF. r reads into the connection's own buffers.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.c.ReadFrom(r)
	return n, c.wrap("readfrom", err)
}

// WriteTo writes what arrives to w until the end of the stream, from the connection's own buffers.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	n, err := c.c.WriteTo(w)
	return n, c.wrap("writeto", err)
}

// Close closes the connection. What was written is still delivered, as SetLinger says; if bytes that arrived were not
// read, the peer is told by a RST that they are lost.
func (c *Conn) Close() error { return c.wrap("close", c.c.Close()) }

// CloseWrite ends the stream to the peer: it reads io.EOF after what was written. Reading goes on.
func (c *Conn) CloseWrite() error { return c.wrap("close", c.c.CloseWrite()) }

// CloseRead makes Read return io.EOF from now on.
func (c *Conn) CloseRead() error { return c.wrap("close", c.c.CloseRead()) }

// LocalAddr returns our end, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return tcpAddr(c.c.ID().Local) }

// RemoteAddr returns the peer's end, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return tcpAddr(c.c.ID().Remote) }

// SetDeadline sets the read and the write deadline; the zero time means none.
func (c *Conn) SetDeadline(t time.Time) error { return c.wrap("set", c.c.SetDeadlines(t, true, true)) }

// SetReadDeadline sets the deadline of calls to Read, those that wait now included.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return c.wrap("set", c.c.SetDeadlines(t, true, false))
}

// SetWriteDeadline sets the deadline of calls to Write, those that wait now included.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return c.wrap("set", c.c.SetDeadlines(t, false, true))
}

// SetLinger says what Close does with data not yet acknowledged: negative, the default, delivers it in the background; 0
// throws it away and resets the connection; more is how many seconds Close waits for it.
func (c *Conn) SetLinger(sec int) error { return c.wrap("set", c.c.SetLinger(sec)) }

func (c *Conn) set(f func(now mono.Time, t *host.Conn)) error { return c.wrap("set", c.c.Set(f)) }

// SetNoDelay switches Nagle's algorithm off (true, the default) or on.
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetNoDelay(noDelay) })
}

// SetCork holds back segments that are not full, 200 ms at most, until it is switched off.
func (c *Conn) SetCork(cork bool) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetCork(cork) })
}

// SetQuickACK acknowledges every arrival at once.
func (c *Conn) SetQuickACK(quick bool) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetQuickACK(quick) })
}

// SetKeepAlive switches keep-alive probes on or off. They are off unless Config.TCP says otherwise.
func (c *Conn) SetKeepAlive(keepalive bool) error {
	return c.set(func(now mono.Time, t *host.Conn) { t.SetKeepAlive(now, keepalive) })
}

// SetKeepAlivePeriod sets the idle time before the first probe and the time between probes.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.set(func(now mono.Time, t *host.Conn) { t.SetKeepAliveTimes(now, d, d, 0) })
}

// SetKeepAliveConfig is net.TCPConn's: values of 0 mean 15 s, 15 s and 9, negative ones leave a setting as it is.
func (c *Conn) SetKeepAliveConfig(k net.KeepAliveConfig) error {
	idle, interval, count := keepAliveValue(k.Idle), keepAliveValue(k.Interval), k.Count
	if count == 0 {
		count = 9
	}
	return c.set(func(now mono.Time, t *host.Conn) {
		t.SetKeepAliveTimes(now, idle, interval, max(count, 0))
		t.SetKeepAlive(now, k.Enable)
	})
}

func keepAliveValue(d time.Duration) time.Duration {
	if d == 0 {
		return 15 * time.Second
	}
	return max(d, 0)
}

// SetUserTimeout bounds how long sent data may stay unacknowledged, the peer's window closed and keep-alive probes unanswered
// before the connection fails with ETIMEDOUT.
func (c *Conn) SetUserTimeout(d time.Duration) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetUserTimeout(d) })
}

// SetTOS sets the IPv4 TOS or IPv6 traffic class of segments to come; its two ECN bits are ignored.
func (c *Conn) SetTOS(tos uint8) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetTOS(tos) })
}

// SetTTL sets the TTL or hop limit of segments to come.
func (c *Conn) SetTTL(ttl uint8) error {
	return c.set(func(_ mono.Time, t *host.Conn) { t.SetTTL(ttl) })
}

// Info returns what Linux's tcp_info tells of a connection, under its names.
func (c *Conn) Info() tcp.Info { return c.c.Info() }
