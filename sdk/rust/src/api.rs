//! The seven calls with which a TCP speaks to the driver.
//!
//! The driver in turn calls the functions of outgoing.rs, and of incoming.rs if there is one, from main.rs. Each call names the
//! connection it is about with the conn that app_connect or peer_connect was given. All of them may be called from any thread,
//! and block while the driver is busy: that is how it slows us down. Nothing is ever reported back: a call about a connection
//! that is gone does nothing.

#![allow(dead_code)] // until you have called them all

use std::os::unix::net::UnixDatagram;
use std::process;
use std::sync::RwLock;

use crate::codec::{encode, encode_hello};
pub use crate::codec::{Conn, Endpoint};

// What the flags of a message to the driver mean.
const APP_RECV: i32 = 0x00;
const APP_PEER_FIN: i32 = 0x01;
const APP_CONNECTED: i32 = 0x02;
const APP_PEER_RST: i32 = 0x04;
const PEER_CONNECTED: i32 = 0x12;
const TCP_TX: i32 = 0x40;
const RELEASE_CONNECTION: i32 = 0x80;
const HELLO: i32 = 0xa0;

/// Bytes in one message.
const LARGEST_RECV: usize = 65536;

/// Connected to the driver. It is only read: the kernel sends a datagram whole, whatever other threads do.
static DRIVER: RwLock<Option<UnixDatagram>> = RwLock::new(None);

/// The connection is established. From now on the driver hands over what the application writes.
pub fn app_connected(conn: &Conn) {
    send(conn, &[], APP_CONNECTED);
}

/// The connection that peer_connect began is established. The driver finds the application that listens, and from now on hands
/// over what it writes.
pub fn peer_connected(conn: &Conn) {
    send(conn, &[], PEER_CONNECTED);
}

/// Hands the application bytes of the peer: in order, each once.
pub fn app_recv(conn: &Conn, data: &[u8]) {
    for part in data.chunks(LARGEST_RECV) {
        send(conn, part, APP_RECV);
    }
}

/// The peer will send no more. The application reads the end of its stream, and may still write.
pub fn app_peer_fin(conn: &Conn) {
    send(conn, &[], APP_PEER_FIN);
}

/// The peer has reset the connection, or it cannot be had. The driver closes the application's socket and forgets the
/// connection; no release_connection is needed.
pub fn app_peer_rst(conn: &Conn) {
    send(conn, &[], APP_PEER_RST);
}

/// Sends a segment: TCP header, options and payload, with the checksum in it. The driver adds the IP header.
pub fn tcp_tx(conn: &Conn, segment: &[u8]) {
    send(conn, segment, TCP_TX);
}

/// Both directions are closed and nothing is left to do. The driver frees the port; segments no longer reach us.
pub fn release_connection(conn: &Conn) {
    send(conn, &[], RELEASE_CONNECTION);
}

/// For main.rs: has all calls go to a socket that is connected to the driver, and tells the driver that we are here, what we
/// know beyond version 1 of the protocol, and that connections of before are void.
pub fn attach(socket: UnixDatagram, extensions: &[&str]) {
    *DRIVER.write().unwrap() = Some(socket);
    let end = |ip: &str, port| Endpoint { ip: ip.to_string(), port };
    let nobody = Conn { src: end("127.84.0.1", 8484), dst: end("", 0) };
    send_datagram(&encode_hello(&nobody, b"network_exp4", HELLO, extensions));
}

fn send(conn: &Conn, data: &[u8], flags: i32) {
    send_datagram(&encode(conn, data, flags));
}

fn send_datagram(datagram: &[u8]) {
    let driver = DRIVER.read().unwrap();
    let socket = driver.as_ref().expect("main.rs attaches before it calls outgoing.rs");
    if let Err(error) = socket.send(datagram) {
        eprintln!("the driver is gone: {error}");
        process::exit(1); // from whatever thread this is
    }
}
