//! One connection of the reference, segment by segment. RFC 9293, Section 3.10.7, and what other RFCs add to it.

use std::time::Duration;

use crate::network::secs;
use crate::outgoing::connection::{Call, Connection, State};
use crate::outgoing::segment::{Segment, ACK, FIN, PSH, RST, SYN};
use crate::script::{seg, text, Script};

#[test]
fn handshake() {
    let mut t = Script::connecting();
    assert_eq!(t.sent(), ["SYN seq=0 len=0"]);
    t.inject(seg(SYN | ACK, 0, 1));
    assert_eq!((t.sent(), t.events), (vec!["ACK seq=1 ack=1 len=0".to_string()], vec![Call::Connected]));
}

#[test]
fn wrong_answers_to_syn() {
    let mut t = Script::connecting();
    t.sent();
    t.inject(seg(SYN | ACK, 0, 7)); // of another connection
    assert_eq!(t.sent(), ["RST seq=7 len=0"]);
    t.inject(seg(RST | ACK, 0, 7));
    t.inject(seg(RST, 0, 1)); // does not prove that it knows our SYN
    assert_eq!((t.connection.state, t.sent().len()), (State::SynSent, 0));
    t.inject(seg(RST | ACK, 0, 1));
    assert_eq!((t.connection.state, t.events), (State::Closed, vec![Call::PeerRst]));
}

#[test]
fn unacceptable_is_acknowledged() {
    let mut t = Script::established();
    t.inject(text(70000, 1, b"beyond the window"));
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=0"]);
    t.inject(text(1, 1, b"abc"));
    t.wait(Duration::from_millis(100));
    t.sent();
    t.inject(text(1, 1, b"abc")); // again
    assert_eq!(t.sent(), ["ACK seq=1 ack=4 len=0"]);
    assert_eq!(t.received, b"abc");
}

/// RFC 5961: only the number that is expected next resets; others in the window are asked about.
#[test]
fn resets() {
    let mut t = Script::established();
    t.inject(seg(RST, 70000, 0));
    assert_eq!(t.sent().len(), 0);
    t.inject(seg(RST, 2, 0));
    t.inject(seg(SYN, 1, 0));
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=0"; 2]);
    assert_eq!(t.connection.state, State::Established);
    t.inject(seg(RST, 1, 0));
    assert_eq!((t.connection.state, t.sent().len(), t.events), (State::Closed, 0, vec![Call::PeerRst]));
}

/// RFC 5961, Section 5.2: neither what was never sent can be acknowledged, nor what was long before.
#[test]
fn impossible_acknowledgments() {
    for ack in [500, -70_000] {
        let mut t = Script::established();
        t.inject(text(1, ack, b"text"));
        assert_eq!((t.sent(), t.received.len()), (vec!["ACK seq=1 ack=1 len=0".to_string()], 0));
    }
}

/// Segments may begin early, end late, come in any order, and contain each other.
#[test]
fn overlap() {
    let mut t = Script::established();
    let bytes: Vec<u8> = (0..100).collect();
    let part = |t: &mut Script, start: usize, end: usize| t.inject(text(1 + start as i64, 1, &bytes[start..end]));
    for (start, end) in [(50, 60), (40, 80), (50, 100), (20, 30), (10, 25), (90, 95)] {
        part(&mut t, start, end);
        assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=0"], "a duplicate at once");
    }
    part(&mut t, 0, 15);
    assert_eq!(t.received, bytes[..30]);
    assert_eq!(t.sent(), ["ACK seq=1 ack=31 len=0"]);
    part(&mut t, 20, 45);
    assert_eq!(t.received, bytes);
    assert_eq!(t.sent(), ["ACK seq=1 ack=101 len=0"]);
}

/// What lies beyond the window, a FIN among it, is as if it had not come.
#[test]
fn window_is_kept() {
    let mut t = Script::established();
    let early = Segment { flags: ACK | FIN, ..text(65530, 1, b"0123456789") };
    t.inject(early);
    t.inject(text(1, 1, &[7; 65529]));
    assert_eq!(t.received.len(), 65535);
    assert_eq!(t.received[65529..], *b"012345");
    assert_eq!(t.events, []);
    assert_eq!(t.sent().last().unwrap(), "ACK seq=1 ack=65536 len=0");
    t.inject(text(65536, 1, b"6789"));
    assert_eq!((t.received.len(), t.events.len()), (65539, 0));
    t.inject(seg(ACK | FIN, 65540, 1));
    assert_eq!(t.events, [Call::PeerFin]);
}

/// A peer that sends the same again and again, each time a byte further, does not fill our memory.
#[test]
fn early_segments_are_limited() {
    let mut t = Script::established();
    for seq in [2, 3, 4] {
        t.inject(text(seq, 1, &[7; 60_000])); // the third goes beyond the limit
    }
    t.inject(text(1, 1, b"7"));
    assert_eq!(t.received.len(), 60_002);
    for round in 1..4 {
        let first = t.received.len() as i64 + 1;
        t.inject(text(first + 1, 1, &[7; 60_000]));
        t.inject(text(first, 1, b"7"));
        assert_eq!(t.received.len(), 60_002 + round * 60_001, "what went on counts no more");
    }
}

#[test]
fn fin_before_its_data() {
    let mut t = Script::established();
    t.inject(Segment { flags: ACK | FIN, ..text(4, 1, b"def") });
    assert_eq!(t.events, []);
    t.inject(text(1, 1, b"abc"));
    assert_eq!((t.received.as_slice(), t.events.as_slice()), (&b"abcdef"[..], &[Call::PeerFin][..]));
    assert_eq!(t.sent().last().unwrap(), "ACK seq=1 ack=8 len=0");
    assert_eq!(t.connection.state, State::CloseWait);
}

#[test]
fn delayed_acknowledgment() {
    let mut t = Script::established();
    t.inject(text(1, 1, &[0; 1460]));
    assert_eq!(t.sent().len(), 0);
    t.inject(text(1461, 1, &[0; 1460]));
    assert_eq!(t.sent(), ["ACK seq=1 ack=2921 len=0"], "every second segment");
    t.inject(text(2921, 1, b"x"));
    assert_eq!(t.sent().len(), 0);
    t.wait(Duration::from_millis(100));
    assert_eq!(t.sent(), ["ACK seq=1 ack=2922 len=0"], "and at the next tick");
    t.inject(Segment { flags: ACK | PSH, ..text(2922, 1, b"x") });
    assert_eq!(t.sent(), ["ACK seq=1 ack=2923 len=0"], "and when the peer pushes");
}

#[test]
fn time_wait() {
    let mut t = Script::established();
    t.on(Connection::finish);
    assert_eq!(t.sent(), ["FIN|ACK seq=1 ack=1 len=0"]);
    t.inject(seg(FIN | ACK, 1, 2));
    assert_eq!((t.connection.state, t.sent()), (State::TimeWait, vec!["ACK seq=2 ack=2 len=0".to_string()]));
    t.wait(Duration::from_millis(1500));
    t.inject(seg(FIN | ACK, 1, 2));
    assert_eq!(t.sent(), ["ACK seq=2 ack=2 len=0"]);
    t.wait(Duration::from_millis(1500));
    assert_eq!(t.connection.state, State::TimeWait, "it began anew");
    t.wait(secs(1));
    assert_eq!((t.connection.state, t.events), (State::Closed, vec![Call::PeerFin, Call::Release]));
}

#[test]
fn simultaneous_close() {
    let mut t = Script::established();
    t.on(Connection::finish);
    t.inject(seg(FIN | ACK, 1, 1));
    assert_eq!(t.connection.state, State::Closing);
    t.inject(seg(ACK, 2, 2));
    assert_eq!(t.connection.state, State::TimeWait);
}

#[test]
fn passive_close() {
    let mut t = Script::established();
    t.inject(seg(FIN | ACK, 1, 1));
    t.send(b"last words");
    t.on(Connection::finish);
    assert_eq!((t.connection.state, t.sent().pop()), (State::LastAck, Some("FIN|ACK seq=11 ack=2 len=0".to_string())));
    t.inject(seg(ACK, 2, 12));
    assert_eq!((t.connection.state, t.events), (State::Closed, vec![Call::PeerFin, Call::Release]));
}

#[test]
fn abort() {
    let mut t = Script::established();
    t.send(b"abc");
    t.on(|connection, _| connection.abort());
    assert_eq!(t.sent().pop().unwrap(), "RST seq=4 len=0");
    let mut t = Script::connecting();
    t.on(|connection, _| connection.abort());
    assert_eq!(t.sent(), ["SYN seq=0 len=0"], "the peer knows nothing to forget");
    let mut t = Script::established();
    t.on(Connection::finish);
    t.inject(seg(FIN | ACK, 1, 2));
    t.sent();
    t.on(|connection, _| connection.abort());
    assert_eq!(t.sent().len(), 0, "the peer has closed");
}

#[test]
fn fin_while_connecting() {
    let mut t = Script::connecting();
    t.on(Connection::finish);
    t.inject(seg(SYN | ACK, 0, 1));
    assert_eq!(t.sent()[1..], ["FIN|ACK seq=1 ack=1 len=0"]);
    assert_eq!(t.connection.state, State::FinWait1);
}
