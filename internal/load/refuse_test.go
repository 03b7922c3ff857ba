package load

import (
	"context"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func target(t *testing.T, s string) Target {
	t.Helper()
	to, err := ParseTarget(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestParseTarget(t *testing.T) {
	for in, want := range map[string]string{
		"80": "127.0.0.1:80", ":80": "127.0.0.1:80", "127.0.0.9:80": "127.0.0.9:80", "[::1]:80": "[::1]:80", "localhost:80": "127.0.0.1:80",
		"192.168.0.9:80": "192.168.0.9:80", "[::ffff:127.0.0.1]:80": "127.0.0.1:80", "192.0.2.1:65535": "192.0.2.1:65535",
	} {
		to, err := ParseTarget(t.Context(), in)
		if in == "localhost:80" && to.Addr() == netip.IPv6Loopback() {
			continue
		}
		if err != nil || to.String() != want {
			t.Errorf("%q: got %v, %v, want %s", in, to, err, want)
		}
	}
	for in, want := range map[string]string{
		"": "no port", "0": "no port", "70000": "no port", "host": "no port", "1.2.3.4:": "no port", "::1:80": "want [HOST:]PORT",
		"0.0.0.0:80": "nobody's address", "[::]:80": "nobody's address", "224.0.0.1:80": "nobody's address",
		"255.255.255.255:80": "nobody's address", "[ff02::1]:80": "nobody's address", "0.1.2.3:80": "nobody's address",
		"[::ffff:0.0.0.0]:80": "nobody's address",
	} {
		if to, err := ParseTarget(t.Context(), in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want %s", in, to, err, want)
		}
	}
}

// TestNames: what a name stands for must not lead into somebody's private network.
func TestNames(t *testing.T) {
	for addr, ok := range map[string]bool{
		"192.168.1.1": false, "10.0.0.1": false, "172.16.0.1": false, "fd00::1": false, "169.254.169.254": false, "fe80::1": false,
		"0.0.0.0": false, "::": false, "127.0.0.1": true, "192.0.2.1": true, "2001:db8::1": true,
	} {
		if err := checkTarget(netip.MustParseAddr(addr), true, "name"); (err == nil) != ok {
			t.Errorf("a name that stands for %s: got %v", addr, err)
		}
	}
}

// TestPlainRefuses: what would harm somebody is not done outside a private namespace, and there is no way to insist.
func TestPlainRefuses(t *testing.T) {
	loopback, private, remote := target(t, "80"), target(t, "192.168.0.9:80"), target(t, "192.0.2.1:80")
	base := Plan{Mode: Connect, Conns: 10, Rate: 10, Time: time.Second, Request: get("/")}
	from := func(s string) func(*Plan) { return func(p *Plan) { p.From = netip.MustParsePrefix(s) } }
	mode := func(m Mode) func(*Plan) { return func(p *Plan) { p.Mode = m } }
	for _, tt := range []struct {
		name string
		to   Target
		edit func(*Plan)
		want string // empty: allowed
	}{
		{"as it is", remote, func(*Plan) {}, ""},
		{"flood of loopback", loopback, mode(SYNFlood), "synflood is only for a server of one's own"},
		{"flood", remote, mode(SYNFlood), "synflood is only for a server of one's own"},
		{"slow reader on loopback", loopback, mode(SlowRead), "slowread is only for a server of one's own"},
		{"slow reader", private, mode(SlowRead), "slowread is only for a server of one's own"},
		{"unknown", loopback, mode("smash"), "unknown mode"},
		{"the cap on loopback", loopback, func(p *Plan) { p.Rate = MaxLoopbackRate }, ""},
		{"above it", loopback, func(p *Plan) { p.Rate = MaxLoopbackRate + 1 }, "at most 50000"},
		{"the cap elsewhere", remote, func(p *Plan) { p.Rate = MaxRemoteRate }, ""},
		{"above it elsewhere", remote, func(p *Plan) { p.Rate = MaxRemoteRate + 1 }, "at most 200"},
		{"above it in a private network", private, func(p *Plan) { p.Rate = MaxRemoteRate + 1 }, "at most 200"},
		{"the most held", remote, func(p *Plan) { p.Mode, p.Conns = Hold, MaxRemoteOpen }, ""},
		{"more", remote, func(p *Plan) { p.Mode, p.Conns = Hold, MaxRemoteOpen+1 }, "want 1 to 1000"},
		{"the most held on loopback", loopback, func(p *Plan) { p.Mode, p.Conns = Hold, MaxLoopbackOpen }, ""},
		{"more on loopback", loopback, func(p *Plan) { p.Mode, p.Conns = Hold, MaxLoopbackOpen+1 }, "want 1 to 20000"},
		{"foreign sources", remote, from("198.18.0.0/15"), "on loopback and in a private namespace only"},
		{"sources elsewhere", private, from("127.0.0.0/8"), "on loopback and in a private namespace only"},
		{"foreign sources on loopback", loopback, from("198.18.0.0/15"), "within 127.0.0.0/8"},
		{"wider than loopback", loopback, from("126.0.0.0/7"), "within 127.0.0.0/8"},
		{"sources of the other family", loopback, from("2001:2::/48"), "within 127.0.0.0/8"},
		{"sources on loopback", loopback, from("127.9.0.0/16"), ""},
		{"for ever", loopback, func(p *Plan) { p.Time = 0 }, "at most 10m0s"},
		{"for long", loopback, func(p *Plan) { p.Time = MaxTime + 1 }, "at most 10m0s"},
		{"too many", loopback, func(p *Plan) { p.Conns = MaxConns + 1 }, "at most 10000000"},
		{"a server", loopback, func(p *Plan) { p.Command = []string{"true"} }, "in a private namespace only"},
	} {
		p := base
		tt.edit(&p)
		err := p.CheckPlain(tt.to)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if tt.want != "" {
			if r, err := Plain(t.Context(), p, tt.to, nil); err == nil {
				t.Errorf("%s: done: %+v", tt.name, r)
			}
		}
	}
}

func TestPrivateRefuses(t *testing.T) {
	base := Plan{Mode: SYNFlood, Rate: 10, Time: time.Second, Request: get("/"), Command: []string{"true"}, Port: 80}
	for name, tt := range map[string]struct {
		edit func(*Plan)
		want string
	}{
		"rate":         {func(p *Plan) { p.Rate = MaxPrivateRate + 1 }, "at most 1000000"},
		"time":         {func(p *Plan) { p.Time = MaxTime + 1 }, "at most 10m0s"},
		"no server":    {func(p *Plan) { p.Command = nil }, "no server"},
		"no port":      {func(p *Plan) { p.Port = 0 }, "no port"},
		"its own":      {func(p *Plan) { p.From = netip.MustParsePrefix("10.7.0.128/25") }, "overlaps"},
		"its own IPv6": {func(p *Plan) { p.IPv6, p.From = true, netip.MustParsePrefix("fd07::8000/113") }, "overlaps"},
		"loopback":     {func(p *Plan) { p.From = netip.MustParsePrefix("127.0.0.0/8") }, "nobody has"},
		"family":       {func(p *Plan) { p.IPv6, p.From = true, DefaultFrom4 }, "one family"},
		"too many":     {func(p *Plan) { p.Mode, p.Conns, p.From = Hold, 100_000, netip.MustParsePrefix("198.18.0.1/32") }, "room for 64512"},
	} {
		p := base
		tt.edit(&p)
		if _, err := Private(t.Context(), p, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// TestOnlyHere: no other program than this package, whose Private makes the namespace and its device itself, drives an Engine.
func TestOnlyHere(t *testing.T) {
	const root = "../.."
	users := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			if strings.HasSuffix(imp.Path.Value, `/internal/stateless"`) {
				users++
				if dir, _ := filepath.Abs(filepath.Dir(path)); filepath.Base(dir) != "load" {
					t.Errorf("%s imports %s", path, imp.Path.Value)
				}
			}
		}
		return nil
	})
	if err != nil || users == 0 {
		t.Errorf("got %v and %d files that import the engine", err, users)
	}
}
