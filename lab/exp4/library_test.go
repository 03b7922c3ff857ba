package exp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// FuzzLibrary: what is understood, and how, is what the library of the format's makers understands, and both write the same.
func FuzzLibrary(f *testing.F) {
	for _, v := range goldenVectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	for _, v := range badVectors(f) {
		f.Add(v.datagram)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 5 { // hardly anything else would come beyond the first look
			binary.LittleEndian.PutUint32(b, uint32(len(b)))
			b[len(b)-1] = 0
		}
		want, wantErr := libParse(b)
		got, err := Parse(b)
		if reason(err) != reason(wantErr) || !isSame(got, want) {
			t.Fatalf("%x: got %v, %v, want %v, %v", b, got, err, want, wantErr)
		}
		if err != nil {
			return
		}
		written, err := Append(nil, &got)
		if lib, libErr := libAppend(nil, &got); reason(err) != reason(libErr) || !bytes.Equal(written, lib) {
			t.Fatalf("%v: wrote %x, %v, want %x, %v", got, written, err, lib, libErr)
		}
	})
}

// TestParser: what a Parser remembers of one datagram does no harm to the next.
func TestParser(t *testing.T) {
	var p Parser
	vectors := goldenVectors(t)
	for i := range 3 * len(vectors) {
		b := unhex(t, vectors[i*7%len(vectors)].Hex)
		want, wantErr := Parse(b)
		if got, err := p.Parse(b); !isSame(got, want) || reason(err) != reason(wantErr) {
			t.Errorf("%x: got %v, %v, want %v, %v", b, got, err, want, wantErr)
		}
		bad := badVectors(t)[i%20].datagram
		if _, err := p.Parse(bad); err == nil {
			t.Errorf("%x was understood", bad)
		}
	}
}

// TestAllocations: a connection's bytes cost none.
func TestAllocations(t *testing.T) {
	for _, conn := range []Conn{
		{netip.MustParseAddrPort("10.7.0.1:61084"), netip.MustParseAddrPort("10.7.0.2:80")},
		{netip.MustParseAddrPort("[fd07::1]:61084"), netip.MustParseAddrPort("[fd07::2]:80")},
	} {
		m := Message{Conn: conn, Bytes: make([]byte, 1460), Flags: Segment}
		var p Parser
		buf := make([]byte, 0, 2000)
		if n := testing.AllocsPerRun(100, func() {
			b, err := Append(buf, &m)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.Parse(b); err != nil || got.Conn != conn {
				t.Fatal(got, err)
			}
		}); n > 0 {
			t.Errorf("%v: %v allocations, want none", conn, n)
		}
	}
}

// reason returns which of the errors of Parse and Append err is.
func reason(err error) error {
	for _, e := range []error{ErrEmpty, ErrTooLong, ErrOneByte, ErrNoDocument, ErrMissing, ErrType, ErrAddress, ErrRange} {
		if errors.Is(err, e) {
			return e
		}
	}
	return err
}

func isSame(a, b Message) bool {
	return a.Tick == b.Tick && a.Conn == b.Conn && a.Flags == b.Flags && bytes.Equal(a.Bytes, b.Bytes) && slices.Equal(a.Extensions, b.Extensions)
}

// libParse is Parse by the library.
func libParse(b []byte) (Message, error) {
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
	top, err := libParseKeys(b, "", "conn", "bytes", "flags", "extensions")
	if err != nil {
		return Message{}, err
	}
	var m Message
	if m.Conn, err = libParseConn(top["conn"]); err != nil {
		return Message{}, err
	}
	if m.Bytes, err = libParseBinary(top["bytes"]); err != nil {
		return Message{}, err
	}
	flags, err := libParseInt(top["flags"], "flags", math.MinInt32, math.MaxInt32)
	if err != nil {
		return Message{}, err
	}
	m.Flags = Flags(flags)
	m.Extensions = libParseExtensions(top["extensions"])
	return m, nil
}

// parseKeys returns the values of those keys of a document that are wanted. Others are passed over, so that there may be
// later versions.
func libParseKeys(b []byte, name string, want ...string) (map[string]bson.RawValue, error) {
	if len(b) < 5 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != 0 {
		return nil, named(name, ErrNoDocument)
	}
	elements, err := bson.Raw(b).Elements()
	if err == nil {
		err = bson.Raw(b).Validate()
	}
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

func libParseConn(v bson.RawValue) (c Conn, err error) {
	keys, err := libParseDocument(v, "conn", "src", "dst")
	if err != nil {
		return Conn{}, err
	}
	if c.Src, err = libParseEndpoint(keys["src"], "conn.src"); err != nil {
		return Conn{}, err
	}
	c.Dst, err = libParseEndpoint(keys["dst"], "conn.dst")
	return c, err
}

func libParseEndpoint(v bson.RawValue, name string) (netip.AddrPort, error) {
	keys, err := libParseDocument(v, name, "ip", "port")
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := libParseInt(keys["port"], name+".port", 0, math.MaxUint16)
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

func libParseDocument(v bson.RawValue, name string, want ...string) (map[string]bson.RawValue, error) {
	if v.Type == 0 {
		return nil, named(name, ErrMissing)
	}
	doc, ok := v.DocumentOK()
	if !ok {
		return nil, named(name, ErrType)
	}
	return libParseKeys(doc, name, want...)
}

func libParseBinary(v bson.RawValue) (b []byte, err error) {
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
func libParseInt(v bson.RawValue, name string, least, most int64) (int64, error) {
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
func libParseExtensions(v bson.RawValue) []string {
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

// libAppend is Append by the library.
func libAppend(b []byte, m *Message) ([]byte, error) {
	if m.Tick {
		return append(b, tick), nil
	}
	start := len(b)
	w := writer{out: b}
	doc := w.document(bson.NewDocumentWriter(&w).WriteDocument())
	conn := w.document(w.element(doc, "conn").WriteDocument())
	w.endpoint(conn, "src", m.Conn.Src)
	w.endpoint(conn, "dst", m.Conn.Dst)
	w.check(conn.WriteDocumentEnd())
	w.check(w.element(doc, "bytes").WriteBinaryWithSubtype(m.Bytes, 0))
	w.check(w.element(doc, "flags").WriteInt32(int32(m.Flags)))
	if len(m.Extensions) > 0 {
		w.strings(doc, "extensions", m.Extensions)
	}
	w.check(doc.WriteDocumentEnd())
	if w.err == nil && len(w.out)-start >= MaxDatagram {
		w.err = ErrTooLong
	}
	if w.err != nil {
		return b, w.err
	}
	return w.out, nil
}

// A writer appends what the BSON writer hands it, and keeps the first error.
type writer struct {
	out []byte
	err error
}

func (w *writer) Write(p []byte) (int, error) {
	w.out = append(w.out, p...)
	return len(p), nil
}

func (w *writer) check(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) document(d bson.DocumentWriter, err error) bson.DocumentWriter {
	w.check(err)
	return d
}

func (w *writer) element(d bson.DocumentWriter, key string) bson.ValueWriter {
	v, err := d.WriteDocumentElement(key)
	w.check(err)
	return v
}

func (w *writer) endpoint(in bson.DocumentWriter, key string, ap netip.AddrPort) {
	ip := ""
	if ap.Addr().IsValid() {
		ip = ap.Addr().String()
	}
	d := w.document(w.element(in, key).WriteDocument())
	w.check(w.element(d, "ip").WriteString(ip))
	w.check(w.element(d, "port").WriteInt32(int32(ap.Port())))
	w.check(d.WriteDocumentEnd())
}

func (w *writer) strings(in bson.DocumentWriter, key string, list []string) {
	a, err := w.element(in, key).WriteArray()
	w.check(err)
	for _, s := range list {
		v, err := a.WriteArrayElement()
		w.check(err)
		w.check(v.WriteString(s))
	}
	w.check(a.WriteArrayEnd())
}
