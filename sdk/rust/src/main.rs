//! The program around a TCP: joins the driver, and calls the functions of outgoing.rs for each of its messages.
//!
//! The driver has to run already. While it serves another SDK this program waits. All functions of outgoing.rs are called from
//! one thread, one after the other.

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
const TCP_RX: i64 = 0x40;

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
    api::attach(socket.try_clone()?);
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
    socket.set_read_timeout(Some(SILENCE))?;
    loop {
        match socket.recv(&mut buffer) {
            Ok(size) => dispatch(&buffer[..size]),
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
fn dispatch(datagram: &[u8]) {
    if datagram == [0] {
        return outgoing::tick();
    }
    if datagram.len() == LONGEST {
        return eprintln!("a datagram from the driver: {LONGEST} bytes or more");
    }
    let message = match codec::decode(datagram) {
        Ok(message) => message,
        Err(error) => return eprintln!("a datagram from the driver: {error}"),
    };
    match message.flags {
        APP_CONNECT => outgoing::app_connect(&message.conn),
        APP_SEND => outgoing::app_send(&message.conn, &message.bytes),
        APP_FIN => outgoing::app_fin(&message.conn),
        APP_RST => outgoing::app_rst(&message.conn),
        TCP_RX => outgoing::tcp_rx(&message.conn, &message.bytes),
        flags => eprintln!("a datagram from the driver: unknown flags {flags:#x}"),
    }
}
