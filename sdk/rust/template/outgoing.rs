//! Your TCP goes here.
//!
//! The driver calls these functions when an application wants something of a connection, or when a segment comes in from the
//! network. You answer with the calls of api.rs:
//!
//! ```text
//! use crate::api::{app_connected, app_peer_fin, app_peer_rst, app_recv, release_connection, tcp_tx};
//! ```
//!
//! A connection is named by conn: conn.src.ip, conn.src.port are this end, conn.dst the remote one. A clone of it can be the
//! key of a HashMap in which you keep what you must remember of each connection: its state, sequence numbers, what is not
//! acknowledged yet. Such a map outlives the functions in a `static` Mutex, or in a `thread_local!` RefCell.
//!
//! All functions are called from one thread. If you start threads of your own, the calls of api.rs are safe in them; what you
//! keep is yours to guard.

use crate::api::Conn;

/// An application wants a connection from conn.src to conn.dst.
///
/// Choose an initial sequence number, remember the connection, send SYN with tcp_tx. When the handshake is done, call
/// app_connected; if the peer answers with RST, app_peer_rst.
pub fn app_connect(_conn: &Conn) {}

/// The application wrote data, one byte or more.
///
/// Send it in segments, and keep it until the peer has acknowledged it.
pub fn app_send(_conn: &Conn, _data: &[u8]) {}

/// The application will write no more.
///
/// Send FIN after all of its data. The other direction stays open: the peer may go on sending.
pub fn app_fin(_conn: &Conn) {}

/// The application's socket was reset or failed.
///
/// Send RST and forget the connection: neither tcp_rx nor any other call will follow for it.
pub fn app_rst(_conn: &Conn) {}

/// A segment came in: TCP header, options and payload, without an IP header. Its checksum is right.
///
/// Acknowledge what it brings; hand data that is in order to the application with app_recv. When it carries FIN and everything
/// before it is there, call app_peer_fin. When both directions are closed, call release_connection.
pub fn tcp_rx(_conn: &Conn, _segment: &[u8]) {}

/// Called about every 100 ms. Here you can look whether something has to be sent again.
pub fn tick() {}
