//! Connections that others begin, segment by segment: RFC 9293, Section 3.10.7.2 and what follows of Section 3.10.7.4.

use std::time::Duration;

use crate::network::secs;
use crate::outgoing::connection::{Call, Connection, State};
use crate::outgoing::segment::{Segment, ACK, FIN, RST, SYN};
use crate::script::{seg, text, Script};

/// Returns one that was called, and what it has answered.
fn called_by(segment: Segment) -> (Script, Vec<String>) {
    let mut t = Script::new();
    t.accept(segment);
    let sent = t.sent();
    (t, sent)
}

/// Returns one in SynReceived.
fn ringing() -> Script {
    called_by(Segment { mss: Some(1460), ..seg(SYN, 0, 0) }).0
}

#[test]
fn handshake() {
    let (mut t, sent) = called_by(seg(SYN, 0, 0));
    assert_eq!((t.connection.state, sent), (State::SynReceived, vec!["SYN|ACK seq=0 ack=1 len=0".to_string()]));
    assert_eq!(t.events, [], "nobody knows yet whether the caller exists");
    t.inject(seg(ACK, 1, 1));
    assert_eq!((t.connection.state, t.events), (State::Established, vec![Call::PeerConnected]));
}

#[test]
fn first_ack_with_text_and_fin() {
    let mut t = ringing();
    t.inject(Segment { flags: ACK | FIN, ..text(1, 1, b"all at once") });
    assert_eq!((t.events, t.received), (vec![Call::PeerConnected, Call::PeerFin], b"all at once".to_vec()));
    assert_eq!(t.connection.state, State::CloseWait);
}

/// Text before its turn is not handed on, nor is it without an acknowledgment.
#[test]
fn text_before_the_handshake_is_done() {
    let mut t = ringing();
    t.inject(Segment { flags: 0, ..text(1, 1, b"early") });
    assert_eq!((t.connection.state, t.events, t.received.len()), (State::SynReceived, vec![], 0));
}

#[test]
fn syn_with_text() {
    let (mut t, sent) = called_by(Segment { flags: SYN, ..text(0, 0, b"early") });
    assert_eq!(sent, ["SYN|ACK seq=0 ack=1 len=0"]);
    t.inject(text(1, 1, b"early and again"));
    assert_eq!(t.received, b"early and again");
}

#[test]
fn answer_is_lost() {
    let mut t = ringing();
    for wait in [1, 2, 4] {
        t.wait(secs(wait) - Duration::from_millis(100));
        assert_eq!(t.sent().len(), 0);
        t.wait(Duration::from_millis(100));
        assert_eq!(t.sent(), ["SYN|ACK seq=0 ack=1 len=0"]);
    }
    t.inject(seg(SYN, 0, 0));
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=0"], "as to whatever is not acceptable");
    t.inject(seg(ACK, 1, 1));
    assert_eq!((t.connection.state, t.events), (State::Established, vec![Call::PeerConnected]));
}

#[test]
fn nobody_answers() {
    let mut t = ringing();
    t.wait(secs(300));
    assert_eq!((t.connection.state, t.events), (State::Closed, vec![Call::PeerRst]));
}

#[test]
fn caller_resets() {
    let mut t = ringing();
    t.inject(seg(RST, 70_000, 0));
    assert_eq!(t.connection.state, State::SynReceived, "not in the window");
    t.inject(seg(RST, 1, 0));
    assert_eq!((t.connection.state, t.sent().len(), t.events), (State::Closed, 0, vec![Call::PeerRst]));
}

#[test]
fn acknowledgment_of_another_connection() {
    for ack in [0, 2, 500] {
        let mut t = ringing();
        t.inject(seg(ACK, 1, ack));
        assert_eq!((t.connection.state, t.sent()), (State::SynReceived, vec![format!("RST seq={ack} len=0")]));
    }
}

/// The listener refuses, or the driver has waited for long enough.
#[test]
fn application_is_not_there() {
    let mut t = ringing();
    t.on(|connection, _| connection.abort());
    assert_eq!((t.connection.state, t.sent()), (State::Closed, vec!["RST seq=1 len=0".to_string()]));
}

#[test]
fn called_by_what_is_no_syn() {
    let (t, sent) = called_by(seg(SYN | ACK, 0, 7));
    assert_eq!((sent, t.events), (vec!["RST seq=7 len=0".to_string()], vec![Call::Release]));
    for flags in [RST, SYN | RST, RST | ACK, FIN] {
        let (t, sent) = called_by(seg(flags, 0, 7));
        assert_eq!((t.connection.state, sent.len(), t.events), (State::Closed, 0, vec![Call::Release]));
    }
}

/// Its size of segments counts, and so does its window: that of the ACK, which is newer.
#[test]
fn what_the_syn_says() {
    let (mut t, _) = called_by(Segment { mss: Some(700), ..seg(SYN, 0, 0) });
    t.inject(Segment { window: 1000, ..seg(ACK, 1, 1) });
    t.send(&[7; 2000]);
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=700"]);
}

#[test]
fn close() {
    let mut t = ringing();
    t.inject(seg(ACK, 1, 1));
    t.on(Connection::finish);
    assert_eq!(t.sent(), ["FIN|ACK seq=1 ack=1 len=0"]);
    t.inject(seg(FIN | ACK, 1, 2));
    t.wait(secs(3));
    assert_eq!(t.events, [Call::PeerConnected, Call::PeerFin, Call::Release]);
}
