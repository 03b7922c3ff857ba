//! What the reference sends and when: windows, timeouts, losses.

use std::time::Duration;

use crate::network::{secs, Network, Weather, FAIR, LEFT, RIGHT};
use crate::outgoing::congestion::{NewReno, Phase};
use crate::outgoing::connection::{Call, Connection, State};
use crate::outgoing::segment::{Segment, ACK, SYN};
use crate::outgoing::timers::RoundTrip;
use crate::script::{seg, text, window, Script};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Returns one whose peer's SYN announced a window.
fn established_with(window: u16) -> Script {
    Script::established_by(Segment { window, mss: Some(1460), ..seg(SYN | ACK, 0, 1) })
}

#[test]
fn mss() {
    for (mss, want) in [(Some(1460), 1460), (Some(500), 500), (Some(9000), 1460), (None, 536), (Some(0), 536)] {
        let mut t = Script::established_by(Segment { mss, ..seg(SYN | ACK, 0, 1) });
        t.send(&[0; 3000]);
        assert_eq!(t.sent()[0], format!("ACK seq=1 ack=1 len={want}"));
    }
}

#[test]
fn narrow_window() {
    let mut t = established_with(2000);
    t.send(&[0; 5000]);
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=1460"], "the rest of the window is a crumb");
    t.inject(window(1, 1461, 3540));
    let want = ["ACK seq=1461 ack=1 len=1460", "ACK seq=2921 ack=1 len=1460", "ACK seq=4381 ack=1 len=620"];
    assert_eq!(t.sent(), want);
}

#[test]
fn old_segment_does_not_set_the_window() {
    let mut t = Script::established();
    t.inject(Segment { window: 3000, ..text(4, 1, b"def") });
    assert_eq!(t.connection.snd.window.wnd, 3000);
    t.inject(Segment { window: 9, ..text(1, 1, b"abc") }); // begins before the one above
    assert_eq!(t.connection.snd.window.wnd, 3000);
}

#[test]
fn zero_window() {
    let mut t = established_with(0);
    t.send(b"hello");
    assert_eq!(t.sent().len(), 0);
    for _ in 0..5 {
        t.wait(secs(61));
        let probes = t.sent();
        assert!(!probes.is_empty() && probes.iter().all(|probe| probe == "ACK seq=1 ack=1 len=1"), "{probes:?}");
        t.inject(window(1, 1, 0)); // it did not take the byte
    }
    t.inject(window(1, 1, 100));
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=5"], "the byte of the probe goes again");
    t.wait(millis(1100));
    assert_eq!(t.sent().len(), 1, "the time of waiting says nothing of the network");
    t.inject(seg(ACK, 1, 6));
    t.wait(secs(200));
    assert_eq!((t.sent().len(), t.connection.state), (0, State::Established));
}

#[test]
fn probe_that_is_taken() {
    let mut t = established_with(0);
    t.send(b"hello");
    t.wait(millis(1100));
    t.sent();
    t.inject(window(1, 2, 100));
    assert_eq!(t.sent(), ["ACK seq=2 ack=1 len=4"]);
}

#[test]
fn timeout_backs_off_and_gives_up() {
    let mut t = Script::established();
    let (began, mut times) = (t.now, Vec::new());
    t.send(b"hello");
    while t.connection.state == State::Established {
        times.extend(t.sent().iter().map(|_| (t.now - began).as_secs()));
        t.wait(millis(100));
        assert!(t.now - began < secs(300));
    }
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 63, 123]);
    assert_eq!(t.events, [Call::PeerRst]);
    assert!(t.now - began > secs(180));
}

#[test]
fn syn_timeout() {
    let mut t = Script::connecting();
    t.wait(millis(3100));
    assert_eq!(t.sent(), ["SYN seq=0 len=0"; 3]);
    t.wait(secs(176));
    assert_eq!(t.connection.state, State::SynSent, "three minutes at least");
    t.wait(secs(120));
    assert_eq!((t.connection.state, t.events), (State::Closed, vec![Call::PeerRst]));
}

#[test]
fn lost_syn_costs_the_initial_window() {
    let mut t = Script::connecting();
    t.wait(millis(1100));
    t.inject(Segment { mss: Some(1460), ..seg(SYN | ACK, 0, 1) });
    t.sent();
    t.send(&[0; 20_000]);
    assert_eq!(t.sent().len(), 1);
}

#[test]
fn slow_start() {
    let mut t = Script::established();
    t.send(&[0; 60_000]);
    assert_eq!(t.sent().len(), 10, "RFC 6928");
    t.inject(seg(ACK, 1, 1 + 2 * 1460));
    assert_eq!(t.sent().len(), 3, "two have left, and the window has grown by one");
}

#[test]
fn fast_retransmit() {
    let mut t = Script::established();
    t.send(&[0; 14_600]);
    t.sent();
    for want in [&[][..], &[], &["ACK seq=1 ack=1 len=1460"], &[], &[]] {
        t.inject(seg(ACK, 1, 1));
        assert_eq!(t.sent(), want);
    }
    t.inject(seg(ACK, 1, 1 + 4 * 1460)); // up to a second hole
    assert_eq!(t.sent(), ["ACK seq=5841 ack=1 len=1460"]);
    assert_eq!(t.connection.snd.congestion.phase, Phase::Recovery);
    t.inject(seg(ACK, 1, 14_601));
    assert_eq!(t.sent().len(), 0);
    assert_eq!(t.connection.snd.congestion.phase, Phase::Open { duplicates: 0, credit: 0 });
    assert_eq!(t.connection.snd.congestion.ssthresh, 7300, "half of what was on its way");
    assert_eq!(t.connection.snd.congestion.cwnd, 2 * 1460, "no burst, with nothing on its way");
}

#[test]
fn window_updates_are_no_duplicates() {
    let mut t = Script::established();
    t.send(&[0; 14_600]);
    t.sent();
    for wnd in [60_000, 61_000, 62_000, 63_000] {
        t.inject(window(1, 1, wnd));
    }
    assert_eq!(t.sent().len(), 0);
}

/// RFC 6582, Section 4: after a timeout, duplicates of what was on its way then say nothing new.
#[test]
fn no_fast_retransmit_after_a_timeout() {
    let mut t = Script::established();
    t.send(&[0; 14_600]);
    t.wait(millis(1100));
    t.sent();
    for _ in 0..5 {
        t.inject(seg(ACK, 1, 1));
    }
    assert_eq!(t.sent().len(), 0);
}

/// RFC 6298, Section 5: "When an ACK is received that acknowledges new data, restart the retransmission timer".
#[test]
fn timer_starts_anew() {
    let mut t = Script::established();
    t.send(&[0; 2920]);
    t.sent();
    t.wait(millis(900));
    t.inject(seg(ACK, 1, 1461));
    t.wait(millis(900));
    assert_eq!(t.sent().len(), 0);
}

/// A window too narrow to be worth a segment, with nothing on its way that could bring better news.
#[test]
fn crumb_of_a_window() {
    let mut t = Script::established();
    t.inject(window(1, 1, 10));
    t.send(&[0; 5000]);
    assert_eq!(t.sent().len(), 0);
    t.wait(millis(1100));
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=10"]);
}

#[test]
fn nothing_follows_fin() {
    let mut t = Script::established();
    t.on(Connection::finish);
    t.send(b"x");
    t.wait(millis(1100));
    assert_eq!(t.sent(), ["FIN|ACK seq=1 ack=1 len=0"; 2]);
}

#[test]
fn congestion_avoidance() {
    let mut congestion = NewReno::new(1460, 0, false);
    congestion.ssthresh = congestion.cwnd;
    for _ in 0..10 {
        assert_eq!(congestion.cwnd, 14_600);
        assert!(!congestion.on_ack(0, 1460, 0));
    }
    assert_eq!(congestion.cwnd, 14_600 + 1460, "one segment in a round trip");
}

#[test]
fn timeout_goes_back() {
    let mut t = Script::established();
    t.send(&[0; 5 * 1460]);
    t.sent();
    t.wait(millis(1100));
    assert_eq!(t.sent(), ["ACK seq=1 ack=1 len=1460"], "one segment");
    t.inject(seg(ACK, 1, 1 + 2 * 1460));
    assert_eq!(t.sent().len(), 2, "then two");
    t.inject(seg(ACK, 1, 1 + 5 * 1460));
    assert_eq!((t.sent().len(), t.connection.snd.buffer.len()), (0, 0));
}

#[test]
fn round_trip_time() {
    let mut estimate = RoundTrip::default();
    assert_eq!(estimate.rto(), secs(1));
    estimate.sample(secs(2));
    assert_eq!((estimate.estimate, estimate.rto()), (Some((secs(2), secs(1))), secs(6)));
    estimate.sample(secs(1));
    assert_eq!(estimate.estimate, Some((millis(1875), secs(1))));
    estimate.back_off();
    assert_eq!(estimate.rto(), 2 * (millis(1875) + secs(4)));
    for _ in 0..100 {
        estimate.sample(millis(10));
    }
    assert_eq!(estimate.rto(), secs(1));
    for _ in 0..100 {
        estimate.back_off();
    }
    assert_eq!(estimate.rto(), secs(60));
}

#[test]
fn round_trip_is_measured() {
    let mut network = Network::new(Weather { delay: millis(400), ..FAIR }, 1);
    network.connect();
    network.on(LEFT, |connection, now| connection.send(&[0; 100_000], now));
    network.run(secs(30), |network| network.hosts[RIGHT].received.len() == 100_000);
    let (srtt, _) = network.hosts[LEFT].connection.snd.rtt.estimate.unwrap();
    assert!(srtt > millis(700) && srtt < millis(900), "{srtt:?}");
    assert!(network.hosts[LEFT].sent < 85, "no timeout that was not due");
}

#[test]
fn karn() {
    let mut t = Script::established();
    t.send(b"hello");
    let before = t.connection.snd.rtt.estimate;
    t.wait(millis(1100));
    t.inject(seg(ACK, 1, 6));
    assert_eq!(t.connection.snd.rtt.estimate, before, "of which of the two?");
}
