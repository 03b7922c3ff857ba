package grade

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/antedon-net/antedon/wire"
)

// past is a deadline that is over.
var past = time.Unix(1, 0)

// reason puts an error of a connection into words.
func reason(err error) string {
	switch {
	case err == nil:
		return "the end of the stream"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing more in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the end of the stream"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return err.Error()
}

func markReceive(s *stage, m *Mark) error {
	return s.transfers(m, func(c *connection) (from, to net.Conn) { return c.peer, c.app },
		"all bytes reach the application, in order")
}

func markSend(s *stage, m *Mark) error {
	return s.transfers(m, func(c *connection) (from, to net.Conn) { return c.app, c.peer },
		"all bytes reach the peer, in order; its buffer takes them all")
}

// transfers moves 1 MB and then up to 10.
func (s *stage) transfers(m *Mark, way func(*connection) (from, to net.Conn), expected string) error {
	for _, t := range []struct{ points, size int }{{2, 1_000_000}, {3, s.number(5_000_000, 10_000_001)}} {
		c, err := s.connect(0, patience)
		if err != nil {
			return err
		}
		c.allow(transferTime)
		from, to := way(c)
		ok, seen := transfer(from, to, s.bytes(t.size))
		if !m.check(fmt.Sprintf("%.1f MB", float64(t.size)/1e6), t.points, ok, expected+` (RFC 9293, Section 2.2: "reliable, in-order, byte-stream")`, seen) {
			break
		}
	}
	return nil
}

// objects is how many parts the page has.
const objects = 12

func markPage(s *stage, m *Mark) error {
	ln, port, err := s.listen(0)
	if err != nil {
		return err
	}
	var sums [objects][32]byte
	mux := http.NewServeMux()
	for i := range objects {
		body := s.bytes(s.number(1_000, 100_000))
		sums[i] = sha256.Sum256(body)
		mux.HandleFunc("/"+strconv.Itoa(i), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	defer server.Close()
	go func() { _ = server.Serve(ln) }()
	dir, err := os.MkdirTemp("", "antedon-page-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	said, err := s.curl(dir, port)
	if err != nil {
		return err
	}
	right := 0
	for i, want := range sums {
		if b, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i))); err == nil && sha256.Sum256(b) == want {
			right++
		}
	}
	n := s.path.count(func(p *packet) bool { return p.peer == port && p.fromSDK && p.h.Flags.Has(wire.SYN) && !p.again })
	seen := fmt.Sprintf("%d of %d intact, over %d connections", right, objects, n)
	if said != "" && right < objects { // some versions show their progress all the same
		seen += "; curl said: " + said
	}
	m.check("all parts arrive", 5, right == objects, fmt.Sprintf("curl --parallel fetches %d parts from a web server, several at a time", objects), seen)
	return nil
}

// curl fetches the parts of the page into dir, and returns what curl complained of.
func (s *stage) curl(dir string, port uint16) (string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, transferTime)
	defer cancel()
	args := []string{"--silent", "--no-progress-meter", "--show-error", "--parallel", "--parallel-immediate", "--parallel-max", "6", "--max-time", "40", "--noproxy", "*"}
	for i := range objects {
		args = append(args, "-o", filepath.Join(dir, strconv.Itoa(i)), fmt.Sprintf("http://%s:%d/%d", peerAddress, port, i))
	}
	out, err := s.pair.A.Command(ctx, "curl", args...).CombinedOutput()
	if errors.Is(err, os.ErrNotExist) || err != nil && len(out) == 0 && ctx.Err() == nil && !isExit(err) {
		return "", fmt.Errorf("the examiner needs curl: %w", err)
	}
	return string(out[:min(len(out), 300)]), nil
}

func isExit(err error) bool {
	var exit interface{ ExitCode() int }
	return errors.As(err, &exit)
}
