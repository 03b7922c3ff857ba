package drill

import (
	"encoding/binary"
	"fmt"

	"github.com/antedon-net/antedon/wire"
)

// What holds in every script.
var (
	ruleHeader   = &Rule{9293, "3.1", "TCP segments are sent as internet datagrams. … A TCP header, followed by any user data in the segment, is formatted as follows"}
	ruleChecksum = &Rule{9293, "3.1", "The sender MUST generate it (MUST-2) and the receiver MUST check it (MUST-3)."}
	ruleText     = &Rule{9293, "3.1", "The sequence number of the first data octet in this segment (except when the SYN flag is set)."}
	ruleAck      = &Rule{9293, "3.1", "If the ACK control bit is set, this field contains the value of the next sequence number the sender of the segment is expecting to receive."}
	ruleMSS      = &Rule{9293, "3.2", "This field may be sent in the initial connection request (i.e., in segments with the SYN control bit set) and MUST NOT be sent in other segments (MUST-65)."}
)

// checkAlways checks what is wrong with a segment of the program whatever is expected. b is the segment.
func (c *conversation) checkAlways(a *arrival, b []byte) {
	h := &a.h
	src, dst := c.name.Src, c.name.Dst
	switch {
	case h.SrcPort != src.Port() || h.DstPort != dst.Port():
		c.fail(ruleHeader, fmt.Sprintf("source port %d and destination port %d, those of conn.src and conn.dst", src.Port(), dst.Port()),
			fmt.Sprintf("source port %d and destination port %d", h.SrcPort, h.DstPort))
	case !wire.TransportChecksumOK(wire.ProtoTCP, src.Addr(), dst.Addr(), b):
		zeroed := append([]byte(nil), b...)
		binary.BigEndian.PutUint16(zeroed[checksumAt:], 0)
		want := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src.Addr(), dst.Addr(), len(b)), zeroed)
		c.fail(ruleChecksum, fmt.Sprintf("the checksum %#04x, over pseudo-header, header and text", want), fmt.Sprintf("the checksum %#04x", h.Checksum))
	case h.Options.HasMSS && !h.Flags.Has(wire.SYN):
		c.fail(ruleMSS, "the MSS option in a SYN only", "an MSS option in a segment without SYN")
	case h.Flags.Has(wire.ACK) && !h.Flags.Has(wire.RST) && c.rcv.nxt != c.irs && less(c.rcv.nxt, h.Ack):
		c.fail(ruleAck, "an acknowledgment of at most "+relative(c.rcv.nxt, c.irs, "IRS")+", where what you have got in order ends",
			"<ACK="+relative(h.Ack, c.irs, "IRS")+">")
	default:
		c.checkText(a)
	}
}

// checkText checks that the text is what the application wrote at that place.
func (c *conversation) checkText(a *arrival) {
	if len(a.text) == 0 || a.h.Flags.Has(wire.RST) {
		return // a RST may say in words why it was sent
	}
	first := a.h.Seq
	if a.h.Flags.Has(wire.SYN) {
		first++
	}
	at := int(int32(first - c.iss - 1))
	for i, b := range a.text {
		switch {
		case at+i < 0:
		case at+i >= len(c.wrote):
			c.fail(ruleText, fmt.Sprintf("text of the %d bytes that the application wrote, so up to %s", len(c.wrote), relative(c.iss+1+uint32(len(c.wrote)), c.iss, "ISS")),
				fmt.Sprintf("%d bytes of text at %s", len(a.text), relative(first, c.iss, "ISS")))
			return
		case b != c.wrote[at+i]:
			c.fail(ruleText, fmt.Sprintf("at %s the byte that the application wrote there, %q", relative(first+uint32(i), c.iss, "ISS"), c.wrote[at+i]),
				fmt.Sprintf("%q", b))
			return
		}
	}
}
