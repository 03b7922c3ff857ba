"""Datagrams between SDK and driver: BSON documents of one shape.

    {conn: {src: {ip, port}, dst: {ip, port}}, bytes: binary, flags: integer}

A hello may also have extensions: an array of strings, what its sender knows beyond version 1 of the protocol.

BSON (bsonspec.org) is little-endian: a document is its own length in four bytes, then elements, then a zero byte; an element
is one byte that tells its type, its name with a zero byte after it, and its value. This file holds as much of it as such
documents need: it writes the types of the shape above, and reads these and 64-bit integers, and steps over every other type, so
that a driver may add keys that we do not know.

There is nothing to install for it, and nothing to configure. All of its functions may be called from any thread.
"""

import functools
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

STRING, DOCUMENT, ARRAY, BINARY, INT32, INT64 = 0x02, 0x03, 0x04, 0x05, 0x10, 0x12

# Types that say nothing to us but have a known size, so that we can step over them.
FIXED_SIZE = {0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0A: 0, 0x11: 8, 0x13: 16, 0x7F: 0, 0xFF: 0}

DEEPEST = 16  # documents within documents; ours are two deep


class Endpoint(NamedTuple):
    """One end of a connection."""

    ip: str
    port: int


class Conn(NamedTuple):
    """Names a connection. It never changes and can be the key of a dict."""

    src: Endpoint  # this end, as the driver chose it
    dst: Endpoint  # the remote end


class Message(NamedTuple):
    """What one datagram says."""

    conn: Conn
    bytes: bytes
    flags: int
    extensions: tuple[str, ...] = ()


def encode(conn: Conn, data: bytes, flags: int, extensions: Iterable[str] = ()) -> bytes:
    """Returns the datagram of a message."""
    body = b"%b\x05bytes\0%b\0%b\x10flags\0%b%b\0" % (_conn(conn), _int32(len(data)), data, _int32(flags), _extensions(extensions))
    return _int32(len(body) + 4) + body


def decode(datagram: bytes) -> Message:
    """Returns the message of a datagram; ValueError if it is none."""
    try:
        document, end = _document(datagram, 0, len(datagram), 0)
        conn = document["conn"]
        ends = Conn(_endpoint(conn["src"]), _endpoint(conn["dst"]))
        message = Message(ends, document["bytes"], document["flags"], _strings(document.get("extensions")))
    except (KeyError, TypeError, IndexError, struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"not a document of the lab protocol: {error!r}") from error
    if end != len(datagram) or not isinstance(message.bytes, bytes) or not isinstance(message.flags, int):
        raise ValueError("not a document of the lab protocol: a key has a value of the wrong type or range")
    return message


_int32 = struct.Struct("<i").pack


@functools.lru_cache(1024)  # a connection sends many messages
def _conn(conn: Conn) -> bytes:
    ends = b"".join(
        _element(DOCUMENT, name, _element(STRING, b"ip", end.ip.encode() + b"\0") + b"\x10port\0" + _int32(end.port) + b"\0")
        for name, end in ((b"src", conn.src), (b"dst", conn.dst))
    )
    return _element(DOCUMENT, b"conn", ends + b"\0")


def _extensions(names: Iterable[str]) -> bytes:
    elements = b"".join(_element(STRING, b"%d" % i, name.encode() + b"\0") for i, name in enumerate(names))
    return _element(ARRAY, b"extensions", elements + b"\0") if elements else b""


def _element(kind: int, name: bytes, value: bytes) -> bytes:
    length = len(value) if kind == STRING else len(value) + 4  # a document's length counts itself, a string's does not
    return b"%c%b\0%b%b" % (kind, name, _int32(length), value)


def _strings(array: Any) -> tuple[str, ...]:
    """Returns the strings of an array; what else there is belongs to somebody else."""
    return tuple(value for value in array.values() if isinstance(value, str)) if isinstance(array, dict) else ()


def _endpoint(document: dict[str, Any]) -> Endpoint:
    end = Endpoint(document["ip"], document["port"])
    if not isinstance(end.ip, str) or not isinstance(end.port, int) or not 0 <= end.port <= 65535:
        raise ValueError(f"no address and port: {end}")
    return end


def _document(data: bytes, start: int, limit: int, depth: int) -> tuple[dict[str, Any], int]:
    """Reads the document at start, of which nothing may lie at or beyond limit. Returns it and where it ends."""
    end = start + _length(data, start, 5)
    if end > limit or data[end - 1] != 0 or depth > DEEPEST:
        raise ValueError("a document does not end where it says")
    document, at = {}, start + 4
    while at < end - 1:
        stop = data.index(0, at + 1, end - 1)
        name, kind = data[at + 1 : stop].decode(), data[at]
        document[name], at = _value(kind, data, stop + 1, end - 1, depth)
        if at > end - 1:
            raise ValueError("a value does not end within its document")
    return document, end


def _value(kind: int, data: bytes, at: int, limit: int, depth: int) -> tuple[Any, int]:
    if kind == INT32:
        return struct.unpack_from("<i", data, at)[0], at + 4
    if kind == INT64:
        return struct.unpack_from("<q", data, at)[0], at + 8
    if kind == STRING:
        end = at + 4 + _length(data, at, 1)
        if end > limit or data[end - 1] != 0:
            raise ValueError("a string does not end where it says")
        return data[at + 4 : end - 1].decode(), end
    if kind == BINARY:
        end = at + 5 + _length(data, at, 0)
        return data[at + 5 : end], end
    if kind in (DOCUMENT, ARRAY):  # an array is a document with the names "0", "1", …
        return _document(data, at, limit, depth + 1)
    if kind in FIXED_SIZE:
        return None, at + FIXED_SIZE[kind]
    raise ValueError(f"an element of type {kind:#x}")


def _length(data: bytes, at: int, least: int) -> int:
    """Reads a length; struct.error beyond the end of data."""
    (length,) = struct.unpack_from("<i", data, at)
    if length < least:
        raise ValueError(f"a length of {length}")
    return length
