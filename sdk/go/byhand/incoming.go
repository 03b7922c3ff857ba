package main

import "github.com/antedon-net/antedon/sdk/go/api"

// PeerConnect answers a SYN: the other half of the handshake.
func (o *outgoing) PeerConnect(name api.Conn, b []byte) {
	seg, err := parseSegment(b)
	if err != nil || !seg.has(syn) {
		o.driver.ReleaseConnection(name)
		return
	}
	c := &connection{name: name, driver: o.driver, rto: firstRTO}
	o.conns[name] = c
	c.answer(&seg, o.iss())
}

// answer sends the SYN-ACK. Data that came with the SYN is left: the peer sends it again (Section 3.10.7.2: "Note that any
// other incoming control or data (combined with SYN) will be processed in the SYN-RECEIVED state").
func (c *connection) answer(seg *segment, iss uint32) {
	c.state = synReceived
	c.rcv.nxt = seg.seq + 1
	c.snd.una, c.snd.nxt = iss, iss
	c.sendNew(syn|ack, nil)
}

// checkAckOfSyn is the fifth check in SYN-RECEIVED: whether the peer has got our SYN-ACK.
//
// "If SND.UNA < SEG.ACK =< SND.NXT, then enter ESTABLISHED state and continue processing … If the segment acknowledgment is
// not acceptable, form a reset segment <SEQ=SEG.ACK><CTL=RST> and send it." (Section 3.10.7.4)
func (c *connection) checkAckOfSyn(seg *segment) bool {
	if !before(c.snd.una, seg.ack) || before(c.snd.nxt, seg.ack) {
		c.transmit(&segment{seq: seg.ack, flags: rst})
		return false
	}
	c.state = established
	c.driver.PeerConnected(c.name)
	return true
}
