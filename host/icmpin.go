package host

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// recvICMPv4 takes an ICMP message.
//
// req: RFC9293 MUST-55, RFC1122 3.2.2-1, RFC5927 6.2-1
func (h *Host) recvICMPv4(in *inbound) Drop {
	m, payload, err := wire.ParseICMPv4(in.payload)
	if err != nil {
		return badICMP(err)
	}
	switch m.Type {
	case wire.ICMPv4Echo:
		if in.to != toOwn {
			return notOurs(in) // RFC 1122, Section 3.2.2.6: to a broadcast or multicast address "MAY be silently discarded"
		}
		h.sendEchoReply(in, m.Rest, payload)
		return accepted
	case wire.ICMPv4EchoReply:
		return h.recvEchoReply(in, m.ID(), m.Seq(), payload)
	case wire.ICMPv4Unreachable, wire.ICMPv4TimeExceeded, wire.ICMPv4ParameterProblem:
		e := errorV4(&m)
		return h.recvICMPError(in, &e, payload)
	}
	return DropICMPIgnored // redirects on a link with one neighbour, source quench (RFC 6633), timestamps, …
}

// recvICMPv6 takes an ICMPv6 message.
//
// req: RFC4443 2-1, 2.4-2
func (h *Host) recvICMPv6(in *inbound) Drop {
	m, payload, err := wire.ParseICMPv6(in.payload, in.src, in.dst)
	if err != nil {
		return badICMP(err)
	}
	if in.src.IsUnspecified() && !isDiscovery(m.Type) {
		return DropMartianSource
	}
	switch m.Type {
	case wire.ICMPv6Echo:
		if in.to != toOwn {
			return notOurs(in)
		}
		h.sendEchoReply(in, m.Rest, payload)
		return accepted
	case wire.ICMPv6EchoReply:
		return h.recvEchoReply(in, m.ID(), m.Seq(), payload)
	case wire.ICMPv6Unreachable, wire.ICMPv6PacketTooBig, wire.ICMPv6TimeExceeded, wire.ICMPv6ParameterProblem:
		e := errorV6(&m)
		return h.recvICMPError(in, &e, payload)
	case wire.ICMPv6RouterSolicitation, wire.ICMPv6NeighborSolicitation:
		return h.recvDiscovery(in, &m, payload)
	case wire.ICMPv6MLDQuery, wire.ICMPv6MLDReport, wire.ICMPv6MLDDone, wire.ICMPv6MLDv2Report:
		h.count.GroupReports++
		return accepted
	}
	return DropICMPIgnored
}

func badICMP(err error) Drop {
	if errors.Is(err, wire.ErrBadChecksum) {
		return DropBadTransportChecksum
	}
	return DropBadICMP
}

// notOurs names the drop of a packet that was not for an address of ours.
func notOurs(in *inbound) Drop {
	switch in.to {
	case toForeign:
		return DropNotForUs
	case toOtherGroup:
		return DropNotMember
	}
	return DropGroup
}

// icmpError is what an ICMP error means, in either version of IP.
type icmpError struct {
	kind      tcp.ICMPKind
	errno     syscall.Errno
	mtu       int
	typ, code uint8
}

// errnosV4 are Linux's errors for the codes of destination unreachable, and whether they are hard.
var errnosV4 = [...]struct {
	errno syscall.Errno
	hard  bool
}{
	wire.ICMPv4NetUnreachable:      {syscall.ENETUNREACH, false},
	wire.ICMPv4HostUnreachable:     {syscall.EHOSTUNREACH, false},
	wire.ICMPv4ProtoUnreachable:    {syscall.ENOPROTOOPT, true},
	wire.ICMPv4PortUnreachable:     {syscall.ECONNREFUSED, true},
	wire.ICMPv4FragNeeded:          {syscall.EMSGSIZE, false},
	wire.ICMPv4SourceRouteFailed:   {syscall.EOPNOTSUPP, false},
	wire.ICMPv4NetUnknown:          {syscall.ENETUNREACH, true},
	wire.ICMPv4HostUnknown:         {syscall.EHOSTDOWN, true},
	wire.ICMPv4HostIsolated:        {syscall.ENONET, true},
	wire.ICMPv4NetProhibited:       {syscall.ENETUNREACH, true},
	wire.ICMPv4HostProhibited:      {syscall.EHOSTUNREACH, true},
	wire.ICMPv4NetTOS:              {syscall.ENETUNREACH, false},
	wire.ICMPv4HostTOS:             {syscall.EHOSTUNREACH, false},
	wire.ICMPv4AdminProhibited:     {syscall.EHOSTUNREACH, true},
	wire.ICMPv4PrecedenceViolation: {syscall.EHOSTUNREACH, true},
	wire.ICMPv4PrecedenceCutoff:    {syscall.EHOSTUNREACH, true},
}

// req: RFC9293 MUST-56, RFC1122 3.2.2.1-5
func errorV4(m *wire.ICMPv4) icmpError {
	e := icmpError{typ: m.Type, code: m.Code, errno: syscall.EHOSTUNREACH}
	switch {
	case m.Type == wire.ICMPv4ParameterProblem:
		e.errno = syscall.EPROTO
	case m.Type == wire.ICMPv4Unreachable && m.Code == wire.ICMPv4FragNeeded:
		e.errno, e.kind, e.mtu = syscall.EMSGSIZE, tcp.ICMPTooBig, m.MTU()
	case m.Type == wire.ICMPv4Unreachable && int(m.Code) < len(errnosV4):
		e.errno = errnosV4[m.Code].errno
		if errnosV4[m.Code].hard {
			e.kind = tcp.ICMPHard
		}
	}
	return e
}

func errorV6(m *wire.ICMPv6) icmpError {
	e := icmpError{typ: m.Type, code: m.Code, errno: syscall.EHOSTUNREACH}
	switch m.Type {
	case wire.ICMPv6PacketTooBig:
		e.errno, e.kind, e.mtu = syscall.EMSGSIZE, tcp.ICMPTooBig, m.MTU()
	case wire.ICMPv6ParameterProblem:
		e.errno = syscall.EPROTO
		if m.Code == wire.ICMPv6UnknownHeader {
			e.kind = tcp.ICMPHard
		}
	case wire.ICMPv6Unreachable:
		switch m.Code {
		case wire.ICMPv6NoRoute:
			e.errno = syscall.ENETUNREACH
		case wire.ICMPv6PortUnreachable:
			e.errno, e.kind = syscall.ECONNREFUSED, tcp.ICMPHard
		case wire.ICMPv6AdminProhibited, wire.ICMPv6SourcePolicy, wire.ICMPv6RejectRoute:
			e.errno, e.kind = syscall.EACCES, tcp.ICMPHard
		}
	}
	return e
}

// quoted is what an ICMP error says of the packet it is about, which we sent.
type quoted struct {
	local, remote netip.Addr
	proto         wire.Proto
	length        int    // of the whole packet
	head          []byte // the first 8 bytes of its transport header
}

func (q *quoted) localEnd() netip.AddrPort {
	return netip.AddrPortFrom(q.local, binary.BigEndian.Uint16(q.head))
}

func (q *quoted) remoteEnd() netip.AddrPort {
	return netip.AddrPortFrom(q.remote, binary.BigEndian.Uint16(q.head[2:]))
}

// parseQuote reads the start of a packet. It is cut somewhere, so this is not a matter for package wire.
func parseQuote(b []byte) (q quoted, ok bool) {
	if len(b) < wire.IPv4HeaderLen {
		return q, false
	}
	n := 0
	switch b[0] >> 4 {
	case 4:
		n = int(b[0]&0xf) * 4
		if n < wire.IPv4HeaderLen || binary.BigEndian.Uint16(b[6:])&0x1fff != 0 { // a later fragment
			return q, false
		}
		q.local, q.remote = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		q.proto, q.length = wire.Proto(b[9]), int(binary.BigEndian.Uint16(b[2:]))
	case 6:
		if len(b) < wire.IPv6HeaderLen {
			return q, false
		}
		n = wire.IPv6HeaderLen
		q.local, q.remote = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		q.proto, q.length = wire.Proto(b[6]), n+int(binary.BigEndian.Uint16(b[4:]))
		// We send no extension header but this one.
		if q.proto == wire.ProtoFragment && len(b) >= n+wire.FragmentHeaderLen {
			if binary.BigEndian.Uint16(b[n+2:])&^7 != 0 {
				return q, false
			}
			q.proto, n = wire.Proto(b[n]), n+wire.FragmentHeaderLen
		}
	}
	if n == 0 || len(b) < n+8 {
		return q, false
	}
	q.head = b[n : n+8]
	return q, true
}

// recvICMPError takes an error about a packet we seem to have sent, and hands it to who sent it.
//
// RFC 5927, Section 4: an error counts only if what it quotes belongs to a connection and, for TCP, is in flight.
//
// req: RFC1122 3.2.2-3, 3.2.2.1-2, 3.2.2.4-1, 3.2.2.5-2, RFC4443 3.1-4, 3.2-1, 3.3-1, 3.4-3, 5.2-1
func (h *Host) recvICMPError(in *inbound, e *icmpError, payload []byte) Drop {
	q, ok := parseQuote(payload)
	if !ok {
		return DropBadICMP
	}
	if q.local != in.dst || q.local.Is4() != in.src.Is4() {
		return DropICMPUnmatched
	}
	if e.kind == tcp.ICMPTooBig {
		if e.mtu, ok = reportedMTU(q.remote, e.mtu, q.length); !ok {
			return DropICMPMTU
		}
	}
	d := DropICMPUnmatched
	switch q.proto {
	case wire.ProtoTCP:
		d = h.errorForConn(e, &q)
	case wire.ProtoUDP:
		d = h.errorForUDP(e, &q)
	case wire.ProtoICMP, wire.ProtoICMPv6:
		d = h.errorForPing(in, e, &q)
	}
	if d != accepted {
		return d
	}
	h.count.ICMPErrorsIn++
	if e.kind == tcp.ICMPTooBig && e.mtu <= h.mtu(q.remote) {
		h.paths.set(h.now, q.remote, e.mtu)
	}
	return accepted
}

// errorForConn hands an error to the connection that sent the segment.
//
// req: RFC9293 MUST-54, RFC1122 3.2.2.1-3, 3.2.2.1-4
func (h *Host) errorForConn(e *icmpError, q *quoted) Drop {
	c := h.findConn(q.localEnd(), q.remoteEnd())
	if c == nil {
		return DropICMPUnmatched
	}
	if !c.OnICMP(h.now, e.kind, binary.BigEndian.Uint32(q.head[4:]), e.mtu, e.errno) {
		return DropICMPSequence
	}
	h.MarkDirty(c)
	return accepted
}
