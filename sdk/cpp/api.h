// The calls with which a TCP speaks to the driver.
//
// The driver in turn calls the functions of outgoing.h, from main.cpp. Each call names the connection it is about with the conn
// that app_connect was given. All of them may be called from any thread, and block while the driver is busy: that is how it slows us
// down. Nothing is ever reported back: a call about a connection that is gone does nothing.
#pragma once

#include "codec.h"

// The connection is established. From now on the driver hands over what the application writes.
void app_connected(const Conn& conn);

// Hands the application bytes of the peer: in order, each once.
void app_recv(const Conn& conn, const Bytes& data);

// The peer will send no more. The application reads the end of its stream, and may still write.
void app_peer_fin(const Conn& conn);

// The peer has reset the connection, or it cannot be had. The driver closes the application's socket and forgets the
// connection; no release_connection is needed.
void app_peer_rst(const Conn& conn);

// Sends a segment: TCP header, options and payload, with the checksum in it. The driver adds the IP header.
void tcp_tx(const Conn& conn, const Bytes& segment);

// Both directions are closed and nothing is left to do. The driver frees the port; segments no longer reach us.
void release_connection(const Conn& conn);

// The handshake of a connection that peer_connect told of is done: what app_connected is for one that an application began. Only now
// is the application called that listens. If it does not want the connection, app_rst follows.
void peer_connected(const Conn& conn);

// For main.cpp: has all calls go to a datagram socket that is connected to the driver, and tells the driver that we are here, that
// connections of before are void, and what we know beyond version 1 of the protocol.
void attach(int descriptor, const std::vector<std::string>& extensions);
