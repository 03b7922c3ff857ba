package api

import (
	"net"
	"strconv"
)

// Endpoint is one end of a connection: an IPv4 or IPv6 address as text, and a port.
type Endpoint struct {
	IP   string
	Port int
}

// String returns the endpoint as "192.0.2.1:80" or "[2001:db8::1]:80".
func (e Endpoint) String() string { return net.JoinHostPort(e.IP, strconv.Itoa(e.Port)) }

// Conn names a connection. Two are the same if they are ==, so a Conn is a good key of a map.
type Conn struct {
	Src Endpoint // this machine's end, as the driver chose it
	Dst Endpoint // the remote end
}

// String returns both ends, joined by an arrow.
func (c Conn) String() string { return c.Src.String() + " -> " + c.Dst.String() }

// Outgoing is a TCP for the connections that applications on this machine open. The driver calls its methods.
//
// The slices it is given are its own to keep.
type Outgoing interface {
	// AppConnect: an application wants a connection. Send a SYN. The application waits until AppConnected or AppPeerRst.
	AppConnect(conn Conn)

	// AppSend: the application wrote bytes, never none. It may follow any number of times.
	AppSend(conn Conn, data []byte)

	// AppFin: the application has no more to send, and may still receive. Send a FIN after all that it wrote.
	AppFin(conn Conn)

	// AppRst: the application's socket failed or was reset. Send a RST and forget the connection: nothing more will be
	// heard of it, and there is no need to release it.
	AppRst(conn Conn)

	// TcpRx: a segment came from the network, header and payload. Its checksum has been verified. It may be longer than
	// what the path carries, up to 64 KiB, as if its payload had been sent in one segment.
	TcpRx(conn Conn, segment []byte)

	// Tick: about 100 ms have passed since the last one. A good occasion to look at timers.
	Tick()
}

// Incoming is an Outgoing for connections that others begin as well: with its method a TCP can be called. The driver finds out
// by itself that a TCP has it.
type Incoming interface {
	Outgoing

	// PeerConnect: somebody wants a connection to a program on this machine that listens at conn.Src. segment is the SYN,
	// header and options. Answer it with a SYN-ACK; when the ACK of that has come, in TcpRx, call PeerConnected. From then
	// on it is a connection like any other.
	//
	// To refuse, send a RST and call ReleaseConnection. If nothing was said for 75 s, or too many others wait for an
	// answer, AppRst tells to forget it.
	PeerConnect(conn Conn, segment []byte)
}

// Driver is what a TCP may ask of the driver. Its methods may be called by any goroutine, and keep none of the slices.
// What is said while methods of Outgoing run may leave together, soon after they have returned.
type Driver interface {
	// AppConnected tells that the handshake is done: only now does the application begin to send.
	AppConnected(conn Conn)

	// PeerConnected is AppConnected for a connection that PeerConnect told of: only now is the program called that listens. If
	// it does not want the connection AppRst follows.
	PeerConnected(conn Conn)

	// AppRecv hands bytes from the remote end to the application: in order, each once.
	AppRecv(conn Conn, data []byte)

	// AppPeerFin tells the application that the remote end has no more to send.
	AppPeerFin(conn Conn)

	// AppPeerRst tells the application that the remote end has reset the connection, which is forgotten with that.
	AppPeerRst(conn Conn)

	// TcpTx sends a segment to the remote end: header, with its checksum, and payload. The driver adds the IP header.
	TcpTx(conn Conn, segment []byte)

	// ReleaseConnection tells that both directions are done, so that the port is free for the next connection.
	ReleaseConnection(conn Conn)
}
