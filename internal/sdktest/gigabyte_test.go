package sdktest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/lab/driver"
)

// gigabyte is what each transfer of BenchmarkGigabyte moves.
const gigabyte = 1 << 30

// The ports of a server that sends a gigabyte, one that takes one and answers with its hash, and one that says a byte.
const (
	downPort  = 21
	upPort    = 22001
	helloPort = 23
)

// BenchmarkGigabyte moves a gigabyte on one connection, hashed at both ends, through the kernel alone, the driver's own stack
// and the reference in Go, and reports how fast that is in parts of the kernel's speed just before.
//
//	make lab-speed
func BenchmarkGigabyte(b *testing.B) {
	for _, way := range []struct {
		name string
		port int
	}{{"down", downPort}, {"up", upPort}} {
		var kernel float64 // bytes a second
		for _, c := range carriers() {
			b.Run(way.name+"/"+c.name, func(b *testing.B) {
				h := newBareHosts(b)
				c.prepare(h)
				h.serveGigabytes()
				b.SetBytes(gigabyte)
				wantHash() // not while the time runs
				for b.Loop() {
					h.gigabyte(way.port)
				}
				speed := float64(b.N) * gigabyte / b.Elapsed().Seconds()
				if c.name == "kernel" {
					kernel = speed
				} else if kernel > 0 {
					b.ReportMetric(speed/kernel, "of-kernel")
				}
			})
		}
	}
}

// BenchmarkFirstByte measures the time from connect to the first byte of a server that speaks first.
func BenchmarkFirstByte(b *testing.B) {
	for _, c := range carriers() {
		b.Run(c.name, func(b *testing.B) {
			h := newBareHosts(b)
			c.prepare(h)
			h.listen(helloPort, func(c net.Conn) {
				fmt.Fprint(c, "!")
				_, _ = io.Copy(io.Discard, c)
			})
			var most time.Duration
			for b.Loop() {
				start := time.Now()
				conn, err := h.host.Dial(h.ctx, "tcp", fmt.Sprintf("10.7.0.2:%d", helloPort))
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
					b.Fatal(err)
				}
				most = max(most, time.Since(start))
				conn.Close()
			}
			b.ReportMetric(float64(most.Microseconds())/1000, "most-ms")
		})
	}
}

// A carrier is who carries connections.
type carrier struct {
	name    string
	prepare func(h *hosts)
}

// carriers are the kernel alone, and those who have to be fast.
func carriers() []carrier {
	return []carrier{
		{"kernel", func(*hosts) {}},
		{"builtin", func(h *hosts) { h.capture(driver.Config{Builtin: true}) }},
		{"reference", func(h *hosts) {
			dir := h.t.TempDir()
			h.capture(driver.Config{Dirs: []string{dir}})
			h.start(programs[0], dir)
		}},
	}
}

// serveGigabytes has the far host's kernel send and take gigabytes.
func (h *hosts) serveGigabytes() {
	h.listen(downPort, func(c net.Conn) { sendGigabyte(c) })
	h.listen(upPort, func(c net.Conn) { fmt.Fprint(c, hashed(c)) })
}

// gigabyte moves one, and compares it with what was sent.
func (h *hosts) gigabyte(port int) {
	h.t.Helper()
	c, err := h.host.Dial(h.ctx, "tcp", fmt.Sprintf("10.7.0.2:%d", port))
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	got := ""
	if port == downPort {
		got = hashed(c)
	} else {
		sendGigabyte(c)
		_ = c.(*net.TCPConn).CloseWrite()
		b, err := io.ReadAll(c)
		if err != nil {
			h.t.Fatal(err)
		}
		got = string(b)
	}
	if want := wantHash(); got != want {
		h.t.Fatalf("arrived: %s, want %s", got, want)
	}
}

// block is what a gigabyte consists of.
var block = sync.OnceValue(func() []byte { return content(1 << 20) })

func sendGigabyte(w io.Writer) {
	for range gigabyte >> 20 {
		if _, err := w.Write(block()); err != nil {
			return // who receives finds something missing
		}
	}
}

// hashed reads all there is, and returns how much that was and its hash.
func hashed(r io.Reader) string {
	hash := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{hash}, struct{ io.Reader }{r}, make([]byte, 256<<10))
	return fmt.Sprintf("%d %x %v", n, hash.Sum(nil), err)
}

var wantHash = sync.OnceValue(func() string {
	r, w := io.Pipe()
	go func() {
		sendGigabyte(w)
		w.Close()
	}()
	return hashed(r)
})
