package host

import (
	"net/netip"
	"syscall"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// UDPOptions vary a socket from the defaults.
type UDPOptions struct {
	// AnyAddress takes datagrams to addresses that are not the host's own as well, and allows them as source. An
	// unconnected socket has to be on a wildcard address for that.
	AnyAddress bool
	// AnyPort takes datagrams to every port no other socket has. The port of its address is 0.
	AnyPort bool
	// Buffer bounds the queue of datagrams received, in bytes of whole chunks: Limits.UDPBuffer.
	Buffer int
}

// UDP is a UDP socket.
type UDP struct {
	// User belongs to the driver.
	User any

	host          *Host
	local, remote netip.AddrPort
	opt           UDPOptions
	flow          flow[*UDP] // if connected,
	ends          tuple      // between these
	next          *UDP       // on the same port, if not
	queue         fifo[Datagram]
	held          int // chunk bytes in the queue
	err           syscall.Errno
	dirty         bool
	closed        bool
}

// Datagram is a datagram that was received.
//
// req: RFC1122 3.2.1.6-2, 4.1.3.5-1
type Datagram struct {
	// View is its payload. The receiver releases it.
	buffer.View
	From, To netip.AddrPort
	TOS, TTL uint8
}

// OpenUDP opens a socket on local, connected to remote if that is valid. The zero Addr stands for every address of the host,
// an unspecified one for all of its family; port 0 is chosen. A connected socket's address is chosen if it is open.
//
// It fails like DialTCP and ListenTCP.
func (h *Host) OpenUDP(local, remote netip.AddrPort, opt UDPOptions) (*UDP, error) {
	local, remote = unmap(local), unmap(remote)
	opt.Buffer = or(opt.Buffer, h.cfg.Limits.UDPBuffer)
	u := &UDP{host: h, local: local, remote: remote, opt: opt}
	open := u.bind
	if remote.IsValid() {
		open = u.connect
	}
	if err := open(); err != nil {
		return nil, err
	}
	return u, nil
}

// connect enters u among the connected sockets.
func (u *UDP) connect() error {
	h := u.host
	if u.remote.Port() == 0 || u.opt.AnyPort {
		return errInvalid
	}
	src, err := h.chooseSource(u.local.Addr(), u.remote.Addr(), u.opt.AnyAddress)
	if err != nil {
		return err
	}
	free := func(port uint16) bool {
		key := makeTuple(netip.AddrPortFrom(src, port), u.remote)
		return h.udp.connected.find(&key, key.hash(h.flowKey)) == nil
	}
	port := u.local.Port()
	if port == 0 {
		var ok bool
		port, ok = h.randomPort(func(port uint16) bool { return h.udp.bound[port] == nil && free(port) })
		if !ok {
			return errAddrNotAvail
		}
	} else if !free(port) {
		return errAddrInUse
	}
	u.local = netip.AddrPortFrom(src, port)
	u.ends = makeTuple(u.local, u.remote)
	u.flow = flow[*UDP]{hash: u.ends.hash(h.flowKey), owner: u}
	h.udp.connected.insert(&u.flow)
	return nil
}

func (u *UDP) key() *tuple { return &u.ends }

// bind enters u among the sockets of its port.
func (u *UDP) bind() error {
	h := u.host
	a, port := u.local.Addr(), u.local.Port()
	switch {
	case u.opt.AnyPort && port != 0, u.opt.AnyAddress && !isWildcard(a):
		return errInvalid
	case !isWildcard(a) && !h.isSelf(a) && !h.cfg.AnyAddress:
		return errAddrNotAvail
	case port == 0 && !u.opt.AnyPort:
		var ok bool
		port, ok = h.randomPort(func(port uint16) bool { return !h.udpTaken(a, port) })
		if !ok {
			return errAddrInUse
		}
		u.local = netip.AddrPortFrom(a, port)
	case h.udpTaken(a, port):
		return errAddrInUse
	}
	u.next = h.udp.bound[port]
	h.udp.bound[port] = u
	return nil
}

// udpTaken reports whether an unconnected socket has port for an address that overlaps with a.
func (h *Host) udpTaken(a netip.Addr, port uint16) bool {
	for u := h.udp.bound[port]; u != nil; u = u.next {
		if overlap(u.local.Addr(), a) {
			return true
		}
	}
	return false
}

func (u *UDP) clean() { u.dirty = false }

// Addrs returns the local address, its port chosen, and the remote one, which is not valid unless u is connected.
//
// req: RFC1122 4.1.3.5-3
func (u *UDP) Addrs() (local, remote netip.AddrPort) { return u.local, u.remote }

// Close closes the socket and drops what was not received.
func (u *UDP) Close() {
	if u.closed {
		return
	}
	u.closed = true
	h := u.host
	if u.remote.IsValid() {
		h.udp.connected.remove(&u.flow)
	} else if first := h.udp.bound[u.local.Port()]; first == u {
		if u.next == nil {
			delete(h.udp.bound, u.local.Port())
		} else {
			h.udp.bound[u.local.Port()] = u.next
		}
	} else {
		for first.next != u {
			first = first.next
		}
		first.next = u.next
	}
	for d, ok := u.Receive(); ok; d, ok = u.Receive() {
		h.pool.Release(d.Chunk)
	}
}

// SendOptions vary a datagram from the defaults.
//
// req: RFC1122 3.2.1.6-1, 3.2.1.7-3, 4.1.4-1, 3.2.1.7-4
type SendOptions struct {
	// From is the source address, of the socket's if that is a wildcard: chosen.
	From netip.Addr
	// TOS and TTL are the IP header's fields: 0 and 64.
	TOS, TTL uint8
}

// Send sends a datagram, in fragments if it exceeds the path's MTU. It copies payload. to is where to, not valid if u is
// connected.
//
// It fails with the last error the network reported on a connected socket (see TakeError), EMSGSIZE, ENOBUFS if the device is
// too slow, EISCONN or EDESTADDRREQ, and like DialTCP.
//
// req: RFC1122 4.1.3.4-2, 3.2.1.7-1
func (u *UDP) Send(now mono.Time, to netip.AddrPort, payload []byte, opt SendOptions) error {
	h := u.host
	h.now = max(h.now, now)
	if err := u.TakeError(); err != nil {
		return err
	}
	from, to, err := u.route(unmap(to), opt.From)
	if err != nil {
		return err
	}
	ip := ipHeader{src: from.Addr(), dst: to.Addr(), proto: wire.ProtoUDP, tos: opt.TOS, ttl: opt.TTL}
	if ip.ttl == 0 {
		ip.ttl = ttl
	}
	if u.remote.IsValid() {
		ip.label = uint32(u.flow.hash) & 0xfffff
	}
	n := wire.UDPHeaderLen + len(payload)
	if n > maxWhole(to.Addr())-ip.len() {
		return errMessageSize
	}
	d := h.compose(ip, n)
	header := wire.UDP{SrcPort: from.Port(), DstPort: to.Port(), Length: uint16(n)}
	pseudo := wire.PseudoSum(wire.ProtoUDP, ip.src, ip.dst, n)
	if h.cfg.Offload.Has(link.OffloadChecksum) {
		header.Checksum, d.sumOffset = pseudo, udpChecksumOffset
	}
	d.body = append(header.AppendTo(d.body), payload...)
	if d.sumOffset == 0 {
		putUint16(d.body[udpChecksumOffset:], wire.UDPChecksum(pseudo, d.body))
	}
	if !h.send(d) {
		return errNoBufs
	}
	return nil
}

// maxWhole is the length no IP packet to dst exceeds, in fragments or not.
func maxWhole(dst netip.Addr) int {
	if dst.Is4() {
		return link.MaxPacket
	}
	return link.MaxPacket + wire.IPv6HeaderLen
}

// route returns the two ends of a datagram to be sent.
func (u *UDP) route(to netip.AddrPort, src netip.Addr) (netip.AddrPort, netip.AddrPort, error) {
	switch {
	case u.closed:
		return u.local, to, errClosed
	case u.remote.IsValid() && to.IsValid() && to != u.remote:
		return u.local, to, errConnected
	case u.remote.IsValid():
		return u.local, u.remote, nil
	case !to.IsValid() || to.Port() == 0:
		return u.local, to, errNoDestination
	}
	if !isWildcard(u.local.Addr()) {
		src = u.local.Addr()
	} else if u.local.Addr().IsValid() && u.local.Addr().Is4() != to.Addr().Is4() {
		return u.local, to, errInvalid
	}
	src, err := u.host.chooseSource(src.Unmap(), to.Addr(), u.opt.AnyAddress)
	return netip.AddrPortFrom(src, u.local.Port()), to, err
}

// Receive returns the oldest datagram received, and false if there is none.
func (u *UDP) Receive() (Datagram, bool) {
	if u.queue.len() == 0 {
		return Datagram{}, false
	}
	d := u.queue.pop()
	u.held -= len(d.Chunk.B)
	return d, true
}

// TakeError returns the error the network reported about what was sent, nil if none, and clears it.
func (u *UDP) TakeError() error {
	if u.err == 0 {
		return nil
	}
	err := u.err
	u.err = 0
	return err
}
