package udp

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// source is whose datagrams are ours. A connected socket takes no others, but for those that came before it was connected.
type source struct {
	known bool
	addr  netip.AddrPort
	last  name // an address in the kernel's words that was found to be addr
}

// setPeer says whose datagrams to accept. Nobody reads yet.
func (r *reader) setPeer(a netip.AddrPort) { r.peer = source{known: true, addr: a} }

// isOurs reports whether message i comes from the other end. Its first datagram has each bytes, and lies in buf if it fits.
func (r *reader) isOurs(fd, i int, buf []byte, each int) bool {
	from := &r.names[i]
	if r.peer.known {
		return r.peer.is(from)
	}
	return each <= len(buf) && isPacket(buf[:each]) && r.learn(fd, from)
}

// is compares without parsing what is nearly always the same.
func (s *source) is(from *name) bool {
	if *from == s.last {
		return true
	}
	a := from.addrPort()
	if a != s.addr && (a.Port() != s.addr.Port() || a.Addr().WithZone("") != s.addr.Addr()) {
		return false
	}
	s.last = *from
	return true
}

// learn makes who sent a datagram the other end.
func (r *reader) learn(fd int, from *name) bool {
	a := from.addrPort()
	if connect(fd, a) != nil {
		return false
	}
	r.setPeer(a)
	r.d.learnPathMTU(fd)
	r.d.peer.Store(&a)
	return true
}

// addrPort parses a struct sockaddr_in or sockaddr_in6.
func (n *name) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(n[2:])
	if binary.NativeEndian.Uint16(n[:]) == unix.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(n[4:8])), port)
	}
	return netip.AddrPortFrom(withZone([16]byte(n[8:24]), binary.NativeEndian.Uint32(n[24:])), port)
}
