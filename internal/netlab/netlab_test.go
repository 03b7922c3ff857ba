package netlab

import (
	"io"
	"net/netip"
	"os"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestLoopbackEcho(t *testing.T) {
	ns, err := NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	ln, err := ns.Listen(t.Context(), "tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		c, err := ln.Accept()
		if err == nil {
			io.Copy(c, c)
			c.Close()
		}
	}()
	c, err := ns.Dial(t.Context(), "tcp", "127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "hello"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 5)
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != "hello" {
		t.Fatalf("got %q, %v", buf, err)
	}
}

func TestCommandInside(t *testing.T) {
	ns, err := NewNamespace()
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	f, err := ns.OpenTUN("t0", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := ns.Address("t0", 1500, netip.MustParsePrefix("10.7.0.1/24"), netip.MustParsePrefix("fd07::1/64")); err != nil {
		t.Fatal(err)
	}
	out, err := ns.Command(t.Context(), "ip", "addr").CombinedOutput()
	t.Logf("%s %v", out, err)
}
