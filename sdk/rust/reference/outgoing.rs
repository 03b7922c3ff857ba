//! A TCP for the driver: what the template leaves to you, done. Read connection.rs next, then sender.rs and receiver.rs.
//!
//! It retransmits, closes in any order, answers resets, keeps what arrives out of order, verifies checksums, measures the round
//! trip, heeds the peer's window and the network's load, and gives back what it no longer needs. It leaves out what a laboratory
//! can do without: window scaling, selective acknowledgment, timestamps, urgent data, path MTU discovery, keep-alives.

use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::api::{self, Conn};

pub mod congestion;
pub mod connection;
pub mod incoming;
pub mod receiver;
pub mod segment;
pub mod sender;
pub mod timers;

use connection::{Call, Connection, State};
use segment::{Path, Segment};

/// All connections there are. main.rs calls us from one thread, so that nothing needs a lock.
#[derive(Default)]
struct Table {
    connections: HashMap<Conn, Connection>,
    secret: RandomState, // of this process alone
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
    static START: Instant = Instant::now();
}

pub fn app_connect(conn: &Conn) {
    let now = Instant::now();
    let path = match Path::new(conn) {
        Ok(path) => path,
        Err(error) => return eprintln!("a connection to {:?}: {error}", conn.dst),
    };
    add(conn, path, now);
    on_event(conn, |connection| connection.connect(now));
}

pub fn app_send(conn: &Conn, data: &[u8]) {
    on_event(conn, |connection| connection.send(data, Instant::now()));
}

pub fn app_fin(conn: &Conn) {
    on_event(conn, |connection| connection.finish(Instant::now()));
}

pub fn app_rst(conn: &Conn) {
    on_event(conn, Connection::abort);
}

pub fn tcp_rx(conn: &Conn, data: &[u8]) {
    let (path, segment) = match read(conn, data) {
        Some(read) => read,
        None => return,
    };
    let answer = segment.reset();
    let is_known = on_event(conn, |connection| connection.on_segment(segment, Instant::now()));
    if let (false, Some(answer)) = (is_known, answer) {
        api::tcp_tx(conn, &path.build(&answer));
    }
}

pub fn tick() {
    let now = Instant::now();
    TABLE.with(|table| {
        table.borrow_mut().connections.retain(|conn, connection| {
            connection.on_tick(now);
            carry_out(conn, connection);
            connection.state != State::Closed
        });
    });
}

/// Reads a segment that came in, on a connection that need not exist. One that is damaged is reported.
fn read(conn: &Conn, data: &[u8]) -> Option<(Path, Segment)> {
    let known = TABLE.with(|table| table.borrow().connections.get(conn).map(|connection| connection.path.clone()));
    let path = match known.map_or_else(|| Path::new(conn), Ok) {
        Ok(path) => path,
        Err(error) => {
            eprintln!("a segment of {:?}: {error}", conn.dst);
            return None;
        }
    };
    match path.parse(data) {
        Ok(segment) => Some((path, segment)),
        Err(damage) => {
            eprintln!("a segment of {}:{}: {damage}", conn.dst.ip, conn.dst.port);
            None
        }
    }
}

/// Makes a connection in Listen.
fn add(conn: &Conn, path: Path, now: Instant) {
    TABLE.with(|table| {
        let mut table = table.borrow_mut();
        let iss = initial_sequence_number(conn, &table.secret, START.with(|start| now - *start));
        table.connections.insert(conn.clone(), Connection::new(path, iss, now));
    });
}

/// Lets something happen to a connection, and forgets it if that was the end of it. Reports whether it is known.
fn on_event(conn: &Conn, event: impl FnOnce(&mut Connection)) -> bool {
    TABLE.with(|table| {
        let connections = &mut table.borrow_mut().connections;
        let connection = match connections.get_mut(conn) {
            Some(connection) => connection,
            None => return false,
        };
        event(connection);
        carry_out(conn, connection);
        if connection.state == State::Closed {
            connections.remove(conn);
        }
        true
    })
}

fn carry_out(conn: &Conn, connection: &mut Connection) {
    for call in connection.take_calls() {
        match call {
            Call::Connected => api::app_connected(conn),
            Call::PeerConnected => api::peer_connected(conn),
            Call::Recv(data) => api::app_recv(conn, &data),
            Call::PeerFin => api::app_peer_fin(conn),
            Call::PeerRst => api::app_peer_rst(conn),
            Call::Tx(segment) => api::tcp_tx(conn, &segment),
            Call::Release => api::release_connection(conn),
        }
    }
}

/// RFC 9293, Section 3.4.1: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)". M counts up every 4
/// microseconds, so that an old connection's segments fall outside of a new one's window; F, the keyed hash that HashMap uses,
/// keeps others from guessing it.
pub fn initial_sequence_number(conn: &Conn, secret: &RandomState, since_start: Duration) -> u32 {
    let mut hasher = secret.build_hasher();
    conn.hash(&mut hasher);
    (hasher.finish() as u32).wrapping_add((since_start.as_micros() / 4) as u32)
}
