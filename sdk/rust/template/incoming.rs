//! Connections that others begin, for a program on this machine that listens.
//!
//! To write this is optional, and for later: begin with outgoing.rs. Without this file your program is told of no such
//! connection. The driver brings them if it was started with --incoming PORT.

use crate::api::Conn;

/// Somebody calls: a SYN came from conn.dst for a program that listens at conn.src. It is in segment, as in tcp_rx.
///
/// Choose an initial sequence number, remember the connection, send SYN and ACK in one segment with tcp_tx, again if nothing
/// comes back. When the ACK arrives, by tcp_rx, call peer_connected of api.rs in place of app_connected: only then the program
/// that listens learns of it. From there on all is as if an application had begun, and the functions of outgoing.rs are called.
///
/// If you do not want the connection, send RST and call release_connection.
pub fn peer_connect(_conn: &Conn, _segment: &[u8]) {}
