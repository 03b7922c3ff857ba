package sdktest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/lab/driver"
)

// slowPort is that of a server that does not read until it is told to.
const slowPort = 22002

// slowSize is what an application writes meanwhile, and mostGrowth what of it a program may keep, with all that it needs
// for its work. The driver lets it have 1 MiB.
const (
	slowSize   = 48 << 20
	mostGrowth = 32 << 20
)

// TestSlowReceiver: an application that writes faster than the remote end reads fills nobody's memory, and all arrives.
func TestSlowReceiver(t *testing.T) {
	for _, p := range programs {
		if strings.HasPrefix(p.name, "java") || strings.HasPrefix(p.name, "nodejs") {
			continue // their collectors let garbage grow as they please: what is taken says nothing of what is kept
		}
		t.Run(p.name, func(t *testing.T) {
			h := newBareHosts(t)
			dir := t.TempDir()
			h.capture(driver.Config{Dirs: []string{dir}, Capture: h.record()})
			h.start(p, dir)
			begin := make(chan struct{})
			h.listen(slowPort, func(c net.Conn) {
				<-begin
				hash := sha256.New()
				n, err := io.Copy(hash, c)
				fmt.Fprintf(c, "%d %x %v", n, hash.Sum(nil), err)
			})
			before := h.memory()
			c, err := h.host.Dial(h.ctx, "tcp", fmt.Sprintf("10.7.0.2:%d", slowPort))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			sent := bytes.Repeat(content(1<<20), slowSize>>20)
			go func() {
				_, _ = c.Write(sent)
				_ = c.(*net.TCPConn).CloseWrite()
			}()
			h.waitFor("application that has to wait", func() bool { return h.driver.Counters().Paused > 0 })
			close(begin)
			want := fmt.Sprintf("%d %x <nil>", len(sent), sha256.Sum256(sent))
			if got, err := io.ReadAll(c); err != nil || string(got) != want {
				t.Errorf("arrived: %s, %v, want %s", got, err, want)
			}
			if after := h.memory(); after > before+mostGrowth {
				t.Errorf("the program has taken %d MiB of memory, and %d before", after>>20, before>>20)
			}
		})
	}
}

// memory returns the most memory that the program has had.
func (h *hosts) memory() int {
	h.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.pid))
	if err != nil {
		h.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		h.t.Fatalf("%v in %q", err, status)
	}
	return kib << 10
}
