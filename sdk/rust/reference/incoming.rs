//! Connections that others begin.

use std::time::Instant;

use super::{add, on_event, read};
use crate::api::{self, Conn};

/// A passive OPEN, and the SYN that came for it. A connection that we know by this name is one the driver has forgotten.
pub fn peer_connect(conn: &Conn, data: &[u8]) {
    let (path, syn) = match read(conn, data) {
        Some(read) => read,
        None => return api::release_connection(conn), // so that the SYN, when it comes again, is a call again
    };
    let now = Instant::now();
    add(conn, path, now);
    on_event(conn, |connection| connection.accept(syn, now));
}
