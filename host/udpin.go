package host

import (
	"net/netip"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// recvUDP takes a UDP datagram, or a super-packet of several.
//
// req: RFC1122 4.1.3.4-3, RFC6864 5.2-2
func (h *Host) recvUDP(in *inbound) Drop {
	header, payload, err := wire.ParseUDP(in.payload)
	if err != nil {
		return DropBadTransportHeader
	}
	if !in.sumOK && !header.ChecksumOK(in.src, in.dst, in.payload) {
		return DropBadTransportChecksum
	}
	local, remote := netip.AddrPortFrom(in.dst, header.DstPort), netip.AddrPortFrom(in.src, header.SrcPort)
	u := h.socketFor(in, local, remote)
	switch {
	case u == nil && in.to == toOwn:
		h.sendPortUnreachable(in)
		return DropNoUDPSocket
	case u == nil && in.to == toGroup:
		return DropNoUDPSocket
	case u == nil:
		return notOurs(in)
	}
	d := Datagram{From: remote, To: local, TOS: in.tos, TTL: in.ttl}
	if in.segSize == 0 || len(payload) <= in.segSize {
		return u.push(&d, payload, in)
	}
	drop := accepted
	for len(payload) > 0 {
		n := min(in.segSize, len(payload))
		if x := u.push(&d, payload[:n], in); x != accepted {
			drop = x
		}
		payload = payload[n:]
	}
	return drop
}

// push queues a datagram with the given payload.
//
// req: RFC4443 3.1-1
func (u *UDP) push(d *Datagram, payload []byte, in *inbound) Drop {
	h := u.host
	if u.held >= u.opt.Buffer {
		return DropReceiveQueueFull
	}
	d.View = h.keep(payload, in.owner)
	u.held += len(d.Chunk.B)
	u.queue.push(*d)
	h.markOther(u, &u.dirty)
	return accepted
}

// socketFor returns the most specific socket for a datagram, nil if there is none.
func (h *Host) socketFor(in *inbound, local, remote netip.AddrPort) *UDP {
	if u := h.findUDP(local, remote); u != nil {
		return u
	}
	if in.to == toOtherGroup {
		return nil
	}
	for _, port := range [...]uint16{local.Port(), 0} {
		var best *UDP
		for u := h.udp.bound[port]; u != nil; u = u.next {
			a := u.local.Addr()
			switch {
			case in.to == toForeign && !u.opt.AnyAddress, !overlap(a, in.dst):
			case best == nil, !isWildcard(a), a.IsValid() && !best.local.Addr().IsValid():
				best = u
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// findUDP returns the connected socket between two ends, nil if there is none.
func (h *Host) findUDP(local, remote netip.AddrPort) *UDP {
	key := makeTuple(local, remote)
	if f := h.udp.connected.find(&key, key.hash(h.flowKey)); f != nil {
		return f.owner
	}
	return nil
}

// errorForUDP tells a connected socket about a hard error, as Linux does. One that is not connected would not know which of
// its datagrams is meant; but the path's MTU counts for it too.
func (h *Host) errorForUDP(e *icmpError, q *quoted) Drop {
	local, remote := q.localEnd(), q.remoteEnd()
	u := h.findUDP(local, remote)
	if u == nil {
		in := inbound{dst: local.Addr(), to: toOwn}
		if e.kind == tcp.ICMPTooBig && h.socketFor(&in, local, remote) != nil {
			return accepted
		}
		return DropICMPUnmatched
	}
	if e.kind == tcp.ICMPHard {
		u.err = e.errno
		h.markOther(u, &u.dirty)
	}
	return accepted
}
