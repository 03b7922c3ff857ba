//! The reference against itself, over networks that misbehave, in virtual time.

use std::time::Duration;

use crate::chance::Chance;
use crate::network::{secs, Network, Weather, FAIR, LEFT, RIGHT};
use crate::outgoing::connection::State;
use crate::outgoing::segment::FIN;

const MB: usize = 1_000_000;

/// Sends up bytes to the right and down bytes to the left, closes, and checks that all of it arrived.
fn transfer(weather: Weather, seed: u64, up: usize, down: usize) -> Network {
    let mut network = Network::new(weather, seed);
    network.connect();
    let data = [Chance(seed).bytes(up), Chance(!seed).bytes(down)];
    for side in [LEFT, RIGHT] {
        for piece in data[side].chunks(1460) {
            network.on(side, |connection, now| connection.send(piece, now)); // as the driver hands it over
        }
        network.on(side, |connection, now| connection.finish(now));
    }
    network.run(secs(3600), Network::are_closed);
    for (host, sent) in network.hosts.iter().zip(data.iter().rev()) {
        let (got, want) = (host.received.len(), sent.len());
        assert!(host.received == *sent, "seed {seed}: got {got} of {want} bytes, or others");
        assert_eq!(host.events, ["connected", "peer fin", "released"], "seed {seed}");
    }
    network
}

#[test]
fn large() {
    let network = transfer(FAIR, 1, 3 * MB, 10 * MB);
    assert!(network.elapsed() < secs(20), "{:?}: two round trips per window, at most", network.elapsed());
}

#[test]
fn large_on_a_bad_path() {
    let weather = Weather { loss: 0.005, duplicate: 0.01, corrupt: 0.001, reorder: 0.01, ..FAIR };
    let network = transfer(weather, 2, 3 * MB, 10 * MB);
    assert!(network.damaged > 5);
}

#[test]
fn many_seeds() {
    let weather = Weather { loss: 0.03, duplicate: 0.03, corrupt: 0.02, reorder: 0.1, ..FAIR };
    let damaged: usize = (0..300).map(|seed| transfer(weather, seed, 40_000, 60_000).damaged).sum();
    assert!(damaged > 300);
}

#[test]
fn each_handshake_segment_lost() {
    for lost in 0..2 {
        for side in [LEFT, RIGHT] {
            let mut network = Network::new(FAIR, 1);
            let mut count = 0;
            network.hosts[side].thief = Some(Box::new(move |_, _| {
                count += 1;
                count == lost + 1
            }));
            network.on(LEFT, |connection, now| connection.connect(now));
            network.run(secs(5), |network| network.hosts[LEFT].events == ["connected"]);
            network.on(LEFT, |connection, now| connection.send(b"hello", now));
            network.run(secs(10), |network| network.hosts[RIGHT].received == b"hello");
        }
    }
}

/// RFC 9293, Figure 8.
#[test]
fn simultaneous_open() {
    let mut network = Network::new(FAIR, 1);
    network.on(RIGHT, |connection, now| connection.connect(now));
    network.connect();
    network.on(RIGHT, |connection, now| connection.send(b"hello", now));
    network.run(secs(5), |network| network.hosts[LEFT].received == b"hello");
}

/// Who closes first, whether the other answers at once, and whether the first FIN is lost.
#[test]
fn every_order_of_closing() {
    for second_after in [0, 5, 20, 1000] {
        for lose in [false, true] {
            close(Duration::from_millis(second_after), lose);
        }
    }
}

fn close(second_after: Duration, mut lose: bool) {
    let mut network = Network::new(FAIR, 1);
    network.connect();
    network.hosts[LEFT].thief = Some(Box::new(move |segment, _| {
        let steals = lose && segment.has(FIN);
        lose &= !steals;
        steals
    }));
    network.on(LEFT, |connection, now| connection.finish(now));
    let end = network.now + second_after;
    network.run(secs(2), |network| network.now >= end);
    network.on(RIGHT, |connection, now| connection.send(b"the rest", now));
    network.on(RIGHT, |connection, now| connection.finish(now));
    network.run(secs(20), Network::are_closed);
    assert_eq!(network.hosts[LEFT].received, b"the rest");
    for host in &network.hosts {
        assert_eq!(host.events, ["connected", "peer fin", "released"], "second after {second_after:?}");
    }
}

#[test]
fn last_acknowledgment_lost() {
    let mut network = Network::new(FAIR, 1);
    network.connect();
    network.on(RIGHT, |connection, now| connection.finish(now));
    network.run(secs(5), |network| network.hosts[LEFT].events.contains(&"peer fin"));
    let mut done = false;
    network.hosts[RIGHT].thief = Some(Box::new(move |_, state| {
        let steals = state == State::TimeWait && !done;
        done |= steals;
        steals
    }));
    network.on(LEFT, |connection, now| connection.finish(now));
    network.run(secs(3), |network| network.hosts[LEFT].connection.state == State::Closed);
    assert_eq!(network.hosts[RIGHT].connection.state, State::TimeWait);
    assert!(network.hosts[LEFT].sent >= 4, "FIN went twice");
}

#[test]
fn abort() {
    let mut network = Network::new(FAIR, 1);
    network.connect();
    network.on(LEFT, |connection, now| connection.send(b"hello", now));
    network.on(LEFT, |connection, _| connection.abort());
    network.run(secs(1), Network::are_closed);
    assert_eq!(network.hosts[RIGHT].events, ["connected", "peer rst"]);
}
