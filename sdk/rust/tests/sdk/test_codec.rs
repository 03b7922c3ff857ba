//! codec.rs against the vectors that all SDKs share.

use crate::chance::Chance;
use crate::codec::{decode, encode, encode_hello, Message};
use crate::vectors::read;

/// Returns each vector's datagram, the message in it, and whether we would write the same.
fn golden() -> Vec<(String, Vec<u8>, Message, bool)> {
    let files = read("golden.json").into_iter().chain(read("incoming.json"));
    let vectors = files.filter_map(|vector| {
        let flags = vector.word("flags").parse().unwrap();
        let message = Message {
            conn: vector.conn()?,
            bytes: vector.hex("bytes"),
            flags,
            // golden.json leaves out what version 1 does not know
            extensions: vector.strings("extensions").unwrap_or_else(|| decode(&vector.hex("hex")).unwrap().extensions),
        };
        Some((vector.string("name").to_string(), vector.hex("hex"), message, vector.word("strict") == "true"))
    });
    vectors.collect()
}

#[test]
fn golden_vectors() {
    assert!(golden().len() > 20);
    for (name, datagram, message, strict) in golden() {
        assert_eq!(decode(&datagram).as_ref(), Ok(&message), "{name}");
        if !strict {
            continue;
        }
        let extensions: Vec<_> = message.extensions.iter().map(String::as_str).collect();
        let encoded = match extensions[..] {
            [] => encode(&message.conn, &message.bytes, message.flags as i32),
            _ => encode_hello(&message.conn, &message.bytes, message.flags as i32, &extensions),
        };
        assert_eq!(encoded, datagram, "{name}");
    }
}

#[test]
fn bad_vectors() {
    let vectors = read("bad.json");
    assert!(vectors.len() > 10);
    for vector in vectors {
        let got = decode(&vector.hex("hex"));
        assert!(got.is_err(), "{}: got {got:?}, but {}", vector.string("name"), vector.string("why"));
    }
}

#[test]
fn cut_short() {
    for (name, datagram, ..) in golden() {
        for size in 0..datagram.len() {
            assert!(decode(&datagram[..size]).is_err(), "{name}: {size} bytes");
        }
    }
}

/// Whatever arrives, it is understood or refused.
#[test]
fn damaged() {
    let (vectors, mut chance, mut refused) = (golden(), Chance(1), 0);
    for _ in 0..20_000 {
        let mut datagram = vectors[chance.below(vectors.len())].1.clone();
        for _ in 0..1 + chance.below(4) {
            let at = chance.below(datagram.len().min(200));
            datagram[at] = chance.next() as u8;
        }
        refused += usize::from(decode(&datagram).is_err());
    }
    assert!(refused > 4000, "{refused} of 20,000 refused");
}

#[test]
fn depth() {
    let levels = 60_000; // as many as fit into a datagram
    let mut document = Vec::new();
    for level in 0..levels {
        document.extend((5 + 8 * (levels - level) as u32).to_le_bytes());
        document.extend(b"\x03a\0");
    }
    document.extend([5, 0, 0, 0, 0]);
    document.extend(vec![0; levels]);
    assert!(decode(&document).is_err());
}
