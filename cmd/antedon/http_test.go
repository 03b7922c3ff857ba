package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// noise returns n random bytes, the same for the same name.
func noise(name string, n int) []byte {
	var seed [32]byte
	copy(seed[:], name)
	b := make([]byte, n)
	rand.NewChaCha8(seed).Read(b)
	return b
}

// bulk is how much is sent to see whether it arrives: more than the buffers on the way hold.
const bulk = 20_000_000

// curl fetches from a server of ours, with the kernel's TCP.
func (p *place) curl(args ...string) *program {
	return p.other("curl", append([]string{"--disable", "--silent", "--show-error", "--fail", "--globoff", "--noproxy", "*"}, args...)...)
}

func TestHTTPD(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	dir := t.TempDir()
	file := noise("file", bulk)
	if err := os.WriteFile(filepath.Join(dir, "file"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	srv := p.antedon("httpd", "--dir", dir, "--tun", "tun0", "--listen", ":8080", "-v").start()
	srv.says(srv.stderr, "listening on http://10.7.0.2:8080 http://[fd07::2]:8080\n")
	for _, f := range families {
		base := "http://" + net.JoinHostPort(f.ours, "8080")
		for path, want := range map[string]string{"/hello": "hello\n", "/bye": "bye\n", "/file": string(file)} {
			if got := p.curl(base + path).ok(); got != want {
				t.Errorf("%s: got %d bytes, want %d others", base+path, len(got), len(want))
			}
		}
		for _, path := range []string{"/nothing", "/out/passwd"} {
			if code := p.curl(base + path).start().wait(); code != 22 { // an answer of 400 or more
				t.Errorf("%s: curl ends with %d, want 22", base+path, code)
			}
		}
	}
	srv.says(srv.stderr, `GET "/hello"`)
	if code := srv.signal(unix.SIGTERM).wait(); code != 0 {
		t.Errorf("exit code %d after SIGTERM", code)
	}
}

// nginxConf is nginx's configuration: one process that writes nowhere but into its directory.
const nginxConf = `
daemon off;
master_process off;
pid %[1]s/pid;
error_log stderr notice;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen 10.7.0.1:80;
		listen [fd07::1]:80;
		root %[1]s;
		location = /moved { return 301 http://$http_host/file; }
	}
}
`

func TestWebget(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	dir := t.TempDir()
	for d := dir; d != os.TempDir(); d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil { // nginx gives up root's rights
			t.Fatal(err)
		}
	}
	file := noise("file", bulk)
	conf := filepath.Join(dir, "nginx.conf")
	for name, b := range map[string][]byte{
		conf: fmt.Appendf(nil, nginxConf, dir), filepath.Join(dir, "file"): file, filepath.Join(dir, "small"): []byte("small\n"),
	} {
		if err := os.WriteFile(name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	nginx := p.other("nginx", "-p", dir, "-c", conf, "-e", "stderr").start()
	nginx.says(nginx.stderr, "nginx/")
	for _, f := range families {
		host := f.kernel
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		for _, tt := range []struct {
			args, want string
		}{
			{"http://" + host + "/file", string(file)},
			{f.kernel + " /small", "small\n"},
			{host + ":80 small", "small\n"},
			{"-L http://" + host + "/moved", string(file)},
		} {
			if got := p.ok(append([]string{"webget", "--tun", "tun0"}, strings.Fields(tt.args)...)...); got != tt.want {
				t.Errorf("webget %s: got %d bytes, want %d others", tt.args, len(got), len(tt.want))
			}
		}
		for _, tt := range []struct{ args, want string }{
			{"/nothing", "antedon: webget: http://" + host + "/nothing: 404 Not Found\n"},
			{"/moved", "antedon: webget: http://" + host + "/moved: 301 Moved Permanently to http://" + host + "/file, which -L would follow\n"},
		} {
			p.fails(exitFailure, tt.want, "webget", "--tun", "tun0", f.kernel, tt.args)
		}
		p.fails(exitFailure, "antedon: webget: dial "+host+":81: connection refused\n", "webget", "http://"+host+":81/", "--tun", "tun0")
	}
	p.fails(exitFailure, "antedon: webget: cannot resolve nowhere.invalid: ", "webget", "http://nowhere.invalid/", "--tun", "tun0")
}

// TestCapture: --pcap and --impair wrap the device of any command.
func TestCapture(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	pcap := filepath.Join(t.TempDir(), "trace.pcapng")
	file := noise("impaired", 1_000_000)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	srv := p.antedon("httpd", "--tun", "tun0", "--dir", dir, "--pcap", pcap, "--impair", "loss=1%,delay=1ms,dup=1%,seed=7").start()
	srv.says(srv.stderr, "listening on")
	if got := p.curl("http://10.7.0.2/file").ok(); got != string(file) {
		t.Errorf("got %d bytes, want %d others", len(got), len(file))
	}
	if code := srv.signal(unix.SIGINT).wait(); code != 0 {
		t.Errorf("exit code %d after SIGINT", code)
	}
	b, err := os.ReadFile(pcap)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte{0x0a, 0x0d, 0x0d, 0x0a}) || len(b) < len(file) {
		t.Errorf("%d bytes that begin % x are no capture of it all", len(b), b[:min(4, len(b))])
	}
	if out := p.other("tshark", "-r", pcap, "-Y", "http.request", "-T", "fields", "-e", "http.request.uri").ok(); strings.TrimSpace(out) != "/file" {
		t.Errorf("tshark sees %q, want /file", out)
	}
}

// TestSettings: --fast-open and --ecn reach the connections. Curl asks for a cookie and then has its request in the SYN.
func TestSettings(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	pcap := filepath.Join(t.TempDir(), "trace.pcapng")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := p.antedon("httpd", "--tun", "tun0", "--dir", dir, "--pcap", pcap, "--fast-open", "--ecn").start()
	srv.says(srv.stderr, "listening on")
	for range 2 {
		if got := p.curl("--tcp-fastopen", "http://10.7.0.2/file").ok(); got != "text" {
			t.Errorf("got %q", got)
		}
	}
	if code := srv.signal(unix.SIGINT).wait(); code != 0 {
		t.Errorf("exit code %d after SIGINT", code)
	}
	const early = "tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.len > 0"
	if out := p.other("tshark", "-r", pcap, "-Y", early, "-T", "fields", "-e", "http.request.uri").ok(); strings.TrimSpace(out) != "/file" {
		t.Errorf("tshark sees %q in SYNs, want /file", out)
	}
}
