package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// vectors are what the tests of every SDK share.
const vectors = "../../../lab/exp4/testdata"

func readVectors(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, name))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type golden struct {
	Name, Hex string
	Conn      *Conn
	Bytes     string
	Flags     int
	Strict    bool

	Extensions []string // in incoming.json
}

// TestGolden: the protocol's vectors mean what they should, and we write them byte for byte.
func TestGolden(t *testing.T) {
	var list, more []golden
	readVectors(t, "golden.json", &list)
	readVectors(t, "incoming.json", &more)
	if len(list) < 20 || len(more) < 6 {
		t.Fatalf("only %d and %d vectors", len(list), len(more))
	}
	for _, v := range append(list, more...) {
		t.Run(v.Name, func(t *testing.T) {
			raw := unhex(t, v.Hex)
			if v.Conn == nil {
				if !isTick(raw) {
					t.Errorf("%x is not taken for the tick", raw)
				}
				return
			}
			want := datagram{conn: *v.Conn, bytes: unhex(t, v.Bytes), flags: v.Flags, extensions: v.Extensions}
			got, err := parseDatagram(raw)
			if v.Extensions != nil && !reflect.DeepEqual(got.extensions, want.extensions) {
				t.Errorf("got extensions %q, want %q", got.extensions, want.extensions)
			}
			if err != nil || got.conn != want.conn || !bytes.Equal(got.bytes, want.bytes) || got.flags != want.flags {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			if enc := want.appendTo(nil); v.Strict && !bytes.Equal(enc, raw) {
				t.Errorf("written as\n%x, want\n%x", enc, raw)
			}
		})
	}
}

// TestHello: the first datagram is the very one that the kit's driver looks for.
func TestHello(t *testing.T) {
	var list []golden
	readVectors(t, "golden.json", &list)
	for _, v := range list {
		if v.Name == "hello" {
			if got := hello.appendTo(nil); !bytes.Equal(got, unhex(t, v.Hex)) {
				t.Errorf("got %x, want %s", got, v.Hex)
			}
			return
		}
	}
	t.Error("no vector of a hello")
}

// TestBad: nonsense is refused, and nothing else happens.
func TestBad(t *testing.T) {
	var list []struct{ Name, Hex, Why string }
	readVectors(t, "bad.json", &list)
	if len(list) < 20 {
		t.Fatalf("only %d vectors", len(list))
	}
	for _, v := range list {
		raw := unhex(t, v.Hex)
		if d, err := parseDatagram(raw); err == nil || isTick(raw) {
			t.Errorf("%s (%s): got %v", v.Name, v.Why, d)
		}
	}
	port := datagram{conn: Conn{Dst: Endpoint{Port: 65536}}}
	if d, err := parseDatagram(port.appendTo(nil)); err == nil {
		t.Errorf("a port that is none: got %v", d)
	}
}

// FuzzParse: whatever comes, nothing panics, and what is understood means the same when it is written again.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"golden.json", "incoming.json", "bad.json"} {
		var list []struct{ Hex string }
		readVectors(f, name, &list)
		for _, v := range list {
			f.Add(unhex(f, v.Hex))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDatagram(b)
		if err != nil {
			return
		}
		again, err := parseDatagram(d.appendTo(nil))
		if err != nil || again.conn != d.conn || !bytes.Equal(again.bytes, d.bytes) || again.flags != d.flags {
			t.Errorf("%x: got %v, %v, want %v", b, again, err, d)
		}
	})
}
