package udp

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/wire"
)

const (
	// maxNotices wait at most: the stack learns from one, and from the next if that was not enough.
	maxNotices = 4

	// maxQuote is how much of a packet a notice quotes: the headers up to TCP's sequence number, at least.
	maxQuote = 128

	noticeRoom = wire.IPv6HeaderLen + wire.ICMPHeaderLen + maxQuote
)

// notices are ICMP messages from the device to its own stack, which come by Read as they would from the first router on the
// path: a packet was too big for it.
type notices struct {
	waiting atomic.Int32

	mu sync.Mutex
	b  [maxNotices][]byte
	n  int
}

// add tells the stack that the packet that begins with quoted was longer than the path takes, which is mtu.
//
// RFC 1191, Section 4: "The datagram is too big [...] Next-Hop MTU". RFC 8201 says the same of IPv6.
func (n *notices) add(quoted []byte, mtu int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.n == maxNotices {
		return false
	}
	if n.b[n.n] == nil {
		n.b[n.n] = make([]byte, 0, noticeRoom)
	}
	b := appendTooBig(n.b[n.n][:0], quoted[:min(len(quoted), maxQuote)], mtu)
	if b == nil {
		return false
	}
	n.b[n.n] = b
	n.n++
	n.waiting.Store(int32(n.n))
	return true
}

// handOut puts the notices into the batch.
func (n *notices) handOut(b *batch) {
	if n.waiting.Load() == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	done := 0
	for done < n.n && b.n < len(b.pkts) {
		b.take(n.b[done])
		done++
	}
	for i := done; i < n.n; i++ {
		n.b[i-done], n.b[i] = n.b[i], n.b[i-done]
	}
	n.n -= done
	n.waiting.Store(int32(n.n))
}

// appendTooBig appends the message to b, from the address that the packet was for; nil if it is no packet to speak of.
func appendTooBig(b, packet []byte, mtu int) []byte {
	switch {
	case len(packet) >= wire.IPv4HeaderLen && packet[0]>>4 == 4:
		from, to := netip.AddrFrom4([4]byte(packet[16:20])), netip.AddrFrom4([4]byte(packet[12:16]))
		ip := wire.IPv4{TTL: 64, Proto: wire.ProtoICMP, Src: from, Dst: to}
		m := wire.ICMPv4{Type: wire.ICMPv4Unreachable, Code: wire.ICMPv4FragNeeded, Rest: wire.ICMPv4MTURest(mtu)}
		return m.AppendTo(ip.AppendTo(b, wire.ICMPHeaderLen+len(packet)), packet)
	case len(packet) >= wire.IPv6HeaderLen && packet[0]>>4 == 6:
		from, to := netip.AddrFrom16([16]byte(packet[24:40])), netip.AddrFrom16([16]byte(packet[8:24]))
		ip := wire.IPv6{HopLimit: 64, NextHeader: wire.ProtoICMPv6, Src: from, Dst: to}
		m := wire.ICMPv6{Type: wire.ICMPv6PacketTooBig, Rest: uint32(mtu)}
		return m.AppendTo(ip.AppendTo(b, wire.ICMPHeaderLen+len(packet)), from, to, packet)
	}
	return nil
}

// learnPathMTU asks the kernel what the path carries, and returns how long a packet may be, 0 if that is not known.
func (d *Device) learnPathMTU(fd int) int {
	level, option, headers := unix.IPPROTO_IP, unix.IP_MTU, 20+8
	if d.ipv6 {
		level, option, headers = unix.IPPROTO_IPV6, unix.IPV6_MTU, 40+8
	}
	n, err := unix.GetsockoptInt(fd, level, option)
	if err != nil || n <= headers {
		return 0
	}
	n = min(n, 65535) - headers
	d.pathMTU.Store(int32(n))
	return n
}

// onUnreachable takes note of an error that the network has reported about datagrams sent before.
func (d *Device) onUnreachable(fd int, err syscall.Errno) {
	d.count.unreachable.Add(1)
	if err == unix.EMSGSIZE {
		d.learnPathMTU(fd)
	}
}
