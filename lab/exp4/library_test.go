package exp4

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// FuzzLibrary: what we write is what the library of the format's makers writes, and is read as it was meant.
func FuzzLibrary(f *testing.F) {
	for _, v := range goldenVectors(f) {
		f.Add(unhex(f, v.Hex))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		written, err := Append(nil, &m)
		if lib, libErr := libAppend(nil, &m); reason(err) != reason(libErr) || !bytes.Equal(written, lib) {
			t.Fatalf("%v: wrote %x, %v, want %x, %v", m, written, err, lib, libErr)
		}
		if again, err := Parse(written); err != nil || !isSame(again, m) {
			t.Fatalf("got %v, %v, want %v", again, err, m)
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
