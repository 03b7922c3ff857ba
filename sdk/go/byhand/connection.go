package main

import "github.com/antedon-net/antedon/sdk/go/api"

// state is a state of a connection (RFC 9293, Section 3.3.2):
//
//	                SYN-SENT     SYN-RECEIVED
//	         SYN-ACK came |       | ACK came
//	                      v       v
//	               ESTABLISHED
//	     we closed |         | FIN came
//	               v         v
//	       FIN-WAIT-1       CLOSE-WAIT
//	FIN came |   | ACK came     | we closed
//	         v   v              v
//	  CLOSING   FIN-WAIT-2    LAST-ACK
//	ACK came |   | FIN came     | ACK came
//	         v   v              v
//	      TIME-WAIT           CLOSED
//
// LISTEN is missing: to listen is the driver's business, and the first SYN is answered at once.
type state int

const (
	closed state = iota
	synSent
	synReceived
	established
	finWait1
	finWait2
	closeWait
	closing
	lastAck
	timeWait
)

// connection is one connection: what RFC 9293 calls the transmission control block (Section 3.3.1).
type connection struct {
	name   api.Conn
	driver api.Driver
	state  state

	snd struct {
		una uint32 // the oldest sequence number not acknowledged
		nxt uint32 // the next one to use
	}
	rcv struct {
		nxt uint32 // the next sequence number we expect
	}

	waiting []byte    // what the application wrote and we have not sent
	closing bool      // and after it comes a FIN
	flight  []segment // what was sent and not acknowledged, oldest first

	waited  int // ticks since the oldest of them was sent, or since TIME-WAIT began
	rto     int // ticks after which it is sent again
	retries int // how often it was
}

// Time is counted in ticks of some 100 ms.
const (
	firstRTO      = 5   // half a second is long enough for most paths
	maxRTO        = 100 // however often it is doubled
	maxRetries    = 10
	timeWaitTicks = 20 // RFC 9293 wants four minutes, but then the driver runs out of ports
)

// open sends the SYN.
func (c *connection) open(iss uint32) {
	c.state = synSent
	c.snd.una, c.snd.nxt = iss, iss
	c.sendNew(syn, nil)
}

// tick is called every 100 ms.
//
// Section 3.8.1: "Because of the variability of the networks that compose an internetwork system and the wide range of
// uses of TCP connections, the retransmission timeout (RTO) must be dynamically determined." Ours is not. At least it is
// doubled with every retransmission, so that we do not make a congestion worse.
func (c *connection) tick() {
	c.waited++
	switch {
	case c.state == timeWait:
		if c.waited >= timeWaitTicks {
			c.release()
		}
	case len(c.flight) == 0 || c.waited < c.rto:
	case c.retries == maxRetries:
		c.reset()
		c.driver.AppPeerRst(c.name)
	default:
		c.retries++
		c.waited = 0
		c.rto *= 2
		if c.rto > maxRTO {
			c.rto = maxRTO
		}
		for i := range c.flight {
			c.transmit(&c.flight[i])
		}
	}
}

// enterTimeWait waits for a while, in case that our last ACK got lost: then the peer sends its FIN again.
func (c *connection) enterTimeWait() {
	c.state = timeWait
	c.waited = 0
}

// release ends a connection of which both directions are done.
func (c *connection) release() {
	c.state = closed
	c.driver.ReleaseConnection(c.name)
}

// reset ends the connection with a RST.
func (c *connection) reset() {
	c.transmit(&segment{seq: c.snd.nxt, flags: rst})
	c.state = closed
}
