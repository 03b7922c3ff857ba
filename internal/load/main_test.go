package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/netlab"
)

// limit is how long something may take that ought to happen soon. Only a bug reaches it.
const limit = 2 * time.Minute

// serveVar is set for copies of the test binary that are the server, to what they listen on.
const serveVar = "ANTEDON_LOAD_SERVE"

func TestMain(m *testing.M) {
	if at := os.Getenv(serveVar); at != "" {
		fmt.Fprintln(os.Stderr, serve(at))
		os.Exit(1)
	}
	os.Exit(netlab.Main(m))
}

// answerLen is the length of the answers of the server, and of /large.
const answerLen, largeLen = 10_000, 1 << 20

// serve is the server: it has a child that would outlive it, and answers with HTTP.
func serve(at string) error {
	if err := exec.Command("sleep", "1000").Start(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		n := answerLen
		if r.URL.Path == "/large" {
			n = largeLen
		}
		w.Header().Set("Content-Length", fmt.Sprint(n))
		w.Write(make([]byte, n))
	})
	mux.HandleFunc("/exit", func(http.ResponseWriter, *http.Request) {
		fmt.Fprintln(os.Stderr, "told to go")
		os.Exit(7)
	})
	var lc net.ListenConfig
	lc.SetMultipathTCP(false)
	lc.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 3}
	ln, err := lc.Listen(context.Background(), "tcp", at)
	if err != nil {
		return err
	}
	return http.Serve(ln, mux)
}

// serverCommand is the command that runs it.
func serverCommand(t *testing.T, at string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{"env", serveVar + "=" + at, "GORACE=atexit_sleep_ms=0", self}
}

func get(path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", path)
}

// bounded returns a context for what has to happen within the limit, and what ends it.
func bounded(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx, cancel
}
