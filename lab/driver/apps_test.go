package driver

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/link/capture"
	"github.com/antedon-net/antedon/link/impair"
)

// TestPrograms: curl fetches pages in parallel, nc sends a file.
func TestPrograms(t *testing.T) {
	p := newPlace(t)
	page := random(1_000_000, 3)
	ln, err := p.remote.Listen(p.ctx, "tcp", ":80")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) })}
	go server.Serve(ln)
	defer server.Close()
	p.serve(7, echo)
	p.start(1, nil)
	p.sdk(0, nil)
	dir := t.TempDir()
	var urls []string
	for i := range 5 {
		urls = append(urls, "-o", filepath.Join(dir, fmt.Sprint(i)), "http://10.7.0.2/")
	}
	if out, err := p.host.Command(p.ctx, "curl", append([]string{"-sS", "--parallel", "--no-keepalive"}, urls...)...).CombinedOutput(); err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	for i := range 5 {
		if got, err := os.ReadFile(filepath.Join(dir, fmt.Sprint(i))); err != nil || !bytes.Equal(got, page) {
			t.Errorf("file %d: got %d bytes, %v, want %d", i, len(got), err, len(page))
		}
	}
	nc := p.host.Command(p.ctx, "nc", "-N", "10.7.0.2", "7")
	nc.Stdin = bytes.NewReader(page)
	if out, err := nc.Output(); err != nil || !bytes.Equal(out, page) {
		t.Errorf("nc: got %d bytes, %v, want %d", len(out), err, len(page))
	}
	if c := p.driver.Counters(); c.Mistakes != 0 || c.BadChecksums != 0 {
		t.Errorf("got %+v", c)
	}
}

// TestImpaired: an SDK with a TCP that can bear it carries bytes over a bad path.
func TestImpaired(t *testing.T) {
	p := newPlace(t)
	plan, err := impair.Parse("loss=2%,delay=2ms,jitter=1ms,dup=1%,seed=5")
	if err != nil {
		t.Fatal(err)
	}
	p.start(1, func(c *Config) { c.Impair = &plan })
	p.sdk(0, nil)
	p.bulk(300_000, 1_000_000)
	if c := p.driver.Counters(); c.Impaired == 0 {
		t.Errorf("got %+v, want lost segments", c)
	}
}

// TestCapture: the file shows both connections, and says who sent what.
func TestCapture(t *testing.T) {
	p := newPlace(t)
	p.serve(7, echo)
	var file bytes.Buffer
	w := capture.NewWriter(&file, capture.Config{})
	p.start(1, func(c *Config) { c.Capture = w })
	p.sdk(0, nil)
	p.echoes(p.dial("10.7.0.2:7"))
	p.echoes(p.dial("[fd07::2]:7"))
	if err := p.driver.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"connection 1", "connection 2", "SDK 1: tcp_tx", "SDK 1: came in", "the application", "to the application"} {
		if !strings.Contains(file.String(), want) {
			t.Errorf("no %q in the file", want)
		}
	}
}

func newCapture(w io.Writer) *capture.Writer { return capture.NewWriter(w, capture.Config{}) }

func parsePlan(t *testing.T, s string) *impair.Plan {
	t.Helper()
	plan, err := impair.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return &plan
}
