package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// documentSize is the size of what is fetched over HTTP.
const documentSize = 32 << 20

// document returns random bytes, the same in every run.
func document() []byte {
	b := make([]byte, documentSize)
	_, _ = rand.NewChaCha8([32]byte{'a', 'n', 't', 'e', 'd', 'o', 'n'}).Read(b)
	return b
}

// serve serves the document from our stack to the kernel's TCP.
func (d *Demo) serve(ctx context.Context, s side, body []byte) (Check, error) {
	c := Check{Kind: "http", From: Kernel, To: Antedon, Client: "Go's net/http on the kernel's sockets"}
	fetch := func(ctx context.Context, url string, to hash.Hash) (int64, error) {
		return get(ctx, d.lab.Dial, url, to)
	}
	if d.curl != "" {
		c.Client, fetch = "curl", d.runCurl
	}
	ln, err := d.stack.Listen(ctx, "tcp", netip.AddrPortFrom(s.ours, 80).String())
	if err != nil {
		return c, err
	}
	return fetchFrom(ctx, c, ln, body, fetch)
}

// fetch fetches the document from a server on the kernel's sockets.
func (d *Demo) fetch(ctx context.Context, s side, body []byte) (Check, error) {
	c := Check{Kind: "http", From: Antedon, To: Kernel, Client: "Go's net/http on ours"}
	ln, err := d.lab.Listen(ctx, "tcp", netip.AddrPortFrom(s.kernel, 80).String())
	if err != nil {
		return c, err
	}
	return fetchFrom(ctx, c, ln, body, func(ctx context.Context, url string, to hash.Hash) (int64, error) {
		return get(ctx, d.stack.Dial, url, to)
	})
}

// fetchFrom serves body on ln, fetches it and compares.
func fetchFrom(ctx context.Context, c Check, ln net.Listener, body []byte,
	fetch func(context.Context, string, hash.Hash) (int64, error)) (Check, error) {
	srv := &http.Server{ReadHeaderTimeout: limit, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "document.bin", time.Time{}, bytes.NewReader(body))
	})}
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()
	sum := sha256.New()
	start := time.Now()
	n, err := fetch(ctx, "http://"+ln.Addr().String()+"/", sum)
	c.Bytes, c.MS, c.SHA256 = n, milliseconds(time.Since(start)), hex.EncodeToString(sum.Sum(nil))
	if err != nil {
		return c, err
	}
	if want := sha256.Sum256(body); !bytes.Equal(sum.Sum(nil), want[:]) {
		return c, errors.New("what arrived is not what was sent: the hashes differ")
	}
	return c, nil
}

// get fetches a document and returns its size.
func get(ctx context.Context, dial func(context.Context, string, string) (net.Conn, error), url string, to hash.Hash) (int64, error) {
	tr := &http.Transport{DialContext: dial}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, errors.New(resp.Status)
	}
	return io.Copy(to, resp.Body)
}

// runCurl fetches a document with curl, without whatever else the user has it do.
func (d *Demo) runCurl(ctx context.Context, url string, to hash.Hash) (int64, error) {
	cmd := d.lab.Command(ctx, d.curl, "--disable", "--silent", "--show-error", "--fail", "--globoff", "--noproxy", "*", url)
	var stderr strings.Builder
	count := &counter{w: to}
	cmd.Stdout, cmd.Stderr = count, &stderr
	if err := cmd.Run(); err != nil {
		return count.n, fmt.Errorf("curl: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return count.n, nil
}

// counter counts what it passes on.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
