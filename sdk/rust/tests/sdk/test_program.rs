//! What becomes of the program when its driver dies. What else main.rs does, internal/sdktest tests for all languages.

use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{fs, process};

use crate::codec::decode;

/// A process that does not outlive its test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// The driver dies and leaves nothing to read, nor has the program anything to send.
#[test]
fn driver_dies_in_silence() {
    let directory = std::env::temp_dir().join(format!("antedon-rust-{}", process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (mut program, driver) = greet(&directory);
    driver.connect(directory.join("network-exp4-sdk.socket")).unwrap();
    driver.send(&[0]).unwrap();
    drop(driver);
    let mut said = String::new();
    let stderr = program.0.stderr.as_mut().unwrap();
    stderr.read_to_string(&mut said).unwrap(); // it ends as the program does
    assert_eq!(program.0.wait().unwrap().code(), Some(1));
    assert!(said.contains("the driver is gone"), "{said}");
    fs::remove_dir_all(&directory).unwrap();
}

/// Starts the program, and hears its hello.
fn greet(directory: &Path) -> (Program, UnixDatagram) {
    let driver = UnixDatagram::bind(directory.join("network-exp4-driver.socket")).unwrap();
    driver.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_antedon-sdk"));
    command.env("ANTEDON_LAB_DIR", directory).stderr(Stdio::piped());
    let program = Program(command.spawn().unwrap());
    let mut buffer = vec![0; 1000];
    let size = driver.recv(&mut buffer).unwrap();
    assert_eq!(decode(&buffer[..size]).unwrap().bytes, b"network_exp4");
    (program, driver)
}
