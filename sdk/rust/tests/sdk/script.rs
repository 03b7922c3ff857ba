//! One connection, whose peer is the test: inject is what the network brings, sent returns what it was given.
//!
//! Numbers are relative: the first byte of either side is 1, its SYN is 0.

use std::time::{Duration, Instant};

use crate::conn;
use crate::outgoing::connection::{Call, Connection};
use crate::outgoing::segment::{Path, Segment, Seq, ACK, FIN, RST, SYN};

const ISS: u32 = 1000;
const IRS: u32 = 0xffff_fff0;

pub struct Script {
    pub connection: Connection,
    pub now: Instant,
    pub events: Vec<Call>,
    pub received: Vec<u8>,
    out: Vec<Segment>,
}

/// A segment to inject, with a wide window.
pub fn seg(flags: u8, seq: Seq, ack: Seq) -> Segment {
    Segment { seq, ack, flags, window: 65535, ..Segment::default() }
}

pub fn text(seq: Seq, ack: Seq, payload: &[u8]) -> Segment {
    Segment { payload: payload.to_vec(), ..seg(ACK, seq, ack) }
}

pub fn window(seq: Seq, ack: Seq, window: u16) -> Segment {
    Segment { window, ..seg(ACK, seq, ack) }
}

impl Script {
    pub fn new() -> Script {
        let now = Instant::now();
        let connection = Connection::new(Path::new(&conn()).unwrap(), ISS, now);
        Script { connection, now, events: Vec::new(), received: Vec::new(), out: Vec::new() }
    }

    /// Returns one that has sent SYN.
    pub fn connecting() -> Script {
        let mut script = Script::new();
        script.on(Connection::connect);
        script
    }

    /// Returns one in Established.
    pub fn established() -> Script {
        Script::established_by(Segment { mss: Some(1460), ..seg(SYN | ACK, 0, 1) })
    }

    pub fn established_by(answer: Segment) -> Script {
        let mut script = Script::connecting();
        script.inject(answer);
        script.sent();
        script.events.clear();
        script
    }

    pub fn on(&mut self, event: impl FnOnce(&mut Connection, Instant)) {
        event(&mut self.connection, self.now);
        for call in self.connection.take_calls() {
            match call {
                Call::Recv(data) => self.received.extend(data),
                Call::Tx(segment) => self.out.push(self.connection.path.parse(&segment).unwrap()),
                other => self.events.push(other),
            }
        }
    }

    pub fn send(&mut self, data: &[u8]) {
        self.on(|connection, now| connection.send(data, now));
    }

    pub fn inject(&mut self, segment: Segment) {
        self.on(|connection, now| connection.on_segment(as_sent(segment), now));
    }

    /// Somebody calls.
    pub fn accept(&mut self, segment: Segment) {
        self.on(|connection, now| connection.accept(as_sent(segment), now));
    }

    /// Lets time pass, with ticks.
    pub fn wait(&mut self, duration: Duration) {
        let tick = Duration::from_millis(100);
        let end = self.now + duration;
        while self.now + tick <= end {
            self.now += tick;
            self.on(Connection::on_tick);
        }
    }

    /// Returns what was sent since the last call, such as "SYN|ACK seq=0 ack=1 len=0".
    pub fn sent(&mut self) -> Vec<String> {
        self.out.drain(..).map(|segment| print(&segment)).collect()
    }
}

/// Returns a segment with the numbers that it has on the wire.
fn as_sent(segment: Segment) -> Segment {
    let wire = |number: Seq, first: u32| Seq::from(first.wrapping_add(number as u32));
    Segment { seq: wire(segment.seq, IRS), ack: wire(segment.ack, ISS), ..segment }
}

fn print(segment: &Segment) -> String {
    let names = [(SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (ACK, "ACK")];
    let flags: Vec<_> = names.iter().filter(|(flag, _)| segment.has(*flag)).map(|(_, name)| *name).collect();
    let seq = (segment.seq as u32).wrapping_sub(ISS);
    let ack = match (segment.ack as u32).wrapping_sub(IRS) {
        ack if segment.has(ACK) => format!(" ack={ack}"),
        _ => String::new(),
    };
    format!("{} seq={seq}{ack} len={}", flags.join("|"), segment.payload.len())
}
