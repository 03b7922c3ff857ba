package main

import (
	"strings"
	"testing"
)

// TestUsage: whoever types nonsense is told so in one line, and nothing happens.
func TestUsage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, tt := range []struct{ args, want string }{
		{"frobnicate", `antedon: unknown command "frobnicate" (see antedon -h)`},
		{"netcat --frobnicate", "antedon: netcat: unknown flag: --frobnicate (see antedon netcat -h)"},
		{"netcat", "antedon: netcat: missing argument: want [HOST] PORT"},
		{"netcat 80", "antedon: netcat: missing argument: want HOST PORT, or -l to listen"},
		{"netcat -k 10.7.0.1 80", "antedon: netcat: -k makes sense with -l only"},
		{"netcat 10.7.0.1 80", "antedon: netcat: no device: "},
		{"netcat 10.7.0.1 65536", `antedon: netcat: "65536" is no port`},
		{"netcat --tun t 10.7.0.1 80 90", `antedon: netcat: unexpected argument "90": want [HOST] PORT`},
		{"netcat --tun t -w never 10.7.0.1 80", `antedon: netcat: invalid argument "never" for "-w, --wait" flag: "never" is no time`},
		{"ping --tun t --addr 10.7.0.2 10.7.0.1", `antedon: ping: invalid argument "10.7.0.2" for "--addr" flag: "10.7.0.2" is no address with a prefix length`},
		{"ping --tun t --source here 10.7.0.1", "antedon: ping: --source here: not an IP address"},
		{"ping --tun t --mtu 50 10.7.0.1", "antedon: ping: --mtu 50: want 576 to 65535"},
		{"ping --tun t --cc warp 10.7.0.1", `antedon: ping: --cc: unknown congestion control "warp"`},
		{"ping --tun t --impair loss=lots 10.7.0.1", "antedon: ping: --impair: "},
		{"ping --over-udp :7000,any 10.9.0.1", "antedon: ping: --over-udp needs --addr, such as 10.9.0.1/24 here and 10.9.0.2/24 at the other end"},
		{"ping --over-udp :7000 --addr 10.9.0.2/24 10.9.0.1", "antedon: ping: --over-udp :7000: want LOCAL,REMOTE, or LOCAL,any"},
		{"ping --over-udp :7000,:7001 --addr 10.9.0.2/24 10.9.0.1", `antedon: ping: --over-udp: the other end: ":7001" lacks an address`},
		{"ping --over-udp 7000,any --addr 10.9.0.2/24 10.9.0.1", `antedon: ping: --over-udp: our end: "7000" is no ADDRESS:PORT`},
		{"ping --over-udp :7000,any --tun t --addr 10.9.0.2/24 10.9.0.1", "antedon: ping: --tun and --over-udp exclude each other"},
		{"ping --over-udp :7000,any --addr 10.9.0.2/24 --peer-addr 10.9.0.1/24 10.9.0.1", "antedon: ping: --peer-addr: the other end of --over-udp has its own --addr"},
		{"ping --over-udp :7000,any --mtu 65535 --addr 10.9.0.2/24 10.9.0.1", "antedon: ping: --mtu 65535: want at most 65507 over UDP"},
		{"chargen --native --over-udp :7000,any 10.7.0.1 9", "antedon: chargen: --native and --over-udp exclude each other"},
		{"ping --tun t -s 70000 10.7.0.1", "antedon: ping: -s 70000: want 0 to 65000 bytes"},
		{"ping --tun t --peer-addr 10.7.0.1/32 10.7.0.1", "antedon: ping: there is no second address in 10.7.0.1/32"},
		{"webget ftp://10.7.0.1/", "antedon: webget: ftp://10.7.0.1/: want a URL that begins http:// or https://"},
		{"httpd --dir /nonexistent", "antedon: httpd: --dir /nonexistent: no such file or directory"},
		{"httpd 80", `antedon: httpd: unexpected argument "80"`},
		{"chargen 10.7.0.1", "antedon: chargen: missing argument: want HOST PORT"},
		{"chargen --native --tun t 10.7.0.1 9", "antedon: chargen: --native and --tun exclude each other"},
		{"chargen --bytes many 10.7.0.1 9", `antedon: chargen: invalid argument "many" for "--bytes" flag: "many" is no size`},
		{"discard --count -1 9", "antedon: discard: --count -1: want a number of connections"},
		{"dump -c -1", "antedon: dump: -c -1: want a number of packets"},
		{"tun", "antedon: tun: want up, down or status"},
		{"tun sideways", `antedon: tun: unknown command "sideways": want up, down or status`},
		{"tun up a/b", `antedon: tun up: "a/b" cannot be the name of an interface`},
		{"tun up sixteen-letters-", `antedon: tun up: "sixteen-letters-" cannot be the name of an interface`},
		{"tun up tun0 --user nobody-of-that-name", `antedon: tun up: --user: there is no user "nobody-of-that-name"`},
		{"tun up tun0 --nat eth0", `antedon: tun up: unexpected argument "eth0": want at most one NAME`},
		{"tun up tun0 --rto-min 1us", "antedon: tun up: --rto-min 1µs: want 1ms to 1m"},
		{"bench", "antedon: bench: want bulk, rr, crr, core, idle, echo, accept, poll, loss, fair or report"},
		{"bench speed", `antedon: bench: unknown benchmark "speed": want bulk, rr, crr, core, idle, echo, accept, poll, loss, fair or report`},
		{"bench bulk --stack antedon,starfish", `antedon: bench bulk: invalid argument "antedon,starfish" for "--stack" flag: unknown stack "starfish": want some of antedon,kernel,gvisor,gvisor-default`},
		{"bench bulk --dir up", "antedon: bench bulk: --dir up: want send, recv or both"},
		{"bench bulk --streams 0", `antedon: bench bulk: invalid argument "0" for "--streams" flag: "0": want numbers such as 1,16`},
		{"bench bulk --seconds 0", "antedon: bench bulk: --seconds 0s: want at least 0.01"},
		{"bench rr --api posix", "antedon: bench rr: --api posix: want net or reactor"},
		{"bench crr --rounds 0", "antedon: bench crr: --rounds 0: want at least 1"},
		{"bench crr --mtu 100", "antedon: bench crr: --mtu 100: want 1280 to 65535"},
		{"bench crr --json --markdown", "antedon: bench crr: --json and --markdown exclude each other"},
		{"bench core --rounds 0", "antedon: bench core: --rounds 0: want at least 1"},
		{"bench core --megabytes 0", "antedon: bench core: --megabytes 0: want 1 to 10000"},
		{"bench idle --conns 10", "antedon: bench idle: --conns 10: want 1000 to 10000000"},
		{"bench echo --active 0", "antedon: bench echo: --active 0: want 1 to the number of connections"},
		{"bench echo --conns 30000", "antedon: bench echo: --conns 30000: want 1 to 25000"},
		{"bench echo --server nobody", `antedon: bench echo: invalid argument "nobody" for "--server" flag: unknown server "nobody"`},
		{"bench poll --fds 0", `antedon: bench poll: invalid argument "0" for "--fds" flag: "0": want numbers such as 1,16`},
		{"bench poll --active 0%", `antedon: bench poll: invalid argument "0%" for "--active" flag: "0%": want how many are ready, such as 1 or 10%`},
		{"bench poll --poller kqueue", `antedon: bench poll: invalid argument "kqueue" for "--poller" flag: unknown poller "kqueue": want some of select,poll,epoll-lt,epoll-et`},
		{"bench poll --rounds 0", "antedon: bench poll: --rounds 0: want at least 1"},
		{"bench poll --seconds 0", "antedon: bench poll: --seconds 0s: want 0.001 to 10"},
		{"bench poll --json --markdown", "antedon: bench poll: --json and --markdown exclude each other"},
		{"bench poll 10", `antedon: bench poll: unexpected argument "10"`},
		{"bench report", "antedon: bench report: missing argument: want FILE..."},
		{"bench loss --loss some", `antedon: bench loss: invalid argument "some" for "--loss" flag: "some" is no percentage`},
		{"bench loss --rtt 1y", `antedon: bench loss: invalid argument "1y" for "--rtt" flag: "1y" is no time`},
		{"bench loss --seeds 5-3", `antedon: bench loss: invalid argument "5-3" for "--seeds" flag: "5-3": want how many seeds`},
		{"bench loss --rate fast", `antedon: bench loss: invalid argument "fast" for "--rate" flag: "fast" is no rate`},
		{"bench loss --dir up", "antedon: bench loss: --dir up: want send, recv or both"},
		{"bench loss --cc warp", `antedon: bench loss: --cc: unknown congestion control "warp"`},
		{"bench loss --json --markdown", "antedon: bench loss: --json and --markdown exclude each other"},
		{"bench fair --queue none", `antedon: bench fair: invalid argument "none" for "--queue" flag: "none": want a list of numbers`},
		{"bench fair --rounds 0", "antedon: bench fair: --rounds 0: want at least 1"},
		{"bench fair --seconds 0", "antedon: bench fair: --seconds 0s: want at least 0.1"},
		{"lab drill", "antedon: lab drill: want FILE -- CMD"},
		{"lab drill handshake --", "antedon: lab drill: want FILE -- CMD"},
		{"lab drill a b -- true", "antedon: lab drill: want one FILE before --"},
		{"lab drill --list a", `antedon: lab drill: unexpected argument "a"`},
		{"lab drill --jobs 0 all -- true", "antedon: lab drill: --jobs 0: want at least 1"},
		{"lab drill handshaken -- true", "antedon: lab drill: handshaken: no script of that name comes with this program, nor is there a file or directory"},
		{"lab drill --show handshaken", "antedon: lab drill: handshaken: no script of that name"},
		{"lab drill usage_test.go -- true", `antedon: lab drill: usage_test.go:1:1: "package" is no statement`},
		{"lab grade", "antedon: lab grade: want CMD behind --"},
		{"lab grade --jobs 0 -- true", "antedon: lab grade: --jobs 0: want at least 1"},
		{"lab", "antedon: lab: want drill, driver, grade, new or poll"},
		{"lab chemistry", `antedon: lab: unknown command "chemistry": want drill, driver, grade, new or poll`},
		{"lab poll kqueue", `antedon: lab poll: unknown experiment "kqueue": want select, poll, edge or all`},
		{"lab poll select poll", `antedon: lab poll: unexpected argument "poll": want select, poll, edge or all`},
		{"lab driver some", `antedon: lab driver: unknown mode "some": want all, partial, clear or print`},
		{"lab driver all partial", `antedon: lab driver: unexpected argument "partial": want all, partial, clear or print`},
		{"lab driver all --", "antedon: lab driver: missing APP behind --"},
		{"lab driver --stack kernel", "antedon: lab driver: --stack kernel: want sdk or builtin"},
		{"lab driver --stack builtin --sdk true", "antedon: lab driver: --stack builtin takes no SDK"},
		{"lab driver --host --netns", "antedon: lab driver: --host and --netns exclude each other"},
		{"lab driver --piece 0", "antedon: lab driver: --piece 0: want 1 to 65000"},
		{"lab driver --impair loss=lots", "antedon: lab driver: --impair: "},
		{"lab driver clear", "antedon: lab driver: clear is for --host: a private namespace vanishes by itself"},
		{"load", "antedon: load: missing argument: want [HOST:]PORT [-- CMD...]"},
		{"load 80 --", "antedon: load: missing CMD behind --"},
		{"load 80 81", `antedon: load: unexpected argument "81": want [HOST:]PORT [-- CMD...]`},
		{"load http", `antedon: load: "http" is no port`},
		{"load --mode smash 80", `antedon: load: unknown mode "smash"`},
		{"load --mode synflood 80", "antedon: load: synflood is only for a server of one's own that this command starts"},
		{"load --mode slowread 127.0.0.1:80", "antedon: load: slowread is only for a server of one's own that this command starts"},
		{"load --mode synflood 192.0.2.1:80", "antedon: load: synflood is only for a server of one's own that this command starts"},
		{"load --rate 201 192.0.2.1:80", "antedon: load: 201 connections a second: at most 200 are allowed there"},
		{"load --rate 50001 80", "antedon: load: 50001 connections a second: at most 50000 are allowed there"},
		{"load --rate 1000001 80 -- true", "antedon: load: 1000001 connections a second: at most 1000000 are allowed there"},
		{"load --from 198.18.0.0/15 80", "antedon: load: 198.18.0.0/15: source addresses on loopback are within 127.0.0.0/8"},
		{"load --from 198.18.0.0/15 192.0.2.1:80", "antedon: load: source addresses are chosen on loopback and in a private namespace only"},
		{"load --from here 80", "antedon: load: --from here: want a prefix"},
		{"load --from 10.7.0.0/25 80 -- true", "antedon: load: 10.7.0.0/25 overlaps with 10.7.0.1/24, where the server is"},
		{"load 0.0.0.0:80", "antedon: load: 0.0.0.0: 0.0.0.0 is nobody's address"},
		{"load --seconds 601 80", "antedon: load: 10m1s: want a time of at most 10m0s"},
		{"load --ipv6 80", "antedon: load: --ipv6 is for CMD"},
		{"load --mode request --path here 80", `antedon: load: --path "here": want a path`},
		{"load 10.7.0.1:80 -- true", `antedon: load: "10.7.0.1:80": with CMD want just the PORT`},
		{"version 2", `antedon: version: unexpected argument "2"`},
	} {
		p.fails(exitUsage, tt.want, strings.Fields(tt.args)...)
	}
}

// TestHelp: every command has an example.
func TestHelp(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, args := range []string{
		"demo", "netcat", "httpd", "webget", "chargen", "discard", "ping", "dump", "tun", "tun up", "tun down", "tun status",
		"load", "bench", "bench bulk", "bench rr", "bench crr", "bench core", "bench idle", "bench poll", "bench loss", "bench fair", "bench report", "lab", "lab drill", "lab driver", "lab grade", "lab new", "lab poll", "version", "",
	} {
		out := p.ok(append(strings.Fields(args), "-h")...)
		if !strings.Contains(out, "Examples:\n") || !strings.Contains(out, strings.TrimSpace("antedon "+args)) {
			t.Errorf("antedon %s -h: no example in\n%s", args, out)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if out := p.ok("version"); !strings.HasPrefix(out, "antedon ") || !strings.Contains(out, "\ncommit ") || !strings.Contains(out, "\ngo1.") {
		t.Errorf("got %q", out)
	}
	if out := p.ok("version", "--json"); !strings.HasPrefix(out, `{"version":"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("got %q", out)
	}
}

// TestDeviceErrors: what cannot be used is named, with what to do about it.
func TestDeviceErrors(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	busy := p.antedon("httpd", "--tun", "tun0").start()
	busy.says(busy.stderr, "listening on")
	for _, tt := range []struct{ args, want string }{
		{"ping --tun tun0 10.7.0.1", "antedon: ping: tun: tun0 is in use by another process"},
		{"ping --tun lo 10.7.0.1", "antedon: ping: lo is an interface, but no TUN device"},
		{"ping --tun tun1 10.7.0.1", "antedon: ping: 10.7.0.1/24 overlaps with 10.7.0.1/24 of tun0: choose others with --addr and --peer-addr"},
		{"tun up tun0 --state-dir " + p.stateDir, `antedon: tun up: tun0 is up already: run "antedon tun down tun0" first`},
		{"tun up lo --state-dir " + p.stateDir, "antedon: tun up: lo is an interface, but no TUN device"},
		{"tun status tun1", "antedon: tun status: there is no TUN device tun1"},
	} {
		p.fails(exitFailure, tt.want, strings.Fields(tt.args)...)
	}
	for _, tt := range []struct{ args, want string }{
		{"ping --tun tun0 --peer-addr 10.9.0.1/24 10.9.0.1", "antedon: ping: --peer-addr 10.9.0.1/24: tun0 exists, and its address is 10.7.0.1/24,fd07::1/64"},
		{"ping --tun tun0 --mtu 9000 10.7.0.1", "antedon: ping: --mtu 9000: tun0 exists, and its MTU is 1500"},
	} {
		p.fails(exitUsage, tt.want, strings.Fields(tt.args)...)
	}
}
