package exp4

import (
	"fmt"
	"net/netip"
	"strings"
)

// Flags say which call a message is.
type Flags int32

// Calls. Each is named for what it is to the SDK when the driver sends it, and for what it is when the SDK does.
const (
	Data    Flags = 0x00 // app_send: the application wrote bytes · app_recv: bytes for the application, in order
	FIN     Flags = 0x01 // app_fin: the application half-closed · app_peer_fin: the peer half-closed
	Connect Flags = 0x02 // app_connect: an application wants a connection · app_connected: it is established
	RST     Flags = 0x04 // app_rst: the application is gone · app_peer_rst: the peer reset; either frees the connection
	Segment Flags = 0x40 // tcp_rx: a segment came in · tcp_tx: send this segment
	Release Flags = 0x80 // release_connection: both directions are done (SDK to driver only)
	Greet   Flags = 0xa0 // hello: an SDK is there, with no connection

	// PeerConnect is of the extension Incoming: Connect, for a connection that the other end began.
	PeerConnect Flags = 0x12 // peer_connect: a SYN came for us · peer_connected: the handshake is done
)

// Incoming is the extension by which an SDK takes connections that others begin.
const Incoming = "incoming"

// toSDK and toDriver name the calls as the SDK's programmer sees them.
var (
	toSDK = map[Flags]string{
		Data: "app_send", FIN: "app_fin", Connect: "app_connect", RST: "app_rst", Segment: "tcp_rx", Greet: "hello",
		PeerConnect: "peer_connect",
	}
	toDriver = map[Flags]string{
		Data: "app_recv", FIN: "app_peer_fin", Connect: "app_connected", RST: "app_peer_rst", Segment: "tcp_tx",
		Release: "release_connection", Greet: "hello", PeerConnect: "peer_connected",
	}
)

// ToSDK names the call that f is when the driver sends it.
func (f Flags) ToSDK() string { return f.name(toSDK) }

// ToDriver names the call that f is when the SDK sends it.
func (f Flags) ToDriver() string { return f.name(toDriver) }

func (f Flags) name(names map[Flags]string) string {
	if s, ok := names[f]; ok {
		return s
	}
	return fmt.Sprintf("flags %#x", int32(f))
}

// Conn names a connection. The zero AddrPort stands for no address: "" and port 0.
type Conn struct {
	Src netip.AddrPort // the local end, which the driver chose
	Dst netip.AddrPort // the remote end
}

func (c Conn) String() string { return c.Src.String() + " > " + c.Dst.String() }

// A Message is one datagram.
type Message struct {
	Tick bool // the tick; nothing else is set then

	Conn  Conn
	Bytes []byte
	Flags Flags

	// Extensions are what a hello names beyond version 1.
	Extensions []string
}

// greeting are the bytes of a hello.
const greeting = "network_exp4"

// Hello returns the hello of an SDK, or the answer of a driver that knows some of the extensions.
func Hello(extensions ...string) Message {
	return Message{
		Conn:  Conn{Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 84, 0, 1}), 8484)},
		Bytes: []byte(greeting), Flags: Greet, Extensions: extensions,
	}
}

// IsHello reports whether m is a hello with the bytes it has to have.
func (m *Message) IsHello() bool {
	return !m.Tick && m.Flags == Greet && string(m.Bytes) == greeting
}

// Common returns those of the extensions asked for that are known.
func Common(asked, known []string) []string {
	var both []string
	for _, a := range asked {
		for _, k := range known {
			if a == k {
				both = append(both, a)
			}
		}
	}
	return both
}

// String describes m for a log, without saying which way it goes.
func (m Message) String() string {
	if m.Tick {
		return "tick"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "flags %#02x %s", int32(m.Flags), m.Conn)
	if len(m.Bytes) > 0 {
		fmt.Fprintf(&b, " %d bytes", len(m.Bytes))
	}
	return b.String()
}
