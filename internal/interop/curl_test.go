package interop

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// serveHTTP serves streams over HTTP: GET /n is the first n bytes of the stream named n, and so has to be what is PUT
// there.
func serveHTTP(t *testing.T, ln net.Listener) string {
	srv := &http.Server{Handler: http.HandlerFunc(serveStream)}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

func serveStream(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodPut {
		if err := receiveAll(r.Body, name, n); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
		return
	}
	w.Header().Set("Content-Length", name)
	io.Copy(w, first(name, n))
}

// TestCurl has curl fetch from net/http on the stack.
func TestCurl(t *testing.T) {
	t.Parallel()
	onEachLink(t, func(t *testing.T, b *bed) {
		for _, v := range b.versions() {
			t.Run(v.name, func(t *testing.T) {
				ln, err := b.stack.Listen(t.Context(), "tcp", netip.AddrPortFrom(v.ours, 0).String())
				if err != nil {
					t.Fatal(err)
				}
				c := curl{b, serveHTTP(t, ln)}
				t.Run("small", func(t *testing.T) { c.fetch(t, 1000) })
				t.Run("large", func(t *testing.T) { c.fetch(t, 100_000_000/slow) })
				t.Run("HTTP/1.0", func(t *testing.T) { c.fetch(t, 100_000, "--http1.0") })
				t.Run("slow reader", func(t *testing.T) { c.fetch(t, 20_000_000, "--limit-rate", "40M") })
				t.Run("upload", func(t *testing.T) { c.put(t, 20_000_000/slow) })
				t.Run("kept alive", c.keepAlive)
				t.Run("parallel", c.parallel)
			})
		}
	})
}

// curl fetches from a server on the stack.
type curl struct {
	b    *bed
	base string
}

func (c curl) url(n int) string { return fmt.Sprintf("%s/%d", c.base, n) }

// args are the arguments of every call: no configuration file, no progress meter, and fail if the server does.
func (c curl) args(more ...string) []string {
	return append([]string{"-q", "-g", "--no-progress-meter", "--fail", "--noproxy", "*"}, more...)
}

// fetch fetches n bytes.
func (c curl) fetch(t *testing.T, n int, more ...string) {
	cmd := c.b.command(t, bounded(t), "curl", c.args(append(more, c.url(n))...)...)
	check, said := newChecker(strconv.Itoa(n)), new(strings.Builder)
	cmd.Stdout, cmd.Stderr = check, said
	if err := cmd.Run(); err != nil {
		t.Fatalf("curl: %v\n%s", err, said)
	}
	if err := check.ended(int64(n)); err != nil {
		t.Error(err)
	}
}

// put uploads n bytes, of which the server judges.
func (c curl) put(t *testing.T, n int) {
	cmd := c.b.command(t, bounded(t), "curl", c.args("-T", "-", c.url(n))...)
	said := new(strings.Builder)
	cmd.Stdin, cmd.Stderr = first(strconv.Itoa(n), int64(n)), said
	if err := cmd.Run(); err != nil {
		t.Errorf("curl: %v\n%s", err, said)
	}
}

// keepAlive fetches several pages over one connection.
func (c curl) keepAlive(t *testing.T) {
	args := c.args("-w", "%{num_connects}")
	for range 5 {
		args = append(args, "-o", "/dev/null", c.url(100))
	}
	if got := string(c.b.run(t, "curl", args...)); got != "10000" {
		t.Errorf("curl made %s connections for its five pages, want 1 for the first and no more", got)
	}
}

// parallel fetches several pages at once.
func (c curl) parallel(t *testing.T) {
	dir := t.TempDir()
	const from, to = 1_000_000, 1_000_019
	args := c.args("--parallel", "--parallel-immediate", "--output-dir", dir)
	for n := from; n <= to; n++ {
		args = append(args, "-O", c.url(n))
	}
	c.b.run(t, "curl", args...)
	for n := from; n <= to; n++ {
		f, err := os.Open(filepath.Join(dir, strconv.Itoa(n)))
		if err != nil {
			t.Fatal(err)
		}
		if err := receiveAll(f, strconv.Itoa(n), int64(n)); err != nil {
			t.Errorf("%d: %v", n, err)
		}
		f.Close()
	}
}
