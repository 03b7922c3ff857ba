//! An incoming.rs that answers as outgoing.rs beside it does.

use std::thread;

use crate::api::*;

pub fn peer_connect(conn: &Conn, segment: &[u8]) {
    if segment != b"threads" {
        peer_connected(conn);
        return app_recv(conn, &[b"peer_connect ", segment].concat());
    }
    for _ in 0..4 {
        let conn = conn.clone();
        thread::spawn(move || (0..100).for_each(|_| peer_connected(&conn)));
    }
}
