package exp4

import (
	"bytes"
	"encoding/binary"
)

// Types of BSON that mean something here (https://bsonspec.org).
const (
	kindString   = 0x02
	kindDocument = 0x03
	kindArray    = 0x04
	kindBinary   = 0x05
	kindInt32    = 0x10
	kindInt64    = 0x12
)

// A value is that of an element, not yet looked into; the zero value is that of a key that is not there.
type value struct {
	kind byte
	b    []byte
}

// findKeys finds the values of keys in a document. Others are passed over, so that there may be later versions. If a key is
// there twice the second one counts.
func findKeys(doc []byte, keys []string, found []value) error {
	return eachElement(doc, func(key []byte, v value) {
		for i, k := range keys {
			if string(key) == k {
				found[i] = v
			}
		}
	})
}

// eachElement visits the elements of a document, as far as it is one.
func eachElement(doc []byte, visit func(key []byte, v value)) error {
	if len(doc) < 5 || uint64(binary.LittleEndian.Uint32(doc)) != uint64(len(doc)) || doc[len(doc)-1] != 0 {
		return ErrNoDocument
	}
	for rest := doc[4 : len(doc)-1]; len(rest) > 0; {
		kind, end := rest[0], bytes.IndexByte(rest[1:], 0)
		if end < 0 {
			return ErrNoDocument
		}
		key := rest[1 : 1+end]
		rest = rest[2+end:]
		n := valueLen(kind, rest)
		if n < 0 || n > len(rest) {
			return ErrNoDocument
		}
		visit(key, value{kind, rest[:n:n]})
		rest = rest[n:]
	}
	return nil
}

// valueLen returns how long the value of a kind is that b begins with, perhaps more than there is; -1 if it is none.
func valueLen(kind byte, b []byte) int {
	switch kind {
	case 0x06, 0x0a, 0x7f, 0xff: // undefined, null, the largest and the smallest key
		return 0
	case 0x08: // boolean
		return 1
	case kindInt32:
		return 4
	case 0x01, 0x09, 0x11, kindInt64: // double, time, timestamp
		return 8
	case 0x07: // object id
		return 12
	case 0x13: // decimal
		return 16
	case 0x0b: // regular expression: two strings that end in a zero
		first := bytes.IndexByte(b, 0)
		if first < 0 {
			return -1
		}
		second := bytes.IndexByte(b[first+1:], 0)
		if second < 0 {
			return -1
		}
		return first + second + 2
	}
	// All others begin with a length, which counts itself in some and not in others.
	if len(b) < 4 {
		return -1
	}
	n := int(int32(binary.LittleEndian.Uint32(b)))
	switch {
	case n < 0:
		return -1
	case kind == kindDocument, kind == kindArray, kind == 0x0f: // code with scope
		return n
	case kind == kindBinary:
		return n + 4 + 1 // the subtype
	case kind == kindString, kind == 0x0d, kind == 0x0e: // code, symbol
		return n + 4
	case kind == 0x0c: // pointer: a string and an object id
		return n + 4 + 12
	}
	return -1
}

// bytes returns a binary's; those of the old subtype 2 have a length of their own.
func (v value) bytes() ([]byte, bool) {
	if v.kind != kindBinary {
		return nil, false
	}
	subtype, b := v.b[4], v.b[5:]
	if subtype != 2 {
		return b, true
	}
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, false
	}
	return b[4:][:binary.LittleEndian.Uint32(b)], true
}

// text returns a string's bytes, without the zero.
func (v value) text() ([]byte, bool) {
	if v.kind != kindString || len(v.b) < 5 {
		return nil, false
	}
	return v.b[4 : len(v.b)-1], true
}

// integer takes both sizes.
func (v value) integer() (int64, bool) {
	switch v.kind {
	case kindInt32:
		return int64(int32(binary.LittleEndian.Uint32(v.b))), true
	case kindInt64:
		return int64(binary.LittleEndian.Uint64(v.b)), true
	}
	return 0, false
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
