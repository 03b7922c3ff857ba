package main

const (
	// maxData is how much data fits in a segment. With headers of IPv6 and TCP it makes a packet that Ethernet carries.
	maxData = 1400

	// maxFlight is how much may be under way: less than any peer's first window, which may have no more than 64 KiB, as long
	// as its application reads.
	maxFlight = 32 << 10

	// ourWindow is what we let the peer send: all that the header's field can say, since the application's end is
	// somebody else's business.
	ourWindow = 0xffff
)

// write takes what the application wrote.
func (c *connection) write(data []byte) {
	c.waiting = append(c.waiting, data...)
	c.sendMore()
}

// closeWrite takes note that the application has no more to send.
func (c *connection) closeWrite() {
	c.closing = true
	c.sendMore()
}

// sendMore sends what may be sent: data, and after all of it the FIN.
func (c *connection) sendMore() {
	if c.state != established && c.state != closeWait {
		return // too early, or the FIN is sent
	}
	for len(c.waiting) > 0 && c.snd.nxt-c.snd.una < maxFlight {
		n := len(c.waiting)
		if n > maxData {
			n = maxData
		}
		c.sendNew(psh|ack, c.waiting[:n])
		c.waiting = c.waiting[n:]
	}
	if c.closing && len(c.waiting) == 0 {
		c.sendNew(fin|ack, nil)
		if c.state == established {
			c.state = finWait1
		} else {
			c.state = lastAck
		}
	}
}

// sendNew sends a segment that takes sequence numbers, and keeps it until it is acknowledged.
func (c *connection) sendNew(flags uint8, data []byte) {
	seg := segment{seq: c.snd.nxt, flags: flags, data: data}
	if len(c.flight) == 0 {
		c.waited = 0 // it is the oldest: the time begins
	}
	c.flight = append(c.flight, seg)
	c.snd.nxt = seg.end()
	c.transmit(&seg)
}

// sendAck sends an ACK without data, which nobody acknowledges.
func (c *connection) sendAck() {
	c.transmit(&segment{seq: c.snd.nxt, flags: ack})
}

// transmit puts a segment on its way. Every one but the first carries the newest acknowledgment, those sent again too.
func (c *connection) transmit(seg *segment) {
	if seg.has(ack) {
		seg.ack = c.rcv.nxt
	}
	seg.window = ourWindow
	c.driver.TcpTx(c.name, seg.bytes(c.name))
}
