//! Tests of the SDK and of the reference. The reference is compiled into them, with an api that only notes what is called.

#[path = "../../src/codec.rs"]
mod codec;
#[path = "../../reference/outgoing.rs"]
mod outgoing;

mod api;
mod chance;
mod network;
mod script;
mod vectors;

mod test_codec;
mod test_incoming;
mod test_outgoing;
mod test_program;
mod test_segment;
mod test_sending;
mod test_states;
mod test_transfer;

use codec::{Conn, Endpoint};

/// A connection of this end, which the driver gave the port.
fn conn() -> Conn {
    between("10.7.0.1", "10.7.0.2")
}

fn between(src: &str, dst: &str) -> Conn {
    let end = |ip: &str, port| Endpoint { ip: ip.to_string(), port };
    Conn { src: end(src, 61084), dst: end(dst, 80) }
}

/// The same connection, seen from the other end.
fn reverse(conn: &Conn) -> Conn {
    Conn { src: conn.dst.clone(), dst: conn.src.clone() }
}
