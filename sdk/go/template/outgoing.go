package main

import "github.com/antedon-net/antedon/sdk/go/api"

// Outgoing is your TCP, for the connections that programs on this machine open.
//
// The driver calls its methods one after the other: no two run at the same time. What you want to tell the driver goes
// through o.driver, whose six methods may be called at any time and by any goroutine, a timer's for instance. But then
// your own state needs a mutex.
type Outgoing struct {
	driver api.Driver

	// Here goes what your TCP has to remember. An api.Conn can be the key of a map:
	//
	//	conns map[api.Conn]*connection
}

// NewOutgoing is called once, when the program starts.
func NewOutgoing(driver api.Driver) *Outgoing {
	return &Outgoing{driver: driver}
}

// AppConnect is called when an application wants a connection to conn.Dst. Your end of it is conn.Src: the driver has
// chosen address and port.
//
// Choose an initial sequence number and send a SYN, with o.driver.TcpTx. (RFC 9293, Section 3.5) When the SYN-ACK comes,
// in TcpRx, call o.driver.AppConnected: until then the application waits.
func (o *Outgoing) AppConnect(conn api.Conn) {
	// TODO: your code
}

// AppSend is called when the application wrote bytes. data is yours to keep: you need it until the remote end has
// acknowledged it, since you may have to send it again.
//
// It holds up to 1,460 bytes, which is what fits in one segment. (Section 3.7)
func (o *Outgoing) AppSend(conn api.Conn, data []byte) {
	// TODO: your code
}

// AppFin is called when the application has no more to send: after everything it has written comes your FIN. It may
// still receive. (Section 3.6)
func (o *Outgoing) AppFin(conn api.Conn) {
	// TODO: your code
}

// AppRst is called when the application has died or has reset the connection. Send a RST and forget the connection: you
// will not hear of it again, and need not release it. (Section 3.10.5)
func (o *Outgoing) AppRst(conn api.Conn) {
	// TODO: your code
}

// TcpRx is called for every segment that comes from the network: TCP header and payload. The driver has checked the
// checksum. This is where most of a TCP happens (Section 3.10.7):
//
//   - a SYN-ACK: acknowledge it, and call o.driver.AppConnected
//   - an ACK: what it acknowledges need not be kept any longer
//   - bytes in order: hand them over with o.driver.AppRecv, and acknowledge them
//   - a FIN: acknowledge it, and call o.driver.AppPeerFin
//   - a RST: call o.driver.AppPeerRst, and forget the connection
//   - both FINs sent and acknowledged: call o.driver.ReleaseConnection, and forget the connection
func (o *Outgoing) TcpRx(conn api.Conn, segment []byte) {
	// TODO: your code
}

// Tick is called about every 100 ms. Send again what has waited too long for its acknowledgment. (Section 3.8)
func (o *Outgoing) Tick() {
	// TODO: your code
}
