package exp4

import (
	"encoding/binary"
	"net/netip"
	"strconv"
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
