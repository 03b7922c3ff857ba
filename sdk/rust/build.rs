//! Has main.rs take connections that others begin if the program has a file src/incoming.rs.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=src"); // not the file: what is not there would count as changed
    if Path::new("src/incoming.rs").exists() {
        println!("cargo:rustc-cfg=incoming");
    }
}
