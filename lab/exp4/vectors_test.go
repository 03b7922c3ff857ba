package exp4

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// synHex is a segment for the vectors: a SYN from 10.7.0.1:61084 to 10.7.0.2:80.
const synHex = "ee9c0050000003e8000000006002300061410000020405b4"

// calledHex is another: a SYN from 10.7.0.2:40000 to 10.7.0.1:8080.
const calledHex = "9c401f90000003e8000000006002fa00ca5c0000020405b4"

// goldenVectors makes what is in testdata/golden.json.
func goldenVectors(t testing.TB) []vector {
	v4 := Conn{netip.MustParseAddrPort("10.7.0.1:61084"), netip.MustParseAddrPort("10.7.0.2:80")}
	v6 := Conn{netip.MustParseAddrPort("[fd07::1]:65083"), netip.MustParseAddrPort("[2001:db8::80]:443")}
	hello := Hello()
	long := bytes.Repeat([]byte("0123456789abcdef"), 64)
	var list []vector
	for _, m := range []struct {
		name, direction string
		Message
	}{
		{"tick", "to-sdk", Message{Tick: true}},
		{"app_connect", "to-sdk", Message{Conn: v4, Flags: Connect}},
		{"app_send", "to-sdk", Message{Conn: v4, Flags: Data, Bytes: []byte("GET / HTTP/1.0\r\n\r\n")}},
		{"app_send zero byte", "to-sdk", Message{Conn: v4, Flags: Data, Bytes: []byte{0}}},
		{"app_send 1024 bytes", "to-sdk", Message{Conn: v4, Flags: Data, Bytes: long}},
		{"app_fin", "to-sdk", Message{Conn: v4, Flags: FIN}},
		{"app_rst", "to-sdk", Message{Conn: v4, Flags: RST}},
		{"tcp_rx", "to-sdk", Message{Conn: v4, Flags: Segment, Bytes: unhex(t, synHex)}},
		{"hello", "to-driver", hello},
		{"app_connected", "to-driver", Message{Conn: v4, Flags: Connect}},
		{"app_recv", "to-driver", Message{Conn: v4, Flags: Data, Bytes: []byte("\x00\xff\x80HTTP")}},
		{"app_peer_fin", "to-driver", Message{Conn: v4, Flags: FIN}},
		{"app_peer_rst", "to-driver", Message{Conn: v4, Flags: RST}},
		{"tcp_tx", "to-driver", Message{Conn: v4, Flags: Segment, Bytes: unhex(t, synHex)}},
		{"release_connection", "to-driver", Message{Conn: v4, Flags: Release}},
		{"app_connect IPv6", "to-sdk", Message{Conn: v6, Flags: Connect}},
		{"tcp_tx IPv6", "to-driver", Message{Conn: v6, Flags: Segment, Bytes: unhex(t, synHex)}},
	} {
		b, err := Append(nil, &m.Message)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, newVector(m.name, m.direction, m.Message, b, true))
	}
	return append(list, tolerated(t, v4)...)
}

// incomingVectors makes what is in testdata/incoming.json.
func incomingVectors(t *testing.T) []vector {
	v4 := Conn{netip.MustParseAddrPort("10.7.0.1:8080"), netip.MustParseAddrPort("10.7.0.2:40000")}
	v6 := Conn{netip.MustParseAddrPort("[fd07::1]:8080"), netip.MustParseAddrPort("[2001:db8::80]:40000")}
	syn := unhex(t, calledHex)
	var list []vector
	for _, m := range []struct {
		name, direction string
		Message
	}{
		{"hello incoming", "to-driver", Hello(Incoming)},
		{"answer incoming", "to-sdk", Hello(Incoming)},
		{"peer_connect", "to-sdk", Message{Conn: v4, Flags: PeerConnect, Bytes: syn}},
		{"peer_connected", "to-driver", Message{Conn: v4, Flags: PeerConnect}},
		{"peer_connect IPv6", "to-sdk", Message{Conn: v6, Flags: PeerConnect, Bytes: syn}},
		{"peer_connected IPv6", "to-driver", Message{Conn: v6, Flags: PeerConnect}},
	} {
		b, err := Append(nil, &m.Message)
		if err != nil {
			t.Fatal(err)
		}
		v := newVector(m.name, m.direction, m.Message, b, true)
		v.Extensions = m.Extensions
		list = append(list, v)
	}
	several := Hello("unknown", Incoming)
	b, err := Append(nil, &several)
	if err != nil {
		t.Fatal(err)
	}
	v := newVector("answer with more than is known", "to-sdk", several, b, false)
	v.Extensions = several.Extensions
	call := Message{Conn: v4, Flags: PeerConnect, Bytes: syn}
	var doc bson.D
	if b, err = Append(nil, &call); err == nil {
		err = bson.Unmarshal(b, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(list, v,
		newVector("peer_connect, flags of 64 bits", "to-sdk", call, marshal(t, reversed(replace(doc, int64(PeerConnect), []string{"flags"}))), false))
}

// tolerated makes those that other encoders send.
func tolerated(t testing.TB, c Conn) []vector {
	send := Message{Conn: c, Flags: Data, Bytes: []byte("hi")}
	recv := Message{Conn: c, Flags: Segment, Bytes: unhex(t, synHex)}
	connected := Message{Conn: c, Flags: Connect}
	binary := func(m Message) bson.Binary { return bson.Binary{Data: m.Bytes} }
	end := func(ap netip.AddrPort) bson.D {
		return bson.D{{Key: "ip", Value: ap.Addr().String()}, {Key: "port", Value: int64(ap.Port())}}
	}
	conn := bson.D{{Key: "src", Value: end(c.Src)}, {Key: "dst", Value: end(c.Dst)}}
	turned := bson.D{{Key: "dst", Value: reversed(end(c.Dst))}, {Key: "src", Value: reversed(end(c.Src))}}
	hello := Hello()
	answer, err := Append(nil, &Message{Conn: hello.Conn, Flags: hello.Flags, Bytes: hello.Bytes, Extensions: []string{"incoming"}})
	if err != nil {
		t.Fatal(err)
	}
	return []vector{
		newVector("integers of 64 bits", "to-sdk", send, marshal(t, bson.D{
			{Key: "conn", Value: conn}, {Key: "bytes", Value: binary(send)}, {Key: "flags", Value: int64(Data)},
		}), false),
		newVector("integers of 64 bits, to the driver", "to-driver", recv, marshal(t, bson.D{
			{Key: "conn", Value: conn}, {Key: "bytes", Value: binary(recv)}, {Key: "flags", Value: int64(Segment)},
		}), false),
		newVector("keys in another order", "to-sdk", recv, marshal(t, bson.D{
			{Key: "flags", Value: int32(Segment)}, {Key: "bytes", Value: binary(recv)}, {Key: "conn", Value: turned},
		}), false),
		newVector("keys in alphabetical order", "to-driver", connected, marshal(t, bson.D{
			{Key: "bytes", Value: binary(connected)}, {Key: "conn", Value: turned}, {Key: "flags", Value: int32(Connect)},
		}), false),
		newVector("further keys", "to-sdk", send, marshal(t, bson.D{
			{Key: "later", Value: bson.D{{Key: "a", Value: bson.A{1.5, nil, true}}}}, {Key: "conn", Value: append(slices.Clone(conn), bson.E{Key: "note", Value: "x"})},
			{Key: "bytes", Value: binary(send)}, {Key: "flags", Value: int32(Data)}, {Key: "zone", Value: "after"},
		}), false),
		newVector("hello with extensions", "to-driver", hello, answer, false),
		newVector("answer to a hello with extensions", "to-sdk", hello, answer, false),
	}
}

func newVector(name, direction string, m Message, datagram []byte, strict bool) vector {
	v := vector{
		Name: name, Direction: direction, Hex: hex.EncodeToString(datagram), Bytes: hex.EncodeToString(m.Bytes), Flags: m.Flags, Strict: strict,
	}
	if !m.Tick {
		v.Conn = &vectorConn{newVectorEndpoint(m.Conn.Src), newVectorEndpoint(m.Conn.Dst)}
	}
	return v
}

func newVectorEndpoint(ap netip.AddrPort) vectorEndpoint {
	if !ap.Addr().IsValid() {
		return vectorEndpoint{"", ap.Port()}
	}
	return vectorEndpoint{ap.Addr().String(), ap.Port()}
}

func reversed(d bson.D) bson.D {
	d = slices.Clone(d)
	slices.Reverse(d)
	return d
}

// A wrong is an element of testdata/bad.json, with what is wrong.
type wrong struct {
	name     string
	datagram []byte
	want     error
}

// badVectors makes what is in testdata/bad.json.
func badVectors(t testing.TB) []wrong {
	m := Message{
		Conn:  Conn{netip.MustParseAddrPort("10.7.0.1:61084"), netip.MustParseAddrPort("10.7.0.2:80")},
		Flags: Data, Bytes: []byte("hi"),
	}
	good, err := Append(nil, &m)
	if err != nil {
		t.Fatal(err)
	}
	// with returns the good document with one value replaced, or without it if that is nil.
	with := func(value any, path ...string) []byte {
		var d bson.D
		if err := bson.Unmarshal(good, &d); err != nil {
			t.Fatal(err)
		}
		return marshal(t, replace(d, value, path))
	}
	lying := slices.Clone(good)
	lying[bytes.Index(good, []byte("bytes\x00"))+9] = 0x7f // the length of the binary is 0x7f000002
	return []wrong{
		{"empty", nil, ErrEmpty},
		{"one byte", []byte{1}, ErrOneByte},
		{"text", []byte("hello, driver\n"), ErrNoDocument},
		{"zeros", make([]byte, 64), ErrNoDocument},
		{"cut short", good[:len(good)-1], ErrNoDocument},
		{"cut in the middle", good[:len(good)/2], ErrNoDocument},
		{"trailing byte", append(slices.Clone(good), 0), ErrNoDocument},
		{"length of a binary beyond the end", lying, ErrNoDocument},
		{"no keys", marshal(t, bson.D{}), ErrMissing},
		{"no conn", with(nil, "conn"), ErrMissing},
		{"no bytes", with(nil, "bytes"), ErrMissing},
		{"no flags", with(nil, "flags"), ErrMissing},
		{"no src", with(nil, "conn", "src"), ErrMissing},
		{"no dst", with(nil, "conn", "dst"), ErrMissing},
		{"no ip", with(nil, "conn", "src", "ip"), ErrMissing},
		{"no port", with(nil, "conn", "dst", "port"), ErrMissing},
		{"conn is a string", with("10.7.0.1", "conn"), ErrType},
		{"src is an integer", with(int32(1), "conn", "src"), ErrType},
		{"ip is an integer", with(int32(0x0a070001), "conn", "src", "ip"), ErrType},
		{"port is a string", with("80", "conn", "dst", "port"), ErrType},
		{"bytes are a string", with("hi", "bytes"), ErrType},
		{"flags are a string", with("0", "flags"), ErrType},
		{"documents within documents", with(nested(1500), "flags"), ErrType},
	}
}

// nested returns a document within a document and so on.
func nested(depth int) bson.D {
	d := bson.D{}
	for range depth {
		d = bson.D{{Key: "a", Value: d}}
	}
	return d
}

// replace returns d with the value at path replaced, or without it.
func replace(d bson.D, value any, path []string) bson.D {
	for i, e := range d {
		switch {
		case e.Key != path[0]:
		case len(path) > 1:
			d[i].Value = replace(e.Value.(bson.D), value, path[1:])
		case value == nil:
			return slices.Delete(d, i, i+1)
		default:
			d[i].Value = value
		}
	}
	return d
}
