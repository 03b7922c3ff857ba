package exp4

import (
	"bytes"
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
	var p Parser
	return p.Parse(b)
}

// A Parser reads many datagrams. One of the same connection as that before it costs the least, and no memory. The zero
// Parser is ready for use.
type Parser struct {
	conn Conn
	said []byte // the document that conn was in
}

// Parse reads a datagram. The Bytes of the message lie in b.
func (p *Parser) Parse(b []byte) (m Message, err error) {
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
	top := bson.Raw(b)
	if err := checkDocument(top); err != nil {
		return Message{}, err
	}
	if m.Conn, err = p.parseConn(find(top, keyConn)); err != nil {
		return Message{}, err
	}
	if m.Bytes, err = parseBinary(find(top, keyBytes)); err != nil {
		return Message{}, err
	}
	n, err := parseInt(find(top, keyFlags), "flags", math.MinInt32, math.MaxInt32)
	if err != nil {
		return Message{}, err
	}
	m.Flags = Flags(n)
	m.Extensions = parseExtensions(find(top, keyExtensions))
	return m, nil
}

// Keys, as the library takes them: made once, they cost nothing.
var (
	keyConn, keyBytes, keyFlags, keyExtensions = []string{"conn"}, []string{"bytes"}, []string{"flags"}, []string{"extensions"}

	keySrc, keyDst = []string{"src"}, []string{"dst"}
	keyIP, keyPort = []string{"ip"}, []string{"port"}
)

// find returns the value of a key, or the zero value. Other keys are passed over, so that there may be later versions.
func find(doc bson.Raw, key []string) bson.RawValue { return doc.Lookup(key...) }

// checkDocument returns an error unless doc is a document, and everything in it is what it says.
func checkDocument(doc bson.Raw) error {
	if len(doc) < 5 || uint64(binary.LittleEndian.Uint32(doc)) != uint64(len(doc)) {
		return ErrNoDocument
	}
	if err := doc.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoDocument, err)
	}
	return nil
}

func (p *Parser) parseConn(v bson.RawValue) (c Conn, err error) {
	if v.Type == bson.TypeEmbeddedDocument && len(p.said) > 0 && bytes.Equal(v.Value, p.said) {
		return p.conn, nil
	}
	doc, err := parseDocument(v, "conn")
	if err != nil {
		return Conn{}, err
	}
	if c.Src, err = parseEndpoint(find(doc, keySrc), "conn.src"); err != nil {
		return Conn{}, err
	}
	if c.Dst, err = parseEndpoint(find(doc, keyDst), "conn.dst"); err != nil {
		return Conn{}, err
	}
	p.conn, p.said = c, append(p.said[:0], v.Value...)
	return c, nil
}

func parseEndpoint(v bson.RawValue, name string) (netip.AddrPort, error) {
	doc, err := parseDocument(v, name)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := parseInt(find(doc, keyPort), name+".port", 0, math.MaxUint16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	ip := find(doc, keyIP)
	if ip.Type == 0 {
		return netip.AddrPort{}, named(name+".ip", ErrMissing)
	}
	text, ok := ip.StringValueOK()
	switch {
	case !ok:
		return netip.AddrPort{}, named(name+".ip", ErrType)
	case text == "":
		return netip.AddrPortFrom(netip.Addr{}, uint16(port)), nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.AddrPort{}, named(name+".ip", ErrAddress)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(port)), nil
}

func parseDocument(v bson.RawValue, name string) (bson.Raw, error) {
	if v.Type == 0 {
		return nil, named(name, ErrMissing)
	}
	doc, ok := v.DocumentOK()
	if !ok {
		return nil, named(name, ErrType)
	}
	return doc, nil
}

func parseBinary(v bson.RawValue) ([]byte, error) {
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
	n, ok := v.AsInt64OK()
	switch {
	case v.Type == 0:
		return 0, named(name, ErrMissing)
	case v.Type != bson.TypeInt32 && v.Type != bson.TypeInt64 || !ok:
		return 0, named(name, ErrType)
	case n < least || n > most:
		return 0, named(name, ErrRange)
	}
	return n, nil
}

// parseExtensions returns the strings in an array. Whatever else is found under that key is somebody else's.
func parseExtensions(v bson.RawValue) (list []string) {
	a, ok := v.ArrayOK()
	if !ok {
		return nil
	}
	values, err := bson.RawArray(a).Values()
	if err != nil {
		return nil
	}
	for _, v := range values {
		if s, ok := v.StringValueOK(); ok {
			list = append(list, s)
		}
	}
	return list
}

func named(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }
