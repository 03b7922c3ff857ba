package reactor

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestParseAddr(t *testing.T) {
	for _, c := range []struct{ network, address, want string }{
		{"tcp", "127.0.0.1:80", "127.0.0.1:80"},
		{"tcp", ":80", ":80"},
		{"tcp4", ":80", "0.0.0.0:80"},
		{"udp6", ":80", "[::]:80"},
		{"tcp", "localhost:80", "127.0.0.1:80"},
		{"udp6", "localhost:80", "[::1]:80"},
		{"tcp6", "[fe80::1%2]:80", "[fe80::1%2]:80"},
		{"tcp", "[::ffff:1.2.3.4]:80", "1.2.3.4:80"},
		{"unix", "/run/x", "/run/x"},
		{"unixgram", "@x", "@x"},
		{"tcp4", "[::1]:80", ""},
		{"tcp6", "127.0.0.1:80", ""},
		{"tcp", "example.com:80", ""},
		{"tcp", "127.0.0.1:http", ""},
		{"tcp", "127.0.0.1:65536", ""},
		{"tcp", "127.0.0.1", ""},
		{"tcp46", "127.0.0.1:80", ""},
		{"unix", "", ""},
		{"unix", "a\x00b", ""},
		{"ip", "127.0.0.1:80", ""},
		{"", "127.0.0.1:80", ""},
	} {
		got, err := ParseAddr(c.network, c.address)
		if (err != nil) != (c.want == "") || err == nil && got.String() != c.want {
			t.Errorf("ParseAddr(%q, %q): %v, %v; want %q", c.network, c.address, got, err, c.want)
		}
	}
}

// FuzzParseAddr: what is taken means the same when it is printed and parsed again, and when the kernel's form of it is read.
func FuzzParseAddr(f *testing.F) {
	f.Add("tcp", "127.0.0.1:80")
	f.Add("udp6", "[fe80::1%2]:53")
	f.Add("unix", "@abstract")
	f.Add("unixgram", "/run/x")
	f.Add("udp", ":0")
	f.Fuzz(func(t *testing.T, network, address string) {
		a, err := ParseAddr(network, address)
		if err != nil {
			return
		}
		if again, err := ParseAddr(network, a.String()); err != nil || again != a {
			t.Errorf("%q: %v is parsed as %v, %v", address, a, again, err)
		}
		family := unix.AF_INET6
		switch {
		case network[:2] == "un":
			family = unix.AF_UNIX
		case a.Addr().Is4():
			family = unix.AF_INET
		}
		var raw unix.RawSockaddrAny
		size, err := a.put(&raw, family)
		if err != nil || size > uint32(unsafe.Sizeof(raw)) {
			if family != unix.AF_UNIX {
				t.Errorf("%v: %d bytes for the kernel, %v", a, size, err)
			}
			return
		}
		got := addrFrom(&raw, size, "")
		want := a
		if !a.Addr().IsValid() && a.Name == "" {
			want.AddrPort = a.orUnspecified()
		}
		if zone := a.Addr().Zone(); zone != "" && scope(zone) == 0 || zone != got.Addr().Zone() {
			return // an interface that there is none of, or a number written otherwise
		}
		if got != want {
			t.Errorf("%v: the kernel's form is read as %v", a, got)
		}
	})
}
