package host

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// sendCookie answers a SYN for which there is no room with a SYN cookie (RFC 4987, Section 3.6): a SYN-ACK of which
// nothing is remembered but that there was one.
func (h *Host) sendCookie(l *Listener, in *inbound, seg *tcp.Segment, key *tuple) Drop {
	local, remote := in.ends(key)
	header, d := tcp.AnswerWithCookie(h.env(in.dst), l.cfg, h.now, tcp.ID{Local: local, Remote: remote}, h.mtu(in.src), seg)
	if d != tcp.Accepted {
		h.count.TCPDrops[d]++
		return accepted // counted under TCP's own name
	}
	l.cookieAt = h.now
	if h.sendHeader(ipHeader{src: in.dst, dst: in.src, tos: l.cfg.TOS &^ 3, ttl: l.cfg.TTL}, &header) {
		h.count.CookiesSent++
	}
	return accepted
}

// sendHeader sends a segment without text that belongs to no connection.
func (h *Host) sendHeader(ip ipHeader, header *wire.TCP) bool {
	ip.proto = wire.ProtoTCP
	d := h.compose(ip, header.Len())
	d.body = header.AppendTo(d.body)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, ip.src, ip.dst, len(d.body)), d.body)
	putUint16(d.body[tcpChecksumOffset:], sum)
	return h.send(d)
}

// sentCookies reports whether l has sent cookies that may still come back. From all others none is believed.
func (l *Listener) sentCookies(now mono.Time) bool {
	return l.cookieAt != 0 && now.Sub(l.cookieAt) < tcp.CookieLife
}

// recvCookie takes an ACK that belongs to no connection and may bring a cookie back.
//
// When the accept queue is full it is dropped, as in Linux: the peer, which thinks itself connected, repeats its data, and
// with it the cookie. So it is while DeferAccept waits for the data. One without a valid cookie is dropped too. RFC 9293,
// Section 3.10.7.2 has it answered with a RST, and Linux does; but it may be the second segment of a peer whose first, with
// the cookie, was lost and will be repeated.
func (h *Host) recvCookie(l *Listener, in *inbound, seg *tcp.Segment, key *tuple) Drop {
	if l.full() {
		return DropAcceptQueueFull
	}
	if l.opt.DeferAccept > 0 && len(seg.Payload) == 0 {
		return DropDeferred
	}
	local, remote := in.ends(key)
	t, d := tcp.AcceptCookie(h.env(in.dst), l.cfg, h.now, tcp.ID{Local: local, Remote: remote}, h.mtu(in.src), seg)
	h.count.TCPDrops[d]++
	if t == nil {
		h.count.CookiesRefused++
		return accepted // counted under TCP's own name
	}
	h.count.CookiesAccepted++
	c := h.adopt(t, *key)
	c.self = c.self || in.self
	if c.State() != tcp.StateClosed {
		c.young = &youth{listener: l}
		l.enqueue(c)
	}
	return accepted
}
