package exp4

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

var update = flag.Bool("update", false, "write testdata anew")

// A vector is an element of testdata/golden.json or testdata/incoming.json.
type vector struct {
	Name      string      `json:"name"`
	Direction string      `json:"direction"`
	Hex       string      `json:"hex"`
	Conn      *vectorConn `json:"conn,omitempty"`
	Bytes     string      `json:"bytes"`
	Flags     Flags       `json:"flags"`
	Strict    bool        `json:"strict"`

	// Extensions are those of a hello. They are in incoming.json only.
	Extensions []string `json:"extensions,omitempty"`
}

type vectorConn struct {
	Src vectorEndpoint `json:"src"`
	Dst vectorEndpoint `json:"dst"`
}

type vectorEndpoint struct {
	IP   string `json:"ip"`
	Port uint16 `json:"port"`
}

func (e vectorEndpoint) addrPort(t *testing.T) netip.AddrPort {
	if e.IP == "" {
		return netip.AddrPortFrom(netip.Addr{}, e.Port)
	}
	a, err := netip.ParseAddr(e.IP)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(a, e.Port)
}

func (v *vector) message(t *testing.T) Message {
	if v.Conn == nil {
		return Message{Tick: true}
	}
	return Message{
		Conn:  Conn{v.Conn.Src.addrPort(t), v.Conn.Dst.addrPort(t)},
		Bytes: unhex(t, v.Bytes), Flags: v.Flags, Extensions: v.Extensions,
	}
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load[T any](t *testing.T, name string) (list []T) {
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &list)
	}
	if err != nil || len(list) == 0 {
		t.Fatalf("%s: %d vectors, %v", name, len(list), err)
	}
	return list
}

func store(t *testing.T, name string, list any) {
	b, err := json.MarshalIndent(list, "", "  ")
	if err == nil {
		err = os.WriteFile(name, append(b, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestGolden(t *testing.T) {
	checkGolden(t, "testdata/golden.json", goldenVectors(t))
	checkGolden(t, "testdata/incoming.json", incomingVectors(t))
}

func checkGolden(t *testing.T, file string, made []vector) {
	t.Helper()
	if *update {
		store(t, file, made)
	}
	for _, v := range load[vector](t, file) {
		want := v.message(t)
		got, err := Parse(unhex(t, v.Hex))
		if err != nil || got.Tick != want.Tick || got.Conn != want.Conn || got.Flags != want.Flags || !bytes.Equal(got.Bytes, want.Bytes) ||
			v.Extensions != nil && !slices.Equal(got.Extensions, want.Extensions) {
			t.Errorf("%s: got %+v, %v, want %+v", v.Name, got, err, want)
		}
		if b, err := Append(nil, &want); v.Strict && (err != nil || hex.EncodeToString(b) != v.Hex) {
			t.Errorf("%s:\n got %x, %v\nwant %s", v.Name, b, err, v.Hex)
		}
	}
}

// TestHelloByHand: the bytes of a hello, taken apart by hand from the BSON specification and not by the library.
func TestHelloByHand(t *testing.T) {
	src := doc("\x02ip\x00\x0b\x00\x00\x00127.84.0.1\x00" + "\x10port\x00\x24\x21\x00\x00")
	dst := doc("\x02ip\x00\x01\x00\x00\x00\x00" + "\x10port\x00\x00\x00\x00\x00")
	want := doc("\x03conn\x00" + doc("\x03src\x00"+src+"\x03dst\x00"+dst) +
		"\x05bytes\x00\x0c\x00\x00\x00\x00network_exp4" + "\x10flags\x00\xa0\x00\x00\x00")
	hello := Hello()
	got, err := Append([]byte("before"), &hello)
	if err != nil || string(got) != "before"+want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// doc makes a document of elements.
func doc(elements string) string {
	return string([]byte{byte(len(elements) + 5), 0, 0, 0}) + elements + "\x00"
}

type badVector struct {
	Name string `json:"name"`
	Hex  string `json:"hex"`
	Why  string `json:"why"`
}

func TestBad(t *testing.T) {
	const file = "testdata/bad.json"
	made := badVectors(t)
	var list []badVector
	for _, v := range made {
		list = append(list, badVector{v.name, hex.EncodeToString(v.datagram), v.want.Error()})
	}
	if *update {
		store(t, file, list)
	}
	for i, v := range load[badVector](t, file) {
		_, err := Parse(unhex(t, v.Hex))
		if v.Name != made[i].name || !errors.Is(err, made[i].want) {
			t.Errorf("%s: got %v, want %v", v.Name, err, made[i].want)
		}
	}
}

func marshal(t testing.TB, d bson.D) []byte {
	b, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
