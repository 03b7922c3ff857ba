package tcp

import (
	"syscall"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
)

// ICMPKind says what an ICMP error means to a connection (RFC 5461, RFC 9293, Section 3.9.2.2).
type ICMPKind uint8

const (
	// ICMPSoft: the network may recover: remembered as the reason should the connection fail.
	ICMPSoft ICMPKind = iota
	// ICMPHard: protocol or port unreachable, or prohibited.
	ICMPHard
	// ICMPTooBig: fragmentation needed and DF set, or packet too big.
	ICMPTooBig
)

// OnICMP takes an ICMP error whose embedded segment belongs to this connection. at is that segment's sequence number,
// mtu the path's next-hop MTU for ICMPTooBig, err what to report. It returns false if the error is not believed.
//
// RFC 5927, Section 4.1: the sequence number in the embedded segment has to be that of data in flight, SND.UNA =< SEG.SEQ
// < SND.NXT.
//
// req: RFC9293 MUST-54, SHLD-25, MUST-47, MUST-56, RFC5927 4.1-1, 5.2-1
func (c *Conn) OnICMP(now mono.Time, kind ICMPKind, at uint32, mtu int, err syscall.Errno) bool {
	c.wake()
	first := c.firstInFlight()
	if c.state == StateClosed || !seq.Number(at).InWindow(first, c.snd.nxt.Sub(first)) {
		return false
	}
	switch kind {
	case ICMPTooBig:
		return c.onPathMTU(now, mtu)
	case ICMPHard:
		// RFC 5461, Section 4: hard errors abort a connection only before it is synchronized.
		if !c.state.synchronized() {
			c.toClosed(err)
			return true
		}
	}
	c.soft = cause(err)
	return true
}

// minPathMTU is the least path MTU believed, as in Linux for IPv4 (RFC 8201, Section 4 for IPv6: 1280).
const minPathMTU = 552

// SoftError returns the last ICMP error that did not end the connection, nil if none.
func (c *Conn) SoftError() error { return c.soft.asError() }
