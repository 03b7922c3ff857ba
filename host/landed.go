package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// timestampsLen is what timestamps take in a header, with their padding (RFC 7323, Appendix A).
const timestampsLen = 12

// HeaderLen returns how long the IP and TCP headers of c's segments are that bring text, as a rule.
func (c *Conn) HeaderLen() int {
	n := wire.IPv6HeaderLen + wire.TCPHeaderLen
	if c.ID().Remote.Addr().Is4() {
		n = wire.IPv4HeaderLen + wire.TCPHeaderLen
	}
	if c.HasTimestamps() {
		n += timestampsLen
	}
	return n
}

// RecvLanded is Recv for a packet that was read in two parts, the second, text, into memory in which c's reader waits for it. It
// returns how many bytes have come for the reader with that: they need not be read any more. MarkDirty(c) has to follow, soon.
//
// It does so for what a bulk transfer consists of. Of anything else, or of another connection's, it reports false and has done nothing:
// the packet is for Recv, once it is joined.
func (h *Host) RecvLanded(now mono.Time, c *Conn, p *link.Packet, text []byte) (n int, ok bool) {
	local, remote, tos, segment := plainIP(p.Bytes, len(p.Bytes)+len(text))
	if segment == nil || !p.CsumValid || c.embryo {
		return 0, false
	}
	header, rest, err := wire.ParseTCP(segment)
	id := c.ID()
	if err != nil || len(rest) > 0 || header.Flags&^wire.PSH != wire.ACK ||
		local != id.Local.Addr() || remote != id.Remote.Addr() || header.DstPort != id.Local.Port() || header.SrcPort != id.Remote.Port() {
		return 0, false
	}
	h.now = max(h.now, now)
	h.count.In.add(len(p.Bytes) + len(text))
	ecn := wire.ECN(tos & 3)
	seg := tcp.Segment{
		Header: header, Payload: text, Landed: true, SegSize: int(p.SegSize),
		ECT: ecn != wire.NotECT, CE: ecn == wire.CE,
	}
	h.count.TCPDrops[c.Recv(h.now, &seg)]++
	if !seg.Passed {
		return 0, true // it lies in the receive buffer, if anywhere
	}
	c.Consume(h.now, len(seg.Payload))
	return len(seg.Payload), true
}

// plainIP returns what the IP header says of a packet of n bytes, of which b are the first, and what follows it there. That is nil if
// it is not a TCP segment's header, or there is more to the IP header than what is fixed.
func plainIP(b []byte, n int) (dst, src netip.Addr, tos uint8, segment []byte) {
	be := binary.BigEndian
	switch {
	case len(b) < wire.IPv4HeaderLen:
	case b[0] == 0x45:
		const moreOrOffset = 0x3fff
		if int(be.Uint16(b[2:])) == n && be.Uint16(b[6:])&moreOrOffset == 0 && wire.Proto(b[9]) == wire.ProtoTCP &&
			wire.Checksum(b[:wire.IPv4HeaderLen]) == 0 {
			return netip.AddrFrom4([4]byte(b[16:])), netip.AddrFrom4([4]byte(b[12:])), b[1], b[wire.IPv4HeaderLen:]
		}
	case b[0]>>4 == 6 && len(b) >= wire.IPv6HeaderLen:
		if int(be.Uint16(b[4:])) == n-wire.IPv6HeaderLen && wire.Proto(b[6]) == wire.ProtoTCP {
			return netip.AddrFrom16([16]byte(b[24:])), netip.AddrFrom16([16]byte(b[8:])), uint8(be.Uint16(b) >> 4), b[wire.IPv6HeaderLen:]
		}
	}
	return
}
