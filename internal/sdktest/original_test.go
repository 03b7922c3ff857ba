package sdktest

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
)

// Of the original kit's driver, which looks after its socket now and then.
const (
	pollEvery = 50 * time.Millisecond
	ticksEach = 2 // polls
)

// checkOriginal: the program works with the driver of the original kit. That one polls, connects to the SDK upon its hello, may
// write keys in any order and integers of 64 bits, and knows nothing of ours.
func checkOriginal(t *testing.T, p *mainProgram) {
	p.start()
	raw, err := p.sock.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	hello := exp4.Hello()
	strict, err := exp4.Append(nil, &hello)
	if err != nil {
		t.Fatal(err)
	}
	script := [][]byte{
		original(t, exp4.Connect, nil), original(t, exp4.Data, []byte("text")), original(t, exp4.Segment, []byte{0, 1, 0xff}), original(t, exp4.FIN, nil),
	}
	want := []exp4.Message{
		{Conn: echoed, Flags: exp4.Data, Bytes: []byte("app_connect")}, {Conn: echoed, Flags: exp4.Data, Bytes: []byte("app_send text")},
		{Conn: echoed, Flags: exp4.Segment, Bytes: []byte{0, 1, 0xff}},
		{Conn: echoed, Flags: exp4.FIN}, {Conn: echoed, Flags: exp4.RST}, {Conn: echoed, Flags: exp4.Release}, {Conn: echoed, Flags: exp4.Connect},
	}
	poll, limit := time.NewTicker(pollEvery), time.Now().Add(limit)
	defer poll.Stop()
	for greeted, turn := false, 0; len(want) > 0; turn++ {
		<-poll.C
		if time.Now().After(limit) {
			t.Fatalf("these calls are missing: %v", want)
		}
		for b := range pending(t, raw) {
			if !greeted {
				if len(b) < len(strict) || !bytes.HasPrefix(b[4:], strict[4:len(strict)-1]) {
					t.Fatalf("got the hello %x, want %x, and perhaps further keys", b, strict)
				}
				greeted = true
				connectTo(t, raw, filepath.Join(p.dir, exp4.SDKSocket))
				continue
			}
			m, err := exp4.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Bytes) == "tick" {
				continue
			}
			if len(want) == 0 || m.Conn != want[0].Conn || m.Flags != want[0].Flags || !bytes.Equal(m.Bytes, want[0].Bytes) {
				t.Fatalf("got %v, want %v", m, want)
			}
			want = want[1:]
		}
		if greeted && turn%ticksEach == 0 {
			sendTo(t, raw, []byte{0})
		}
		if greeted && len(script) > 0 {
			sendTo(t, raw, script[0])
			script = script[1:]
		}
	}
}

// original is a document as another library may write it.
func original(t *testing.T, flags exp4.Flags, data []byte) []byte {
	t.Helper()
	end := func(ip string, port uint16) bson.D {
		return bson.D{{Key: "port", Value: int64(port)}, {Key: "ip", Value: ip}}
	}
	b, err := bson.Marshal(bson.D{
		{Key: "flags", Value: int64(flags)}, {Key: "bytes", Value: bson.Binary{Data: slices.Clone(data)}},
		{Key: "conn", Value: bson.D{
			{Key: "dst", Value: end(echoed.Dst.Addr().String(), echoed.Dst.Port())}, {Key: "src", Value: end(echoed.Src.Addr().String(), echoed.Src.Port())},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rawConn is what syscall.RawConn has of use here.
type rawConn interface {
	Control(func(fd uintptr)) error
}

// pending yields the datagrams that are there.
func pending(t *testing.T, raw rawConn) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for {
			b := make([]byte, exp4.MaxDatagram)
			n, err := 0, error(nil)
			if cerr := raw.Control(func(fd uintptr) { n, _, err = unix.Recvfrom(int(fd), b, unix.MSG_DONTWAIT) }); cerr != nil {
				t.Fatal(cerr)
			}
			if errors.Is(err, unix.EAGAIN) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !yield(b[:n]) {
				return
			}
		}
	}
}

// connectTo connects a socket, after which the kernel refuses all other SDKs.
func connectTo(t *testing.T, raw rawConn, path string) {
	t.Helper()
	var err error
	if cerr := raw.Control(func(fd uintptr) { err = unix.Connect(int(fd), &unix.SockaddrUnix{Name: path}) }); cerr != nil || err != nil {
		t.Fatal(cerr, err)
	}
}

// sendTo sends a datagram. The program reads, so that there is room soon.
func sendTo(t *testing.T, raw rawConn, b []byte) {
	t.Helper()
	err := error(unix.EAGAIN)
	for end := time.Now().Add(limit); errors.Is(err, unix.EAGAIN) && time.Now().Before(end); {
		if cerr := raw.Control(func(fd uintptr) { _, err = unix.SendmsgN(int(fd), b, nil, nil, unix.MSG_DONTWAIT) }); cerr != nil {
			t.Fatal(cerr)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
