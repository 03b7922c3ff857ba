package interop

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// nginxConf is nginx's configuration: one process that writes nowhere but into its directory.
const nginxConf = `
user root; # which we are at least in our namespace
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr notice;
events {}
http {
	access_log off;
	sendfile on;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s:80;
		listen [%[3]s]:80;
		root %[1]s/html;
	}
}
`

// startNginx starts nginx at the kernel's end. It serves files of the given sizes, named after them, each with the
// stream of its name.
func (b *bed) startNginx(t *testing.T, sizes ...int64) {
	t.Helper()
	dir := t.TempDir()
	html := filepath.Join(dir, "html")
	if err := os.Mkdir(html, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, n := range sizes {
		if err := writeStream(filepath.Join(html, strconv.FormatInt(n, 10)), n); err != nil {
			t.Fatal(err)
		}
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, dir, b.Kernel4(), b.Kernel6()), 0o644); err != nil {
		t.Fatal(err)
	}
	// It says its name once it listens.
	b.start(t, nil, nil, "nginx/", "nginx", "-p", dir, "-c", conf, "-e", "stderr")
}

// writeStream writes the first n bytes of the stream named n to a file.
func writeStream(path string, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, first(strconv.FormatInt(n, 10), n)); err != nil {
		return err
	}
	return f.Close()
}

// TestNginx fetches from nginx with net/http on the stack.
func TestNginx(t *testing.T) {
	t.Parallel()
	const small, large = 1000, 100_000_000 / slow
	onEachLink(t, func(t *testing.T, b *bed) {
		b.startNginx(t, small, large)
		for _, v := range b.versions() {
			t.Run(v.name, func(t *testing.T) {
				w := web{base: "http://" + net.JoinHostPort(v.kernel.String(), "80")}
				w.Transport = &http.Transport{DialContext: b.stack.Dial, DisableCompression: true}
				defer w.CloseIdleConnections()
				t.Run("small", func(t *testing.T) { check(t, w.fetch(bounded(t), small, 0, small)) })
				t.Run("large", func(t *testing.T) { check(t, w.fetch(bounded(t), large, 0, large)) })
				t.Run("ranges", func(t *testing.T) {
					for _, from := range []int64{0, 1, large / 3, large - 1} {
						check(t, w.fetch(bounded(t), large, from, min(from+1_000_000, large)))
					}
				})
				t.Run("at once", func(t *testing.T) {
					var all []func() error
					for i := range int64(20) {
						all = append(all, func() error { return w.fetch(bounded(t), large, i*large/20, (i+1)*large/20) })
					}
					atOnce(t, all...)
				})
			})
		}
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// web fetches from nginx.
type web struct {
	http.Client
	base string
}

// fetch fetches the bytes [from, to) of the file of size n.
func (w *web) fetch(ctx context.Context, n, from, to int64) error {
	name := strconv.FormatInt(n, 10)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/"+name, nil)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if to-from < n {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", from, to-1))
		status = http.StatusPartialContent
	}
	resp, err := w.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != status {
		return fmt.Errorf("status %s, want %d", resp.Status, status)
	}
	c := newChecker(name)
	io.CopyN(io.Discard, c.s, from)
	c.n = from
	if _, err := io.Copy(c, resp.Body); err != nil {
		return err
	}
	return c.ended(to)
}
