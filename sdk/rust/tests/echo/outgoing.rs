//! An outgoing.rs that answers every call with one that says what was called.

use std::thread;

use crate::api::*;

pub fn app_connect(conn: &Conn) {
    app_recv(conn, b"app_connect");
}

pub fn app_send(conn: &Conn, data: &[u8]) {
    app_recv(conn, &[b"app_send ", data].concat());
}

pub fn app_fin(conn: &Conn) {
    app_peer_fin(conn);
    app_peer_rst(conn);
    release_connection(conn);
    app_connected(conn);
}

pub fn app_rst(conn: &Conn) {
    for _ in 0..4 {
        let conn = conn.clone();
        thread::spawn(move || (0..100).for_each(|_| app_recv(&conn, &[b'x'; 1000])));
    }
}

pub fn tcp_rx(conn: &Conn, segment: &[u8]) {
    tcp_tx(conn, segment);
}

pub fn tick() {
    let nobody = Endpoint { ip: String::new(), port: 0 };
    app_recv(&Conn { src: nobody.clone(), dst: nobody }, b"tick");
}
