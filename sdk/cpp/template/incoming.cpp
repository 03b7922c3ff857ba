// Your TCP can be called, too: here begin the connections that others open to a program on this machine.
//
// Write outgoing.cpp first. Then have a program listen, and the driver capture what comes for it:
//
//     antedon lab driver --incoming 8080
//
// As long as you want none of it, delete this file: then callers are refused.

#include "incoming.h"

#include "api.h"

// Somebody wants a connection. conn.src is the listening program's address and port, your end; conn.dst is who calls.
//
// segment is the SYN. Remember its sequence number, choose an initial one of your own, and answer with SYN and ACK by tcp_tx; send that
// again, like everything else, until it is acknowledged. The connection is in SYN-RECEIVED now: see RFC 9293, Sections 3.5 and
// 3.10.7.4. What comes next for it comes to tcp_rx in outgoing.cpp:
//
// - the ACK of your SYN, perhaps with data: call peer_connected first, and go on as in ESTABLISHED;
// - the SYN again: your answer was lost;
// - RST: call app_peer_rst, and forget the connection.
//
// The program that listens is called after peer_connected. If there is none, app_rst tells you so. To refuse a connection yourself,
// send RST and call release_connection.
void peer_connect(const Conn& /*conn*/, const Bytes& /*segment*/) {
}
