package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// world gives the place a way out, to which forwarded packets could go.
func (p *place) world() {
	p.t.Helper()
	err := p.Do(func() error {
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "out"}, PeerName: "far"})
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// TestTUN: what "tun up" does can be seen, and "tun down" undoes precisely that. It looks at all processes below this one,
// so nothing else may run.
func TestTUN(t *testing.T) {
	p := newPlace(t)
	p.world()
	before := p.snapshot()
	dir := "--state-dir=" + p.stateDir
	p.ok("tun", "up", "tun0", dir, "--user", "65534", "--peer-addr", "10.7.0.1/24,fd07::1/64", "--mtu", "9000",
		"--rto-min", "10ms", "--nat", "--route", "192.0.2.0/24,2001:db8::/32", "--addr", "10.7.0.7/24,fd07::7/64")
	during := p.snapshot()
	for _, want := range []string{
		"link 4 tun0 tuntap  mtu 9000 qlen 10000", "address 10.7.0.1/24", "address fd07::1/64",
		"route table 254 10.7.0.0/24 via <nil> [] dev 4 src 10.7.0.1 metric 0 proto 2 scope 253 type 1 mtu 0 rto_min 10\n",
		"route table 254 fd07::/64 via <nil> [] dev 4 src <nil> metric 256 proto 2 scope 0 type 1 mtu 0 rto_min 10\n",
		"route table 254 192.0.2.0/24 via <nil> [] dev 4 ", "route table 254 2001:db8::/32 via <nil> [] dev 4 ",
		"nftables chain 1 antedon-tun0 postrouting with 4 rules", "sysctl net/ipv4/ip_forward 1", "sysctl net/ipv6/conf/all/forwarding 1",
	} {
		if !strings.Contains(during, want) {
			t.Errorf("no %q in\n%s", want, during)
		}
	}
	status := p.ok("tun", "status", dir)
	for _, want := range []string{
		"tun0: up, free, MTU 9000, user 65534\n", "kernel   10.7.0.1/24,fd07::1/64\n", "ours     10.7.0.7/24,fd07::7/64\n",
		"route    192.0.2.0/24\n", "rto_min  10ms\n", "nat      through any interface\n", "antedon tun down tun0 undoes this\n",
	} {
		if !strings.Contains(status, want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	list := lines[tunStatus](t, p.ok("tun", "status", "tun0", "--json", dir))
	if len(list) != 1 || list[0].Device.User != 65534 || list[0].Record.NAT != "*" || len(list[0].Record.Undo) < 4 {
		t.Errorf("got %+v", list)
	}
	// Our address is known to whoever attaches.
	srv := p.antedon("httpd", "--tun", "tun0").start()
	srv.says(srv.stderr, "http://10.7.0.7:80 http://[fd07::7]:80").signal(unix.SIGINT).ok()
	for range 2 {
		p.ok("tun", "down", "tun0", dir)
		p.expect(before)
	}
	if entries, err := os.ReadDir(p.stateDir); err != nil || len(entries) > 0 {
		t.Errorf("left on record: %v, %v", entries, err)
	}
}

// TestTUNShared: forwarding stays on as long as a device needs it, and ends with the last one.
func TestTUNShared(t *testing.T) {
	p := newPlace(t)
	p.world()
	before := p.snapshot()
	dir := "--state-dir=" + p.stateDir
	p.ok("tun", "up", "tun0", dir, "--nat")
	p.ok("tun", "up", "tun1", dir, "--peer-addr", "10.9.0.1/24", "--nat=out")
	p.ok("tun", "up", "tun2", dir, "--peer-addr", "10.10.0.1/24")
	p.ok("tun", "down", "tun2", dir)
	p.ok("tun", "down", "tun0", dir)
	if s := p.snapshot(); !strings.Contains(s, "sysctl net/ipv4/ip_forward 1") || strings.Contains(s, "antedon-tun0") {
		t.Errorf("tun1 needs forwarding, and nobody tun0's table:\n%s", s)
	}
	// Somebody else takes the device away; the rest is undone all the same.
	p.other("ip", "link", "delete", "tun1").ok()
	if out := p.ok("tun", "status", dir); !strings.HasPrefix(out, "tun1: gone\n") {
		t.Errorf("got %s", out)
	}
	p.ok("tun", "down", "tun1", dir)
	p.expect(before)
	// So it is if a device of that name is made anew.
	p.ok("tun", "up", "tun0", dir, "--nat")
	p.other("ip", "link", "delete", "tun0").ok()
	p.ok("tun", "up", "tun0", dir)
	p.ok("tun", "down", "tun0", dir)
	p.expect(before)
}

// TestTUNForeign: what others made is left alone.
func TestTUNForeign(t *testing.T) {
	p := newPlace(t)
	p.other("ip", "tuntap", "add", "mode", "tun", "name", "tun0").ok()
	p.other("ip", "address", "add", "10.9.0.1/24", "dev", "tun0").ok()
	before := p.snapshot()
	dir := "--state-dir=" + p.stateDir
	for _, verb := range []string{"up", "down"} {
		p.fails(exitFailure, "antedon: tun "+verb+": tun0", "tun", verb, "tun0", dir)
	}
	for _, tt := range []struct{ args, want string }{
		{"tun up tun1 --nat=nowhere", "antedon: tun up: there is no interface nowhere for NAT\n"},
		{"tun up tun1 --peer-addr 10.9.0.9/16", "antedon: tun up: 10.9.0.9/16 overlaps with 10.9.0.1/24 of tun0: choose others with --addr and --peer-addr\n"},
	} {
		p.fails(exitFailure, tt.want, append(strings.Fields(tt.args), dir)...)
	}
	p.expect(before)
	// A step that fails half-way takes everything before it back: here the record cannot be written.
	full := t.TempDir()
	sh := p.other("unshare", "--mount", "sh", "-ec", `
		mount -t tmpfs -o size=4k,nr_inodes=2,mode=700 tmpfs "$1"
		exec "$0" tun up tun1 --nat --state-dir "$1" --route 192.0.2.0/24
		`, self(t), full)
	sh.Env = append(os.Environ(), commandVar+"=1")
	sh.start().fails(exitFailure, "antedon: tun up: ")
	p.expect(before)
	// The device may be used, though, by its own address.
	p.antedon("ping", "--tun", "tun0", "-c", "1", "10.9.0.1").ok()
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTUNKilled: a "tun up" that is killed half-way leaves nothing behind. It is held half-way by a FIFO in place of a
// sysctl, which has no writer.
func TestTUNKilled(t *testing.T) {
	p := newPlace(t)
	before := p.snapshot()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	sh := p.other("unshare", "--mount", "sh", "-ec", `
		mount --bind "$1" /proc/sys/net/ipv4/conf/all/forwarding
		exec "$0" tun up tun0 --nat --state-dir "$2"
		`, self(t), fifo, p.stateDir)
	sh.Env = append(os.Environ(), commandVar+"=1")
	sh.start()
	p.until(func() error {
		l, err := netlink.LinkByName("tun0")
		if err == nil && l.Attrs().Alias == "" {
			err = os.ErrNotExist
		}
		return err
	})
	sh.signal(unix.SIGKILL).wait()
	p.expect(before)
	p.ok("tun", "up", "tun0", "--nat", "--state-dir", p.stateDir)
	p.ok("tun", "down", "tun0", "--state-dir", p.stateDir)
	p.expect(before)
}

// until waits until a call in the place succeeds.
func (p *place) until(call func() error) {
	p.t.Helper()
	for ctx := bounded(p.t); ; runtime.Gosched() {
		err := p.Do(call)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			p.t.Fatal(err)
		}
	}
}

// TestTUNRecord: a record that somebody else could have written, or that says what "tun up" never does, is not believed.
func TestTUNRecord(t *testing.T) {
	p := newPlace(t)
	dir := "--state-dir=" + p.stateDir
	p.ok("tun", "up", "tun0", dir)
	paths, err := filepath.Glob(filepath.Join(p.stateDir, "net-*", "tun0.json"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("got %v, %v, want one record", paths, err)
	}
	path := paths[0]
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: want a file for its owner only", fi.Mode(), err)
	}
	before := p.snapshot()
	bad := func(what string, change func()) {
		t.Helper()
		change()
		us := p.antedon("tun", "down", "tun0", dir).start()
		if code := us.wait(); code != exitFailure || !strings.Contains(us.stderr.String(), "not believed") {
			t.Errorf("%s: exit code %d, %s", what, code, us.stderr)
		}
		p.expect(before)
		os.Remove(path)
		if err := os.WriteFile(path, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(old, new string) func() {
		return func() {
			s := strings.ReplaceAll(string(good), old, new)
			if s == string(good) {
				t.Fatalf("no %q in %s", old, good)
			}
			if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	bad("another link", replace(`"op": "delete link",`+"\n\t\t\t"+`"name": "tun0"`, `"op": "delete link", "name": "lo"`))
	bad("a file", replace(`"op": "delete link",`+"\n\t\t\t"+`"name": "tun0",`+"\n\t\t\t"+`"index": 2`, `"op": "remove file", "name": "/etc/passwd"`))
	bad("another device's record", replace(`"tun0"`, `"tun1"`))
	bad("a field of no meaning", replace(`"user"`, `"luser"`))
	bad("no JSON", replace("}", ""))
	bad("writable", func() { os.Chmod(path, 0o666) })
	bad("a symbolic link", func() {
		os.Rename(path, path+".real")
		os.Symlink(path+".real", path)
	})
	os.Remove(path + ".real")
	p.ok("tun", "down", "tun0", dir)
}

// TestTUNOwner: an ordinary user may run the stack on the device that was made for it, and do nothing else with it.
func TestTUNOwner(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.ok("tun", "up", "tun0", "--user", "65534", "--state-dir", p.stateDir)
	// The machine's own device node is left as it is.
	script := `
		mount -t tmpfs -o mode=755 tmpfs /dev/net
		mknod /dev/net/tun c 10 200
		chmod 666 /dev/net/tun
		cp "$0" /dev/net/antedon
		cd /
		exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs -- /dev/net/antedon "$@"
		`
	as := func(args ...string) *program {
		cmd := p.other("unshare", append([]string{"--mount", "sh", "-ec", script, self(t)}, args...)...)
		cmd.Env = append(os.Environ(), commandVar+"=1")
		return cmd
	}
	if out := as("ping", "--tun", "tun0", "-c", "1", "10.7.0.1").ok(); !strings.Contains(out, "1 sent, 1 received") {
		t.Errorf("got %s", out)
	}
	srv := as("httpd", "--tun", "tun0").start()
	srv.says(srv.stderr, "listening on http://10.7.0.2:80")
	if got := p.curl("http://10.7.0.2/hello").ok(); got != "hello\n" {
		t.Errorf("got %q", got)
	}
	srv.signal(unix.SIGTERM).ok()
	if out := as("tun", "status").ok(); !strings.HasPrefix(out, "tun0: up, free, MTU 1500, user 65534\n") {
		t.Errorf("got %s", out)
	}
	for _, tt := range []struct{ args, want string }{
		{"tun up tun1", `antedon: tun up: this takes root: run "sudo antedon tun up tun1"` + "\n"},
		{"tun down tun0", `antedon: tun down: this takes root: run "sudo antedon tun down tun0"` + "\n"},
		{"ping --tun tun1 10.7.0.1", "antedon: ping: 10.7.0.1/24 overlaps with 10.7.0.1/24 of tun0: "},
		{"ping --tun tun1 --peer-addr 10.9.0.1/24 10.9.0.1", "antedon: ping: tun: opening tun1 needs CAP_NET_ADMIN, or a persistent device that you own (antedon tun up): "},
	} {
		as(strings.Fields(tt.args)...).start().fails(exitFailure, tt.want)
	}
	as("ping", "10.7.0.1").start().fails(exitUsage, `antedon: ping: no device: run "sudo antedon tun up tun0 --user nobody" once`)
	p.other("ip", "link", "set", "tun0", "down").ok()
	as("ping", "--tun", "tun0", "10.7.0.1").start().fails(exitFailure, `antedon: ping: tun0 is down, bring it up as root with "ip link set tun0 up"`)
}
