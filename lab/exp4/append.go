package exp4

import (
	"net/netip"

	"go.mongodb.org/mongo-driver/v2/bson"
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
