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
	sh.Env = append(os.Environ(), commandEnv...)
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
