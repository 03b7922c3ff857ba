package conformance_test

import (
	"net/netip"
	"testing"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// This file proves requirements of TCP that concern its neighbours, IP and the application.

// dial begins a connection to them4 and returns it with its SYN.
func (n *node) dial(local netip.AddrPort, cfg tcp.Config) (*host.Conn, []byte) {
	n.t.Helper()
	c, err := n.DialTCP(n.now, local, netip.AddrPortFrom(them4, 80), host.DialOptions{TCP: &cfg})
	if err != nil {
		n.t.Fatal(err)
	}
	out := n.sent()
	if len(out) != 1 {
		n.t.Fatalf("%d packets, want a SYN", len(out))
	}
	return c, out[0]
}

// later lets time pass until the host sends something.
func (n *node) later() [][]byte {
	n.t.Helper()
	for range 10 { // a tick may be early
		n.now = n.Deadline()
		n.Tick(n.now)
		if out := n.sent(); len(out) > 0 {
			return out
		}
	}
	n.t.Fatal("nothing was sent")
	return nil
}

// RFC 9293, Section 3.9.1.1: "A TCP implementation that supports multiple concurrent connections MUST provide an OPEN
// call that will functionally allow an application to LISTEN on a port while a connection block with the same local port
// is in SYN-SENT or SYN-RECEIVED state (MUST-42)."
//
// req: RFC9293 MUST-42
func TestListenBesideConnection(t *testing.T) {
	n := newNode(t)
	local := netip.AddrPortFrom(us4, 5000)
	c, _ := n.dial(local, tcp.Config{})
	l, err := n.ListenTCP(local, 0, host.ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	syn := wire.TCP{SrcPort: 1000, DstPort: 5000, Flags: wire.SYN, Window: 1000}
	if out := n.recv(ip4(wire.ProtoTCP, segment(them4, us4, syn), nil)); len(out) != 1 {
		t.Errorf("%d answers to a SYN for the listener, want 1", len(out))
	}
	l.Close()
	n.sent()
	if _, err := n.ListenTCP(local, 0, host.ListenOptions{}); err != nil {
		t.Errorf("listening again: %v", err)
	}
	if c.State() != tcp.StateSynSent {
		t.Errorf("the connection is in %v, want SYN-SENT", c.State())
	}
}

// segment returns a segment with its checksum.
func segment(src, dst netip.Addr, h wire.TCP) []byte {
	b := h.AppendTo(nil)
	sum := wire.TransportChecksum(wire.PseudoSum(wire.ProtoTCP, src, dst, len(b)), b)
	b[16], b[17] = byte(sum>>8), byte(sum)
	return b
}

// RFC 9293, Section 3.9.1.9: "The application layer MUST be able to specify the Differentiated Services field for
// segments that are sent on a connection (MUST-48). … the application SHOULD be able to change the Differentiated
// Services field during the connection lifetime (SHLD-21). TCP implementations SHOULD pass the current Differentiated
// Services field value without change to the IP layer (SHLD-22)". Section 3.9.2: "The TTL value used to send TCP segments
// MUST be configurable (MUST-49)."
//
// req: RFC9293 MUST-48, MUST-49, SHLD-21, SHLD-22
func TestTOSAndTTL(t *testing.T) {
	n := newNode(t)
	c, syn := n.dial(netip.AddrPort{}, tcp.Config{TOS: 0x20, TTL: 5})
	if h, _ := parse4(t, syn); h.TOS != 0x20 || h.TTL != 5 {
		t.Errorf("as configured: TOS %#x, TTL %d", h.TOS, h.TTL)
	}
	c.SetTOS(0x48)
	c.SetTTL(9)
	if h, _ := parse4(t, n.later()[0]); h.TOS != 0x48 || h.TTL != 9 {
		t.Errorf("as changed: TOS %#x, TTL %d", h.TOS, h.TTL)
	}
}

// RFC 9293, Section 3.9.2: "When received options are passed up to TCP from the IP layer, a TCP implementation MUST
// ignore options that it does not understand (MUST-50)."
//
// req: RFC9293 MUST-50
func TestIPOptionsIgnored(t *testing.T) {
	n := newNode(t)
	if _, err := n.ListenTCP(netip.AddrPortFrom(us4, 80), 0, host.ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	syn := segment(them4, us4, wire.TCP{SrcPort: 1000, DstPort: 80, Flags: wire.SYN, Window: 1000})
	out := n.recv(ip4(wire.ProtoTCP, syn, func(h *wire.IPv4) { h.Options = []byte{200, 4, 1, 2} }))
	if len(out) != 1 {
		t.Fatalf("%d answers to a SYN, want 1", len(out))
	}
	_, body := parse4(t, out[0])
	if h, _, err := wire.ParseTCP(body); err != nil || h.Flags != wire.SYN|wire.ACK {
		t.Errorf("answered with %v, %v", h.Flags, err)
	}
}

// RFC 9293, Section 3.9.2.2: "TCP implementations MUST silently discard any received ICMP Source Quench messages
// (MUST-55)." "Since these Unreachable messages indicate soft error conditions, a TCP implementation MUST NOT abort the
// connection (MUST-56), and it SHOULD make the information available to the application (SHLD-25)." Section 3.9.1.8:
// "There MUST be a mechanism for reporting soft TCP error conditions to the application (MUST-47)."
//
// req: RFC9293 MUST-47, MUST-55, MUST-56, SHLD-25
func TestICMPIsSoft(t *testing.T) {
	const sourceQuench = 4
	for _, tt := range []struct {
		name      string
		typ, code uint8
		reported  bool
	}{
		{"source quench", sourceQuench, 0, false},
		{"net unreachable", wire.ICMPv4Unreachable, wire.ICMPv4NetUnreachable, true},
		{"host unreachable", wire.ICMPv4Unreachable, wire.ICMPv4HostUnreachable, true},
		{"source route failed", wire.ICMPv4Unreachable, wire.ICMPv4SourceRouteFailed, true},
		{"TTL exceeded", wire.ICMPv4TimeExceeded, 0, true},
		{"reassembly time exceeded", wire.ICMPv4TimeExceeded, wire.ICMPv4ReassemblyExceeded, true},
		{"parameter problem", wire.ICMPv4ParameterProblem, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNode(t)
			c, syn := n.dial(netip.AddrPort{}, tcp.Config{})
			m := wire.ICMPv4{Type: tt.typ, Code: tt.code}
			if out := n.recv(ip4(wire.ProtoICMP, m.AppendTo(nil, syn), nil)); len(out) != 0 {
				t.Errorf("%d packets sent", len(out))
			}
			if c.State() != tcp.StateSynSent {
				t.Errorf("state %v, want SYN-SENT", c.State())
			}
			if got := c.SoftError(); (got != nil) != tt.reported {
				t.Errorf("the application can learn of %v, want an error: %t", got, tt.reported)
			}
		})
	}
}
