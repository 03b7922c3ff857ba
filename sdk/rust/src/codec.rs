//! Datagrams between SDK and driver: BSON documents of one shape.
//!
//! ```text
//! {conn: {src: {ip, port}, dst: {ip, port}}, bytes: binary, flags: integer}
//! ```
//!
//! A hello may have a further key, extensions: an array of strings.
//!
//! BSON (bsonspec.org) is little-endian: a document is its own length in four bytes, then elements, then a zero byte; an
//! element is one byte that tells its type, its name with a zero byte after it, and its value. This file holds as much of it
//! as such documents need: it writes the types of the shape above, reads these and 64-bit integers, and steps over every
//! other type, so that a driver may add keys that we do not know. Nothing in it concerns TCP.

use std::fmt;

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    pub ip: String,
    pub port: u16,
}

/// Names a connection. It can be the key of a map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn {
    /// This end, as the driver chose it.
    pub src: Endpoint,
    /// The remote end.
    pub dst: Endpoint,
}

/// What one datagram says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub conn: Conn,
    pub bytes: Vec<u8>,
    pub flags: i64,
    /// What a hello names beyond version 1 of the protocol.
    pub extensions: Vec<String>,
}

/// Why a datagram is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(&'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "not a document of the lab protocol: {}", self.0)
    }
}

impl std::error::Error for Refused {}

const STRING: u8 = 0x02;
const DOCUMENT: u8 = 0x03;
const ARRAY: u8 = 0x04;
const BINARY: u8 = 0x05;
const INT32: u8 = 0x10;
const INT64: u8 = 0x12;

/// Documents within documents; ours are two deep.
const DEEPEST: u32 = 16;

/// Returns the datagram of a message.
pub fn encode(conn: &Conn, bytes: &[u8], flags: i32) -> Vec<u8> {
    encode_hello(conn, bytes, flags, &[])
}

/// Returns the datagram of a hello, which may name extensions.
pub fn encode_hello(conn: &Conn, bytes: &[u8], flags: i32, extensions: &[&str]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 256);
    put_document(&mut out, |out| {
        put_name(out, DOCUMENT, "conn");
        put_document(out, |out| {
            for (name, end) in [("src", &conn.src), ("dst", &conn.dst)] {
                put_name(out, DOCUMENT, name);
                put_document(out, |out| put_endpoint(out, end));
            }
        });
        put_name(out, BINARY, "bytes");
        put_int32(out, bytes.len() as i32);
        out.push(0); // the subtype: just bytes
        out.extend_from_slice(bytes);
        put_name(out, INT32, "flags");
        put_int32(out, flags);
        if !extensions.is_empty() {
            put_name(out, ARRAY, "extensions");
            put_document(out, |out| put_strings(out, extensions));
        }
    });
    out
}

fn put_endpoint(out: &mut Vec<u8>, end: &Endpoint) {
    put_string(out, "ip", &end.ip);
    put_name(out, INT32, "port");
    put_int32(out, end.port.into());
}

/// Writes what is in an array: a document with the names "0", "1", …
fn put_strings(out: &mut Vec<u8>, strings: &[&str]) {
    for (i, string) in strings.iter().enumerate() {
        put_string(out, &i.to_string(), string);
    }
}

fn put_string(out: &mut Vec<u8>, name: &str, string: &str) {
    put_name(out, STRING, name);
    put_int32(out, string.len() as i32 + 1);
    out.extend_from_slice(string.as_bytes());
    out.push(0);
}

fn put_document(out: &mut Vec<u8>, elements: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    put_int32(out, 0); // the length, once it is known
    elements(out);
    out.push(0);
    let length = (out.len() - start) as i32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn put_name(out: &mut Vec<u8>, kind: u8, name: &str) {
    out.push(kind);
    out.extend_from_slice(name.as_bytes());
    out.push(0);
}

fn put_int32(out: &mut Vec<u8>, number: i32) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// Returns the message of a datagram.
pub fn decode(datagram: &[u8]) -> Result<Message, Refused> {
    let mut rest = datagram;
    let document = Document::read(&mut rest, 0)?;
    if !rest.is_empty() {
        return Err(Refused("something follows the document"));
    }
    let conn = document.document("conn")?;
    Ok(Message {
        conn: Conn { src: endpoint(conn.document("src")?)?, dst: endpoint(conn.document("dst")?)? },
        bytes: match document.get("bytes")? {
            Value::Binary(bytes) => bytes.to_vec(),
            _ => return Err(Refused("bytes is no binary")),
        },
        flags: document.integer("flags")?,
        extensions: document.strings("extensions"),
    })
}

fn endpoint(document: &Document) -> Result<Endpoint, Refused> {
    let ip = match document.get("ip")? {
        Value::String(ip) => ip.to_string(),
        _ => return Err(Refused("ip is no string")),
    };
    let port = u16::try_from(document.integer("port")?).map_err(|_| Refused("no such port"))?;
    Ok(Endpoint { ip, port })
}

/// A value, which borrows from the datagram.
enum Value<'a> {
    Integer(i64),
    String(&'a str),
    Binary(&'a [u8]),
    Document(Document<'a>),
    /// Of a type that says nothing to us.
    Other,
}

struct Document<'a>(Vec<(&'a str, Value<'a>)>);

impl<'a> Document<'a> {
    fn get(&self, name: &str) -> Result<&Value<'a>, Refused> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value).ok_or(Refused("a key is missing"))
    }

    fn document(&self, name: &str) -> Result<&Document<'a>, Refused> {
        match self.get(name)? {
            Value::Document(document) => Ok(document),
            _ => Err(Refused("an integer or the like where a document should be")),
        }
    }

    fn integer(&self, name: &str) -> Result<i64, Refused> {
        match self.get(name)? {
            Value::Integer(number) => Ok(*number),
            _ => Err(Refused("port or flags is no integer")),
        }
    }

    /// Returns the strings in an array. Whatever else is found there is none of ours.
    fn strings(&self, name: &str) -> Vec<String> {
        let items = self.document(name).map_or(&[][..], |array| &array.0);
        let string = |(_, value): &(&str, Value<'a>)| match value {
            Value::String(text) => Some(text.to_string()),
            _ => None,
        };
        items.iter().filter_map(string).collect()
    }

    /// Takes a document from the front of rest.
    fn read(rest: &mut &'a [u8], depth: u32) -> Result<Self, Refused> {
        let size = take_length(rest)?.checked_sub(4).ok_or(Refused("a document of negative length"))?;
        let (zero, mut elements) = take(rest, size)?.split_last().ok_or(Refused("an empty document"))?;
        if *zero != 0 || depth > DEEPEST {
            return Err(Refused("a document does not end where it says"));
        }
        let mut document = Document(Vec::new());
        while !elements.is_empty() {
            let kind = take(&mut elements, 1)?[0];
            let end = elements.iter().position(|byte| *byte == 0).ok_or(Refused("a name without end"))?;
            let name = text(take(&mut elements, end + 1)?)?;
            document.0.push((name, Value::read(kind, &mut elements, depth)?));
        }
        Ok(document)
    }
}

impl<'a> Value<'a> {
    fn read(kind: u8, rest: &mut &'a [u8], depth: u32) -> Result<Self, Refused> {
        Ok(match kind {
            INT32 => Value::Integer(i32::from_le_bytes(take_array(rest)?).into()),
            INT64 => Value::Integer(i64::from_le_bytes(take_array(rest)?)),
            STRING => {
                let size = take_length(rest)?;
                Value::String(text(take(rest, size)?)?)
            }
            BINARY => {
                let size = take_length(rest)?;
                match (take(rest, 1)?[0], take(rest, size)?) {
                    (0, bytes) => Value::Binary(bytes),
                    _ => Value::Other, // text of its own kind, an identifier or the like
                }
            }
            DOCUMENT | ARRAY => Value::Document(Document::read(rest, depth + 1)?),
            _ => {
                take(rest, fixed_size(kind).ok_or(Refused("an element of unknown type"))?)?;
                Value::Other
            }
        })
    }
}

/// Returns the size of the values of a type that says nothing to us, so that we can step over them.
fn fixed_size(kind: u8) -> Option<usize> {
    match kind {
        0x06 | 0x0a | 0x7f | 0xff => Some(0), // undefined, null, and the ends of every order
        0x08 => Some(1),                      // boolean
        0x01 | 0x09 | 0x11 => Some(8),        // a floating-point number, times
        0x07 => Some(12),                     // object id
        0x13 => Some(16),                     // decimal number
        _ => None,
    }
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Result<&'a [u8], Refused> {
    if size > rest.len() {
        return Err(Refused("it is cut short"));
    }
    let (taken, left) = rest.split_at(size);
    *rest = left;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Refused> {
    take(rest, N).map(|bytes| bytes.try_into().expect("N bytes"))
}

fn take_length(rest: &mut &[u8]) -> Result<usize, Refused> {
    usize::try_from(i32::from_le_bytes(take_array(rest)?)).map_err(|_| Refused("a negative length"))
}

/// Returns the text of bytes that end in a zero.
fn text(bytes: &[u8]) -> Result<&str, Refused> {
    match bytes.split_last() {
        Some((0, text)) => std::str::from_utf8(text).map_err(|_| Refused("a string is not UTF-8")),
        _ => Err(Refused("a string does not end where it says")),
    }
}
