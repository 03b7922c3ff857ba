package exp4

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
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
	var top [len(topKeys)]value
	if err := findKeys(b, topKeys[:], top[:]); err != nil {
		return Message{}, err
	}
	conn, data, flags, extensions := top[0], top[1], top[2], top[3]
	if m.Conn, err = p.parseConn(conn); err != nil {
		return Message{}, err
	}
	if m.Bytes, err = parseBinary(data); err != nil {
		return Message{}, err
	}
	n, err := parseInt(flags, "flags", math.MinInt32, math.MaxInt32)
	if err != nil {
		return Message{}, err
	}
	m.Flags = Flags(n)
	m.Extensions = parseExtensions(extensions)
	return m, nil
}

// Keys, in the order in which findKeys returns their values.
var (
	topKeys      = [...]string{"conn", "bytes", "flags", "extensions"}
	connKeys     = [...]string{"src", "dst"}
	endpointKeys = [...]string{"ip", "port"}
)

func (p *Parser) parseConn(v value) (c Conn, err error) {
	if v.kind == kindDocument && len(v.b) > 0 && bytes.Equal(v.b, p.said) {
		return p.conn, nil
	}
	var ends [len(connKeys)]value
	if err := findIn(v, "conn", connKeys[:], ends[:]); err != nil {
		return Conn{}, err
	}
	if c.Src, err = parseEndpoint(ends[0], "conn.src"); err != nil {
		return Conn{}, err
	}
	if c.Dst, err = parseEndpoint(ends[1], "conn.dst"); err != nil {
		return Conn{}, err
	}
	p.conn, p.said = c, append(p.said[:0], v.b...)
	return c, nil
}

func parseEndpoint(v value, name string) (netip.AddrPort, error) {
	var found [len(endpointKeys)]value
	if err := findIn(v, name, endpointKeys[:], found[:]); err != nil {
		return netip.AddrPort{}, err
	}
	ip, port := found[0], found[1]
	n, err := parseInt(port, name+".port", 0, math.MaxUint16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if ip.kind == 0 {
		return netip.AddrPort{}, named(name+".ip", ErrMissing)
	}
	text, ok := ip.text()
	switch {
	case !ok:
		return netip.AddrPort{}, named(name+".ip", ErrType)
	case len(text) == 0:
		return netip.AddrPortFrom(netip.Addr{}, uint16(n)), nil
	}
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return netip.AddrPort{}, named(name+".ip", ErrAddress)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}

// findIn finds the values of keys in the document that v has to be.
func findIn(v value, name string, keys []string, found []value) error {
	switch {
	case v.kind == 0:
		return named(name, ErrMissing)
	case v.kind != kindDocument || len(v.b) < 4:
		return named(name, ErrType)
	}
	if err := findKeys(v.b, keys, found); err != nil {
		return named(name, err)
	}
	return nil
}

func parseBinary(v value) ([]byte, error) {
	if v.kind == 0 {
		return nil, named("bytes", ErrMissing)
	}
	b, ok := v.bytes()
	if !ok {
		return nil, named("bytes", ErrType)
	}
	return b, nil
}

// parseInt takes integers of 32 and 64 bits.
func parseInt(v value, name string, least, most int64) (int64, error) {
	n, ok := v.integer()
	switch {
	case v.kind == 0:
		return 0, named(name, ErrMissing)
	case !ok:
		return 0, named(name, ErrType)
	case n < least || n > most:
		return 0, named(name, ErrRange)
	}
	return n, nil
}

// parseExtensions returns the strings in an array. Whatever else is found under that key is somebody else's.
func parseExtensions(v value) (list []string) {
	if v.kind != kindArray {
		return nil
	}
	err := eachElement(v.b, func(_ []byte, v value) {
		if s, ok := v.text(); ok {
			list = append(list, string(s))
		}
	})
	if err != nil {
		return nil
	}
	return list
}

func named(name string, err error) error { return fmt.Errorf("%s: %w", name, err) }
