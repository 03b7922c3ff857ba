package simnet

import "github.com/antedon-net/antedon/wire"

// What is counted as it is seen on the wire, so that a test can tell whether its scenarios reach everything.
const (
	sightZeroWindow  = "zero windows"
	sightProbe       = "window and keep-alive probes"
	sightSACK        = "SACK options"
	sightDSACK       = "DSACK options"
	sightFINWithData = "FINs with data"
	sightReset       = "resets of connections"
	sightCrossedSYN  = "SYNs that crossed"
	sightCrossedFIN  = "FINs that crossed"
	sightFastOpen    = "SYNs with text"
	sightWrap        = "segments across sequence number 0"
	sightReuse       = "ports used again"
	sightSuper       = "super-packets"
	sightRepeatedSYN = "repeated SYNs"
	sightRepeatedFIN = "repeated FINs"
	sightOutage      = "packets lost in an outage"
	sightLinkFull    = "packets a shared link had no room for"
	sightTooBig      = "packets too big for a path"
	sightECE         = "segments that tell of a mark"
	sightCWR         = "segments that tell of a reduction"
)

// note counts what is remarkable about a segment. It is called before the segment is entered into the ledger.
func (e *end) note(h *wire.TCP, payload []byte, segSize int) {
	n, l := e.node.net, &e.said
	has := func(f wire.Flags) bool { return h.Flags&f == f }
	for _, s := range [...]struct {
		is   bool
		what string
	}{
		{has(wire.RST), sightReset},
		{h.Window == 0 && !has(wire.RST), sightZeroWindow},
		{l.opened && len(payload) == 0 && h.Flags == wire.ACK && l.offset(h.Seq) < l.nxt, sightProbe},
		{h.Options.NSACK > 0, sightSACK},
		{h.Options.NSACK > 0 && int32(h.Options.SACK[0].Right-h.Ack) <= 0, sightDSACK},
		{has(wire.FIN) && len(payload) > 0, sightFINWithData},
		{has(wire.FIN) && l.fin != 0, sightRepeatedFIN},
		{has(wire.SYN) && l.opened, sightRepeatedSYN},
		{has(wire.SYN|wire.ACK) && e.side == 0, sightCrossedSYN},
		{has(wire.SYN) && len(payload) > 0, sightFastOpen},
		{has(wire.FIN) && l.fin == 0 && e.crosses(h), sightCrossedFIN},
		{has(wire.SYN) && !l.opened && len(n.ends[e.id]) > 0, sightReuse},
		{uint64(h.Seq)+uint64(len(payload)) > 1<<32, sightWrap},
		{segSize > 0, sightSuper},
	} {
		if s.is {
			n.sights[s.what]++
		}
	}
}

// crosses reports whether the peer has sent a FIN that had not arrived when the segment was made.
func (e *end) crosses(h *wire.TCP) bool {
	return e.peer != nil && e.peer.said.fin != 0 && e.peer.said.offset(h.Ack) <= e.peer.said.fin
}

// Saw returns how often something remarkable has happened, such as "zero windows" or "FINs that crossed".
func (n *Net) Saw(what string) uint64 { return n.sights[what] }
