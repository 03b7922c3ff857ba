package sdktest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
	"github.com/antedon-net/antedon/lab/driver"
	"github.com/antedon-net/antedon/link/capture"
)

// program is one that carries connections: a TCP on an SDK.
type program struct {
	name  string
	build []string // in a copy of the SDK; what is in Go is built where it is, into {OUT}
	run   []string // there
}

// programs are to be added to with every language.
var programs = []program{
	{"go/reference", []string{"go", "build", "-o", "{OUT}/main", "./reference"}, []string{"{OUT}/main"}},
	{"go/byhand", []string{"go", "build", "-o", "{OUT}/main", "./byhand"}, []string{"{OUT}/main"}},
	{"python/reference", nil, []string{"python3", "-B", "main.py", "reference"}},
	{"cpp/reference", []string{"make", "-s", "-j2", "OUTGOING=reference"}, []string{"build/reference/main"}},
	{"rust/reference", []string{"cargo", "build", "-q", "--release", "--offline", "--locked"}, []string{"target/release/antedon-sdk"}},
	{"java/reference", []string{"mvn", "-q", "-B", "-ntp", "-DskipTests", "package"}, []string{"java", "-cp", "target/mytcp.jar", "reference.Main"}},
	{"nodejs/reference", []string{"npm", "ci", "--omit=dev", "--no-audit", "--no-fund"}, []string{"node", "main.js", "reference"}},
}

// atOnce is how many connections a program carries at the same time.
const atOnce = 100

// TestPrograms has programs carry what curl sends to and fetches from a server on the kernel's TCP: each byte arrives, each
// connection is released, and the driver has nothing to complain of.
func TestPrograms(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			h := newHosts(t, p)
			for _, base := range []string{"http://10.7.0.2:8080/", "http://[fd07::2]:8080/"} {
				h.fetch(base, 1)
				h.fetch(base, 10_000_000)
				h.put(base, 3_000_000)
			}
			h.many("http://10.7.0.2:8080/", atOnce, 20_000)
			h.checkEnd(6 + atOnce)
		})
	}
}

// hosts are two hosts, one with a driver and a program on it, the other with a web server.
type hosts struct {
	t         testing.TB
	ctx       context.Context
	host, far *netlab.Lab
	driver    *driver.Driver
	stderr    bytes.Buffer // the program's; to be read after its end
	kill      func()
	pid       int

	mu    sync.Mutex
	lines []string // what the driver said
}

// newHosts makes hosts with a program on the first.
func newHosts(t testing.TB, p program) *hosts {
	t.Helper()
	h := newBareHosts(t)
	dir := t.TempDir()
	h.capture(driver.Config{Dirs: []string{dir}, Capture: h.record()})
	h.start(p, dir)
	return h
}

// record makes a capture, which is left behind if the test fails. Of each packet it has what comes before the text.
func (h *hosts) record() *capture.Writer {
	h.t.Helper()
	f, err := os.CreateTemp("", "antedon-sdktest-*.pcapng")
	if err != nil {
		h.t.Fatal(err)
	}
	w := capture.NewWriter(f, capture.Config{SnapLen: 128})
	h.t.Cleanup(func() {
		w.Flush()
		f.Close()
		if h.t.Failed() {
			h.t.Logf("what passed: %s", f.Name())
		} else {
			os.Remove(f.Name())
		}
	})
	return w
}

// newBareHosts makes hosts without a driver.
func newBareHosts(t testing.TB) *hosts {
	t.Helper()
	pair, err := netlab.NewPair(netlab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pair.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	h := &hosts{t: t, ctx: ctx, host: pair.A, far: pair.B}
	h.serve()
	return h
}

// capture starts a driver.
func (h *hosts) capture(cfg driver.Config) {
	h.t.Helper()
	cfg.Namespace, cfg.Offload, cfg.Log = h.host.Namespace, true, h.log
	var err error
	if h.driver, err = driver.Start(cfg); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if h.t.Failed() {
			h.t.Logf("the driver said %q\ncounters: %+v", h.lines, h.driver.Counters())
		}
		h.driver.Close()
	})
}

// start builds and starts the program, and waits until the driver knows it.
func (h *hosts) start(p program, dir string) {
	h.t.Helper()
	lang, _, _ := strings.Cut(p.name, "/")
	home, out := filepath.Join("..", "..", "sdk", lang), h.t.TempDir()
	if lang != "go" {
		home = copySDK(h.t, lang)
	}
	if len(p.build) > 0 {
		runBuild(h.ctx, h.t, home, place(p.build, out))
	}
	run := place(p.run, out)
	if !filepath.IsAbs(run[0]) && strings.Contains(run[0], "/") {
		run[0] = filepath.Join(home, run[0])
	}
	cmd := exec.CommandContext(h.ctx, run[0], run[1:]...)
	cmd.Dir, cmd.Stderr, cmd.WaitDelay = home, &h.stderr, time.Second
	cmd.Env = append(os.Environ(), "ANTEDON_LAB_DIR="+dir)
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.pid = cmd.Process.Pid
	h.kill = sync.OnceFunc(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	h.t.Cleanup(h.kill)
	h.waitFor("hello", func() bool { return h.driver.Counters().Hellos > 0 })
}

func place(args []string, out string) []string {
	var placed []string
	for _, a := range args {
		placed = append(placed, strings.ReplaceAll(a, "{OUT}", out))
	}
	return placed
}

// waitFor looks at something of the driver's until it is so, for as long as a transfer may take.
func (h *hosts) waitFor(what string, isSo func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.ctx, fetchLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !isSo() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			if h.kill != nil {
				h.kill()
			}
			h.t.Fatalf("no %s; the program said %q", what, h.stderr.String())
		}
	}
}

func (h *hosts) log(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
}

// content is what the server has and takes, the same for the same size.
func content(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// serve has the far host's kernel serve /N, a file of that size, and take one.
func (h *hosts) serve() {
	h.t.Helper()
	ln, err := h.far.Listen(h.ctx, "tcp", ":8080")
	if err != nil {
		h.t.Fatal(err)
	}
	h.serveOn(ln)
}

func (h *hosts) serveOn(ln net.Listener) {
	h.t.Helper()
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscanf(r.URL.Path, "/%d", &n)
		want := content(n)
		if r.Method != http.MethodPut {
			_, _ = w.Write(want)
			return
		}
		got, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%d bytes, equal: %v, %v", len(got), bytes.Equal(got, want), err)
	})}
	go srv.Serve(ln)
	h.t.Cleanup(func() { srv.Close() })
}

// fetchLimit is how long a transfer may take, of seconds in a language that is slow.
const fetchLimit = 90 * time.Second

func (h *hosts) curl(args ...string) []byte {
	h.t.Helper()
	return h.curlOn(h.host, args...)
}

func (h *hosts) curlOn(host *netlab.Lab, args ...string) []byte {
	h.t.Helper()
	args = append([]string{"-sS", "--noproxy", "*", "--max-time", fmt.Sprint(int(fetchLimit.Seconds()))}, args...)
	cmd := host.Command(h.ctx, "curl", args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		h.t.Fatalf("curl %q: %v %s", args, err, stderr.String())
	}
	return out
}

func (h *hosts) fetch(base string, n int) {
	h.t.Helper()
	if got, want := h.curl(fmt.Sprint(base, n)), content(n); !bytes.Equal(got, want) {
		h.t.Fatalf("%s: got %d bytes, want %d others", base, len(got), n)
	}
}

func (h *hosts) put(base string, n int) {
	h.t.Helper()
	file := filepath.Join(h.t.TempDir(), "file")
	if err := os.WriteFile(file, content(n), 0o644); err != nil {
		h.t.Fatal(err)
	}
	want := fmt.Sprintf("%d bytes, equal: true, <nil>", n)
	if got := h.curl("-T", file, fmt.Sprint(base, n)); string(got) != want {
		h.t.Fatalf("%s: the server got %s, want %s", base, got, want)
	}
}

// many fetches on many connections at the same time, each of which ends with its file.
func (h *hosts) many(base string, conns, n int) {
	h.t.Helper()
	dial := h.host.Dial
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for range conns {
		wg.Go(func() {
			req, err := http.NewRequestWithContext(h.ctx, http.MethodGet, fmt.Sprint(base, n), nil)
			if err != nil {
				h.t.Error(err)
				return
			}
			resp, err := client.Do(req)
			if err != nil {
				h.t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, content(n)) {
				h.t.Errorf("got %d bytes, %v, want %d", len(got), err, n)
			}
		})
	}
	wg.Wait()
}

// checkEnd waits until the program has released all connections, and looks at what the driver has counted.
func (h *hosts) checkEnd(conns int) {
	h.t.Helper()
	h.waitFor("end of all connections", func() bool { c := h.driver.Counters(); return c.Ended == c.Accepted })
	c := h.driver.Counters()
	if int(c.Accepted) != conns || c.Connected != c.Accepted {
		h.t.Errorf("%d connections of %d, want %d", c.Connected, c.Accepted, conns)
	}
	if c.Released+c.AppResets != c.Ended || c.Reclaimed+c.PeerResets+c.Overflows+c.NoSDK+c.NoPort > 0 {
		h.t.Errorf("not every connection was released: %+v", c)
	}
	if c.Mistakes+c.BadDatagrams+c.BadSent+c.ForeignSegments+c.UnknownConn+c.BeforeHello+c.NotSent > 0 {
		h.t.Errorf("the driver has to complain: %+v", c)
	}
	h.kill()
	if h.stderr.Len() > 0 {
		h.t.Errorf("the program says %q", h.stderr.String())
	}
}
