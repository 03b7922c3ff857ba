package main

import (
	"time"

	"github.com/antedon-net/antedon/sdk/go/api"
)

// outgoing knows all connections, and passes the driver's calls on to them.
type outgoing struct {
	driver api.Driver
	conns  map[api.Conn]*connection

	// iss chooses initial sequence numbers.
	iss func() uint32
}

func newOutgoing(driver api.Driver) *outgoing {
	return &outgoing{driver: driver, conns: make(map[api.Conn]*connection), iss: clock}
}

// clock is the generator of initial sequence numbers that RFC 9293, Section 3.4.1 begins with: a counter "that increments
// roughly every 4 microseconds". So a new connection does not take up old segments of one with the same ports. Strangers
// can guess the numbers, though: RFC 6528 adds a secret to them.
func clock() uint32 { return uint32(time.Now().UnixNano() / 4000) }

// AppConnect begins a connection with a SYN.
func (o *outgoing) AppConnect(name api.Conn) {
	c := &connection{name: name, driver: o.driver, rto: firstRTO}
	o.conns[name] = c
	c.open(o.iss())
}

// AppSend sends what the application wrote.
func (o *outgoing) AppSend(name api.Conn, data []byte) {
	if c := o.conns[name]; c != nil {
		c.write(data)
	}
}

// AppFin sends a FIN after all that the application wrote.
func (o *outgoing) AppFin(name api.Conn) {
	if c := o.conns[name]; c != nil {
		c.closeWrite()
	}
}

// AppRst sends a RST and forgets the connection.
func (o *outgoing) AppRst(name api.Conn) {
	if c := o.conns[name]; c != nil {
		c.reset()
		delete(o.conns, name)
	}
}

// TcpRx takes a segment.
func (o *outgoing) TcpRx(name api.Conn, b []byte) {
	seg, err := parseSegment(b)
	c := o.conns[name]
	if err != nil || c == nil {
		return
	}
	c.receive(&seg)
	o.forgetIfClosed(c)
}

// Tick lets every connection look at its timers.
func (o *outgoing) Tick() {
	for _, c := range o.conns {
		c.tick()
		o.forgetIfClosed(c)
	}
}

func (o *outgoing) forgetIfClosed(c *connection) {
	if c.state == closed {
		delete(o.conns, c.name)
	}
}
