package main

import "github.com/antedon-net/antedon/sdk/go/api"

// With this method your TCP can be called: "antedon lab driver --incoming 8080" then gives it the connections that others open
// to a program that listens on port 8080 of this machine. Write the rest first. As long as you want none of it, delete this
// file: calls are refused then.

// PeerConnect is called when somebody wants a connection. conn.Src is the listener's address and port, your end; conn.Dst is
// who calls. segment is the SYN. (RFC 9293, Sections 3.5 and 3.10.7.2)
//
// Remember its sequence number, choose an initial one of your own, and answer with a SYN-ACK, which is kept and sent again like
// any other segment. The connection is in SYN-RECEIVED now. What comes next for it comes in TcpRx:
//
//   - the ACK of your SYN-ACK, perhaps with data: call o.driver.PeerConnected, and go on as in ESTABLISHED
//   - the SYN again: your SYN-ACK was lost
//   - a RST: call o.driver.AppPeerRst, and forget the connection
//
// The program that listens is asked after PeerConnected. If there is none, AppRst tells you so.
func (o *Outgoing) PeerConnect(conn api.Conn, segment []byte) {
	// TODO: your code
}
