package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDescribe: the same failure reads the same, whether the kernel's sockets or ours report it.
func TestDescribe(t *testing.T) {
	t.Parallel()
	at := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 80}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: syscall.ECONNREFUSED}, "dial 10.0.0.9:80: connection refused"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "dial 10.0.0.9:80: connection refused"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: context.DeadlineExceeded}, "dial 10.0.0.9:80: timed out"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "here"}}, "cannot resolve here: no such host"},
		{&net.OpError{Op: "writeto", Net: "tcp", Source: at, Err: syscall.ECONNRESET}, "read 10.0.0.9:80: connection reset by peer"},
		{fmt.Errorf("so: %w", &net.OpError{Op: "readfrom", Net: "tcp", Addr: at, Err: syscall.EPIPE}), "write 10.0.0.9:80: broken pipe"},
		{&net.OpError{Op: "writeto", Net: "tcp", Addr: at, Err: &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}}, "write /dev/stdout: broken pipe"},
		{context.Canceled, "interrupted"},
		{errInterrupted, "interrupted"},
		{errors.New("antedon: Config.Addrs is empty"), "Config.Addrs is empty"},
		{io.ErrUnexpectedEOF, "unexpected EOF"},
	} {
		if got := describe(tt.err); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
		}
	}
}

func TestNeighbour(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"10.7.0.1/24": "10.7.0.2/24", "10.7.0.254/24": "10.7.0.253/24", "10.7.0.0/31": "10.7.0.1/31", "10.7.0.1/31": "10.7.0.0/31",
		"fd07::1/64": "fd07::2/64", "fd07::/127": "fd07::1/127", "10.7.0.1/32": "", "fd07::1/128": "",
	} {
		got, err := neighbour(netip.MustParsePrefix(in))
		if want == "" && err == nil || want != "" && (err != nil || got.String() != want) {
			t.Errorf("%s: got %v, %v, want %q", in, got, err, want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"http://h/p?q": "http://h/p?q", "h": "http://h", "h /p": "http://h/p", "h p": "http://h/p", "h:81 /": "http://h:81/",
		"fd07::1 /p": "http://[fd07::1]/p", "[fd07::1]:81 /p": "http://[fd07::1]:81/p", "https://h": "https://h",
		"gopher://h/": "", "http:///p": "", "http://h:port/": "", "::1 /%zz": "",
	} {
		u, err := parseTarget(strings.Fields(in))
		if err != nil {
			u = new(url.URL)
		}
		if u.String() != want {
			t.Errorf("%q: got %q, %v, want %q", in, u, err, want)
		}
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{"2": 2 * time.Second, "0.5": time.Second / 2, "50ms": 50 * time.Millisecond, "0": 0} {
		var v seconds
		if err := v.Set(in); err != nil || v.Duration() != want {
			t.Errorf("%q: got %v, %v, want %v", in, v.Duration(), err, want)
		}
	}
	for _, in := range []string{"", "-1", "-1s", "soon", "NaN", "1e99"} {
		if err := new(seconds).Set(in); err == nil {
			t.Errorf("%q is accepted", in)
		}
	}
}
