package netlab

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestNamespaceEcho(t *testing.T) {
	ns := newNamespace(t)
	for _, address := range []string{"127.0.0.1:80", "[::1]:80"} {
		t.Run(address, func(t *testing.T) {
			ln, err := ns.Listen(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go echo(ln)
			c, err := ns.Dial(t.Context(), "tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			checkEcho(t, c)
		})
	}
}

// echo serves one connection.
func echo(ln net.Listener) {
	c, err := ln.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	io.Copy(c, c)
}

func checkEcho(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetDeadline(time.Now().Add(limit))
	const text = "hello"
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Fatalf("got %q, %v, want %q", got, err, text)
	}
}

func TestNamespaceListenPacket(t *testing.T) {
	ns := newNamespace(t)
	server, err := ns.ListenPacket(t.Context(), "udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := ns.Dial(t.Context(), "udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server.SetDeadline(time.Now().Add(limit))
	if _, err := client.Write([]byte("hi")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 8)
	n, from, err := server.ReadFrom(b)
	if err != nil || string(b[:n]) != "hi" || from.String() != client.LocalAddr().String() {
		t.Errorf("got %q from %v, %v", b[:n], from, err)
	}
}

func TestNamespaceDo(t *testing.T) {
	ns := newNamespace(t)
	want := errors.New("mine")
	if err := ns.Do(func() error { return ns.Do(func() error { return want }) }); err != want {
		t.Errorf("nested: got %v, want %v", err, want)
	}
	if err := ns.Do(func() error { runtime.Goexit(); return nil }); err != errExited {
		t.Errorf("Goexit: got %v, want %v", err, errExited)
	}
	if err := ns.Close(); err != nil {
		t.Fatal(err)
	}
	if err := ns.Do(func() error { return nil }); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: got %v, want net.ErrClosed", err)
	}
	if err := ns.Command(t.Context(), "true").Run(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: got %v, want net.ErrClosed", err)
	}
}

// TestNamespaceLeavesNothing looks for threads and descriptors that hold on to namespaces, and for goroutines.
func TestNamespaceLeavesNothing(t *testing.T) {
	home, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	goroutines := runtime.NumGoroutine()
	for range 20 {
		ns := newNamespace(t)
		if err := ns.Do(func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := ns.Command(t.Context(), "true").Run(); err != nil {
			t.Fatal(err)
		}
		if err := ns.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "goroutines are left", func() bool { return runtime.NumGoroutine() <= goroutines })
	eventually(t, "threads or descriptors are left in a namespace", func() bool {
		for _, pattern := range []string{"/proc/self/task/*/ns/net", "/proc/self/fd/*"} {
			paths, _ := filepath.Glob(pattern)
			for _, path := range paths {
				if to, err := os.Readlink(path); err == nil && strings.HasPrefix(to, "net:") && to != home {
					return false
				}
			}
		}
		return true
	})
}

// eventually waits until cond holds.
func eventually(t *testing.T, otherwise string, cond func() bool) {
	t.Helper()
	for start := time.Now(); !cond(); runtime.Gosched() {
		if time.Since(start) > limit {
			t.Fatal(otherwise)
		}
	}
}

func TestCommand(t *testing.T) {
	ns := newNamespace(t)
	if out := output(t, ns.Command(t.Context(), "sh", "-c", "grep -c : /proc/net/dev")); out != "1" {
		t.Errorf("%s interfaces, want the loopback only", out)
	}
	out, err := ns.Command(t.Context(), "sh", "-c", "echo out; echo err >&2; exit 3").Output()
	exit, ok := errors.AsType[interface {
		error
		ExitCode() int
	}](err)
	if string(out) != "out\n" || !ok || exit.ExitCode() != 3 {
		t.Errorf("got %q, %v", out, err)
	}
	if err := ns.Command(t.Context(), "/nonexistent").Start(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

func TestCommandContext(t *testing.T) {
	ns := newNamespace(t)
	ctx, cancel := context.WithCancel(t.Context())
	cmd := ns.Command(ctx, "sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("sleep succeeded")
	}
}

// TestCommandDaemon starts a process that does all it can to be forgotten.
func TestCommandDaemon(t *testing.T) {
	ns := newNamespace(t)
	daemon := openProcess(t, output(t, ns.Command(t.Context(), "sh", "-c", daemonise)))
	if ended(daemon, 0) {
		t.Fatal("the daemon ended by itself")
	}
	if err := ns.Close(); err != nil {
		t.Fatal(err)
	}
	if !ended(daemon, 0) {
		t.Error("the daemon has survived Close")
	}
}

// daemonise leaves a process behind in a session of its own and prints its id.
const daemonise = "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"
