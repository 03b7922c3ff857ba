package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNetcat talks to nc, both ways at once and with half-closes.
func TestNetcat(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	up, down := string(noise("up", bulk)), string(noise("down", bulk))
	for _, f := range families {
		t.Run(f.name+"/we connect", func(t *testing.T) {
			nc := p.other("nc", "-N", "-v", "-n", "-l", f.kernel, "7000").feed(strings.NewReader(down)).start()
			nc.says(nc.stderr, "Listening")
			in, feed := io.Pipe()
			us := p.antedon("netcat", f.kernel, "7000", "--tun", "tun0", "-v").feed(in).start()
			io.WriteString(feed, up)
			// An nc that listens does not finish sending when its peer half-closes.
			us.says(us.stdout, down[bulk-100:])
			feed.Close()
			compare(t, us.ok(), down)
			compare(t, nc.ok(), up)
			us.says(us.stderr, "netcat: connected to "+net.JoinHostPort(f.kernel, "7000"))
		})
		t.Run(f.name+"/we listen", func(t *testing.T) {
			us := p.antedon("netcat", "--tun", "tun0", "-v", "-l", "7001").feed(strings.NewReader(up)).start()
			us.says(us.stderr, "listening on")
			nc := p.other("nc", "-N", "-n", f.ours, "7001").feed(strings.NewReader(down)).start()
			compare(t, nc.ok(), up)
			compare(t, us.ok(), down)
		})
	}
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %d bytes, want %d others", len(got), len(want))
	}
}

// TestNetcatHalfClose: what is said after the end of the other side still arrives.
func TestNetcatHalfClose(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	in, feed := io.Pipe()
	us := p.antedon("netcat", "--tun", "tun0", "-v", "-l", "7002").feed(in).start()
	us.says(us.stderr, "listening on")
	nc := p.other("nc", "-N", "-n", "10.7.0.2", "7002").feed(strings.NewReader("question\n")).start()
	us.says(us.stdout, "question\n")
	io.WriteString(feed, "answer\n")
	feed.Close()
	compare(t, nc.ok(), "answer\n")
	us.ok()
}

// TestNetcatKeep serves one peer after the other.
func TestNetcatKeep(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	us := p.antedon("netcat", "--tun", "tun0", "-v", "-l", "-k", "7003").feed(strings.NewReader("for the first\n")).start()
	us.says(us.stderr, "listening on")
	for _, tt := range []struct{ send, want string }{{"one\n", "for the first\n"}, {"two\n", ""}, {"three\n", ""}} {
		compare(t, p.other("nc", "-N", "-n", "10.7.0.2", "7003").feed(strings.NewReader(tt.send)).ok(), tt.want)
	}
	us.says(us.stdout, "three\n").signal(unix.SIGINT)
	compare(t, us.ok(), "one\ntwo\nthree\n")
}

// TestNetcatUDP: the first who sends becomes the peer, and is answered.
func TestNetcatUDP(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	for _, f := range families {
		t.Run(f.name+"/we send", func(t *testing.T) {
			in, feed := io.Pipe()
			nc := p.other("nc", "-u", "-v", "-n", "-l", f.kernel, "7004").feed(in).start()
			nc.says(nc.stderr, "Bound")
			us := p.antedon("netcat", "--tun", "tun0", "-u", f.kernel, "7004").feed(strings.NewReader("ping\n")).start()
			nc.says(nc.stdout, "ping\n")
			io.WriteString(feed, "pong\n")
			us.says(us.stdout, "pong\n").signal(unix.SIGINT).ok()
		})
		t.Run(f.name+"/we listen", func(t *testing.T) {
			us := p.antedon("netcat", "--tun", "tun0", "-u", "-v", "-l", "7005").feed(strings.NewReader("pong\n")).start()
			us.says(us.stderr, "listening on")
			nc := p.other("nc", "-u", "-n", f.ours, "7005").feed(strings.NewReader("ping\n")).start()
			us.says(us.stdout, "ping\n")
			nc.says(nc.stdout, "pong\n")
			us.signal(unix.SIGTERM).ok()
		})
	}
	us := p.antedon("netcat", "--tun", "tun0", "-u", "10.7.0.1", "7006").feed(strings.NewReader("ping\n")).start()
	us.fails(exitFailure, "antedon: netcat: read 10.7.0.1:7006: connection refused\n")
}

// TestNetcatSource: any address may be the source, and of a device of ours the kernel knows the way back to it.
func TestNetcatSource(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	us := p.antedon("netcat", "--tun", "tun0", "--source", "192.0.2.7", "-v", "-l", "7007").feed(strings.NewReader("")).start()
	us.says(us.stderr, "listening on 192.0.2.7:7007")
	compare(t, p.other("nc", "-N", "-n", "192.0.2.7", "7007").feed(strings.NewReader("hi\n")).ok(), "")
	compare(t, us.ok(), "hi\n")
	p.ok("tun", "up", "tun0", "--state-dir", p.stateDir, "--route", "192.0.2.0/24")
	ln := p.listen("10.7.0.1:7008")
	us = p.antedon("netcat", "--tun", "tun0", "--source", "192.0.2.8", "10.7.0.1", "7008").feed(strings.NewReader("")).start()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.RemoteAddr().(*net.TCPAddr).IP.String(); got != "192.0.2.8" {
		t.Errorf("the connection comes from %s, want 192.0.2.8", got)
	}
	c.Close()
	us.ok()
}

// listen is a listener of the kernel's. Accept fails in the end.
func (p *place) listen(address string) net.Listener {
	p.t.Helper()
	ln, err := p.Listen(bounded(p.t), "tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	context.AfterFunc(bounded(p.t), func() { ln.Close() })
	return ln
}

// TestNetcatFailures: one line says what happened.
func TestNetcatFailures(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	tun := []string{"netcat", "--tun", "tun0"}
	p.fails(exitFailure, "antedon: netcat: dial 10.7.0.1:7009: connection refused\n", append(tun, "10.7.0.1", "7009")...)
	p.fails(exitFailure, "antedon: netcat: dial [fd07::1]:7009: connection refused\n", append(tun, "fd07::1", "7009")...)
	// Nobody is there, and nobody says so.
	p.fails(exitFailure, "antedon: netcat: dial 10.7.0.99:7009: timed out\n", append(tun, "-w", "0.1", "10.7.0.99", "7009")...)
	p.fails(exitFailure, "antedon: netcat: accept [::]:7009: timed out\n", append(tun, "-w", "0.1", "-l", "7009")...)

	us := p.antedon(append(tun, "-v", "-l", "7009")...).start()
	us.says(us.stderr, "listening on").signal(unix.SIGINT)
	if code := us.wait(); code != exitFailure || !strings.Contains(us.stderr.String(), "antedon: netcat: interrupted\n") {
		t.Errorf("interrupted while waiting: exit code %d, %s", code, us.stderr)
	}

	ln := p.listen("10.7.0.1:7010")
	us = p.antedon(append(tun, "-v", "10.7.0.1", "7010")...).feed(strings.NewReader("")).start()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	us.says(us.stderr, "netcat: connected to 10.7.0.1:7010")
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	us.says(us.stderr, "antedon: netcat: read 10.7.0.1:7010: connection reset by peer\n")
	if code := us.wait(); code != exitFailure {
		t.Errorf("reset: exit code %d", code)
	}
}

// TestNetcatIdle: -w ends a connection on which nothing happens, in order.
func TestNetcatIdle(t *testing.T) {
	t.Parallel()
	p := newPlaceWithTUN(t)
	ln := p.listen("10.7.0.1:7011")
	in, feed := io.Pipe()
	us := p.antedon("netcat", "--tun", "tun0", "-w", "0.1", "10.7.0.1", "7011").feed(in).start()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	got, err := io.ReadAll(c)
	if err != nil || !bytes.Equal(got, nil) {
		t.Errorf("got %q, %v, want the end", got, err)
	}
	feed.Close() // for us.Wait alone
	us.ok()
}
