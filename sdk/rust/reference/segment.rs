//! Segments: what lies in a TCP header, and how it is read and written. RFC 9293, Section 3.1.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! |          Source Port          |       Destination Port        |
//! |                        Sequence Number                        |
//! |                    Acknowledgment Number                      |
//! | Offset| Rsrvd |     Flags     |            Window             |
//! |           Checksum            |         Urgent Pointer        |
//! |                           [Options]                           |
//! :                             Data                              :
//! ```

use std::fmt;
use std::net::{AddrParseError, IpAddr};

use crate::api::Conn;

pub const FIN: u8 = 0x01;
pub const SYN: u8 = 0x02;
pub const RST: u8 = 0x04;
pub const PSH: u8 = 0x08;
pub const ACK: u8 = 0x10;

const HEADER: usize = 20; // bytes, without options
const PROTOCOL: u64 = 6; // TCP's number in the IP header

/// A sequence number that does not wrap.
///
/// On the wire, sequence numbers begin again at 0 after 2^32 - 1, and to compare them is an art. Everywhere else in this TCP
/// they simply go on: they are compared with `<` and subtracted with `-`. `unwrap` makes them so, and `Path::build` cuts
/// them back.
pub type Seq = i64;

/// Returns the number closest to near whose low 32 bits are those of number.
pub fn unwrap(number: Seq, near: Seq) -> Seq {
    near + Seq::from(number.wrapping_sub(near) as i32)
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    pub seq: Seq,
    pub ack: Seq,
    pub flags: u8,
    pub window: u16,
    /// Of the Maximum Segment Size option, which only a SYN carries.
    pub mss: Option<u16>,
    pub payload: Vec<u8>,
}

impl Segment {
    /// Reports whether any of the flags is set.
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags != 0
    }

    /// SEG.LEN, the sequence numbers that the segment occupies: SYN and FIN count as one each. RFC 9293, Section 3.4.
    pub fn len(&self) -> Seq {
        self.payload.len() as Seq + Seq::from(self.has(SYN)) + Seq::from(self.has(FIN))
    }

    /// Returns the answer to a segment that belongs to no connection. RFC 9293, Section 3.10.7.1.
    pub fn reset(&self) -> Option<Segment> {
        if self.has(RST) {
            None
        } else if self.has(ACK) {
            Some(Segment { seq: self.ack, flags: RST, ..Segment::default() })
        } else {
            Some(Segment { ack: self.seq + self.len(), flags: RST | ACK, ..Segment::default() })
        }
    }
}

/// What is wrong with a segment that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    ShortHeader,
    DataOffset,
    Checksum,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Damage::ShortHeader => "shorter than a header",
            Damage::DataOffset => "the data offset points outside of the segment",
            Damage::Checksum => "wrong checksum",
        })
    }
}

/// What all segments of a connection have in common: ports, and the addresses that the checksum covers.
#[derive(Clone, Debug)]
pub struct Path {
    /// What we take: an Ethernet frame less the headers of IP and TCP.
    pub mss: u16,
    /// What a peer takes that does not say. RFC 9293, Section 3.7.1: "536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6".
    pub default_mss: u16,
    src_port: u16,
    dst_port: u16,
    /// The sum of all in the pseudo header but the length.
    pseudo_header: u64,
}

impl Path {
    pub fn new(conn: &Conn) -> Result<Path, AddrParseError> {
        let (src, dst): (IpAddr, IpAddr) = (conn.src.ip.parse()?, conn.dst.ip.parse()?);
        let (mss, default_mss) = if src.is_ipv4() { (1460, 536) } else { (1440, 1220) };
        let pseudo_header = sum_address(src) + sum_address(dst) + PROTOCOL;
        Ok(Path { mss, default_mss, src_port: conn.src.port, dst_port: conn.dst.port, pseudo_header })
    }

    /// Returns the segment as it goes out.
    pub fn build(&self, segment: &Segment) -> Vec<u8> {
        let options = segment.mss.map(|mss| [2, 4, (mss >> 8) as u8, mss as u8]);
        let options = options.as_ref().map_or(&[][..], |option| &option[..]);
        let mut out = Vec::with_capacity(HEADER + options.len() + segment.payload.len());
        out.extend(self.src_port.to_be_bytes());
        out.extend(self.dst_port.to_be_bytes());
        out.extend((segment.seq as u32).to_be_bytes());
        out.extend((segment.ack as u32).to_be_bytes());
        out.push((((HEADER + options.len()) / 4) << 4) as u8);
        out.push(segment.flags);
        out.extend(segment.window.to_be_bytes());
        out.extend([0; 4]); // the checksum, once it is known, and the urgent pointer
        out.extend_from_slice(options);
        out.extend_from_slice(&segment.payload);
        let checksum = !self.sum(&out);
        out[16..18].copy_from_slice(&checksum.to_be_bytes());
        out
    }

    /// Returns the segment that came in as data.
    pub fn parse(&self, data: &[u8]) -> Result<Segment, Damage> {
        if data.len() < HEADER {
            return Err(Damage::ShortHeader);
        }
        let start = usize::from(data[12] >> 4) * 4;
        if start < HEADER || start > data.len() {
            return Err(Damage::DataOffset);
        }
        if self.sum(data) != 0xffff {
            return Err(Damage::Checksum);
        }
        let number = |at: usize| Seq::from(u32::from_be_bytes([data[at], data[at + 1], data[at + 2], data[at + 3]]));
        Ok(Segment {
            seq: number(4),
            ack: number(8),
            flags: data[13],
            window: u16::from_be_bytes([data[14], data[15]]),
            mss: if data[13] & SYN != 0 { find_mss(&data[HEADER..start]) } else { None },
            payload: data[start..].to_vec(),
        })
    }

    /// Returns the Internet checksum's sum of segment and pseudo header: 16-bit words are added, and what overflows is carried
    /// back in at the low end. It is 0xffff if the segment is undamaged.
    fn sum(&self, data: &[u8]) -> u16 {
        let mut sum = self.pseudo_header + data.len() as u64 + sum_words(data);
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        sum as u16
    }
}

fn sum_address(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => sum_words(&address.octets()),
        IpAddr::V6(address) => sum_words(&address.octets()),
    }
}

fn sum_words(data: &[u8]) -> u64 {
    let words = data.chunks_exact(2);
    let last = words.remainder().first().map_or(0, |byte| u64::from(*byte) << 8); // "padding the last octet with zeros"
    words.map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum::<u64>() + last
}

/// Returns the value of the Maximum Segment Size option. RFC 9293, Section 3.2: all other options are passed over.
pub fn find_mss(mut options: &[u8]) -> Option<u16> {
    loop {
        match *options {
            [1, ref rest @ ..] => options = rest, // no operation: a single byte
            [2, 4, high, low, ..] => return Some(u16::from_be_bytes([high, low])),
            [kind, size, ..] if kind != 0 && size >= 2 => options = options.get(size.into()..)?,
            _ => return None, // the end, or what makes no sense
        }
    }
}
