package exp4

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Types of BSON (https://bsonspec.org). The library reads; its writer would allocate twenty times for each message, of
// which there is one for each segment. Tests compare what is written here with what it writes.
const (
	kindString   = 0x02
	kindDocument = 0x03
	kindArray    = 0x04
	kindBinary   = 0x05
	kindInt32    = 0x10
)

// tick is the datagram that is no document.
const tick = 0x00

// Append appends the datagram of m to b.
//
// Keys are in the order conn {src {ip, port}, dst {ip, port}}, bytes, flags, extensions; integers have 32 bits; bytes are
// there even if there are none.
func Append(b []byte, m *Message) ([]byte, error) {
	if m.Tick {
		return append(b, tick), nil
	}
	if len(m.Bytes) >= MaxDatagram {
		return b, ErrTooLong
	}
	out, doc := beginDocument(b)
	out, conn := beginDocument(appendKey(out, kindDocument, "conn"))
	out = appendEndpoint(out, "src", m.Conn.Src)
	out = appendEndpoint(out, "dst", m.Conn.Dst)
	out = endDocument(out, conn)
	out = appendBinary(out, "bytes", m.Bytes)
	out = appendInt32(out, "flags", int32(m.Flags))
	if len(m.Extensions) > 0 {
		out = appendStrings(out, "extensions", m.Extensions)
	}
	out = endDocument(out, doc)
	if len(out)-len(b) >= MaxDatagram {
		return b, ErrTooLong
	}
	return out, nil
}

func appendEndpoint(b []byte, key string, ap netip.AddrPort) []byte {
	b, doc := beginDocument(appendKey(b, kindDocument, key))
	b = appendKey(b, kindString, "ip")
	length := len(b)
	b = append(b, 0, 0, 0, 0)
	if ap.Addr().IsValid() {
		b = ap.Addr().AppendTo(b)
	}
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[length:], uint32(len(b)-length-4))
	return endDocument(appendInt32(b, "port", int32(ap.Port())), doc)
}

// appendStrings appends an array: a document with the keys 0, 1, …
func appendStrings(b []byte, key string, list []string) []byte {
	b, array := beginDocument(appendKey(b, kindArray, key))
	for i, s := range list {
		b = appendString(b, strconv.Itoa(i), s)
	}
	return endDocument(b, array)
}

// beginDocument leaves room for the length, which endDocument fills in.
func beginDocument(b []byte) (out []byte, start int) { return append(b, 0, 0, 0, 0), len(b) }

func endDocument(b []byte, start int) []byte {
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func appendKey(b []byte, kind byte, key string) []byte {
	b = append(b, kind)
	b = append(b, key...)
	return append(b, 0)
}

func appendInt32(b []byte, key string, n int32) []byte {
	return binary.LittleEndian.AppendUint32(appendKey(b, kindInt32, key), uint32(n))
}

func appendString(b []byte, key, s string) []byte {
	b = binary.LittleEndian.AppendUint32(appendKey(b, kindString, key), uint32(len(s)+1))
	b = append(b, s...)
	return append(b, 0)
}

func appendBinary(b []byte, key string, data []byte) []byte {
	b = binary.LittleEndian.AppendUint32(appendKey(b, kindBinary, key), uint32(len(data)))
	b = append(b, 0) // the subtype: just bytes
	return append(b, data...)
}
