package main

// receive takes a segment. It reads like RFC 9293, Section 3.10.7.
func (c *connection) receive(seg *segment) {
	if c.state == synSent {
		c.receiveInSynSent(seg)
		return
	}
	if !c.checkSeq(seg) || !c.checkRst(seg) || !c.checkSyn(seg) || !c.checkAck(seg) {
		return
	}
	c.takeData(seg)
	c.takeFin(seg)
}

// receiveInSynSent waits for the SYN-ACK (Section 3.10.7.3).
func (c *connection) receiveInSynSent(seg *segment) {
	if !seg.has(ack) || seg.ack != c.snd.nxt {
		return // it does not answer our SYN
	}
	if seg.has(rst) {
		c.state = closed // nobody listens there
		c.driver.AppPeerRst(c.name)
		return
	}
	if !seg.has(syn) {
		return
	}
	c.rcv.nxt = seg.seq + 1
	c.acknowledged(seg.ack)
	c.state = established
	c.sendAck()
	c.driver.AppConnected(c.name)
	c.sendMore() // the application may have closed already
}

// checkSeq is the first check: whether anything in the segment is new.
//
// "If an incoming segment is not acceptable, an acknowledgment should be sent in reply (unless the RST bit is set, if so
// drop the segment and return)"
func (c *connection) checkSeq(seg *segment) bool {
	old := before(seg.seq, c.rcv.nxt) && !before(c.rcv.nxt, seg.end())
	beyond := seg.seq-c.rcv.nxt >= ourWindow && !before(seg.seq, c.rcv.nxt)
	if !old && !beyond {
		return true
	}
	if !seg.has(rst) {
		c.sendAck()
		if c.state == timeWait {
			c.waited = 0 // the peer has not got our last ACK
		}
	}
	return false
}

// checkRst is the second check. Only a RST with the very number we expect counts: others may be forged (RFC 5961).
func (c *connection) checkRst(seg *segment) bool {
	if !seg.has(rst) {
		return true
	}
	if seg.seq == c.rcv.nxt {
		c.state = closed
		c.driver.AppPeerRst(c.name)
	}
	return false
}

// checkSyn is the fourth check: a SYN has no business in a connection that exists. "send a 'challenge ACK'"
func (c *connection) checkSyn(seg *segment) bool {
	if seg.has(syn) {
		c.sendAck()
		return false
	}
	return true
}

// checkAck is the fifth check: what the peer has got.
//
// "If SND.UNA < SEG.ACK =< SND.NXT, then set SND.UNA <- SEG.ACK. … If the ACK acks something not yet sent (SEG.ACK >
// SND.NXT), then send an ACK, drop the segment, and return."
func (c *connection) checkAck(seg *segment) bool {
	switch {
	case !seg.has(ack):
		return false
	case c.state == synReceived && !c.checkAckOfSyn(seg):
		return false
	case before(c.snd.nxt, seg.ack):
		c.sendAck()
		return false
	case before(c.snd.una, seg.ack):
		c.acknowledged(seg.ack)
	}
	if len(c.flight) > 0 {
		return true
	}
	switch c.state { // in which our FIN was sent, and now is acknowledged
	case finWait1:
		c.state = finWait2
	case closing:
		c.enterTimeWait()
	case lastAck:
		c.release()
	}
	return c.state != closed
}

// acknowledged forgets what comes before una, and sends more in its place.
func (c *connection) acknowledged(una uint32) {
	c.snd.una = una
	for len(c.flight) > 0 {
		oldest := &c.flight[0]
		if before(una, oldest.end()) {
			if before(oldest.seq, una) { // a part of it
				oldest.data = oldest.data[una-oldest.seq:]
				oldest.seq = una
			}
			break
		}
		c.flight = c.flight[1:]
	}
	c.waited, c.rto, c.retries = 0, firstRTO, 0
	c.sendMore()
}

// takeData is the seventh step: the bytes.
func (c *connection) takeData(seg *segment) {
	if len(seg.data) == 0 {
		return
	}
	// Section 3.10.7.4: "This should not occur since a FIN has been received from the remote side. Ignore the segment
	// text."
	if c.state != established && c.state != finWait1 && c.state != finWait2 {
		return
	}
	if before(c.rcv.nxt, seg.seq) {
		c.sendAck() // something before it is missing: the peer has to send this one again too
		return
	}
	have := int(c.rcv.nxt - seg.seq) // of its bytes we may have some already, and if a FIN follows them all
	if have < len(seg.data) {
		c.driver.AppRecv(c.name, seg.data[have:])
		c.rcv.nxt = seg.seq + uint32(len(seg.data))
		c.sendAck()
	}
}

// takeFin is the eighth step: the end of the bytes.
func (c *connection) takeFin(seg *segment) {
	if !seg.has(fin) || seg.end()-1 != c.rcv.nxt {
		return
	}
	switch c.state {
	case established:
		c.state = closeWait
	case finWait1:
		c.state = closing
	case finWait2:
		c.enterTimeWait()
	default:
		return
	}
	c.rcv.nxt++
	c.sendAck()
	c.driver.AppPeerFin(c.name)
}
