package sdktest

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/antedon-net/antedon/lab/driver"
)

// The ports of a server that sends for ever, and one that takes all there is.
const (
	sourcePort = 19
	sinkPort   = 9
)

// BenchmarkPrograms measures bulk transfers on one connection through the driver and a program, beside the driver's own
// stack and the kernel alone.
//
//	go test ./internal/sdktest -run '^$' -bench Programs
func BenchmarkPrograms(b *testing.B) {
	run := func(name string, prepare func(b *testing.B, h *hosts)) {
		for _, port := range []int{sourcePort, sinkPort} {
			b.Run(name+map[int]string{sourcePort: "/down", sinkPort: "/up"}[port], func(b *testing.B) {
				h := newBareHosts(b)
				prepare(b, h)
				h.transfer(b, port)
			})
		}
	}
	run("kernel", func(*testing.B, *hosts) {})
	run("builtin", func(_ *testing.B, h *hosts) { h.capture(driver.Config{Builtin: true}) })
	for _, p := range programs {
		run(p.name, func(b *testing.B, h *hosts) {
			dir := b.TempDir()
			h.capture(driver.Config{Dirs: []string{dir}})
			h.start(p, dir)
		})
	}
}

// transfer moves a MiB a turn, and ends when all has arrived.
func (h *hosts) transfer(b *testing.B, port int) {
	h.listen(sourcePort, func(c net.Conn) { _, _ = io.Copy(c, endless{}) })
	h.listen(sinkPort, func(c net.Conn) {
		n, _ := io.Copy(io.Discard, c)
		fmt.Fprint(c, n)
	})
	c, err := h.host.Dial(h.ctx, "tcp", fmt.Sprintf("10.7.0.2:%d", port))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 1<<20)
	b.SetBytes(int64(len(buf)))
	b.ResetTimer()
	for range b.N { // and not b.Loop: what was written last has to arrive as well
		if port == sourcePort {
			_, err = io.ReadFull(c, buf)
		} else {
			_, err = c.Write(buf)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if port == sinkPort {
		_ = c.(*net.TCPConn).CloseWrite()
		if n, err := io.ReadAll(c); err != nil || string(n) != fmt.Sprint(b.N<<20) {
			b.Fatalf("%s bytes arrived, %v, want %d", n, err, b.N<<20)
		}
	}
}

// endless is a source of zeros.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// listen has the far host's kernel serve connections to a port.
func (h *hosts) listen(port int, serve func(net.Conn)) {
	h.t.Helper()
	ln, err := h.far.Listen(h.ctx, "tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
}
