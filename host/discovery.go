package host

import "github.com/antedon-net/antedon/wire"

// isDiscovery reports whether an ICMPv6 message of this type may come from the unspecified address: from a host that has no
// address yet.
func isDiscovery(typ uint8) bool {
	switch typ {
	case wire.ICMPv6RouterSolicitation, wire.ICMPv6NeighborSolicitation,
		wire.ICMPv6MLDReport, wire.ICMPv6MLDDone, wire.ICMPv6MLDv2Report:
		return true
	}
	return false
}

// recvDiscovery takes what a neighbour asks.
//
// RFC 4861, Sections 6.1.1 and 7.1.1: "The IP Hop Limit field has a value of 255, i.e., the packet could not possibly have
// been forwarded by a router."
func (h *Host) recvDiscovery(in *inbound, m *wire.ICMPv6, payload []byte) Drop {
	if in.ttl != 255 {
		return DropNeighborBad
	}
	if m.Type == wire.ICMPv6RouterSolicitation {
		if _, err := wire.ParseRouterSolicitation(m, payload); err != nil {
			return DropNeighborBad
		}
		h.count.RouterSolicitations++ // a host does not answer
		return accepted
	}
	n, _, err := wire.ParseNeighbor(m, payload)
	switch {
	case err != nil:
		return DropNeighborBad
	case !h.addrs.own(n.Target):
		return DropNotForUs
	}
	h.advertise(in, &n)
	return accepted
}

// advertise answers a neighbor solicitation for an address of ours. A link without addresses needs no such answer, but
// whoever asks, as in duplicate address detection, should know that we are there.
func (h *Host) advertise(in *inbound, asked *wire.Neighbor) {
	n := wire.Neighbor{Advertisement: true, Solicited: true, Override: true, Target: asked.Target}
	ip := ipHeader{src: asked.Target, dst: in.src, proto: wire.ProtoICMPv6, ttl: 255}
	if in.src.IsUnspecified() {
		// RFC 4861, Section 7.2.4: "set the Solicited flag to zero and multicast the advertisement to the all-nodes address"
		n.Solicited, ip.dst = false, v6AllNodes
	}
	var body [16]byte
	m := n.Header()
	target := n.AppendTo(body[:0])
	d := h.compose(ip, wire.ICMPHeaderLen+len(target))
	d.body = m.AppendTo(d.body, ip.src, ip.dst, target)
	if h.send(d) {
		h.count.NeighborsAnswered++
	}
}
