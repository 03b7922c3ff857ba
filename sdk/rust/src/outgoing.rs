//! Here in the repository, the reference. In a directory that `antedon lab new` has made, what you write lies in this place.

#[path = "../reference/outgoing.rs"]
mod reference;

pub use reference::{app_connect, app_fin, app_rst, app_send, incoming, tcp_rx, tick};
