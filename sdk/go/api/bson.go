package api

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// The types of BSON that the protocol uses (https://bsonspec.org).
const (
	bsonString   = 0x02
	bsonDocument = 0x03
	bsonArray    = 0x04
	bsonBinary   = 0x05
	bsonInt32    = 0x10
	bsonInt64    = 0x12
)

var (
	errTruncated = errors.New("the document ends too early")
	errLength    = errors.New("a length is wrong")
)

// A document is its own length, elements, and a zero. beginDocument leaves room for the length, endDocument fills it in.

func beginDocument(b []byte) (out []byte, start int) { return append(b, 0, 0, 0, 0), len(b) }

func endDocument(b []byte, start int) []byte {
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// An element is a type, a key that ends with a zero, and a value.

func appendKey(b []byte, kind byte, key string) []byte {
	b = append(b, kind)
	b = append(b, key...)
	return append(b, 0)
}

func appendString(b []byte, key, value string) []byte {
	b = appendKey(b, bsonString, key)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)+1))
	b = append(b, value...)
	return append(b, 0)
}

func appendInt(b []byte, key string, value int) []byte {
	b = appendKey(b, bsonInt32, key)
	return binary.LittleEndian.AppendUint32(b, uint32(int32(value)))
}

func appendBinary(b []byte, key string, value []byte) []byte {
	b = appendKey(b, bsonBinary, key)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	b = append(b, 0) // subtype: just bytes
	return append(b, value...)
}

// appendStrings appends an array, which is a document whose keys are "0", "1" and so on.
func appendStrings(b []byte, key string, list []string) []byte {
	b, start := beginDocument(appendKey(b, bsonArray, key))
	for i, s := range list {
		b = appendString(b, strconv.Itoa(i), s)
	}
	return endDocument(b, start)
}

// value is the value of an element, not yet looked into.
type value struct {
	kind byte
	b    []byte
}

// elements calls visit for every element of doc, which is one document and nothing else.
func elements(doc []byte, visit func(key string, v value) error) error {
	if len(doc) < 5 {
		return errTruncated
	}
	if int(binary.LittleEndian.Uint32(doc)) != len(doc) || doc[len(doc)-1] != 0 {
		return errLength
	}
	for b := doc[4 : len(doc)-1]; len(b) > 0; {
		kind := b[0]
		key, rest, err := cutString(b[1:])
		if err != nil {
			return err
		}
		n, err := valueLen(kind, rest)
		if err != nil {
			return err
		}
		if n > len(rest) {
			return errTruncated
		}
		if err := visit(key, value{kind, rest[:n]}); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		b = rest[n:]
	}
	return nil
}

// cutString splits b behind the zero that ends a string.
func cutString(b []byte) (s string, rest []byte, err error) {
	for i, x := range b {
		if x == 0 {
			return string(b[:i]), b[i+1:], nil
		}
	}
	return "", nil, errTruncated
}

// valueLen returns how long the value at the start of b is; it may turn out to be longer than b. It knows all types, so
// that keys that later versions add are passed over.
func valueLen(kind byte, b []byte) (int, error) {
	switch kind {
	case 0x06, 0x0a, 0x7f, 0xff: // undefined, null, smallest and largest key
		return 0, nil
	case 0x08: // boolean
		return 1, nil
	case bsonInt32:
		return 4, nil
	case 0x01, 0x09, 0x11, bsonInt64: // double, time, timestamp
		return 8, nil
	case 0x07: // object id
		return 12, nil
	case 0x13: // decimal
		return 16, nil
	case 0x0b: // regular expression: two strings
		_, rest, err := cutString(b)
		if err == nil {
			_, rest, err = cutString(rest)
		}
		return len(b) - len(rest), err
	}
	// All others begin with a length, which counts itself in some and not in others.
	if len(b) < 4 {
		return 0, errTruncated
	}
	n := int(int32(binary.LittleEndian.Uint32(b)))
	least, extra := 0, 0
	switch kind {
	case bsonDocument, bsonArray, 0x0f: // document, array, code with scope
		least = 5
	case bsonBinary:
		extra = 4 + 1
	case bsonString, 0x0d, 0x0e: // string, code, symbol
		least, extra = 1, 4
	case 0x0c: // pointer: a string and an object id
		least, extra = 1, 4+12
	default:
		return 0, fmt.Errorf("there is no type %#x", kind)
	}
	if n < least {
		return 0, errLength
	}
	return n + extra, nil
}

func (v value) asDocument() ([]byte, error) { return v.b, v.want(bsonDocument) }

func (v value) asBinary() ([]byte, error) {
	if err := v.want(bsonBinary); err != nil {
		return nil, err
	}
	return v.b[5:], nil
}

func (v value) asString() (string, error) {
	if err := v.want(bsonString); err != nil {
		return "", err
	}
	if v.b[len(v.b)-1] != 0 {
		return "", errLength
	}
	return string(v.b[4 : len(v.b)-1]), nil
}

// strings returns the strings in an array. Whatever else there is belongs to somebody else.
func (v value) strings() (list []string) {
	if v.kind != bsonArray {
		return nil
	}
	_ = elements(v.b, func(_ string, v value) error {
		if s, err := v.asString(); err == nil {
			list = append(list, s)
		}
		return nil
	})
	return list
}

// asInt takes both sizes: which one a program writes depends on its library.
func (v value) asInt() (int64, error) {
	if v.kind == bsonInt64 {
		return int64(binary.LittleEndian.Uint64(v.b)), nil
	}
	if err := v.want(bsonInt32); err != nil {
		return 0, err
	}
	return int64(int32(binary.LittleEndian.Uint32(v.b))), nil
}

func (v value) want(kind byte) error {
	if v.kind != kind {
		return fmt.Errorf("got type %#x, want %#x", v.kind, kind)
	}
	return nil
}
