package stateless

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// phase is how far a connection has come, as far as its peer has heard of it. It only grows, and so do the timestamps with it, as
// RFC 7323, Section 5.3 wants them to.
type phase uint8

const (
	phaseSYN     phase = iota // only the SYN was sent
	phaseOpen                 // the SYN-ACK was acknowledged, with the request if there is one
	phaseReading              // some of the answer was acknowledged
	phaseClosing              // our FIN was sent
)

const phaseBits = 2

// stamp is the time of a connection's SYN, in microseconds of the Engine's life. It takes 30 bits.
type stamp uint32

// stampAt returns the stamp of an instant.
func (e *Engine) stampAt(now mono.Time) stamp { return stamp(now.Sub(e.start) / time.Microsecond) }

// age returns how long ago the SYN of that stamp was sent.
func (e *Engine) age(now mono.Time, s stamp) time.Duration {
	return now.Sub(e.start) - time.Duration(s)*time.Microsecond
}

// timestamp is what stands in the timestamp option of a segment.
func timestamp(s stamp, p phase) uint32 { return uint32(s)<<phaseBits | uint32(p) }

// isn returns the initial sequence number of a connection.
//
// RFC 9293, Section 3.4.1: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)"
func (e *Engine) isn(src netip.AddrPort, s stamp) uint32 { return uint32(s) + e.hash(src) }

// hash is F. The remote end is the same for all.
func (e *Engine) hash(src netip.AddrPort) uint32 {
	a := src.Addr().As16()
	return uint32(e.cfg.Key.Sum(binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(a[8:]), uint64(src.Port())))
}

// maxHandshake is how late a SYN may be answered: Linux tries for 63 s.
const maxHandshake = 64 * time.Second

// identity is what a segment says of the connection it belongs to.
type identity struct {
	stamp stamp
	phase phase
	acked int // of what we have sent: 0 to the request's length, and one more for our FIN
}

// identify finds out about the connection of a segment from src's peer. It reports false for a segment that does not prove to
// belong to a connection of ours.
//
// Without timestamps, which is how connections are refused, only the SYN can be acknowledged, and recently.
func (e *Engine) identify(now mono.Time, src netip.AddrPort, h *wire.TCP) (identity, bool) {
	var id identity
	base := h.Ack - 1 - e.hash(src) // stamp + acked
	if h.Options.HasTimestamps && h.Options.TSEcr != 0 {
		id.stamp, id.phase = stamp(h.Options.TSEcr>>phaseBits), phase(h.Options.TSEcr&(1<<phaseBits-1))
	} else {
		id.stamp = stamp(base)
		return id, e.age(now, id.stamp) >= 0 && e.age(now, id.stamp) <= maxHandshake
	}
	acked := base - uint32(id.stamp)
	id.acked = int(acked)
	return id, acked <= uint32(len(e.cfg.Request))+1 && e.age(now, id.stamp) >= 0
}
