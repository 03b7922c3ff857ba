//! Headers, options, checksums, and numbers that wrap.

use std::net::IpAddr;

use crate::chance::Chance;
use crate::outgoing::segment::{find_mss, unwrap, Damage, Path, Segment, Seq, ACK, FIN, RST, SYN};
use crate::script::seg;
use crate::vectors::{from_hex, read};
use crate::{between, conn, reverse};

/// The checksum as RFC 1071 describes it, word by word.
fn plain_sum(data: &[u8]) -> u32 {
    data.chunks(2).fold(0, |sum, word| {
        let sum = sum + (u32::from(word[0]) << 8) + word.get(1).copied().map_or(0, u32::from);
        (sum & 0xffff) + (sum >> 16)
    })
}

fn octets(ip: &str) -> Vec<u8> {
    match ip.parse().unwrap() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

#[test]
fn golden_vector() {
    let vectors = read("golden.json");
    let vector = vectors.iter().find(|vector| vector.string("name") == "tcp_tx").unwrap();
    let path = Path::new(&vector.conn().unwrap()).unwrap();
    let parsed = path.parse(&vector.hex("bytes")).unwrap();
    let want = Segment { seq: 1000, flags: SYN, window: 12288, mss: Some(1460), ..Segment::default() };
    assert_eq!(parsed, want);
    assert_eq!(path.build(&parsed), vector.hex("bytes"));
}

#[test]
fn round_trip() {
    let mut chance = Chance(1);
    for conn in [conn(), between("fd07::1", "fd07::2")] {
        for size in (0..20).chain([1459, 1460, 65000]) {
            let (seq, ack) = (Seq::from(chance.next() as u32), Seq::from(chance.next() as u32));
            let segment = Segment { window: 7, payload: chance.bytes(size), ..seg(ACK, seq, ack) };
            let data = Path::new(&conn).unwrap().build(&segment);
            let length = (data.len() as u32).to_be_bytes();
            let whole = [&octets(&conn.src.ip)[..], &octets(&conn.dst.ip), &[0, 6], &length, &data].concat();
            assert_eq!(plain_sum(&whole), 0xffff, "{size} bytes");
            let there = Path::new(&reverse(&conn)).unwrap();
            assert_eq!(there.parse(&data), Ok(segment), "the peer computes over the same addresses");
        }
    }
}

#[test]
fn damage() {
    let path = Path::new(&conn()).unwrap();
    let data = path.build(&Segment { payload: b"some bytes of text".to_vec(), ..seg(ACK, 1, 2) });
    for bit in 0..8 * data.len() {
        let mut damaged = data.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(path.parse(&damaged).is_err(), "bit {bit}");
    }
    for size in 0..data.len() {
        let want = if size < 20 { Damage::ShortHeader } else { Damage::Checksum };
        assert_eq!(path.parse(&data[..size]), Err(want), "{size} bytes");
    }
    for offset in [0, 4, 15] {
        let mut damaged = data.clone();
        damaged[12] = offset << 4;
        assert_eq!(path.parse(&damaged), Err(Damage::DataOffset), "{offset} words");
    }
}

/// The checksum can be zero, and is sent so; a peer that sends all ones instead means the same.
#[test]
fn checksum_of_zero() {
    let path = Path::new(&conn()).unwrap();
    let zero = (0..65536).map(|low| path.build(&seg(ACK, low, 0))).find(|data| data[16..18] == [0, 0]);
    let mut data = zero.expect("such a segment");
    assert!(path.parse(&data).is_ok());
    data[16..18].copy_from_slice(&[0xff, 0xff]);
    assert!(path.parse(&data).is_ok());
}

#[test]
fn options() {
    for (options, want) in [
        ("", None),
        ("020405b4", Some(1460)),
        ("0101020405b4", Some(1460)),
        ("080a0000000000000000020400d8", Some(216)),
        ("0300", None),
        ("0301", None),
        ("02", None),
        ("0203ff", None),
        ("020405", None),
        ("00020405b4", None),
        ("0800020405b4", None),
        ("08ff020405b4", None),
    ] {
        assert_eq!(find_mss(&from_hex(options)), want, "{options}");
    }
}

#[test]
fn unwrapping() {
    for near in [0, 5, 1 << 31, (1 << 32) - 1, 1 << 32, 7 * (1 << 32) + 3] {
        for distance in [-(1 << 31), -70000, -1, 0, 1, 70000, (1 << 31) - 1] {
            let wire = Seq::from((near + distance) as u32);
            assert_eq!(unwrap(wire, near), near + distance, "{distance} from {near}");
        }
    }
}

#[test]
fn answers_to_strays() {
    let text = |segment| Segment { payload: b"abc".to_vec(), ..segment };
    let blank = Segment::default();
    assert_eq!(seg(RST, 1, 2).reset(), None);
    assert_eq!(text(seg(ACK, 1, 77)).reset(), Some(Segment { seq: 77, flags: RST, ..blank.clone() }));
    assert_eq!(text(seg(SYN | FIN, 1, 0)).reset(), Some(Segment { ack: 6, flags: RST | ACK, ..blank }));
}
