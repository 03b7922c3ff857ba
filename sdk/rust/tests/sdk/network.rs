//! Two connections, a network in memory between them, and the time. What happens depends on the seed alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::outgoing::connection::{Call, Connection, State};
use crate::outgoing::segment::{Path, Segment};
use crate::{conn, reverse};

pub const LEFT: usize = 0;
pub const RIGHT: usize = 1;

/// How bad the network is: probabilities, and a delay.
#[derive(Clone, Copy)]
pub struct Weather {
    pub delay: Duration,
    pub loss: f64,
    pub duplicate: f64,
    pub corrupt: f64,
    pub reorder: f64,
}

pub const FAIR: Weather =
    Weather { delay: Duration::from_millis(10), loss: 0.0, duplicate: 0.0, corrupt: 0.0, reorder: 0.0 };

/// Decides whether a segment that goes out is to be lost, given the state of who sent it.
pub type Thief = Box<dyn FnMut(&Segment, State) -> bool>;

/// One end, and what its application sees.
pub struct Host {
    pub connection: Connection,
    pub received: Vec<u8>,
    pub events: Vec<&'static str>,
    pub sent: usize, // segments
    pub thief: Option<Thief>,
}

/// When it arrives, a number that keeps the order of those that arrive at once, to whom, and the segment.
type OnItsWay = (Instant, usize, usize, Vec<u8>);

pub struct Network {
    pub hosts: [Host; 2],
    pub now: Instant,
    pub damaged: usize,
    start: Instant,
    weather: Weather,
    chance: Chance,
    queue: BinaryHeap<Reverse<OnItsWay>>,
    carried: usize,
}

impl Network {
    pub fn new(weather: Weather, seed: u64) -> Network {
        let now = Instant::now();
        let host = |conn, iss| Host {
            connection: Connection::new(Path::new(&conn).unwrap(), iss, now),
            received: Vec::new(),
            events: Vec::new(),
            sent: 0,
            thief: None,
        };
        let hosts = [host(conn(), 0xffff_f000), host(reverse(&conn()), 0x7fff_ff00)]; // both soon wrap
        let queue = BinaryHeap::new();
        Network { hosts, now, damaged: 0, start: now, weather, chance: Chance(seed), queue, carried: 0 }
    }

    /// Lets something happen to the connection of a side, and does what it wants done.
    pub fn on(&mut self, side: usize, event: impl FnOnce(&mut Connection, Instant)) {
        event(&mut self.hosts[side].connection, self.now);
        for call in self.hosts[side].connection.take_calls() {
            let host = &mut self.hosts[side];
            match call {
                Call::Connected | Call::PeerConnected => host.events.push("connected"),
                Call::Recv(data) => host.received.extend(data),
                Call::PeerFin => host.events.push("peer fin"),
                Call::PeerRst => host.events.push("peer rst"),
                Call::Release => host.events.push("released"),
                Call::Tx(segment) => self.transmit(side, segment),
            }
        }
    }

    /// Lets time pass until done; panics if that takes more than limit of virtual time.
    pub fn run(&mut self, limit: Duration, mut done: impl FnMut(&Network) -> bool) {
        let (end, mut tick) = (self.now + limit, self.now + Duration::from_millis(100));
        while !done(self) {
            assert!(self.now <= end, "not done after {limit:?}: {}", self.describe());
            let next = self.queue.peek().map(|Reverse(item)| item.0).filter(|at| *at <= tick);
            if let (Some(at), Some(Reverse((_, _, side, data)))) = (next, next.and_then(|_| self.queue.pop())) {
                self.now = at;
                self.arrive(side, &data);
                continue;
            }
            self.now = tick;
            tick += Duration::from_millis(100);
            for side in [LEFT, RIGHT] {
                self.on(side, |connection, now| connection.on_tick(now));
            }
        }
    }

    pub fn connect(&mut self) {
        self.on(LEFT, |connection, now| connection.connect(now));
        self.run(secs(60), |network| network.hosts.iter().all(|host| host.events.contains(&"connected")));
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    pub fn are_closed(&self) -> bool {
        self.hosts.iter().all(|host| host.connection.state == State::Closed)
    }

    fn transmit(&mut self, side: usize, segment: Vec<u8>) {
        let host = &mut self.hosts[side];
        host.sent += 1;
        let parsed = host.connection.path.parse(&segment).expect("its own checksum is right");
        let state = host.connection.state;
        if !host.thief.as_mut().map_or(false, |thief| thief(&parsed, state)) {
            self.carry(1 - side, segment);
        }
    }

    fn carry(&mut self, to: usize, segment: Vec<u8>) {
        let copies = if self.chance.fraction() < self.weather.duplicate { 2 } else { 1 };
        for _ in 0..copies {
            if self.chance.fraction() < self.weather.loss {
                continue;
            }
            let mut copy = segment.clone();
            if self.chance.fraction() < self.weather.corrupt {
                let at = self.chance.below(copy.len());
                copy[at] ^= 1 << self.chance.below(8); // a checksum misses some that flip two
            }
            let late = if self.chance.fraction() < self.weather.reorder { 3.0 * self.chance.fraction() } else { 0.0 };
            self.carried += 1;
            let at = self.now + self.weather.delay.mul_f64(1.0 + late);
            self.queue.push(Reverse((at, self.carried, to, copy)));
        }
    }

    fn arrive(&mut self, side: usize, data: &[u8]) {
        let connection = &self.hosts[side].connection;
        match connection.path.parse(data) {
            Err(_) => self.damaged += 1,
            Ok(segment) if connection.state == State::Closed => {
                if let Some(answer) = segment.reset() {
                    let answer = connection.path.build(&answer);
                    self.transmit(side, answer);
                }
            }
            Ok(segment) => self.on(side, |connection, now| connection.on_segment(segment, now)),
        }
    }

    fn describe(&self) -> String {
        let ends =
            self.hosts.iter().map(|h| format!("{:?} {} bytes {:?}", h.connection.state, h.received.len(), h.events));
        format!("{:?}: {}", self.elapsed(), ends.collect::<Vec<_>>().join("; "))
    }
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
