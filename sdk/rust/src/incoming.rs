//! Here in the repository, the reference. In a directory that `antedon lab new` has made, what you write lies in this place.

pub use crate::outgoing::incoming::peer_connect;
