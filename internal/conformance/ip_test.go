package conformance_test

import (
	"bytes"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/wire"
)

// This file proves requirements of IP and ICMP that the tests beside the code have no occasion to name.

var (
	us4, them4 = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	us6, them6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	allNodes   = netip.MustParseAddr("ff02::1")
)

// node is a host, driven by hand.
type node struct {
	*host.Host
	t    *testing.T
	pool *buffer.Pool
	now  mono.Time
	pkt  host.Packet
}

func newNode(t *testing.T) *node {
	pool := buffer.NewPool(0)
	n := &node{t: t, pool: pool, now: mono.Time(time.Second)}
	n.Host = host.New(host.Config{
		Addrs:  []netip.Prefix{netip.PrefixFrom(us4, 24), netip.PrefixFrom(us6, 64)},
		Secret: [32]byte{1}, Pool: pool,
	})
	return n
}

// recv hands the host a packet and returns what it sends then.
func (n *node) recv(p []byte) [][]byte {
	n.Recv(n.now, &link.Packet{Bytes: p}, nil)
	return n.sent()
}

// sent drains the host.
func (n *node) sent() (out [][]byte) {
	for e := n.NextDirty(); e != nil; e = n.NextDirty() {
		if c, ok := e.(*host.Conn); ok {
			for c.NextPacket(n.now, &n.pkt) {
				out = append(out, n.take())
			}
		}
	}
	for n.NextPacket(&n.pkt) {
		out = append(out, n.take())
	}
	return out
}

func (n *node) take() []byte {
	p := bytes.Clone(n.pkt.Bytes)
	for _, b := range n.pkt.Payload {
		p = append(p, b...)
	}
	n.pkt.Release(n.pool)
	return p
}

// counted returns how often the drop happened.
func (n *node) counted(d host.Drop) uint64 { return n.Counters().Drops[d] }

// openUDP opens a socket and returns the function that sends from it.
func (n *node) openUDP(local, remote netip.AddrPort) (*host.UDP, func(size int, opt host.SendOptions) [][]byte) {
	n.t.Helper()
	u, err := n.OpenUDP(local, remote, host.UDPOptions{})
	if err != nil {
		n.t.Fatal(err)
	}
	return u, func(size int, opt host.SendOptions) [][]byte {
		n.t.Helper()
		if err := u.Send(n.now, netip.AddrPort{}, make([]byte, size), opt); err != nil {
			n.t.Fatal(err)
		}
		return n.sent()
	}
}

// ip4 builds a packet to us; edit may change its header.
func ip4(proto wire.Proto, body []byte, edit func(*wire.IPv4)) []byte {
	h := wire.IPv4{TTL: 64, Proto: proto, Src: them4, Dst: us4}
	if edit != nil {
		edit(&h)
	}
	return append(h.AppendTo(nil, len(body)), body...)
}

func ip6(proto wire.Proto, body []byte, edit func(*wire.IPv6)) []byte {
	h := wire.IPv6{HopLimit: 64, NextHeader: proto, Src: them6, Dst: us6}
	if edit != nil {
		edit(&h)
	}
	return append(h.AppendTo(nil, len(body)), body...)
}

func icmp4(typ uint8) []byte { return (&wire.ICMPv4{Type: typ}).AppendTo(nil, []byte("12345678")) }

func icmp6(typ uint8, payload []byte) []byte {
	return (&wire.ICMPv6{Type: typ}).AppendTo(nil, them6, us6, payload)
}

func udp6(dst netip.Addr, size int) []byte {
	h := wire.UDP{SrcPort: 9, DstPort: 7, Length: uint16(wire.UDPHeaderLen + size)}
	b := append(h.AppendTo(nil), make([]byte, size)...)
	sum := wire.UDPChecksum(wire.PseudoSum(wire.ProtoUDP, them6, dst, len(b)), b)
	b[6], b[7] = byte(sum>>8), byte(sum)
	return b
}

func parse4(t *testing.T, p []byte) (wire.IPv4, []byte) {
	t.Helper()
	h, payload, err := wire.ParseIPv4(p)
	if err != nil {
		t.Fatal(err)
	}
	return h, payload
}

func parse6(t *testing.T, p []byte) (wire.IPv6, []byte) {
	t.Helper()
	h, payload, err := wire.ParseIPv6(p)
	if err != nil {
		t.Fatal(err)
	}
	return h, payload
}

// RFC 1122, Section 3.2.1.7: "A host MUST NOT discard a datagram just because it was received with TTL less than 2."
// RFC 8200, Section 3: "A node that is the destination of a packet should not discard a packet with Hop Limit equal to
// zero; it should process the packet normally."
//
// req: RFC1122 3.2.1.7-2, RFC8200 3-1
func TestSpentTTLIsTaken(t *testing.T) {
	for ttl := range uint8(2) {
		n := newNode(t)
		if out := n.recv(ip4(wire.ProtoICMP, icmp4(wire.ICMPv4Echo), func(h *wire.IPv4) { h.TTL = ttl })); len(out) != 1 {
			t.Errorf("TTL %d: %d answers to an echo request, want 1", ttl, len(out))
		}
		echo := icmp6(wire.ICMPv6Echo, []byte("12345678"))
		if out := n.recv(ip6(wire.ProtoICMPv6, echo, func(h *wire.IPv6) { h.HopLimit = ttl })); len(out) != 1 {
			t.Errorf("hop limit %d: %d answers to an echo request, want 1", ttl, len(out))
		}
	}
}

// RFC 1122, Section 3.2.1.7: "A host MUST NOT send a datagram with a Time-to-Live (TTL) value of zero." Section 4.1.3.4:
// "it MUST default to checksumming on". Section 4.1.3.5: "There SHOULD be a way to communicate the chosen source address
// up to the application layer". RFC 791, Section 3.1: "Bit 0: reserved, must be zero".
//
// req: RFC1122 3.2.1.7-1, 4.1.3.4-2, 4.1.3.5-3, RFC791 3.1-2
func TestUDPDefaults(t *testing.T) {
	n := newNode(t)
	u, send := n.openUDP(netip.AddrPort{}, netip.AddrPortFrom(them4, 9))
	p := send(3, host.SendOptions{})[0]
	h, body := parse4(t, p)
	udp, _, err := wire.ParseUDP(body)
	if err != nil || udp.Checksum == 0 || !udp.ChecksumOK(h.Src, h.Dst, body) {
		t.Errorf("UDP header %+v, %v: want a good checksum", udp, err)
	}
	if h.TTL == 0 || p[6]&0x80 != 0 {
		t.Errorf("TTL %d, flags %#02x: want a TTL and the first flag 0", h.TTL, p[6])
	}
	if local, _ := u.Addrs(); local != netip.AddrPortFrom(h.Src, udp.SrcPort) {
		t.Errorf("the socket says %v, the datagram came from %v port %d", local, h.Src, udp.SrcPort)
	}
}

// RFC 1122, Section 3.2.2: "If an ICMP message of unknown type is received, it MUST be silently discarded." RFC 4443,
// Section 2.4: "(b) If an ICMPv6 informational message of unknown type is received, it MUST be silently discarded." RFC
// 1122, Section 3.2.1.8: the Stream Identifier option "MUST be silently ignored if received".
//
// req: RFC1122 3.2.2-1, 3.2.1.8-4, RFC4443 2.4-2
func TestUnknownIsSilentlyIgnored(t *testing.T) {
	n := newNode(t)
	if out := n.recv(ip4(wire.ProtoICMP, icmp4(200), nil)); len(out) != 0 || n.counted(host.DropICMPIgnored) != 1 {
		t.Errorf("ICMP type 200: %d answers", len(out))
	}
	if out := n.recv(ip6(wire.ProtoICMPv6, icmp6(200, nil), nil)); len(out) != 0 || n.counted(host.DropICMPIgnored) != 2 {
		t.Errorf("ICMPv6 type 200: %d answers", len(out))
	}
	streamID := func(h *wire.IPv4) { h.Options = []byte{136, 4, 0, 1} }
	if out := n.recv(ip4(wire.ProtoICMP, icmp4(wire.ICMPv4Echo), streamID)); len(out) != 1 {
		t.Errorf("an echo request with a stream identifier: %d answers, want 1", len(out))
	}
}

// RFC 1122, Section 3.2.2: "An ICMP error message SHOULD be sent with normal (i.e., zero) TOS bits." RFC 792: "Any field
// labeled 'unused' is reserved for later extensions and must be zero when sent".
//
// req: RFC1122 3.2.2-4, RFC792 1-2
func TestErrorsArePlain(t *testing.T) {
	n := newNode(t)
	udp := wire.UDP{SrcPort: 9, DstPort: 7, Length: 8}
	out := n.recv(ip4(wire.ProtoUDP, udp.AppendTo(nil), func(h *wire.IPv4) { h.TOS = 0x20 }))
	if len(out) != 1 {
		t.Fatalf("%d answers, want 1", len(out))
	}
	h, body := parse4(t, out[0])
	m, _, err := wire.ParseICMPv4(body)
	if err != nil || h.TOS != 0 || m.Type != wire.ICMPv4Unreachable || m.Rest != 0 {
		t.Errorf("TOS %#x, message %+v, %v", h.TOS, m, err)
	}
}

// RFC 1122, Section 3.2.2.5: "An incoming Parameter Problem message MUST be passed to the transport layer"; RFC 4443,
// Section 3.4: "A node receiving this ICMPv6 message MUST notify the upper-layer process".
//
// req: RFC1122 3.2.2.5-2, RFC4443 3.4-3
func TestParameterProblemReachesTCP(t *testing.T) {
	for _, remote := range []netip.Addr{them4, them6} {
		n := newNode(t)
		c, err := n.DialTCP(n.now, netip.AddrPort{}, netip.AddrPortFrom(remote, 80), host.DialOptions{})
		if err != nil {
			t.Fatal(err)
		}
		syn := n.sent()[0]
		if remote.Is4() {
			m := wire.ICMPv4{Type: wire.ICMPv4ParameterProblem, Rest: wire.ICMPv4PointerRest(1)}
			n.recv(ip4(wire.ProtoICMP, m.AppendTo(nil, syn), nil))
		} else {
			m := wire.ICMPv6{Type: wire.ICMPv6ParameterProblem, Rest: 7}
			n.recv(ip6(wire.ProtoICMPv6, m.AppendTo(nil, them6, us6, syn), nil))
		}
		if got := c.SoftError(); got != syscall.EPROTO {
			t.Errorf("%v: the connection knows of error %v, want %v", remote, got, syscall.EPROTO)
		}
	}
}

// RFC 4443, Section 2.2: "(b) If the message is a response to a message sent to any other address, … the Source Address
// of the ICMPv6 packet MUST be a unicast address belonging to the node." Section 2.4: "(e) An ICMPv6 error message MUST
// NOT be originated as a result of receiving … (e.3) A packet destined to an IPv6 multicast address", but for "(2) the
// Parameter Problem Message, Code 2 … reporting an unrecognized IPv6 option … that has the Option Type highest-order two
// bits set to 10".
//
// req: RFC4443 2.2-2, 2.2-3, 2.4-6
func TestErrorsAboutMulticast(t *testing.T) {
	toGroup := func(h *wire.IPv6) { h.Dst = allNodes }
	n := newNode(t)
	if out := n.recv(ip6(wire.ProtoUDP, udp6(allNodes, 5), toGroup)); len(out) != 0 {
		t.Errorf("%d errors about a datagram to a closed port of all nodes", len(out))
	}
	for option, want := range map[byte]int{0x9e: 1, 0xde: 0, 0x5e: 0} {
		body := wire.AppendOptionsHeader(nil, wire.ProtoNone, []byte{option, 0})
		out := n.recv(ip6(wire.ProtoDestOpts, body, toGroup))
		if len(out) != want {
			t.Errorf("%d errors about option %#x to all nodes, want %d", len(out), option, want)
		}
		for _, p := range out {
			if h, _ := parse6(t, p); h.Src != us6 || h.Dst != them6 {
				t.Errorf("error from %v to %v, want from %v to %v", h.Src, h.Dst, us6, them6)
			}
		}
	}
}

// RFC 4443, Section 2.4(e): no error about "(e.1) An ICMPv6 error message" or "(e.2) An ICMPv6 redirect message". An
// error would be due here because the first fragment of the message stays alone.
//
// req: RFC4443 2.4-4, 2.4-5
func TestNoErrorAboutICMPv6Errors(t *testing.T) {
	for typ, want := range map[uint8]int{wire.ICMPv6Unreachable: 0, wire.ICMPv6Redirect: 0, 100: 0, wire.ICMPv6Echo: 1} {
		n := newNode(t)
		f := wire.Fragment{More: true, ID: 1, Next: wire.ProtoICMPv6}
		n.recv(ip6(wire.ProtoFragment, append(f.AppendTo(nil), icmp6(typ, make([]byte, 40))...), nil))
		n.now = n.Deadline()
		n.Tick(n.now)
		if out := n.sent(); len(out) != want {
			t.Errorf("type %d: %d errors, want %d", typ, len(out), want)
		}
		if n.counted(host.DropReassemblyTimeout) != 1 {
			t.Errorf("type %d: the reassembly did not time out", typ)
		}
	}
}

// RFC 4443, Section 3.1: "(An ICMPv6 message MUST NOT be generated if a packet is dropped due to congestion.)"
//
// req: RFC4443 3.1-1
func TestNoErrorAboutFullQueue(t *testing.T) {
	n := newNode(t)
	n.openUDP(netip.AddrPortFrom(us6, 7), netip.AddrPort{})
	for range 5000 {
		if out := n.recv(ip6(wire.ProtoUDP, udp6(us6, 1000), nil)); len(out) != 0 {
			t.Fatalf("%d packets sent", len(out))
		}
	}
	if n.counted(host.DropReceiveQueueFull) == 0 {
		t.Error("the queue never filled")
	}
}

// RFC 5722, Section 4: "When reassembling an IPv6 datagram, if one or more its constituent fragments is determined to be
// an overlapping fragment, the entire datagram (and any constituent fragments, including those not yet received) MUST be
// silently discarded."
//
// req: RFC5722 4-2, RFC8200 4.5-11
func TestOverlappingFragments(t *testing.T) {
	whole := udp6(us6, 56) // 64 bytes
	fragment := func(from, to int) []byte {
		f := wire.Fragment{Offset: from, More: to < len(whole), ID: 1, Next: wire.ProtoUDP}
		return ip6(wire.ProtoFragment, append(f.AppendTo(nil), whole[from:to]...), nil)
	}
	for _, overlap := range [][2]int{{8, 24}, {24, 40}, {0, 48}} {
		n := newNode(t)
		u, _ := n.openUDP(netip.AddrPortFrom(us6, 7), netip.AddrPort{})
		for _, p := range [][]byte{
			fragment(16, 32), fragment(overlap[0], overlap[1]), fragment(0, 16), fragment(32, 48), fragment(48, 64),
		} {
			if out := n.recv(p); len(out) != 0 {
				t.Errorf("overlap of %v: %d packets sent", overlap, len(out))
			}
		}
		if _, ok := u.Receive(); ok {
			t.Errorf("overlap of %v: the datagram was delivered", overlap)
		}
		n.now = n.now.Add(2 * time.Minute)
		n.Tick(n.now)
		if out := n.sent(); len(out) != 0 || n.pool.Used() != 0 {
			t.Errorf("overlap of %v: later %d packets sent, %d bytes held", overlap, len(out), n.pool.Used())
		}
	}
}

// RFC 8200, Section 4.5: "The Identification must be different than that of any other fragmented packet sent recently*
// with the same Source Address and Destination Address."
//
// req: RFC8200 4.5-1
func TestFragmentIdentifications(t *testing.T) {
	n := newNode(t)
	_, send := n.openUDP(netip.AddrPort{}, netip.AddrPortFrom(them6, 9))
	seen := make(map[uint32]bool)
	for range 1000 {
		first, _ := parse6(t, send(2000, host.SendOptions{})[0])
		if !first.Fragment.More || seen[first.Fragment.ID] {
			t.Fatalf("fragment %+v: want the first of a new identification", first.Fragment)
		}
		seen[first.Fragment.ID] = true
	}
}

// RFC 8200, Section 8.3: "When using TCP over IPv6, the MSS must be computed as the maximum packet size minus 60 octets".
//
// req: RFC8200 8.3-1
func TestMSSOverIPv6(t *testing.T) {
	n := newNode(t)
	if _, err := n.DialTCP(n.now, netip.AddrPort{}, netip.AddrPortFrom(them6, 80), host.DialOptions{}); err != nil {
		t.Fatal(err)
	}
	_, segment := parse6(t, n.sent()[0])
	h, _, err := wire.ParseTCP(segment)
	if err != nil || h.Options.MSS != 1500-60 {
		t.Errorf("MSS %d, %v, want %d", h.Options.MSS, err, 1500-60)
	}
}
