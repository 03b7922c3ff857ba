package host

import (
	"net/netip"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
)

const (
	minMTU   = 68   // RFC 791: "Every internet module must be able to forward a datagram of 68 octets"
	minMTUv6 = 1280 // RFC 8200, Section 5

	// minPathMTU is the least a router is believed about an IPv4 path, as in Linux: smaller ones serve attacks.
	minPathMTU = 552

	// pathMTULife is how long it is believed. RFC 1191, Section 6.3 and RFC 8201, Section 4: "10 minutes".
	pathMTULife = 10 * time.Minute
)

// pathMTU is what a router said about the path to an address.
type pathMTU struct {
	dst     netip.Addr
	mtu     int
	expires mono.Time
}

// pathMTUs remembers a bounded number of them. A new one takes the place of the oldest.
type pathMTUs struct {
	limit int
	index map[netip.Addr]int
	paths []pathMTU
	next  int // to be replaced once all places are taken
}

// lookup returns the path MTU to dst if it is known.
func (c *pathMTUs) lookup(now mono.Time, dst netip.Addr) (int, bool) {
	if len(c.index) == 0 {
		return 0, false
	}
	i, ok := c.index[dst]
	if !ok || now >= c.paths[i].expires {
		return 0, false
	}
	return c.paths[i].mtu, true
}

func (c *pathMTUs) set(now mono.Time, dst netip.Addr, mtu int) {
	if c.index == nil {
		c.index = map[netip.Addr]int{}
	}
	p := pathMTU{dst, mtu, now.Add(pathMTULife)}
	i, known := c.index[dst]
	switch {
	case known:
		c.paths[i] = p
		return
	case len(c.paths) < c.limit:
		i = len(c.paths)
		c.paths = append(c.paths, p)
	default:
		i = c.next
		c.next = (c.next + 1) % c.limit
		delete(c.index, c.paths[i].dst)
		c.paths[i] = p
	}
	c.index[dst] = i
}

// mtu returns the size of the largest packet that is believed to reach dst whole.
//
// req: RFC1122 3.3.3-1
func (h *Host) mtu(dst netip.Addr) int {
	if h.isSelf(dst) {
		return link.MaxPacket
	}
	mtu := h.cfg.MTU
	if r := h.routes.lookup(dst); r != nil && r.MTU != 0 {
		mtu = min(mtu, r.MTU)
	}
	if known, ok := h.paths.lookup(h.now, dst); ok {
		mtu = min(mtu, known)
	}
	return mtu
}

// plateaus are the MTUs there are (RFC 1191, Section 7.1).
var plateaus = [...]int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}

// reportedMTU returns the path MTU to assume when a router could not forward a packet of the given length, and false if
// what it says is of no use. What is known of the path already does not matter: each connection has to be told.
//
// Old routers report 0: then it is the next plateau below the packet's length (RFC 1191, Section 5).
// RFC 8201, Section 4: "If a node receives a Packet Too Big message reporting a next-hop MTU that is less than the IPv6
// minimum link MTU, it must discard it."
//
// req: RFC8200 5-2
func reportedMTU(dst netip.Addr, mtu, length int) (int, bool) {
	if dst.Is6() {
		return mtu, mtu >= minMTUv6 && mtu < length
	}
	if mtu == 0 {
		for _, p := range plateaus {
			if p < length {
				mtu = p
				break
			}
		}
	}
	if mtu < minMTU {
		return 0, false
	}
	mtu = max(mtu, minPathMTU)
	return mtu, mtu < length
}
