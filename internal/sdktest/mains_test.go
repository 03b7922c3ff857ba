package sdktest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/sdk"
)

// mains are the main programs of the SDKs, each around an outgoing that answers every call with one that says what was
// called: tests/echo.
var mains = []struct {
	name  string
	build []string // in the SDK's directory, if it has to be
	run   []string
}{
	{"go", []string{"go", "build", "-o", "main", "."}, []string{"./main"}},
	{"python", []string{"sh", "-c", "mkdir -p uncalled && cp tests/echo/outgoing.py uncalled/"}, []string{"python3", "-B", "main.py", "uncalled"}},
	{
		"cpp", []string{"sh", "-c", "mkdir -p uncalled && cp tests/echo/outgoing.cpp uncalled/ && make -j2 CXXFLAGS=-O1 OUTGOING=uncalled"},
		[]string{"build/uncalled/main"},
	},
	{"rust", []string{"sh", "-c", "mkdir -p own && cp -r Cargo.* build.rs src own/ && cp tests/echo/outgoing.rs own/src/ && rm own/src/incoming.rs && cd own && cargo build --offline --locked"}, []string{"own/target/debug/antedon-sdk"}},
	{"nodejs", []string{"npm", "ci", "--omit=dev", "--no-audit", "--no-fund"}, []string{"node", "main.js", "tests/echo"}},
	{
		"java", []string{"mvn", "-B", "-ntp", "-q", "-DskipTests", "package"},
		[]string{"java", "-cp", "target/test-classes:target/mytcp.jar", "lab.Echo"},
	},
}

// TestMains checks what a main program says to a driver and does with what the driver says.
func TestMains(t *testing.T) {
	for _, p := range mains {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			dir := copySDK(t, p.name)
			if p.name == "go" {
				dir = goEcho(t, dir, "outgoing.go")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*limit) // others may run Maven first
			defer cancel()
			if p.build != nil {
				runBuild(ctx, t, dir, p.build)
			}
			start := func(t *testing.T) *mainProgram { return newMain(ctx, t, dir, p.run) }
			t.Run("calls", func(t *testing.T) { checkCalls(t, start(t)) })
			t.Run("threads", func(t *testing.T) { checkThreads(t, start(t)) })
			t.Run("uncalled", func(t *testing.T) { checkUncalled(t, start(t)) })
			t.Run("rubbish", func(t *testing.T) { checkRubbish(t, start(t)) })
			t.Run("large", func(t *testing.T) { checkLarge(t, start(t)) })
			t.Run("no driver", func(t *testing.T) { checkNoDriver(t, start(t)) })
			t.Run("no datagrams", func(t *testing.T) { checkStream(t, start(t)) })
			t.Run("taken driver", func(t *testing.T) { checkTaken(t, start(t)) })
			t.Run("original driver", func(t *testing.T) { checkOriginal(t, start(t)) })
			t.Run("dead driver", func(t *testing.T) { checkDead(t, start(t)) })
		})
	}
}

func runBuild(ctx context.Context, t testing.TB, dir string, build []string) {
	t.Helper()
	if build[0] == "mvn" {
		maven.Lock()
		defer maven.Unlock()
	}
	cmd := exec.CommandContext(ctx, build[0], build[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, out)
	}
}

// goEcho makes a directory of the SDK for Go, whose copy is given, with files of its echo in place of the template's.
func goEcho(t *testing.T, copied string, names ...string) string {
	kit, err := sdk.Find("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	if err := kit.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "incoming.go")); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		echo, err := os.ReadFile(filepath.Join(copied, "testdata", "echo", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), echo, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// mainProgram is an SDK's main program, and a driver that is this test.
type mainProgram struct {
	t      *testing.T
	dir    string // of the sockets
	cmd    *exec.Cmd
	stderr bytes.Buffer
	sock   *net.UnixConn
}

// newMain returns a program that does not run yet, and a driver that is bound.
func newMain(ctx context.Context, t *testing.T, dir string, command []string) *mainProgram {
	sockets, err := os.MkdirTemp("", "lab") // a short path, as a socket's has to be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	p := &mainProgram{t: t, dir: sockets}
	p.bind()
	name := command[0]
	if strings.Contains(name, "/") {
		name = filepath.Join(dir, name)
	}
	p.cmd = exec.CommandContext(ctx, name, command[1:]...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, append(os.Environ(), "ANTEDON_LAB_DIR="+p.dir), &p.stderr
	return p
}

func (p *mainProgram) bind() {
	p.t.Helper()
	var err error
	p.sock, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(p.dir, exp4.DriverSocket)})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { p.sock.Close() })
	p.sock.SetDeadline(time.Now().Add(limit))
	p.sock.SetWriteBuffer(1 << 20)
}

func (p *mainProgram) start() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		if p.t.Failed() {
			p.t.Logf("it said: %s", p.stderr.String())
		}
	})
}

// greet starts the program and waits for its hello, with those extensions.
func (p *mainProgram) greet(extensions ...string) {
	p.t.Helper()
	p.start()
	hello := exp4.Hello(extensions...)
	want, err := exp4.Append(nil, &hello)
	if err != nil {
		p.t.Fatal(err)
	}
	if got := p.receive(); !bytes.Equal(got, want) {
		p.t.Fatalf("got the hello %x, want %x", got, want)
	}
}

// receive returns the next datagram of the program.
func (p *mainProgram) receive() []byte {
	p.t.Helper()
	b := make([]byte, exp4.MaxDatagram)
	n, err := p.sock.Read(b)
	if err != nil {
		p.t.Fatal(err)
	}
	return b[:n]
}

func (p *mainProgram) send(datagram []byte) {
	p.t.Helper()
	to := &net.UnixAddr{Net: "unixgram", Name: filepath.Join(p.dir, exp4.SDKSocket)}
	if _, err := p.sock.WriteToUnix(datagram, to); err != nil {
		p.t.Fatal(err)
	}
}

// echoed is the connection that the test speaks of.
var echoed = exp4.Conn{Src: netip.MustParseAddrPort("10.7.0.1:61084"), Dst: netip.MustParseAddrPort("10.7.0.2:80")}

func (p *mainProgram) call(flags exp4.Flags, data []byte) {
	p.t.Helper()
	b, err := exp4.Append(nil, &exp4.Message{Conn: echoed, Bytes: data, Flags: flags})
	if err != nil {
		p.t.Fatal(err)
	}
	p.send(b)
}

// want receives one call of the program.
func (p *mainProgram) want(conn exp4.Conn, flags exp4.Flags, data string) {
	p.t.Helper()
	m, err := exp4.Parse(p.receive())
	if err != nil || m.Conn != conn || m.Flags != flags || string(m.Bytes) != data {
		p.t.Fatalf("got %.200v, %v, want %s of %v with %.100q", m, err, flags.ToDriver(), conn, data)
	}
}

// wantExit waits for the program to end by itself, having said why.
func (p *mainProgram) wantExit() {
	p.t.Helper()
	var exit *exec.ExitError
	if err := p.cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(p.stderr.String(), "driver") {
		p.t.Errorf("got %v and %q, want an exit with status 1 and a word on the driver", err, p.stderr.String())
	}
}

func checkCalls(t *testing.T, p *mainProgram) {
	p.greet()
	p.call(exp4.Connect, nil)
	p.want(echoed, exp4.Data, "app_connect")
	p.call(exp4.Data, []byte("text"))
	p.want(echoed, exp4.Data, "app_send text")
	p.call(exp4.Segment, []byte{0, 1, 0xff})
	p.want(echoed, exp4.Segment, "\x00\x01\xff")
	p.call(exp4.FIN, nil)
	for _, flags := range []exp4.Flags{exp4.FIN, exp4.RST, exp4.Release, exp4.Connect} {
		p.want(echoed, flags, "")
	}
	p.send([]byte{0})
	if strings.HasPrefix(p.t.Name(), "TestMains/nodejs/") {
		p.call(exp4.Connect, nil) // there is no tick: timers take its place
		p.want(echoed, exp4.Data, "app_connect")
		return
	}
	p.want(exp4.Conn{}, exp4.Data, "tick")
}

// checkThreads: four threads that speak at the same time do not mix their datagrams.
func checkThreads(t *testing.T, p *mainProgram) {
	p.greet()
	p.call(exp4.RST, nil)
	for range 400 {
		p.want(echoed, exp4.Data, strings.Repeat("x", 1000))
	}
}

// checkRubbish: what cannot be understood is reported, a line for each, and survived.
func checkRubbish(t *testing.T, p *mainProgram) {
	p.greet()
	good, err := exp4.Append(nil, &exp4.Message{Conn: echoed, Bytes: make([]byte, 60_000), Flags: exp4.Segment})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 1<<16)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	rubbish := [][]byte{
		{}, {1}, []byte("hello"), make([]byte, 500), noise, make([]byte, 1<<16), good[:len(good)-1], good[:30_000], nested(20_000),
	}
	for _, b := range rubbish {
		p.send(b)
	}
	p.call(0x33, nil)
	p.call(exp4.Connect, nil)
	p.want(echoed, exp4.Data, "app_connect")
	p.cmd.Process.Kill()
	p.cmd.Wait()
	if got, want := strings.Count(p.stderr.String(), "\n"), len(rubbish)+1; got != want {
		t.Errorf("got %d lines, want %d", got, want)
	}
}

// nested returns a BSON document within a document and so on: more than a stack takes, if reading it takes some for each.
func nested(depth int) []byte {
	b := make([]byte, 0, 8*depth+5)
	for level := range depth {
		b = binary.LittleEndian.AppendUint32(b, uint32(5+8*(depth-level)))
		b = append(b, "\x03a\x00"...)
	}
	b = append(b, 5, 0, 0, 0)
	return append(b, make([]byte, depth+1)...)
}

// checkLarge: what is longer than one message is several.
func checkLarge(t *testing.T, p *mainProgram) {
	p.greet()
	text := bytes.Repeat([]byte("0123456789"), 10_000)
	p.call(exp4.Data, text)
	answer := "app_send " + string(text)
	p.want(echoed, exp4.Data, answer[:65536])
	p.want(echoed, exp4.Data, answer[65536:])
	p.call(exp4.Segment, text[:60_000])
	p.want(echoed, exp4.Segment, string(text[:60_000]))
}

func checkNoDriver(t *testing.T, p *mainProgram) {
	p.sock.Close()
	p.start()
	p.wantExit()
}

// checkStream: a socket of another kind in the driver's place is no driver that is taken.
func checkStream(t *testing.T, p *mainProgram) {
	p.sock.Close()
	path := filepath.Join(p.dir, exp4.DriverSocket)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p.start()
	p.wantExit()
}

// checkTaken: while the driver is connected to another SDK, the program neither ends nor says anything.
func checkTaken(t *testing.T, p *mainProgram) {
	p.sock.Close()
	driver, err := exp4.Listen(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	path := filepath.Join(p.dir, exp4.SDKSocket)
	other, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := driver.Connect(); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	p.start()
	await(t, "the program waits", func() bool {
		now, err := os.Stat(path)
		return err == nil && !os.SameFile(before, now) && p.isAsleep()
	})
	if err := driver.Disconnect(); err != nil {
		t.Fatal(err)
	}
	driver.SetReadDeadline(time.Now().Add(limit))
	if m, err := driver.Receive(); err != nil || !m.IsHello() {
		t.Errorf("got %v, %v, want a hello", m, err)
	}
}

// isAsleep reports whether the program waits for something.
func (p *mainProgram) isAsleep() bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return err == nil && bytes.HasPrefix(rest, []byte("S"))
}

// await waits for something to have become true for ten looks in a row.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	end := time.Now().Add(limit)
	for times := 0; times < 10; times++ {
		if !ok() {
			times = 0
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not so", what)
		}
		<-ticker.C
	}
}

// checkDead: a program whose driver is gone ends with its next call; in Node.js, where ticks are not answered, after some seconds
// of silence.
func checkDead(t *testing.T, p *mainProgram) {
	p.greet()
	to := &net.UnixAddr{Net: "unixgram", Name: filepath.Join(p.dir, exp4.SDKSocket)}
	// Until both queues are full, so that there is a tick to be answered when the driver goes. A busy machine may let one
	// deadline pass, not several.
	for sent, late := 0, 0; sent < 10_000 && late < 5; {
		p.sock.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := p.sock.WriteToUnix([]byte{0}, to); err != nil {
			late++
		} else {
			sent, late = sent+1, 0
		}
	}
	p.sock.Close()
	p.wantExit()
}
