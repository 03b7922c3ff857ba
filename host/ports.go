package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/antedon-net/antedon/internal/siphash"
)

// The range of ephemeral ports, Linux's.
const (
	firstEphemeral = 32768
	lastEphemeral  = 60999
	numEphemeral   = lastEphemeral - firstEphemeral + 1
)

// keyedCounters count for each pair of ends from a start of its own, so that nobody learns from the numbers it is shown
// which ones others are. Pairs share 64 counters, by another keyed hash.
type keyedCounters struct {
	key siphash.Key
	n   [64]uint32
}

// at returns where the pair of src and dst (with a port, or anything else that tells its numbers apart) stands, and the
// counter to advance.
func (k *keyedCounters) at(src, dst netip.Addr, extra uint64) (uint32, *uint32) {
	s, d := src.As16(), dst.As16()
	x := k.key.Sum(binary.LittleEndian.Uint64(s[:8]), binary.LittleEndian.Uint64(s[8:]),
		binary.LittleEndian.Uint64(d[:8]), binary.LittleEndian.Uint64(d[8:]), extra)
	n := &k.n[x>>58]
	return uint32(x) + *n, n
}

// ephemeral returns a port for a connection from local to remote that suits; false if none does.
//
// This is algorithm 4 of RFC 6056, Section 3.3.4 (double-hash port selection): one hash of the ends gives the offset, one
// the counter, and only that counter moves on.
func (h *Host) ephemeral(local netip.Addr, remote netip.AddrPort, suits func(port uint16) bool) (uint16, bool) {
	start, counter := h.ports.at(local, remote.Addr(), uint64(remote.Port()))
	port, tried, ok := firstSuiting(start, suits)
	*counter += tried
	return port, ok
}

// randomPort returns a port that suits, drawn anew each time (RFC 6056, Section 3.3.1, algorithm 1): for UDP, where
// guessing the next port may be all it takes to forge an answer, and for listeners.
func (h *Host) randomPort(suits func(port uint16) bool) (uint16, bool) {
	port, _, ok := firstSuiting(uint32(h.rnd.below(numEphemeral)), suits)
	return port, ok
}

// firstSuiting returns the first port from start on that suits, and how many it looked at.
func firstSuiting(start uint32, suits func(port uint16) bool) (port uint16, tried uint32, ok bool) {
	for tried = range uint32(numEphemeral) {
		port = uint16(firstEphemeral + (start%numEphemeral+tried)%numEphemeral)
		if suits(port) {
			return port, tried + 1, true
		}
	}
	return 0, numEphemeral, false
}

// fragmentID returns the identification of the next packet from src to dst that is sent in fragments.
//
// It is chosen as RFC 7739, Section 5.3 does, by hash and counter: no two packets of one source, destination and protocol
// meet with the same one (RFC 6864, Section 4.3), and nobody else can guess it.
//
// req: RFC791 3.2-4, RFC6864 4.2-1, 4.3-1, RFC8200 4.5-1
func (h *Host) fragmentID(ip *ipHeader) uint32 {
	id, counter := h.ids.at(ip.src, ip.dst, uint64(ip.proto))
	*counter++
	return id
}

// overlap reports whether two local addresses of sockets on the same port can both be meant by a packet. The zero Addr
// stands for all addresses, an unspecified one for all of its family.
func overlap(a, b netip.Addr) bool {
	switch {
	case !a.IsValid() || !b.IsValid():
		return true
	case a.Is4() != b.Is4():
		return false
	}
	return a == b || a.IsUnspecified() || b.IsUnspecified()
}

// isWildcard reports whether a stands for more than one address.
func isWildcard(a netip.Addr) bool { return !a.IsValid() || a.IsUnspecified() }

// unspecified returns the address that stands for all of a's family.
func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// unmap returns a as the host knows addresses: IPv4 as such, without zone.
func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}
