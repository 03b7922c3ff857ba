//! The functions of the reference's outgoing.rs.

use std::collections::hash_map::RandomState;
use std::time::Duration;

use crate::api::{take_calls, Conn};
use crate::outgoing::connection::Call;
use crate::outgoing::incoming::peer_connect;
use crate::outgoing::segment::{Path, Segment, ACK, FIN, RST, SYN};
use crate::outgoing::{app_connect, app_fin, app_rst, app_send, initial_sequence_number, tcp_rx, tick};
use crate::script::{seg, text};
use crate::{between, conn, reverse};

fn rx(segment: &Segment) {
    tcp_rx(&conn(), &Path::new(&reverse(&conn())).unwrap().build(segment));
}

/// Returns the segments that were sent since the last time, and the other calls.
fn calls() -> (Vec<Segment>, Vec<Call>) {
    let (mut segments, mut others) = (Vec::new(), Vec::new());
    for call in take_calls() {
        match call {
            Call::Tx(segment) => segments.push(Path::new(&conn()).unwrap().parse(&segment).unwrap()),
            other => others.push(other),
        }
    }
    (segments, others)
}

#[test]
fn session() {
    app_connect(&conn());
    let iss = calls().0[0].seq;
    rx(&seg(SYN | ACK, 500, iss + 1));
    app_send(&conn(), b"GET /");
    rx(&text(501, iss + 6, b"page"));
    tick();
    rx(&seg(ACK | FIN, 505, iss + 6));
    app_fin(&conn());
    rx(&seg(ACK, 506, iss + 7));
    let want = [Call::Connected, Call::Recv(b"page".to_vec()), Call::PeerFin, Call::Release];
    assert_eq!(calls().1, want);
    rx(&seg(ACK, 506, iss + 7));
    assert!(calls().0[0].has(RST), "it is forgotten");
}

#[test]
fn call() {
    let wire = |segment: &Segment| Path::new(&reverse(&conn())).unwrap().build(segment);
    peer_connect(&conn(), &wire(&seg(SYN, 500, 0)));
    let answer = &calls().0[0];
    assert_eq!((answer.flags, answer.ack), (SYN | ACK, 501));
    rx(&seg(SYN, 500, 0));
    rx(&text(501, answer.seq + 1, b"GET /"));
    app_send(&conn(), b"page");
    app_fin(&conn());
    rx(&seg(ACK | FIN, 506, answer.seq + 6));
    let want = [Call::PeerConnected, Call::Recv(b"GET /".to_vec()), Call::PeerFin];
    assert_eq!(calls().1, want);
    app_rst(&conn());
    peer_connect(&conn(), &wire(&seg(RST, 500, 0)));
    assert_eq!(calls(), (vec![], vec![Call::Release]), "it is no call");
    rx(&seg(ACK, 501, 9));
    assert!(calls().0[0].has(RST), "it is not known");
}

#[test]
fn damaged_call() {
    let mut syn = Path::new(&reverse(&conn())).unwrap().build(&seg(SYN, 500, 0));
    syn[4] ^= 1;
    peer_connect(&conn(), &syn);
    peer_connect(&between("", "10.7.0.2"), &syn);
    assert_eq!(calls(), (vec![], vec![Call::Release, Call::Release]));
    rx(&seg(ACK, 501, 9));
    assert!(calls().0[0].has(RST), "it is not known");
    syn[4] ^= 1;
    peer_connect(&conn(), &syn);
    assert_eq!(calls().0[0].flags, SYN | ACK, "it is a call again");
}

#[test]
fn stray_segment() {
    rx(&seg(ACK, 7, 9));
    assert_eq!(calls().0, [Segment { seq: 9, flags: RST, ..Segment::default() }]);
    rx(&seg(RST, 7, 9));
    assert_eq!(calls().0, []);
}

#[test]
fn damaged_segment() {
    let mut segment = Path::new(&reverse(&conn())).unwrap().build(&seg(ACK, 7, 9));
    segment[4] ^= 1;
    tcp_rx(&conn(), &segment);
    assert_eq!(take_calls(), []);
}

#[test]
fn unknown_connection() {
    app_send(&conn(), b"x");
    app_fin(&conn());
    app_rst(&conn());
    tick();
    app_connect(&between("", "10.7.0.2"));
    assert_eq!(take_calls(), []);
}

#[test]
fn reset_by_application() {
    app_connect(&conn());
    let iss = calls().0[0].seq;
    rx(&seg(SYN | ACK, 500, iss + 1));
    calls();
    app_rst(&conn());
    assert_eq!(calls(), (vec![Segment { seq: iss + 1, flags: RST, ..Segment::default() }], vec![]));
    app_send(&conn(), b"x");
    assert_eq!(take_calls(), []);
}

#[test]
fn initial_sequence_numbers() {
    let secret = RandomState::new();
    let iss = |conn: &Conn, millis| initial_sequence_number(conn, &secret, Duration::from_millis(millis));
    assert_eq!(iss(&conn(), 101_000), iss(&conn(), 100_000).wrapping_add(250_000));
    assert_ne!(iss(&reverse(&conn()), 100_000), iss(&conn(), 100_000));
    assert_ne!(initial_sequence_number(&conn(), &RandomState::new(), Duration::from_secs(100)), iss(&conn(), 100_000));
}
