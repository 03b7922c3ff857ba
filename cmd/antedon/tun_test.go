package main

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/netlab"
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

// TestTUNNAT: through a device with NAT our end reaches the world beyond the kernel, which sees the kernel's address.
func TestTUNNAT(t *testing.T) {
	pair, err := netlab.NewPair(netlab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	})
	p := newPlaceIn(t, pair.A.Namespace)
	before := p.snapshot()
	for _, nat := range []string{"--nat", "--nat=" + pair.A.Options.Name} {
		p.ok("tun", "up", "tun0", "--state-dir", p.stateDir, "--peer-addr", "10.9.0.1/24,fd09::1/64", "--rto-min", "10ms", nat)
		if during := p.snapshot(); strings.Count(during, " rto_min 10\n") != 2 {
			t.Errorf("the routes to us are to have an rto_min of 10 ms:\n%s", during)
		}
		for _, v := range []struct{ kernel, world string }{
			{pair.A.Kernel4().String(), pair.A.Ours4().String()},
			{pair.A.Kernel6().String(), pair.A.Ours6().String()},
		} {
			ln, err := pair.B.Listen(bounded(t), "tcp", net.JoinHostPort(v.world, "7030"))
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			us := p.antedon("netcat", "--tun", "tun0", v.world, "7030").feed(strings.NewReader("hello")).start()
			c, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(c); string(got) != "hello" || err != nil || c.RemoteAddr().(*net.TCPAddr).IP.String() != v.kernel {
				t.Errorf("%s: got %q, %v from %v, want hello from %s", nat, got, err, c.RemoteAddr(), v.kernel)
			}
			c.Close()
			us.ok()
			ln.Close()
		}
		p.ok("tun", "down", "tun0", "--state-dir", p.stateDir)
		p.expect(before)
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
	sh.Env = append(os.Environ(), commandEnv...)
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
		cmd.Env = append(os.Environ(), commandEnv...)
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
