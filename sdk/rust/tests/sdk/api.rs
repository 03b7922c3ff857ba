//! Takes the place of src/api.rs: notes what the functions of outgoing.rs call.

use std::cell::RefCell;

pub use crate::codec::Conn;
use crate::outgoing::connection::Call;

thread_local! {
    static CALLS: RefCell<Vec<Call>> = RefCell::default();
}

/// Returns what this thread has called since the last time.
pub fn take_calls() -> Vec<Call> {
    CALLS.with(RefCell::take)
}

fn note(call: Call) {
    CALLS.with(|calls| calls.borrow_mut().push(call));
}

pub fn app_connected(_: &Conn) {
    note(Call::Connected);
}

pub fn peer_connected(_: &Conn) {
    note(Call::PeerConnected);
}

pub fn app_recv(_: &Conn, data: &[u8]) {
    note(Call::Recv(data.to_vec()));
}

pub fn app_peer_fin(_: &Conn) {
    note(Call::PeerFin);
}

pub fn app_peer_rst(_: &Conn) {
    note(Call::PeerRst);
}

pub fn tcp_tx(_: &Conn, segment: &[u8]) {
    note(Call::Tx(segment.to_vec()));
}

pub fn release_connection(_: &Conn) {
    note(Call::Release);
}
