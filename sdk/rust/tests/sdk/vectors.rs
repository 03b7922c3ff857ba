//! The vectors that all SDKs share, and as much of JSON as they need.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::codec::{Conn, Endpoint};

#[derive(Debug)]
pub enum Json {
    Word(String), // true, false, null or a number
    String(String),
    Array(Vec<Json>),
    Object(HashMap<String, Json>),
}

/// Returns the vectors of a file.
pub fn read(name: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../lab/exp4/testdata").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut rest = text.as_str();
    match parse(&mut rest) {
        Json::Array(vectors) if rest.trim().is_empty() => vectors,
        _ => panic!("{}: want one array", path.display()),
    }
}

impl Json {
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.get(key),
            _ => None,
        }
    }

    pub fn string(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Json::String(text)) => text,
            other => panic!("{key} is {other:?}, want a string"),
        }
    }

    pub fn word(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Json::Word(word)) => word,
            other => panic!("{key} is {other:?}, want a word"),
        }
    }

    pub fn hex(&self, key: &str) -> Vec<u8> {
        from_hex(self.string(key))
    }

    pub fn strings(&self, key: &str) -> Option<Vec<String>> {
        let string = |item: &Json| match item {
            Json::String(text) => text.clone(),
            other => panic!("{key} has {other:?}, want a string"),
        };
        match self.get(key) {
            Some(Json::Array(items)) => Some(items.iter().map(string).collect()),
            _ => None,
        }
    }

    pub fn conn(&self) -> Option<Conn> {
        let end = |end: &Json| Endpoint { ip: end.string("ip").to_string(), port: end.word("port").parse().unwrap() };
        self.get("conn").map(|conn| Conn { src: end(conn.get("src").unwrap()), dst: end(conn.get("dst").unwrap()) })
    }
}

pub fn from_hex(hex: &str) -> Vec<u8> {
    let byte = |digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn parse(rest: &mut &str) -> Json {
    *rest = rest.trim_start();
    match rest.chars().next() {
        Some('"') => Json::String(parse_string(rest)),
        Some('[') => {
            let mut items = Vec::new();
            parse_list(rest, ']', |rest| items.push(parse(rest)));
            Json::Array(items)
        }
        Some('{') => {
            let mut members = HashMap::new();
            parse_list(rest, '}', |rest| {
                let key = parse_string(rest);
                *rest = rest.trim_start().strip_prefix(':').expect("a colon");
                members.insert(key, parse(rest));
            });
            Json::Object(members)
        }
        _ => {
            let (word, left) =
                rest.split_at(rest.find(|c: char| !c.is_alphanumeric() && c != '-').unwrap_or(rest.len()));
            assert!(!word.is_empty(), "no JSON: {rest:.20}");
            *rest = left;
            Json::Word(word.to_string())
        }
    }
}

fn parse_list(rest: &mut &str, end: char, mut item: impl FnMut(&mut &str)) {
    loop {
        *rest = rest[1..].trim_start(); // the bracket or a comma
        if !rest.starts_with(end) {
            item(rest);
            *rest = rest.trim_start();
        }
        if rest.starts_with(end) {
            *rest = &rest[1..];
            return;
        }
        assert!(rest.starts_with(','), "no JSON: {rest:.20}");
    }
}

/// Escapes stay as they are: only comments have any.
fn parse_string(rest: &mut &str) -> String {
    let text = rest.strip_prefix('"').expect("a string");
    let mut escaped = false;
    let end = text.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let (text, left) = text.split_at(end.expect("the end of a string"));
    *rest = &left[1..];
    text.to_string()
}
