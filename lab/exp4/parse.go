package exp4

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// MaxDatagram is the size of datagrams that are too long: SDKs receive into a buffer of so many bytes.
const MaxDatagram = 500_000

// What may be wrong with a datagram. Errors of Parse wrap one of these.
var (
	ErrEmpty      = errors.New("an empty datagram")
	ErrTooLong    = errors.New("a datagram of 500000 bytes or more")
	ErrOneByte    = errors.New("one byte that is not the tick's 0x00")
	ErrNoDocument = errors.New("not a BSON document")
	ErrMissing    = errors.New("a key is missing")
	ErrType       = errors.New("a value of the wrong type")
	ErrAddress    = errors.New("not an IP address")
	ErrRange      = errors.New("a number out of range")
)

// Parse reads a datagram. The Bytes of the message lie in b.
func Parse(b []byte) (Message, error) {
	switch {
	case len(b) == 0:
		return Message{}, ErrEmpty
	case len(b) >= MaxDatagram:
		return Message{}, ErrTooLong
	case len(b) == 1 && b[0] == tick:
		return Message{Tick: true}, nil
	case len(b) == 1:
		return Message{}, ErrOneByte
	}
	top, err := parseKeys(b, "", "conn", "bytes", "flags", "extensions")
	if err != nil {
		return Message{}, err
	}
	var m Message
	if m.Conn, err = parseConn(top["conn"]); err != nil {
		return Message{}, err
	}
	if m.Bytes, err = parseBinary(top["bytes"]); err != nil {
		return Message{}, err
	}
	flags, err := parseInt(top["flags"], "flags", math.MinInt32, math.MaxInt32)
	if err != nil {
		return Message{}, err
	}
	m.Flags = Flags(flags)
	m.Extensions = parseExtensions(top["extensions"])
	return m, nil
}

// parseKeys returns the values of those keys of a document that are wanted. Others are passed over, so that there may be
// later versions.
func parseKeys(b []byte, name string, want ...string) (map[string]bson.RawValue, error) {
	if len(b) < 5 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != 0 {
		return nil, named(name, ErrNoDocument)
	}
	elements, err := bson.Raw(b).Elements()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", named(name, ErrNoDocument), err)
	}
	found := make(map[string]bson.RawValue, len(want))
	for _, e := range elements {
		key, err := e.KeyErr()
		if err != nil {
			return nil, named(name, ErrNoDocument)
		}
		for _, w := range want {
			if key == w {
				v, err := e.ValueErr()
				if err != nil {
					return nil, named(key, ErrNoDocument)
				}
				found[key] = v
			}
		}
	}
	return found, nil
}

func parseConn(v bson.RawValue) (c Conn, err error) {
	keys, err := parseDocument(v, "conn", "src", "dst")
	if err != nil {
		return Conn{}, err
	}
	if c.Src, err = parseEndpoint(keys["src"], "conn.src"); err != nil {
		return Conn{}, err
	}
	c.Dst, err = parseEndpoint(keys["dst"], "conn.dst")
	return c, err
}

func parseEndpoint(v bson.RawValue, name string) (netip.AddrPort, error) {
	keys, err := parseDocument(v, name, "ip", "port")
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := parseInt(keys["port"], name+".port", 0, math.MaxUint16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if keys["ip"].Type == 0 {
		return netip.AddrPort{}, named(name+".ip", ErrMissing)
	}
	s, ok := keys["ip"].StringValueOK()
	if !ok {
		return netip.AddrPort{}, named(name+".ip", ErrType)
	}
	if s == "" {
		return netip.AddrPortFrom(netip.Addr{}, uint16(port)), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.AddrPort{}, named(name+".ip", ErrAddress)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), nil
}

func parseDocument(v bson.RawValue, name string, want ...string) (map[string]bson.RawValue, error) {
	if v.Type == 0 {
		return nil, named(name, ErrMissing)
	}
	doc, ok := v.DocumentOK()
	if !ok {
		return nil, named(name, ErrType)
	}
	return parseKeys(doc, name, want...)
}

func parseBinary(v bson.RawValue) (b []byte, err error) {
	if v.Type == 0 {
		return nil, named("bytes", ErrMissing)
	}
	_, b, ok := v.BinaryOK()
	if !ok {
		return nil, named("bytes", ErrType)
	}
	return b, nil
}

// parseInt takes integers of 32 and 64 bits.
func parseInt(v bson.RawValue, name string, least, most int64) (int64, error) {
	var n int64
	switch v.Type {
	case 0:
		return 0, named(name, ErrMissing)
	case bson.TypeInt32:
		n32, ok := v.Int32OK()
		if !ok {
			return 0, named(name, ErrNoDocument)
		}
		n = int64(n32)
	case bson.TypeInt64:
		n64, ok := v.Int64OK()
		if !ok {
			return 0, named(name, ErrNoDocument)
		}
		n = n64
	default:
		return 0, named(name, ErrType)
	}
	if n < least || n > most {
		return 0, named(name, ErrRange)
	}
	return n, nil
}

// parseExtensions returns the strings in an array. Whatever else is found under that key is somebody else's.
func parseExtensions(v bson.RawValue) []string {
	a, ok := v.ArrayOK()
	if !ok {
		return nil
	}
	values, err := bson.RawArray(a).Values()
	if err != nil {
		return nil
	}
	var list []string
	for _, v := range values {
		if s, ok := v.StringValueOK(); ok {
			list = append(list, s)
		}
	}
	return list
}

func named(name string, err error) error {
	if name == "" {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}
