package room

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antedon-net/antedon/internal/netlab"
)

func TestMain(m *testing.M) { os.Exit(netlab.Main(m)) }

func newRoom(t *testing.T) *Room {
	r, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// TestServices: what the remote host serves, over IPv4 and IPv6.
func TestServices(t *testing.T) {
	r := newRoom(t)
	out, err := r.App(t.Context(), "curl", "-sSg", "http://10.7.0.2/", "http://[fd07::2]/bytes/30", "http://10.7.0.2/bytes/-1").Output()
	want := "Hello from the kernel of the remote host"
	if err != nil || !strings.Contains(string(out), want) || !strings.HasSuffix(string(out), "abcdwant /bytes/N\n") {
		t.Errorf("got %q, %v", out, err)
	}
	for _, tt := range []struct {
		port       int
		send, want string
	}{
		{7, "hello", "hello"}, {9, "hello", ""}, {19, "", ` !"#$%&'()*`},
	} {
		c, err := r.Host().Dial(t.Context(), "tcp", fmt.Sprintf("%s:%d", Remote4, tt.port))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, tt.send); err != nil {
			t.Error(err)
		}
		b := make([]byte, len(tt.want))
		if _, err := io.ReadFull(c, b); err != nil || string(b) != tt.want {
			t.Errorf("port %d: got %q, %v, want %q", tt.port, b, err, tt.want)
		}
		c.Close()
	}
}

// TestPrograms: each has a /tmp of its own, and its end is told.
func TestPrograms(t *testing.T) {
	r := newRoom(t)
	var out bytes.Buffer
	dirs := []string{t.TempDir(), t.TempDir()}
	for i, dir := range dirs {
		p, err := StartSDK(t.Context(), r.Host(), dir, fmt.Sprintf("echo %d >/tmp/which; cat /tmp/which; exit %d", i, i), &out)
		if err != nil {
			t.Fatal(err)
		}
		<-p.Done()
		exit, failed := errors.AsType[*exec.ExitError](p.Err())
		if failed != (i == 1) || failed && exit.ExitCode() != 1 {
			t.Errorf("got %v, want exit code %d", p.Err(), i)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "which")); err != nil || string(b) != fmt.Sprintln(i) {
			t.Errorf("got %q, %v", b, err)
		}
	}
	if out.String() != "0\n1\n" {
		t.Errorf("got %q", out.String())
	}
	p, err := StartSDK(t.Context(), r.Host(), dirs[0], "sleep 1000 & sleep 1000", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
