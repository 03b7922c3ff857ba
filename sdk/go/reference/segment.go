package main

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// checksumAt is where the checksum stands in a header.
const checksumAt = 16

// transmit sends every segment that the connection has to send.
func (o *outgoing) transmit(now mono.Time, c *conn) {
	out := tcp.Out{Payload: o.views[:0]}
	for c.Next(now, &out) {
		b := out.Header.AppendTo(o.segment[:0])
		for _, v := range out.Payload {
			b = append(b, v.B...)
		}
		o.env.Pool.ReleaseAll(out.Payload)
		id := c.ID()
		o.send(c.name, b, id.Local.Addr(), id.Remote.Addr())
	}
}

// send puts the checksum into a segment and sends it.
func (o *outgoing) send(name api.Conn, b []byte, src, dst netip.Addr) {
	pseudo := wire.PseudoSum(wire.ProtoTCP, src, dst, len(b))
	binary.BigEndian.PutUint16(b[checksumAt:], wire.TransportChecksum(pseudo, b))
	o.driver.TcpTx(name, b)
	o.segment = b
}

// isIntact reports whether a segment that the remote end sent has a right checksum.
func isIntact(name api.Conn, b []byte) bool {
	local, okLocal := addrPort(name.Src)
	remote, okRemote := addrPort(name.Dst)
	return okLocal && okRemote && wire.TransportChecksumOK(wire.ProtoTCP, remote.Addr(), local.Addr(), b)
}

// refuse answers a segment of a connection that does not exist.
func (o *outgoing) refuse(name api.Conn, seg *tcp.Segment) {
	src, okSrc := addrPort(name.Src)
	dst, okDst := addrPort(name.Dst)
	if header, ok := tcp.ResetFor(seg); ok && okSrc && okDst {
		o.send(name, header.AppendTo(o.segment[:0]), src.Addr(), dst.Addr())
	}
}
