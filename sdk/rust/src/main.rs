//! The program around a TCP: joins the driver, and calls the functions of outgoing.rs for each of its messages, and that of
//! incoming.rs if there is such a file.
//!
//! The driver has to run already. While it serves another SDK this program waits. All these functions are called from one
//! thread, one after the other.

#![allow(unknown_lints, unexpected_cfgs)] // not every compiler is told of build.rs's "incoming"

use std::env;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::Duration;

mod api;
mod codec;
#[cfg(incoming)]
mod incoming;
mod outgoing;

/// A datagram as long as that is an error.
const LONGEST: usize = 500_000;

/// Between attempts while the driver is taken.
const RETRY: Duration = Duration::from_millis(500);

/// So long the driver, which sends a tick every 100 ms, may say nothing before we look whether it is there.
const SILENCE: Duration = Duration::from_secs(5);

/// "Operation not permitted": the driver is connected to another SDK. PermissionDenied would be EACCES as well.
const EPERM: Option<i32> = Some(1);

// What the flags of a message from the driver mean.
const APP_SEND: i64 = 0x00;
const APP_FIN: i64 = 0x01;
const APP_CONNECT: i64 = 0x02;
const APP_RST: i64 = 0x04;
const PEER_CONNECT: i64 = 0x12;
const TCP_RX: i64 = 0x40;
const ANSWER: i64 = 0xa0; // to a hello

/// Our name for incoming.rs in a hello, and that of every other SDK.
const EXTENSION: &str = "incoming";

/// The function of incoming.rs.
type PeerConnect = fn(&codec::Conn, &[u8]);

/// What is agreed with the driver on connections that others begin.
#[derive(Clone, Copy)]
#[allow(dead_code)] // without incoming.rs
enum Incoming {
    /// There will be none.
    Refused,
    /// Our hello has named the extension. A driver that knows of it answers before it says anything else.
    Asked(PeerConnect),
    Agreed(PeerConnect),
}

impl Incoming {
    /// If the answer is still due, this is it: what the driver knows of the extensions that were named.
    fn settle(&mut self, extensions: &[String]) {
        if let Incoming::Asked(peer_connect) = *self {
            *self = if extensions.iter().any(|name| name == EXTENSION) {
                Incoming::Agreed(peer_connect)
            } else {
                eprintln!("the driver knows nothing of incoming connections: nobody will call");
                Incoming::Refused
            };
        }
    }
}

#[cfg(incoming)]
const INCOMING: Incoming = Incoming::Asked(incoming::peer_connect);
#[cfg(not(incoming))]
const INCOMING: Incoming = Incoming::Refused;

fn main() {
    let directory = env::var_os("ANTEDON_LAB_DIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    if let Err(error) = run(&directory) {
        eprintln!("the driver is gone, or was never there: {error}");
        process::exit(1);
    }
}

/// Joins and serves; returns only with an error.
fn run(directory: &Path) -> io::Result<()> {
    let driver = directory.join("network-exp4-driver.socket");
    let socket = join(&directory.join("network-exp4-sdk.socket"), &driver)?;
    api::attach(socket.try_clone()?, if let Incoming::Asked(_) = INCOMING { &[EXTENSION] } else { &[] });
    serve(&socket, &driver)
}

/// Returns a socket that is connected to the driver.
fn join(own: &Path, driver: &Path) -> io::Result<UnixDatagram> {
    match fs::remove_file(own) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let socket = UnixDatagram::bind(own)?;
    loop {
        match socket.connect(driver) {
            Err(error) if error.raw_os_error() == EPERM => thread::sleep(RETRY),
            Err(error) => return Err(error),
            Ok(()) => return Ok(socket),
        }
    }
}

/// Receives and dispatches until the driver is gone.
fn serve(socket: &UnixDatagram, driver: &Path) -> io::Result<()> {
    let mut buffer = vec![0; LONGEST];
    let mut incoming = INCOMING;
    socket.set_read_timeout(Some(SILENCE))?;
    loop {
        match socket.recv(&mut buffer) {
            Ok(size) => dispatch(&buffer[..size], &mut incoming),
            Err(error) if error.kind() == ErrorKind::WouldBlock => check_presence(driver)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Fails unless the driver is connected to an SDK: a socket of datagrams is not told when the other end dies.
fn check_presence(driver: &Path) -> io::Result<()> {
    match UnixDatagram::unbound()?.connect(driver) {
        Err(error) if error.raw_os_error() == EPERM => Ok(()),
        Err(error) => Err(error),
        Ok(()) => Err(io::Error::new(ErrorKind::NotConnected, "it serves us no longer")),
    }
}

/// Calls the function that a datagram is for. What cannot be understood is reported and passed over.
fn dispatch(datagram: &[u8], incoming: &mut Incoming) {
    if datagram == [0] {
        incoming.settle(&[]);
        return outgoing::tick();
    }
    if datagram.len() == LONGEST {
        return eprintln!("a datagram from the driver: {LONGEST} bytes or more");
    }
    let message = match codec::decode(datagram) {
        Ok(message) => message,
        Err(error) => return eprintln!("a datagram from the driver: {error}"),
    };
    if let (ANSWER, Incoming::Asked(_)) = (message.flags, *incoming) {
        return incoming.settle(&message.extensions);
    }
    incoming.settle(&[]);
    match (message.flags, *incoming) {
        (PEER_CONNECT, Incoming::Agreed(peer_connect)) => peer_connect(&message.conn, &message.bytes),
        (APP_CONNECT, _) => outgoing::app_connect(&message.conn),
        (APP_SEND, _) => outgoing::app_send(&message.conn, &message.bytes),
        (APP_FIN, _) => outgoing::app_fin(&message.conn),
        (APP_RST, _) => outgoing::app_rst(&message.conn),
        (TCP_RX, _) => outgoing::tcp_rx(&message.conn, &message.bytes),
        (flags, _) => eprintln!("a datagram from the driver: unknown flags {flags:#x}"),
    }
}
