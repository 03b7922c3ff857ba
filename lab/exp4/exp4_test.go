package exp4

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sys/unix"
)

// TestRanges: what an SDK may leave to chance, but not this package.
func TestRanges(t *testing.T) {
	end := func(ip string, port any) bson.D { return bson.D{{Key: "ip", Value: ip}, {Key: "port", Value: port}} }
	good := end("10.7.0.1", int32(1))
	for _, tt := range []struct {
		name     string
		src, dst bson.D
		flags    any
		want     error
	}{
		{"good", good, end("", int64(0)), int64(math.MaxInt32), nil},
		{"port 65536", end("10.7.0.1", int32(65536)), good, int32(0), ErrRange},
		{"port -1", good, end("10.7.0.1", int64(-1)), int32(0), ErrRange},
		{"port 2^32+80", good, end("10.7.0.1", int64(1<<32+80)), int32(0), ErrRange},
		{"flags of 33 bits", good, good, int64(1 << 32), ErrRange},
		{"a name", end("localhost", int32(1)), good, int32(0), ErrAddress},
		{"a port that is a double", end("10.7.0.1", 80.0), good, int32(0), ErrType},
	} {
		_, err := Parse(marshal(t, bson.D{
			{Key: "conn", Value: bson.D{{Key: "src", Value: tt.src}, {Key: "dst", Value: tt.dst}}},
			{Key: "bytes", Value: []byte{}}, {Key: "flags", Value: tt.flags},
		}))
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	if _, err := Parse(make([]byte, MaxDatagram)); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
	if _, err := Append(nil, &Message{Bytes: make([]byte, MaxDatagram)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v, want %v", err, ErrTooLong)
	}
}

func TestExtensions(t *testing.T) {
	hello := Hello("incoming", "later")
	b, err := Append(nil, &hello)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(b)
	if err != nil || !m.IsHello() || !slices.Equal(m.Extensions, hello.Extensions) {
		t.Errorf("got %v, %v, want %v", m, err, hello)
	}
	if got := Common(m.Extensions, []string{"incoming", "other"}); !slices.Equal(got, []string{"incoming"}) {
		t.Errorf("got %v, want incoming", got)
	}
	// Another project's idea of the same key.
	var d bson.D
	if err := bson.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	m, err = Parse(marshal(t, replace(d, int32(7), []string{"extensions"})))
	if err != nil || !m.IsHello() || m.Extensions != nil {
		t.Errorf("got %v, %v, want a hello without extensions", m, err)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		Data.ToSDK(): "app_send", Data.ToDriver(): "app_recv", Release.ToDriver(): "release_connection",
		Release.ToSDK(): "flags 0x80", Flags(0x123).ToDriver(): "flags 0x123",
		Message{Tick: true}.String(): "tick",
		Hello().String():             "flags 0xa0 127.84.0.1:8484 > invalid AddrPort 12 bytes",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestOpenDriver: it takes the place of what was left behind, but not of a driver that runs, whether it has an SDK or not.
func TestOpenDriver(t *testing.T) {
	dir := t.TempDir()
	first, err := OpenDriver(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDriver(dir); !errors.Is(err, ErrServed) {
		t.Errorf("got %v, want it served", err)
	}
	sdk, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer sdk.Close()
	if err := Reach(first, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDriver(dir); !errors.Is(err, ErrServed) {
		t.Errorf("with an SDK: got %v, want it served", err)
	}
	unix.Close(first)
	second, err := OpenDriver(dir)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(second)
}

// TestReachFollowsNoLink: an SDK cannot have a driver speak to somebody else.
func TestReachFollowsNoLink(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	driver, err := OpenDriver(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(driver)
	victim, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	if err := os.Symlink(filepath.Join(dir, SDKSocket), filepath.Join(other, SDKSocket)); err != nil {
		t.Fatal(err)
	}
	if err := Reach(driver, other); !errors.Is(err, ErrNoSocket) {
		t.Errorf("got %v, want it refused", err)
	}
	if err := Reach(driver, t.TempDir()); !errors.Is(err, unix.ENOENT) {
		t.Errorf("got %v, want ENOENT", err)
	}
	if err := Reach(driver, dir); err != nil {
		t.Error(err)
	}
}

// TestEndpoints: one SDK is served, a second one waits for its turn.
func TestEndpoints(t *testing.T) {
	dir := t.TempDir()
	if _, err := Dial(t.Context(), dir); !errors.Is(err, unix.ENOENT) {
		t.Errorf("without a driver: got %v, want ENOENT", err)
	}
	if err := os.WriteFile(filepath.Join(dir, DriverSocket), nil, 0o600); err != nil { // left from before
		t.Fatal(err)
	}
	driver, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	if fi, err := os.Stat(filepath.Join(dir, DriverSocket)); err != nil || fi.Mode().Perm() != 0o777 {
		t.Errorf("got %v, %v, want a socket of mode 0777", fi.Mode(), err)
	}
	first := greet(t, driver, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the second one to wait", err)
	}
	tick := Message{Tick: true}
	if err := driver.Send(&tick); !errors.Is(err, unix.ECONNREFUSED) && err != nil {
		t.Error(err)
	}
	first.Close()
	if err := driver.Send(&tick); !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, unix.ENOTCONN) {
		t.Errorf("got %v, want to learn that the SDK is gone", err)
	}
	second := greet(t, driver, dir)
	defer second.Close()
	if err := driver.Disconnect(); err != nil {
		t.Fatal(err)
	}
	third := greet(t, driver, dir)
	defer third.Close()
}

// greet makes an SDK, exchanges a hello, a bad datagram and a tick, and returns it.
func greet(t *testing.T, driver *Endpoint, dir string) *Endpoint {
	t.Helper()
	sdk, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	hello := Hello()
	if err := sdk.Send(&hello); err != nil {
		t.Fatal(err)
	}
	m, err := driver.Receive()
	if err != nil || !m.IsHello() {
		t.Fatalf("got %v, %v, want hello", m, err)
	}
	if err := driver.Connect(); err != nil {
		t.Fatal(err)
	}
	if _, err := sdk.conn.Write([]byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	if bad := (BadDatagram{}); !errors.As(func() error { _, err := driver.Receive(); return err }(), &bad) || bad.Size != 7 {
		t.Errorf("got %v, want a bad datagram of 7 bytes", bad)
	}
	if err := driver.Send(&Message{Tick: true}); err != nil {
		t.Fatal(err)
	}
	if m, err := sdk.Receive(); err != nil || !m.Tick {
		t.Fatalf("got %v, %v, want a tick", m, err)
	}
	return sdk
}

// FuzzParse: whatever is understood can be said in the strict form, and then means the same.
func FuzzParse(f *testing.F) {
	for _, v := range []Message{Hello(Incoming), {Flags: PeerConnect, Bytes: []byte("segment")}, {Tick: true}, {Conn: Conn{Src: netip.MustParseAddrPort("[fe80::1%eth0]:1")}}} {
		b, err := Append(nil, &v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		strict, err := Append(nil, &m)
		if errors.Is(err, ErrTooLong) {
			return
		}
		if err != nil {
			t.Fatalf("%v: %v", m, err)
		}
		again, err := Parse(strict)
		if err != nil || again.Tick != m.Tick || again.Conn != m.Conn || again.Flags != m.Flags ||
			!bytes.Equal(again.Bytes, m.Bytes) || !slices.Equal(again.Extensions, m.Extensions) {
			t.Errorf("got %v, %v, want %v", again, err, m)
		}
	})
}

func BenchmarkCodec(b *testing.B) {
	m := Message{Conn: Conn{netip.MustParseAddrPort("10.7.0.1:61084"), netip.MustParseAddrPort("10.7.0.2:80")}, Bytes: make([]byte, 1460)}
	var buf []byte
	var p Parser
	b.ReportAllocs()
	b.SetBytes(int64(len(m.Bytes)))
	for b.Loop() {
		var err error
		if buf, err = Append(buf[:0], &m); err != nil {
			b.Fatal(err)
		}
		if _, err := p.Parse(buf); err != nil {
			b.Fatal(err)
		}
	}
}

// TestConnectFollowsNoLink: what an SDK, which may be a stranger's, puts in the place of its socket leads a driver nowhere.
func TestConnectFollowsNoLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	driver, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	other, err := Listen(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := os.Symlink(filepath.Join(elsewhere, DriverSocket), filepath.Join(dir, SDKSocket)); err != nil {
		t.Fatal(err)
	}
	if err := driver.Connect(); !errors.Is(err, ErrNoSocket) {
		t.Errorf("got %v, want %v", err, ErrNoSocket)
	}
}
